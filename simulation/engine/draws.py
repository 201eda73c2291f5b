"""Binomial, Poisson and negative binomial draws: exact for small counts, and as good as exact for large ones.

Small means are drawn by inversion, medium ones by Hoermann's transformed rejection
(BTRS: J Stat Comput Simul 1993;46:101; PTRS: Insur Math Econ 1993;12:39); both are exact. From a variance
of 50 on, the quantile of the exact law is written as its Cornish-Fisher series in a normal number, with
skewness and kurtosis, and rounded: mean and variance are those of the law, and its distribution function is met
within 1e-5 at variance 50, 3e-6 at 100 and ever better above (a million draws cannot tell).

The `draw_*` functions take the state of a sequence and hand it back with the number; `binomial` and `poisson`
keep it in an array.
"""

from math import exp, floor, log, sqrt

import numpy as np

from simulation.engine.compiled import inner, kernel
from simulation.engine.keyed_random import (
    FIRST,
    folded,
    normal,
    uniform,
)
from simulation.engine.population import Int, Ints

__all__ = [
    "INVERT_BELOW", "SERIES_ABOVE", "SIXTH", "SKEW_BELOW", "THIRTYSIXTH", "TWENTYFOURTH", "binomial", "draw_binomial",
    "draw_births", "draw_gamma", "draw_poisson", "invert_binomial", "invert_births", "invert_poisson", "poisson", "scatter",
]  # fmt: skip

SERIES_ABOVE = 50.0  # variance
INVERT_BELOW = 10.0  # mean
SKEW_BELOW = 0.022  # squared skewness up to which the series may be used
_FEW = 16  # cells: so many factors cost less than a power
SIXTH, TWENTYFOURTH, THIRTYSIXTH = 1.0 / 6.0, 1.0 / 24.0, 1.0 / 36.0
_INVERSE = 1.0 / np.arange(1.0, 129.0)  # walking up a distribution divides by 1, 2, 3, ...
_FAR = 100.0  # counts further from the mode than this have no mass where the variance is below 50


@inner(forceinline=True)
def _series(
    state: np.uint64, mean: float, variance: float, third: float, fourth: float
) -> tuple[float, np.uint64]:
    """Draw a rounded number of given mean and variance (Cornish and Fisher 1937).

    `third` and `fourth` are the third and fourth cumulants divided by the variance. Rounding adds 1/12 to the variance: the last
    term takes it back.
    """
    z, state = normal(state)
    z2 = z * z
    stddev = sqrt(variance)
    bend = fourth * (z2 - 3.0) * TWENTYFOURTH - third * third * (2.0 * z2 - 5.0) * THIRTYSIXTH - TWENTYFOURTH
    return floor(mean + 0.5 + stddev * z + third * (z2 - 1.0) * SIXTH + z * bend / stddev), state


@inner(forceinline=True)
def _log_one_minus(p: float) -> float:
    """Return log(1 - p) for p <= 1/2, near enough for powers (1 - p)**n with n*p of order ten."""
    if p < 1e-4:
        return -p * (1.0 + p * (0.5 + p * (1.0 / 3.0 + 0.25 * p)))
    return log(1.0 - p)


@inner(forceinline=True)
def invert_binomial(u: float, n: Int, p: float) -> int:
    """Return the number at a quantile by walking up the distribution function; for n*p below about 10 and p <= 1/2."""
    n_f = float(n)
    if u <= 1.0 - n_f * p:  # Bernoulli's inequality: nothing happens, and no power is needed to know it
        return 0
    mass = 1.0
    if n <= _FEW:
        for _ in range(n):
            mass *= 1.0 - p
    else:
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


@inner()
def _binomial_btrs(state: np.uint64, n: Int, p: float) -> tuple[int, np.uint64]:
    """Draw by transformed rejection; for n*p of at least 10, a variance below 50 and p <= 1/2."""
    n_f = float(n)
    stddev = sqrt(n_f * p * (1.0 - p))
    b = 1.15 + 2.53 * stddev
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = n_f * p + 0.5
    v_r = 0.92 - 4.2 / b
    while True:
        u, state = uniform(state)
        u -= 0.5
        v, state = uniform(state)
        us = 0.5 - abs(u)
        k = float(floor((2.0 * a / us + b) * u + c))
        if us >= 0.07 and v <= v_r:
            return int(k), state
        m = float(floor((n_f + 1.0) * p))
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
            return int(k), state


@inner()
def draw_binomial(state: np.uint64, n: Int, p: float) -> tuple[int, np.uint64]:
    """Draw how many of `n` cells meet an event of probability `p`; always within 0..n."""
    if n <= 0 or p <= 0.0:
        return 0, state
    if p >= 1.0:
        return int(n), state
    q = min(p, 1.0 - p)
    mean = n * q
    if mean < INVERT_BELOW:
        u, state = uniform(state)
        k = invert_binomial(u, n, q)
    else:
        variance = mean * (1.0 - q)
        if variance < SERIES_ABOVE:
            k, state = _binomial_btrs(state, n, q)
        else:
            x, state = _series(state, mean, variance, 1.0 - 2.0 * q, 1.0 - 6.0 * q * (1.0 - q))
            k = min(max(int(x), 0), int(n))
    return k if p <= 0.5 else int(n) - k, state


@inner()
def _poisson_ptrs(state: np.uint64, mean: float) -> tuple[int, np.uint64]:
    """Draw by transformed rejection; for means of 10 to 50."""
    b = 0.931 + 2.53 * sqrt(mean)
    a = -0.059 + 0.02483 * b
    v_r = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u, state = uniform(state)
        u -= 0.5
        v, state = uniform(state)
        us = 0.5 - abs(u)
        k = float(floor((2.0 * a / us + b) * u + mean + 0.43))
        if us >= 0.07 and v <= v_r:
            return int(k), state
        m = float(floor(mean))
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
            return int(k), state


@inner()
def _poisson_mode_mass(mean: float, m: float) -> float:
    """Return the Poisson mass at m >= 10 (Stirling's series, good to 1e-11)."""
    inverse = 1.0 / m
    square = inverse * inverse
    tail = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)))
    return exp(m - mean + m * log(mean * inverse) - tail) * sqrt(inverse) * 0.3989422804014327


@inner(forceinline=True)
def invert_poisson(u: float, mean: float) -> int:
    """Return the number at a quantile by walking up the distribution function; for means below about 10."""
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


@inner()
def draw_poisson(state: np.uint64, mean: float) -> tuple[int, np.uint64]:
    """Draw a Poisson count of the given mean."""
    if mean <= 0.0:
        return 0, state
    if mean < INVERT_BELOW:
        u, state = uniform(state)
        return invert_poisson(u, mean), state
    if mean < SERIES_ABOVE:
        return _poisson_ptrs(state, mean)
    x, state = _series(state, mean, mean, 1.0, 1.0)
    return max(int(x), 0), state


@inner()
def draw_gamma(state: np.uint64, shape: float) -> tuple[float, np.uint64]:
    """Draw a gamma number of the given shape >= 1 and unit scale (Marsaglia and Tsang 2000)."""
    d = shape - 1.0 / 3.0
    c = 1.0 / sqrt(9.0 * d)
    while True:
        x, state = normal(state)
        v = 1.0 + c * x
        if v <= 0.0:
            continue
        v = v * v * v
        u, state = uniform(state)
        if u < 1.0 - 0.0331 * x * x * x * x or log(u) < 0.5 * x * x + d * (1.0 - v + log(v)):
            return d * v, state


@inner(forceinline=True)
def invert_births(u: float, founders: Int, more: float) -> int:
    """Return the number at a quantile by walking up the distribution function; for means below about 10."""
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


@inner()
def draw_births(state: np.uint64, founders: Int, stay: float) -> tuple[int, np.uint64]:
    """Draw the births in clans that survive: each of `founders` clans has geometric size with P(size = 1) = `stay`.

    This is the law of a linear birth (or birth-death, given survival) process at the end of a step of any length
    (Kendall 1948, Ann Math Stat 19:1): a negative binomial, drawn by inversion or as a Poisson with gamma mean.
    """
    if founders <= 0 or stay >= 1.0:
        return 0, state
    more = 1.0 - stay
    mean = founders * more / stay
    if mean < INVERT_BELOW:
        u, state = uniform(state)
        return invert_births(u, founders, more), state
    variance = mean / stay
    if variance >= SERIES_ABOVE and (1.0 + more) * (1.0 + more) <= SKEW_BELOW * founders * more:
        inverse = 1.0 / stay
        x, state = _series(
            state, mean, variance, (1.0 + more) * inverse, 1.0 + 6.0 * more * inverse * inverse
        )
        return max(int(x), 0), state
    x, state = draw_gamma(state, float(founders))
    return draw_poisson(state, x * more / stay)


@kernel()
def scatter(key: np.uint64, cells: Int, counts: Ints) -> None:
    """Let cells fall into places, each cell on its own, and count them by place; the draw of a place is keyed by its number."""
    for i in range(counts.size):
        state = folded(folded(FIRST, key), np.uint64(i))
        counts[i], state = draw_binomial(state, cells, 1.0 / (counts.size - i))
        cells -= counts[i]


@kernel()
def binomial(state: np.ndarray, n: int, p: float) -> int:
    """Draw as `draw_binomial` does, with the state kept in `state[0]`."""
    k, state[0] = draw_binomial(state[0], n, p)
    return k


@kernel()
def poisson(state: np.ndarray, mean: float) -> int:
    """Draw as `draw_poisson` does, with the state kept in `state[0]`."""
    k, state[0] = draw_poisson(state[0], mean)
    return k
