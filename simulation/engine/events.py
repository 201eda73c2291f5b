"""The event kernel: per cohort one draw from the summed hazard, shared out by hazard; cells that change leave as parcels.

For a cohort of n cells that divide at rate b and leave (die, move, change state) at summed rate d, both constant over the step, the number of
cells still there at its end follows exactly the linear birth-death law (Kendall 1948, Ann Math Stat 19:1): every founder's clan
dies out with probability alpha, else has geometric size. Extinction, mean and variance are therefore right at any step length. The number of leavers has
the exact mean: the clans that ended, plus those leavers that newborns made up for. They are shared among the channels by hazard.
Cohorts of 10,000 cells and more take a shorter way with the same means.
"""

from dataclasses import dataclass
from math import exp, expm1

import numpy as np
from numba import njit

from simulation.engine.draws import binomial, extra_births, poisson
from simulation.engine.keyed_random import agent_key
from simulation.engine.population import NEXT_CLONE, Floats, Ints, Ints32, Population, unlink

# From so many cells on, and while so small a share leaves in one step, extinction within the step is impossible in practice.
_MANY = 10_000
_FEW_LEAVE = 0.3

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


@dataclass(frozen=True, slots=True)
class Channels:
    """Describe the event channels: what each does (`effect`) and with which operand (`operand`), both shape (n_channels,).

    RECODE adds the operand to the cell's code; PROGRAM does so to both daughters of a programmed division; GOTO moves to
    the group of places numbered by the operand.
    """

    names: tuple[str, ...]
    effect: Ints
    operand: Ints


@dataclass(frozen=True, slots=True)
class Destinations:
    """Hold where cells may go: `neighbours` (n_places, k), -1 padded; groups of places with weights summing to 1."""

    neighbours: Ints32
    group_start: Ints32
    member: Ints32
    weight: Floats


@dataclass(frozen=True, slots=True)
class Variants:
    """Describe heritable changes at division: each new cell of class `of_class` gets `bit` with `probability`."""

    bit: Ints
    probability: Floats
    of_class: int
    clone_shift: int
    max_clones: int


def draw_events(
    pop: Population, channels: Channels, where: Destinations, variants: Variants, key: np.uint64, dt: float
) -> Ints:
    """Draw one step of all cohorts and settle the parcels.

    Returns
    -------
    ndarray, shape (16, n_channels)
        Events by class (low four bits of the code) and channel; column 0 counts births.
    """
    tally = np.zeros((16, pop.n_channels), np.int64)
    at = 0
    while True:
        at = _draw(
            at, pop.top, pop.cells, pop.code, pop.place, pop.serial, pop.stratum, pop.following, pop.previous,
            pop.traits, pop.hazard, pop.s_code, pop.s_place, pop.s_head, pop.s_count, pop.meta, pop.parcels.code, pop.parcels.place,
            pop.parcels.cells, pop.parcels.traits, pop.parcels.count, channels.effect, channels.operand,
            where.neighbours, where.group_start, where.member, where.weight, variants.bit, variants.probability,
            variants.of_class, variants.clone_shift, variants.max_clones, pop.resolution.max_cells, key, dt, tally,
        )  # fmt: skip
        if at < 0:
            break
        pop.ensure_parcel_room(pop.parcels.code.size + 1)
    pop.settle()
    pop.consolidate()
    return tally


@njit(cache=True, error_model="numpy", inline="always")
def _put(
    code: int, place: int, n: int, traits: Floats, row: int, p_code: Ints, p_place: Ints32, p_cells: Ints, p_traits: Floats,
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
def _births_and_leavers(state: np.ndarray, n: int, b: float, d: float, dt: float) -> tuple[int, int]:
    """Draw (cells still there, leavers) of a linear birth-death process; births = there - n + leavers."""
    if b <= 0.0:
        gone = binomial(state, n, -expm1(-d * dt))
        return n - gone, gone
    if d <= 0.0:
        return n + extra_births(state, n, exp(-b * dt)), 0
    net = (b - d) * dt
    growth = expm1(net)
    per_cell = growth / (b - d) if abs(net) > 1e-9 else dt  # the integral of exp((b - d) t) over the step
    mean_left = d * per_cell
    if n >= _MANY and mean_left < _FEW_LEAVE:
        # Extinction is out of reach: one draw of leavers and one of births, both with the exact mean.
        gone = binomial(state, n, mean_left)
        stay = (1.0 - mean_left) / (1.0 + growth)
        return n - gone + extra_births(state, n - gone, stay), gone
    share = 1.0 / (1.0 + b * per_cell)
    alpha = mean_left * share  # the clan has died out or left
    ended = binomial(state, n, alpha)
    founders = n - ended
    there = founders + extra_births(state, founders, share)
    return there, ended + poisson(state, n * (mean_left - alpha))


@njit(cache=True, error_model="numpy")
def _program(
    state: np.ndarray, n: int, leavers: int, x: float, code: int, operand: int, steps_left: int, place: int, traits: Floats, row: int,
    p_code: Ints, p_place: Ints32, p_cells: Ints, p_traits: Floats, p_count: Ints,
) -> int:  # fmt: skip
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
        again = binomial(state, now, more / tail) if (k < steps_left and tail > 0.0) else 0
        if now > again:
            _put(code, place, now - again, traits, row, p_code, p_place, p_cells, p_traits, p_count)
        leavers = again
        tail = more
        k += 1
    return births


@njit(cache=True, error_model="numpy")
def _draw(
    at: int, top: int, cells: Ints, codes: Ints, places: Ints32, serial: Ints, stratum: Ints32, following: Ints32,
    previous: Ints32, traits: Floats, hazard: Floats, s_code: Ints, s_place: Ints32, s_head: Ints32, s_count: Ints32,
    meta: Ints, p_code: Ints, p_place: Ints32, p_cells: Ints, p_traits: Floats, p_count: Ints, effect: Ints, operand: Ints,
    neighbours: Ints32, group_start: Ints32, member: Ints32, weight: Floats, v_bit: Ints, v_probability: Floats, v_class: int,
    clone_shift: int, max_clones: int, max_cells: int, key: np.uint64, dt: float, tally: Ints,
) -> int:  # fmt: skip
    """Draw from row `at` on; return the row reached when the parcel buffer is full, or -1 when done."""
    n_channels = effect.size
    widest = 0
    for g in range(group_start.size - 1):
        widest = max(widest, group_start[g + 1] - group_start[g])
    per_row = widest + neighbours.shape[1] + n_channels + 24
    state = np.zeros(1, np.uint64)
    for row in range(at, top):
        n = cells[row]
        if n == 0:
            continue
        if p_count[0] + per_row > p_code.size:
            return row
        d = 0.0
        for c in range(1, n_channels):
            d += hazard[row, c]
        b = hazard[row, 0]
        if b <= 0.0 and d <= 0.0:
            continue
        code, place = codes[row], np.int64(places[row])
        s = stratum[row]
        state[0] = agent_key(key, code ^ (place << 46), serial[row])
        there, leavers = _births_and_leavers(state, n, b, d, dt)
        births = there - n + leavers
        kind = code & 15
        if leavers > 0:
            left, rate_left = leavers, d
            for c in range(1, n_channels):
                rate = hazard[row, c]
                if rate <= 0.0:
                    continue
                k = left if rate >= rate_left else binomial(state, left, rate / rate_left)
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
                elif what == PROGRAM:
                    tally[kind, 0] += _program(
                        state, n, k, rate * dt, code, operand[c], (code >> 8) & 15, place, traits, row, p_code, p_place,
                        p_cells, p_traits, p_count,
                    )  # fmt: skip
                elif what == NEIGHBOUR:
                    n_near = 0
                    while n_near < neighbours.shape[1] and neighbours[place, n_near] >= 0:
                        n_near += 1
                    for j in range(n_near):
                        m = k if j == n_near - 1 else binomial(state, k, 1.0 / (n_near - j))
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
                    if n_near == 0:
                        _put(code, place, k, traits, row, p_code, p_place, p_cells, p_traits, p_count)
                elif what == GOTO:
                    first, last = group_start[operand[c]], group_start[operand[c] + 1]
                    weight_left = 1.0
                    for j in range(first, last):
                        m = k
                        if j < last - 1:
                            m = (
                                binomial(state, k, min(weight[j] / weight_left, 1.0))
                                if weight_left > 0.0
                                else 0
                            )
                        weight_left -= weight[j]
                        if m > 0:
                            _put(code, member[j], m, traits, row, p_code, p_place, p_cells, p_traits, p_count)
                            k -= m
                            if k == 0:
                                break
                if left == 0:
                    break
        if births > 0:
            tally[kind, 0] += births
            if kind == v_class:
                for v in range(v_bit.size):
                    if code & v_bit[v] or v_probability[v] <= 0.0:
                        continue
                    # Newborns that already left are not told apart from the rest: at most `there` can be mutants here.
                    m = min(binomial(state, births, v_probability[v]), there)
                    if m > 0:
                        mutant = code | v_bit[v]
                        if meta[NEXT_CLONE] < max_clones:
                            mutant = (mutant & ~(np.int64(4095) << clone_shift)) | (
                                meta[NEXT_CLONE] << clone_shift
                            )
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
