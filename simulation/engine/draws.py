"""Binomial, Poisson and negative binomial draws: exact for small counts, and as good as exact for large ones.

Few cells are drawn one by one, small means by inversion, medium ones by Hoermann's transformed rejection (BTRS: J Stat Comput Simul
1993;46:101; PTRS: Insur Math Econ 1993;12:39); all three are exact. From a variance of 50 on, the quantile of the exact law is written as
its Cornish-Fisher series in a normal number, with skewness and kurtosis, and rounded: mean and variance are those of the law,
and its distribution function is met within 1e-5 at variance 50, 3e-6 at 100 and ever better above (a million draws cannot tell).
"""

from math import exp, floor, log, sqrt

import numpy as np
from numba import njit

from simulation.engine.keyed_random import normal, uniform

__all__ = ["binomial", "extra_births", "gamma", "poisson"]

_SERIES_ABOVE = 50.0  # variance
_INVERT_BELOW = 10.0  # mean
_SKEW_BELOW = 0.022  # squared skewness up to which the series may be used
_ONE_BY_ONE = 16  # cells
_SIXTH, _24TH, _36TH = 1.0 / 6.0, 1.0 / 24.0, 1.0 / 36.0
_ROUNDING = 1.0 / 12.0  # variance that rounding to whole cells adds
_INVERSE = 1.0 / np.arange(1.0, 129.0)  # walking up a distribution divides by 1, 2, 3, ...
_FAR = 100.0  # counts further from the mode than this have no mass where the variance is below 50


@njit(cache=True, error_model="numpy", forceinline=True)
def _series(state: np.ndarray, mean: float, variance: float, skew: float, excess: float) -> float:
    """Draw a rounded number whose first four cumulants are those given (Cornish and Fisher 1937)."""
    z = normal(state)
    z2 = z * z
    x = z + skew * (z2 - 1.0) * _SIXTH
    x += z * (excess * (z2 - 3.0) * _24TH - skew * skew * (2.0 * z2 - 5.0) * _36TH)
    return floor(mean + sqrt(variance - _ROUNDING) * x + 0.5)


@njit(cache=True, error_model="numpy", forceinline=True)
def _log_one_minus(p: float) -> float:
    """Return log(1 - p) for p <= 1/2, near enough for powers (1 - p)**n with n*p of order ten."""
    if p < 1e-4:
        return -p * (1.0 + p * (0.5 + p * (1.0 / 3.0 + 0.25 * p)))
    return log(1.0 - p)


@njit(cache=True, error_model="numpy")
def _binomial_inversion(state: np.ndarray, n: int, p: float) -> int:
    """Draw by walking up the distribution function; for n*p below about 10 and p <= 1/2."""
    u = uniform(state)
    n_f = float(n)
    if u <= 1.0 - n_f * p:  # Bernoulli's inequality: nothing happens, and no power is needed to know it
        return 0
    mass = exp(n_f * _log_one_minus(p))
    odds = p / (1.0 - p)
    k = 0
    while u > mass:
        u -= mass
        if k >= n or k >= 127:
            break
        mass *= odds * (n_f - k) * _INVERSE[k]
        k += 1
    return k


@njit(cache=True, error_model="numpy")
def _binomial_btrs(state: np.ndarray, n: int, p: float) -> int:
    """Draw by transformed rejection; for n*p of at least 10, a variance below 50 and p <= 1/2."""
    n_f = float(n)
    stddev = sqrt(n_f * p * (1.0 - p))
    b = 1.15 + 2.53 * stddev
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = n_f * p + 0.5
    v_r = 0.92 - 4.2 / b
    while True:
        u = uniform(state) - 0.5
        v = uniform(state)
        us = 0.5 - abs(u)
        k = floor((2.0 * a / us + b) * u + c)
        if us >= 0.07 and v <= v_r:
            return int(k)
        m = floor((n_f + 1.0) * p)
        if k < 0.0 or k > n_f or abs(k - m) > _FAR:
            continue
        # Accept if v * alpha / (a / us**2 + b) <= mass(k) / mass(m), the ratio as a product of whole terms.
        odds = p / (1.0 - p)
        above, below = 1.0, v * (2.83 + 5.1 / b) * stddev / (a / (us * us) + b)
        while m < k:
            m += 1.0
            above *= odds * (n_f - m + 1.0)
            below *= m
        while k < m:
            above *= m
            below *= odds * (n_f - m + 1.0)
            m -= 1.0
        if below <= above:
            return int(k)


@njit(cache=True, error_model="numpy")
def binomial(state: np.ndarray, n: int, p: float) -> int:
    """Draw how many of `n` cells meet an event of probability `p`; always within 0..n."""
    if n <= 0 or p <= 0.0:
        return 0
    if p >= 1.0:
        return n
    if n <= _ONE_BY_ONE:
        k = 0
        for _ in range(n):
            k += 1 if uniform(state) < p else 0
        return k
    q = min(p, 1.0 - p)
    mean = n * q
    if mean < _INVERT_BELOW:
        k = _binomial_inversion(state, n, q)
    else:
        variance = mean * (1.0 - q)
        if variance < _SERIES_ABOVE:
            k = _binomial_btrs(state, n, q)
        else:
            inverse = 1.0 / variance
            skew = (1.0 - 2.0 * q) * sqrt(inverse)
            k = int(_series(state, mean, variance, skew, inverse - 6.0 / n))
            k = min(max(k, 0), n)
    return k if p <= 0.5 else n - k


@njit(cache=True, error_model="numpy")
def _poisson_ptrs(state: np.ndarray, mean: float) -> int:
    """Draw by transformed rejection; for means of 10 to 50."""
    b = 0.931 + 2.53 * sqrt(mean)
    a = -0.059 + 0.02483 * b
    v_r = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u = uniform(state) - 0.5
        v = uniform(state)
        us = 0.5 - abs(u)
        k = floor((2.0 * a / us + b) * u + mean + 0.43)
        if us >= 0.07 and v <= v_r:
            return int(k)
        m = floor(mean)
        if k < 0.0 or (us < 0.013 and v > us) or abs(k - m) > _FAR:
            continue
        # Accept if v / alpha / (a / us**2 + b) <= mass(k); mass(k) = mass(m) * a product of whole terms.
        above, below = _poisson_mode_mass(mean, m), v * (1.1239 + 1.1328 / (b - 3.4)) / (a / (us * us) + b)
        while m < k:
            m += 1.0
            above *= mean
            below *= m
        while k < m:
            above *= m
            below *= mean
            m -= 1.0
        if below <= above:
            return int(k)


@njit(cache=True, error_model="numpy")
def _poisson_mode_mass(mean: float, m: float) -> float:
    """Return the Poisson mass at m >= 10 (Stirling's series, good to 1e-11)."""
    inverse = 1.0 / m
    square = inverse * inverse
    tail = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)))
    return exp(m - mean + m * log(mean * inverse) - tail) * sqrt(inverse) * 0.3989422804014327


@njit(cache=True, error_model="numpy")
def poisson(state: np.ndarray, mean: float) -> int:
    """Draw a Poisson count of the given mean."""
    if mean <= 0.0:
        return 0
    if mean < _INVERT_BELOW:
        u = uniform(state)
        if u <= 1.0 - mean:
            return 0
        mass = exp(-mean)
        k = 0
        while u > mass:
            u -= mass
            if k >= 127:
                break
            mass *= mean * _INVERSE[k]
            k += 1
        return k
    if mean < _SERIES_ABOVE:
        return _poisson_ptrs(state, mean)
    inverse = 1.0 / mean
    return max(int(_series(state, mean, mean, sqrt(inverse), inverse)), 0)


@njit(cache=True, error_model="numpy")
def gamma(state: np.ndarray, shape: float) -> float:
    """Draw a gamma number of the given shape >= 1 and unit scale (Marsaglia and Tsang 2000)."""
    d = shape - 1.0 / 3.0
    c = 1.0 / sqrt(9.0 * d)
    while True:
        x = normal(state)
        v = 1.0 + c * x
        if v <= 0.0:
            continue
        v = v * v * v
        u = uniform(state)
        if u < 1.0 - 0.0331 * x * x * x * x or log(u) < 0.5 * x * x + d * (1.0 - v + log(v)):
            return d * v


@njit(cache=True, error_model="numpy")
def _births_inversion(state: np.ndarray, founders: int, more: float) -> int:
    """Draw by walking up the distribution function; for means below about 10."""
    u = uniform(state)
    n_f = float(founders)
    if u <= 1.0 - n_f * more:
        return 0
    mass = exp(n_f * (_log_one_minus(more) if more <= 0.5 else log(1.0 - more)))
    k = 0
    while u > mass:
        u -= mass
        if k >= 4_000 or mass <= 0.0:
            break
        mass *= more * (n_f + k) / (k + 1.0)
        k += 1
    return k


@njit(cache=True, error_model="numpy")
def extra_births(state: np.ndarray, founders: int, stay: float) -> int:
    """Draw the births in clans that survive: each of `founders` clans has geometric size with P(size = 1) = `stay`.

    This is the law of a linear birth (or birth-death, given survival) process at the end of a step of any length
    (Kendall 1948, Ann Math Stat 19:1): a negative binomial, drawn by inversion or as a Poisson with gamma mean.
    """
    if founders <= 0 or stay >= 1.0:
        return 0
    more = 1.0 - stay
    mean = founders * more / stay
    if mean < _INVERT_BELOW:
        return _births_inversion(state, founders, more)
    variance = mean / stay
    spread = founders * more
    skew2 = (1.0 + more) * (1.0 + more) / spread
    if variance >= _SERIES_ABOVE and skew2 <= _SKEW_BELOW:
        excess = 6.0 / founders + stay * stay / spread
        return max(int(_series(state, mean, variance, sqrt(skew2), excess)), 0)
    return poisson(state, gamma(state, float(founders)) * more / stay)
