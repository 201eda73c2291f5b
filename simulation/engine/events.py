"""The event kernel: per cohort one draw from the summed hazard, shared out by hazard; cells that change leave as parcels.

For a cohort of n cells that divide at rate b and leave (die, move, change state) at summed rate d, both constant
over the step, the number of cells still there at its end follows exactly the linear birth-death law (Kendall
1948, Ann Math Stat 19:1): every founder's clan dies out with probability alpha, else has geometric size.
Extinction, mean and variance are therefore right at any step length. The number of leavers has the exact mean:
the clans that ended, plus those leavers that newborns made up for. They are shared among the channels by hazard.
"""

from math import exp, expm1
from typing import NamedTuple

import numpy as np
from numba import njit

from simulation.engine.bit_fields import BitField
from simulation.engine.bit_kernels import value_of
from simulation.engine.draws import Int, draw_binomial, draw_births, draw_poisson
from simulation.engine.keyed_random import agent_key
from simulation.engine.population import (
    NEXT_CLONE,
    Columns,
    Floats,
    Ints,
    Ints32,
    Parcels,
    Population,
    Strata,
    plain,
    unlink,
)

__all__ = [
    "DIE",
    "DIVIDE",
    "GOTO",
    "NEIGHBOUR",
    "PROGRAM",
    "RECODE",
    "Channels",
    "Destinations",
    "Variants",
    "draw_events",
]

# What a channel does to the cells it draws. Channel 0 is always DIVIDE.
DIVIDE, DIE, RECODE, PROGRAM, NEIGHBOUR, GOTO = range(6)


class Channels(NamedTuple):
    """Describe the event channels: what each does (`effect`) and with which operand (`operand`), both shape (n_channels,).

    RECODE adds the operand to the cell's code; PROGRAM does so to both daughters of a programmed division; GOTO moves to
    the group of places numbered by the operand. The rest are the fields of the code that the engine reads: the class by which
    events are counted, the programmed divisions left, and the clone, which a mutant founds.
    """

    effect: Ints
    operand: Ints
    kind: BitField
    program: BitField
    clone: BitField

    def births_and_deaths(self, tally: Ints) -> tuple[int, int]:
        """Return how many cells of all classes were born, and how many died by whatever channel."""
        events = tally.sum(axis=0).tolist()
        effects = self.effect.tolist()
        return events[0], sum(n for n, effect in zip(events, effects, strict=True) if effect == DIE)


class Destinations(NamedTuple):
    """Hold where cells may go: `neighbours` (n_places, k), -1 padded; groups of places with weights summing to 1."""

    neighbours: Ints32
    group_start: Ints32
    member: Ints32
    weight: Floats


class Variants(NamedTuple):
    """Describe heritable changes at division: each new cell of class `of_class` gets `bit` with `probability`."""

    bit: Ints
    probability: Floats
    of_class: int
    max_clones: int  # a mutant founds a clone of its own, until so many are there


def draw_events(
    pop: Population, channels: Channels, where: Destinations, variants: Variants, key: np.uint64, dt: float
) -> Ints:
    """Draw one step of all cohorts and settle the parcels.

    Returns
    -------
    ndarray, shape (n_classes, n_channels)
        Events by class and channel; the column of DIVIDE counts all births.
    """
    tally = np.zeros((channels.kind.largest + 1, channels.effect.size), np.int64)
    fields = (plain(channels.kind), plain(channels.program), plain(channels.clone))
    at = 0
    while True:
        at = _draw(
            at, pop.top, plain(pop.columns), plain(pop.strata), pop.meta, plain(pop.parcels), channels.effect, channels.operand,
            fields, plain(where), plain(variants), pop.resolution.max_cells, key, dt, tally,
        )  # fmt: skip
        if at < 0:
            break
        pop.ensure_parcel_room(pop.parcels.code.size + 1)
    pop.settle(consolidate=True)
    return tally


@njit(cache=True, error_model="numpy", forceinline=True)
def _put(
    code: Int, place: Int, n: Int, traits: Floats, row: int, p_code: Ints, p_place: Ints32, p_cells: Ints, p_traits: Floats,
    p_count: Ints,
) -> None:  # fmt: skip
    at = p_count[0]
    p_code[at] = code
    p_place[at] = place
    p_cells[at] = n
    for t in range(p_traits.shape[1]):
        p_traits[at, t] = traits[row, t]
    p_count[0] = at + 1


@njit(cache=True, error_model="numpy")
def _births_and_leavers(
    state: np.uint64, n: int, b: float, d: float, dt: float
) -> tuple[int, int, np.uint64]:
    """Draw (cells still there, leavers) of a linear birth-death process; births = there - n + leavers."""
    if b <= 0.0:
        gone, state = draw_binomial(state, n, -expm1(-d * dt))
        return n - gone, gone, state
    if d <= 0.0:
        born, state = draw_births(state, n, exp(-b * dt))
        return n + born, 0, state
    x = (b - d) * dt
    # The integral of exp((b - d) t) over the step; by its series where the difference would lose digits.
    per_cell = (
        (exp(x) - 1.0) / (b - d) if abs(x) > 1e-3 else dt * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x / 24.0)))
    )
    mean_left = d * per_cell
    stay = 1.0 / (1.0 + b * per_cell)
    alpha = mean_left * stay  # the clan has died out or left
    ended, state = draw_binomial(state, n, alpha)
    made_up, state = draw_poisson(state, n * (mean_left - alpha))
    born, state = draw_births(state, n - ended, stay)
    return n - ended + born, ended + made_up, state


@njit(cache=True, error_model="numpy")
def _program(
    state: np.uint64, leavers: int, x: float, code: Int, operand: Int, steps_left: Int, place: Int,
    traits: Floats, row: int, p_code: Ints, p_place: Ints32, p_cells: Ints, p_traits: Floats, p_count: Ints,
) -> tuple[int, np.uint64]:  # fmt: skip
    """Carry programmed dividers through every division that fits into the step (x = rate * dt); return births.

    Of the lineages that divided at least k times, the share that divides once more is P(K > k) / P(K >= k) with K ~ Poisson(x).
    """
    births = 0
    mass = exp(-x)
    tail = -expm1(-x)  # P(K >= 1)
    k = 1
    while leavers > 0:
        births += leavers
        now = 2 * leavers
        code += operand
        mass *= x / k
        more = max(tail - mass, 0.0)  # P(K >= k + 1)
        again = 0
        if k < steps_left and tail > 0.0:
            again, state = draw_binomial(state, now, more / tail)
        if now > again:
            _put(code, place, now - again, traits, row, p_code, p_place, p_cells, p_traits, p_count)
        leavers = again
        tail = more
        k += 1
    return births, state


@njit(cache=True, error_model="numpy")
def _spread(
    state: np.uint64, k: Int, code: Int, first: Int, size: int, member: Ints32, to_left: Floats, count: Ints,
    traits: Floats, row: int, p_code: Ints, p_place: Ints32, p_cells: Ints, p_traits: Floats, p_count: Ints,
) -> np.uint64:  # fmt: skip
    """Send k cells to the `size` members of a group from `first` on, halving them down a tree of binomial draws.

    Node i of the tree has the children 2i and 2i + 1; the leaves size..2*size - 1 are the members. A multinomial
    draw in which empty branches cost nothing.
    """
    count[1] = k
    for i in range(1, size):
        n = count[i]
        left = 0
        if n > 0:
            left, state = draw_binomial(state, n, to_left[2 * first + i])
        count[2 * i] = left
        count[2 * i + 1] = n - left
    for j in range(size):
        if count[size + j] > 0:
            _put(
                code,
                member[first + j],
                count[size + j],
                traits,
                row,
                p_code,
                p_place,
                p_cells,
                p_traits,
                p_count,
            )
    return state


@njit(cache=True, error_model="numpy")
def _plant(group_start: Ints32, weight: Floats, to_left: Floats) -> int:
    """Fill in, for every group's tree, the share of each node that goes to its left child; return the widest group's size."""
    widest = 0
    for g in range(group_start.size - 1):
        first, size = group_start[g], group_start[g + 1] - group_start[g]
        widest = max(widest, size)
        node = np.zeros(2 * size)
        node[size:] = weight[first : first + size]
        for i in range(size - 1, 0, -1):
            node[i] = node[2 * i] + node[2 * i + 1]
            to_left[2 * first + i] = node[2 * i] / node[i] if node[i] > 0.0 else 1.0
    return widest


@njit(cache=True, error_model="numpy")
def _draw(
    at: int, top: int, cohorts: Columns, strata: Strata, meta: Ints, parcels: Parcels, effect: Ints, operand: Ints,
    fields: tuple[BitField, BitField, BitField], where: Destinations, variants: Variants, max_cells: int, key: np.uint64,
    dt: float, tally: Ints,
) -> int:  # fmt: skip
    """Draw from row `at` on; return the row reached when the parcel buffer is full, or -1 when done."""
    cells, codes, places, _, serial, stratum, following, previous, traits, hazard = cohorts
    _, _, s_head, s_count, _, _ = strata
    p_code, p_place, p_cells, _, p_traits, p_count = parcels
    neighbours, group_start, member, weight = where
    v_bit, v_probability, v_class, max_clones = variants
    kind_field, program_field, clone_field = fields
    n_channels, width = effect.size, 2 * weight.size + 2
    to_left, count = np.zeros(width), np.zeros(width, np.int64)
    per_row = _plant(group_start, weight, to_left) + neighbours.shape[1] + n_channels + 24
    active, rates = np.zeros(n_channels + 1, np.int64), np.zeros(n_channels + 1)
    for row in range(at, top):
        n = cells[row]
        if n == 0:
            continue
        if p_count[0] + per_row > p_code.size:
            return row
        # The channels open to this cohort, the widest last: its cells are those that no other took.
        d = widest_rate = 0.0
        n_active = widest_at = 0
        for c in range(1, n_channels):
            rate = hazard[row, c]
            active[n_active], rates[n_active] = c, rate
            d += rate
            n_active += 1 if rate > 0.0 else 0  # no jump to guess wrong: a rate of 0 is written over
        for i in range(n_active):
            if rates[i] > widest_rate:
                widest_rate, widest_at = rates[i], i
        b = hazard[row, 0]
        if b <= 0.0 and n_active == 0:
            continue
        code, place = codes[row], np.int64(places[row])
        state = agent_key(key, code, place, serial[row])
        there, leavers, state = _births_and_leavers(state, n, b, d, dt)
        births = there - n + leavers
        kind = value_of(code, kind_field)
        if leavers > 0:
            last = n_active - 1
            active[widest_at], active[last] = active[last], active[widest_at]
            rates[widest_at], rates[last] = rates[last], rates[widest_at]
            left, rate_left = leavers, d
            for i in range(n_active):
                c, rate = active[i], rates[i]
                k = left
                if i < last:
                    k, state = draw_binomial(state, left, rate / rate_left)
                rate_left -= rate
                left -= k
                if k == 0:
                    continue
                tally[kind, c] += k
                what = effect[c]
                if what == RECODE:
                    _put(
                        code + operand[c], place, k, traits, row, p_code, p_place, p_cells, p_traits, p_count
                    )
                elif what == GOTO:
                    first, end = group_start[operand[c]], group_start[operand[c] + 1]
                    if end - first == 1:
                        _put(code, member[first], k, traits, row, p_code, p_place, p_cells, p_traits, p_count)
                    else:
                        state = _spread(
                            state, k, code, first, end - first, member, to_left, count, traits, row, p_code, p_place,
                            p_cells, p_traits, p_count,
                        )  # fmt: skip
                elif what == NEIGHBOUR:
                    n_near = 0
                    while n_near < neighbours.shape[1] and neighbours[place, n_near] >= 0:
                        n_near += 1
                    if n_near == 0:
                        _put(code, place, k, traits, row, p_code, p_place, p_cells, p_traits, p_count)
                    for j in range(n_near):
                        m = k
                        if j < n_near - 1:
                            m, state = draw_binomial(state, k, 1.0 / (n_near - j))
                        if m > 0:
                            _put(
                                code,
                                neighbours[place, j],
                                m,
                                traits,
                                row,
                                p_code,
                                p_place,
                                p_cells,
                                p_traits,
                                p_count,
                            )
                            k -= m
                elif what == PROGRAM:
                    steps_left = value_of(code, program_field)
                    born, state = _program(
                        state, k, rate * dt, code, operand[c], steps_left, place, traits, row, p_code, p_place, p_cells,
                        p_traits, p_count,
                    )  # fmt: skip
                    tally[kind, 0] += born
                if left == 0:
                    break
        if births > 0:
            tally[kind, 0] += births
            if kind == v_class:
                for v in range(v_bit.size):
                    if code & v_bit[v] or v_probability[v] <= 0.0:
                        continue
                    # Newborns that already left are not told apart from the rest: at most `there` can be mutants here.
                    m, state = draw_binomial(state, births, v_probability[v])
                    m = min(m, there)
                    if m > 0:
                        mutant = code | v_bit[v]
                        if meta[NEXT_CLONE] < max_clones:
                            mutant += (meta[NEXT_CLONE] - value_of(code, clone_field)) << clone_field[0]
                            meta[NEXT_CLONE] += 1
                        _put(mutant, place, m, traits, row, p_code, p_place, p_cells, p_traits, p_count)
                        there -= m
                        births -= m
        if there == 0:
            unlink(row, cells, stratum, following, previous, s_head, s_count, meta)
        elif max_cells > 0 and there > max_cells:
            _put(code, place, there - max_cells, traits, row, p_code, p_place, p_cells, p_traits, p_count)
            cells[row] = max_cells
        else:
            cells[row] = there
    return -1
