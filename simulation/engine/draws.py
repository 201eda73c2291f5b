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
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from simulation.engine.compiled import inner, kernel
from simulation.engine.keyed_random import (
    BOXES,
    EDGE,
    FIRST,
    GOLDEN,
    HALF_UNIT,
    S11,
    TWO_UNITS,
    UNIT,
    ZERO,
    folded,
    mix,
    normal,
    uniform,
)
from simulation.engine.population import Floats, Int, Ints

__all__ = [
    "Row", "binomial", "binomial_along", "births_along", "draw_binomial", "draw_births", "draw_gamma", "draw_poisson", "poisson",
    "poisson_along", "scatter",
]  # fmt: skip

States = npt.NDArray[np.uint64]

_SERIES_ABOVE = 50.0  # variance
_INVERT_BELOW = 10.0  # mean
_SKEW_BELOW = 0.022  # squared skewness up to which the series may be used
_FEW = 16  # cells: so many factors cost less than a power
_SIXTH, _24TH, _36TH = 1.0 / 6.0, 1.0 / 24.0, 1.0 / 36.0
_INVERSE = 1.0 / np.arange(1.0, 129.0)  # walking up a distribution divides by 1, 2, 3, ...
_SHORT = 3  # places: so few are drawn one by one
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
    bend = fourth * (z2 - 3.0) * _24TH - third * third * (2.0 * z2 - 5.0) * _36TH - _24TH
    return floor(mean + 0.5 + stddev * z + third * (z2 - 1.0) * _SIXTH + z * bend / stddev), state


@inner(forceinline=True)
def _log_one_minus(p: float) -> float:
    """Return log(1 - p) for p <= 1/2, near enough for powers (1 - p)**n with n*p of order ten."""
    if p < 1e-4:
        return -p * (1.0 + p * (0.5 + p * (1.0 / 3.0 + 0.25 * p)))
    return log(1.0 - p)


@inner(forceinline=True)
def _invert_binomial(u: float, n: Int, p: float) -> int:
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
    if mean < _INVERT_BELOW:
        u, state = uniform(state)
        k = _invert_binomial(u, n, q)
    else:
        variance = mean * (1.0 - q)
        if variance < _SERIES_ABOVE:
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
def _invert_poisson(u: float, mean: float) -> int:
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
    if mean < _INVERT_BELOW:
        u, state = uniform(state)
        return _invert_poisson(u, mean), state
    if mean < _SERIES_ABOVE:
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
def _invert_births(u: float, founders: Int, more: float) -> int:
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
    if mean < _INVERT_BELOW:
        u, state = uniform(state)
        return _invert_births(u, founders, more), state
    variance = mean / stay
    if variance >= _SERIES_ABOVE and (1.0 + more) * (1.0 + more) <= _SKEW_BELOW * founders * more:
        inverse = 1.0 / stay
        x, state = _series(
            state, mean, variance, (1.0 + more) * inverse, 1.0 + 6.0 * more * inverse * inverse
        )
        return max(int(x), 0), state
    x, state = draw_gamma(state, float(founders))
    return draw_poisson(state, x * more / stay)


# What a first glance along a row settles; where _WALK, only a walk up the distribution function is left, from `value`.
_OPEN, _WALK, _VALUE, _NOTHING, _IMPOSSIBLE = range(5)


class Row(NamedTuple):
    """Hold what draws along a row work with, shape (n,) each: every draw's cumulants, its value, and what settled it.

    `few` is the mean of a count that is drawn by inversion, `_INVERT_BELOW` of any other.
    """

    mean: Floats
    variance: Floats
    third: Floats
    fourth: Floats
    few: Floats
    value: Floats
    settled: Ints

    @classmethod
    def of(cls, n: int) -> Self:
        """Return an empty one."""
        mean, variance, third, fourth, few, value = (np.zeros(n) for _ in range(6))
        return cls(mean, variance, third, fourth, few, value, np.zeros(n, np.int64))


@inner()
def _glance(
    state: States, mean: Floats, variance: Floats, third: Floats, fourth: Floats, few: Floats, value: Floats, settled: Ints,
    size: int,
) -> None:  # fmt: skip
    """Draw what one look at one random number settles: large counts by `_series`, and small ones that are nothing.

    The same numbers as one by one, but in loops that the compiler can turn into vector instructions: no branch, no call, and
    the arrays of a `Row` as arguments.
    """
    any_large = False
    for i in range(size):
        any_large |= variance[i] >= _SERIES_ABOVE
    if not any_large:
        for i in range(size):
            value[i] = float(np.int64(mix(state[i] + GOLDEN) >> S11)) * UNIT + HALF_UNIT
            result = _WALK if few[i] < _INVERT_BELOW else _OPEN
            result = _NOTHING if value[i] <= 1.0 - few[i] else result
            settled[i] = _IMPOSSIBLE if mean[i] <= 0.0 else result
        return
    for i in range(size):
        bits = mix(state[i] + GOLDEN)
        box = np.int64(bits & BOXES)
        share = float(np.int64(bits >> S11))
        z = (share * TWO_UNITS + UNIT - 1.0) * EDGE[box]
        z2 = z * z
        stddev = sqrt(max(variance[i], 1.0))  # below, the number is not used, but it is to be one
        bend = fourth[i] * (z2 - 3.0) * _24TH - third[i] * third[i] * (2.0 * z2 - 5.0) * _36TH - _24TH
        x = floor(mean[i] + 0.5 + stddev * z + third[i] * (z2 - 1.0) * _SIXTH + z * bend / stddev)
        large = (variance[i] >= _SERIES_ABOVE) & (abs(z) < EDGE[box + 1])
        u = share * UNIT + HALF_UNIT
        value[i] = x if large else u
        result = _WALK if few[i] < _INVERT_BELOW else _OPEN
        result = _NOTHING if u <= 1.0 - few[i] else result
        result = _VALUE if large else result
        settled[i] = _IMPOSSIBLE if mean[i] <= 0.0 else result


@inner()
def _carry_over(state: States, value: Floats, settled: Ints, out: Ints, size: int) -> Int:
    """Write down what is settled, and return how many are not; in a loop for vector instructions, too."""
    n_open = 0
    for i in range(size):
        out[i] = max(int(value[i]), 0) if settled[i] == _VALUE else 0
        state[i] += GOLDEN if (settled[i] != _OPEN) & (settled[i] != _IMPOSSIBLE) else ZERO
        n_open += 1 if settled[i] <= _WALK else 0
    return n_open


@inner()
def binomial_along(state: States, n: Ints, p: Floats, out: Ints, row: Row, size: int) -> None:
    """Draw a binomial number in the first `size` places of a row, each from its own state, as `draw_binomial` would."""
    if size <= _SHORT:
        for i in range(size):
            out[i], state[i] = draw_binomial(state[i], n[i], p[i])
        return
    mean, variance, third, fourth, few = row.mean, row.variance, row.third, row.fourth, row.few
    value, settled = row.value, row.settled
    for i in range(size):
        q = min(p[i], 1.0 - p[i])
        mean[i] = n[i] * q
        variance[i] = mean[i] * (1.0 - q)
        third[i] = 1.0 - 2.0 * q
        fourth[i] = 1.0 - 6.0 * q * (1.0 - q)
        few[i] = min(mean[i], _INVERT_BELOW)
    _glance(state, mean, variance, third, fourth, few, value, settled, size)
    n_open = _carry_over(state, value, settled, out, size)
    for i in range(size):
        k = min(out[i], n[i])
        out[i] = k if p[i] <= 0.5 else n[i] - k
    for i in range(size if n_open > 0 else 0):
        if settled[i] == _WALK:
            k = _invert_binomial(value[i], n[i], min(p[i], 1.0 - p[i]))
            out[i] = k if p[i] <= 0.5 else n[i] - k
        elif settled[i] == _OPEN:
            out[i], state[i] = draw_binomial(state[i], n[i], p[i])


@inner()
def poisson_along(state: States, means: Floats, out: Ints, row: Row, size: int) -> None:
    """Draw a Poisson number in the first `size` places of a row, as `draw_poisson` would."""
    if size <= _SHORT:
        for i in range(size):
            out[i], state[i] = draw_poisson(state[i], means[i])
        return
    mean, variance, third, fourth, few = row.mean, row.variance, row.third, row.fourth, row.few
    value, settled = row.value, row.settled
    for i in range(size):
        mean[i] = variance[i] = means[i]
        third[i] = fourth[i] = 1.0
        few[i] = min(mean[i], _INVERT_BELOW)
    _glance(state, mean, variance, third, fourth, few, value, settled, size)
    n_open = _carry_over(state, value, settled, out, size)
    for i in range(size if n_open > 0 else 0):
        if settled[i] == _WALK:
            out[i] = _invert_poisson(value[i], means[i])
        elif settled[i] == _OPEN:
            out[i], state[i] = draw_poisson(state[i], means[i])


@inner()
def births_along(state: States, founders: Ints, stay: Floats, out: Ints, row: Row, size: int) -> None:
    """Draw the births in surviving clans in the first `size` places of a row, as `draw_births` would."""
    if size <= _SHORT:
        for i in range(size):
            out[i], state[i] = draw_births(state[i], founders[i], stay[i])
        return
    mean, variance, third, fourth, few = row.mean, row.variance, row.third, row.fourth, row.few
    value, settled = row.value, row.settled
    for i in range(size):
        more, inverse = 1.0 - stay[i], 1.0 / stay[i]
        mean[i] = founders[i] * more / stay[i]
        skewed = (1.0 + more) * (1.0 + more) > _SKEW_BELOW * founders[i] * more
        variance[i] = 0.0 if skewed or mean[i] < _INVERT_BELOW else mean[i] / stay[i]
        third[i] = (1.0 + more) * inverse
        fourth[i] = 1.0 + 6.0 * more * inverse * inverse
        few[i] = founders[i] * more if mean[i] < _INVERT_BELOW else _INVERT_BELOW
    _glance(state, mean, variance, third, fourth, few, value, settled, size)
    n_open = _carry_over(state, value, settled, out, size)
    for i in range(size if n_open > 0 else 0):
        if settled[i] == _WALK:
            out[i] = _invert_births(value[i], founders[i], 1.0 - stay[i])
        elif settled[i] == _OPEN:
            out[i], state[i] = draw_births(state[i], founders[i], stay[i])


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
