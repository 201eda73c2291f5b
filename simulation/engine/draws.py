"""Binomial, Poisson and negative binomial draws, exact at any weight.

Small means are drawn by inversion, larger ones by Hoermann's transformed rejection (BTRS for the binomial: J Stat Comput Simul
1993;46:101; PTRS for the Poisson: Insur Math Econ 1993;12:39), both exact. Above a variance of 1e3 (a standard deviation of 32 cells) the
rounded normal is used: unbiased, of the right variance, clipped to the support; the skewness it leaves out is below 0.06.
"""

from math import exp, floor, log, log1p, sqrt

import numpy as np
from numba import njit

from simulation.engine.keyed_random import normal, uniform

__all__ = ["binomial", "extra_births", "gamma", "poisson"]

_NORMAL_ABOVE = 1e3  # variance
_INVERT_BELOW = 10.0  # mean


@njit(cache=True, error_model="numpy")
def _stirling_tail(k: float) -> float:
    """Return log(k!) minus its Stirling approximation, for k >= 0."""
    if k < 10.0:
        table = (
            0.08106146679532726, 0.04134069595540929, 0.02767792568499834, 0.02079067210376509, 0.01664469118982119,
            0.01387612882307075, 0.01189670994589177, 0.01041126526197209, 0.009255462182712733, 0.008330563433362871,
        )  # fmt: skip
        return table[int(k)]
    square = (k + 1.0) * (k + 1.0)
    return (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / (k + 1.0)


@njit(cache=True, error_model="numpy")
def _binomial_inversion(state: np.ndarray, n: int, p: float) -> int:
    """Draw by walking up the distribution function; for n*p below about 10 and p <= 1/2."""
    odds = p / (1.0 - p)
    u = uniform(state)
    mass = exp(n * log1p(-p))
    k = 0
    while u > mass:
        u -= mass
        if k >= n or (mass < 1e-300 and k > n * p):
            break
        mass *= odds * (n - k) / (k + 1.0)
        k += 1
    return k


@njit(cache=True, error_model="numpy")
def _binomial_btrs(state: np.ndarray, n: int, p: float) -> int:
    """Draw by transformed rejection; for n*p of at least 10 and p <= 1/2."""
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
        if k < 0.0 or k > n_f:
            continue
        r = p / (1.0 - p)
        alpha = (2.83 + 5.1 / b) * stddev
        m = floor((n_f + 1.0) * p)
        v = log(v * alpha / (a / (us * us) + b))
        bound = (
            (m + 0.5) * log((m + 1.0) / (r * (n_f - m + 1.0)))
            + (n_f + 1.0) * log1p((k - m) / (n_f - k + 1.0))
            + (k + 0.5) * log(r * (n_f - k + 1.0) / (k + 1.0))
            + _stirling_tail(m)
            + _stirling_tail(n_f - m)
            - _stirling_tail(k)
            - _stirling_tail(n_f - k)
        )
        if v <= bound:
            return int(k)


@njit(cache=True, error_model="numpy")
def binomial(state: np.ndarray, n: int, p: float) -> int:
    """Draw how many of `n` cells meet an event of probability `p`; always within 0..n."""
    if n <= 0 or p <= 0.0:
        return 0
    if p >= 1.0:
        return n
    if n == 1:
        return 1 if uniform(state) < p else 0
    q = min(p, 1.0 - p)
    variance = n * q * (1.0 - q)
    if n * q < _INVERT_BELOW:
        k = _binomial_inversion(state, n, q)
    elif variance < _NORMAL_ABOVE:
        k = _binomial_btrs(state, n, q)
    else:
        k = int(floor(n * q + sqrt(variance) * normal(state) + 0.5))
        k = min(max(k, 0), n)
    return k if p <= 0.5 else n - k


@njit(cache=True, error_model="numpy")
def poisson(state: np.ndarray, mean: float) -> int:
    """Draw a Poisson count of the given mean."""
    if mean <= 0.0:
        return 0
    if mean < _INVERT_BELOW:
        u = uniform(state)
        mass = exp(-mean)
        k = 0
        while u > mass:
            u -= mass
            if mass < 1e-300 and k > mean:
                break
            k += 1
            mass *= mean / k
        return k
    if mean >= _NORMAL_ABOVE:
        return max(int(floor(mean + sqrt(mean) * normal(state) + 0.5)), 0)
    root = sqrt(mean)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    v_r = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u = uniform(state) - 0.5
        v = uniform(state)
        us = 0.5 - abs(u)
        k_f = floor((2.0 * a / us + b) * u + mean + 0.43)
        if us >= 0.07 and v <= v_r:
            return int(k_f)
        if k_f < 0.0 or (us < 0.013 and v > us):
            continue
        inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
        # k*log(mean) - mean - log(k!) written with Stirling's series around k: no cancellation at large means
        log_mass = (
            k_f * log(mean / (k_f + 1.0)) + (k_f - mean) + 1.0 - 0.5 * log(k_f + 1.0)
            - 0.9189385332046727 - _stirling_tail(k_f)
        )  # fmt: skip
        if log(v * inverse_alpha / (a / (us * us) + b)) <= log_mass:
            return int(k_f)


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
def extra_births(state: np.ndarray, founders: int, stay: float) -> int:
    """Draw the births in clans that survive: each of `founders` clans has geometric size with P(size = 1) = `stay`.

    This is the law of a linear birth (or birth-death, given survival) process at the end of a step of any length
    (Kendall 1948, Ann Math Stat 19:1): a negative binomial, drawn by inversion or as a Poisson with gamma mean; both exact.
    """
    if founders <= 0 or stay >= 1.0:
        return 0
    more = 1.0 - stay
    mean = founders * more / stay
    if mean < _INVERT_BELOW:
        u = uniform(state)
        mass = exp(founders * log(stay))
        k = 0
        while u > mass:
            u -= mass
            if mass < 1e-300 and k > mean:
                break
            mass *= more * (founders + k) / (k + 1.0)
            k += 1
        return k
    variance = mean / stay
    if variance >= _NORMAL_ABOVE:
        return max(int(floor(mean + sqrt(variance) * normal(state) + 0.5)), 0)
    return poisson(state, gamma(state, float(founders)) * more / stay)
