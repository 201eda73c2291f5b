"""Draws along a row of places: the very numbers that one draw after the other would give, in loops for vector instructions.

A first glance settles most of them: large counts by their series, small ones that are nothing. What is left is drawn one by one.
"""

from math import floor, sqrt
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from simulation.engine.compiled import inner
from simulation.engine.draws import (
    INVERT_BELOW,
    SERIES_ABOVE,
    SIXTH,
    SKEW_BELOW,
    THIRTYSIXTH,
    TWENTYFOURTH,
    draw_binomial,
    draw_births,
    draw_poisson,
    invert_binomial,
    invert_births,
    invert_poisson,
)
from simulation.engine.keyed_random import BOXES, EDGE, GOLDEN, HALF_UNIT, S11, TWO_UNITS, UNIT, ZERO, mix
from simulation.engine.population import Floats, Int, Ints

__all__ = ["Row", "binomial_along", "births_along", "poisson_along"]

States = npt.NDArray[np.uint64]

_SHORT = 3  # places: so few are drawn one by one
# What a first glance along a row settles; where _WALK, only a walk up the distribution function is left, from `value`.
_OPEN, _WALK, _VALUE, _NOTHING, _IMPOSSIBLE = range(5)


class Row(NamedTuple):
    """Hold what draws along a row work with, shape (n,) each: every draw's cumulants, its value, and what settled it.

    `few` is the mean of a count that is drawn by inversion, `INVERT_BELOW` of any other.
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
        any_large |= variance[i] >= SERIES_ABOVE
    if not any_large:
        for i in range(size):
            value[i] = float(np.int64(mix(state[i] + GOLDEN) >> S11)) * UNIT + HALF_UNIT
            result = _WALK if few[i] < INVERT_BELOW else _OPEN
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
        bend = (
            fourth[i] * (z2 - 3.0) * TWENTYFOURTH
            - third[i] * third[i] * (2.0 * z2 - 5.0) * THIRTYSIXTH
            - TWENTYFOURTH
        )
        x = floor(mean[i] + 0.5 + stddev * z + third[i] * (z2 - 1.0) * SIXTH + z * bend / stddev)
        large = (variance[i] >= SERIES_ABOVE) & (abs(z) < EDGE[box + 1])
        u = share * UNIT + HALF_UNIT
        value[i] = x if large else u
        result = _WALK if few[i] < INVERT_BELOW else _OPEN
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
        few[i] = min(mean[i], INVERT_BELOW)
    _glance(state, mean, variance, third, fourth, few, value, settled, size)
    n_open = _carry_over(state, value, settled, out, size)
    for i in range(size):
        k = min(out[i], n[i])
        out[i] = k if p[i] <= 0.5 else n[i] - k
    for i in range(size if n_open > 0 else 0):
        if settled[i] == _WALK:
            k = invert_binomial(value[i], n[i], min(p[i], 1.0 - p[i]))
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
        few[i] = min(mean[i], INVERT_BELOW)
    _glance(state, mean, variance, third, fourth, few, value, settled, size)
    n_open = _carry_over(state, value, settled, out, size)
    for i in range(size if n_open > 0 else 0):
        if settled[i] == _WALK:
            out[i] = invert_poisson(value[i], means[i])
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
        skewed = (1.0 + more) * (1.0 + more) > SKEW_BELOW * founders[i] * more
        variance[i] = 0.0 if skewed or mean[i] < INVERT_BELOW else mean[i] / stay[i]
        third[i] = (1.0 + more) * inverse
        fourth[i] = 1.0 + 6.0 * more * inverse * inverse
        few[i] = founders[i] * more if mean[i] < INVERT_BELOW else INVERT_BELOW
    _glance(state, mean, variance, third, fourth, few, value, settled, size)
    n_open = _carry_over(state, value, settled, out, size)
    for i in range(size if n_open > 0 else 0):
        if settled[i] == _WALK:
            out[i] = invert_births(value[i], founders[i], 1.0 - stay[i])
        elif settled[i] == _OPEN:
            out[i], state[i] = draw_births(state[i], founders[i], stay[i])
