"""One draw of all events of a step: who divides, dies, changes, moves; exact at any number of cells.

For n like cells that divide at rate b and leave (die, move, change) at summed rate d, both constant over the step, the
number of cells still there at its end follows exactly the linear birth-death law (Kendall 1948, Ann Math Stat 19:1): every
founder's clan dies out with probability alpha, else has geometric size. Extinction, mean and variance are therefore right
at any step length. The number of leavers has the exact mean: the clans that ended, plus those leavers that newborns made up
for. They are shared among the channels by hazard.

A stratum draws for all its places along rows of numbers. The random numbers of a cohort are keyed by the step, its code and
its place: by what it is, never by where its row lies.
"""

from math import exp, expm1, factorial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import Addresses, inner, kernel, row, table
from simulation.engine.draws import Row, binomial_along, births_along, draw_binomial, poisson_along
from simulation.engine.keyed_random import FIRST, agent_key, mix
from simulation.engine.population import (
    N_FREE,
    N_STRATA,
    NEXT_CLONE,
    NEXT_UID,
    SINGLE_CELLS,
    Columns,
    Floats,
    Int,
    Ints,
    Population,
    bounds,
    stratum_of,
)
from simulation.engine.rules import (
    DIE,
    GOTO,
    NEIGHBOUR,
    PROGRAM,
    RECODE,
    Channels,
    Destinations,
    Rules,
    Variants,
)

__all__ = ["DONE", "N_SCRATCH", "Scratch", "draw_events", "draw_from", "draw_stratum", "scratch_at", "settle"]

DONE = -1  # all strata have drawn
_INVERSE = tuple(1.0 / factorial(k + 1) for k in range(12))


class Scratch(NamedTuple):
    """Hold the numbers of one stratum while it draws, shape (n_places,) each unless said.

    `rest` (n_channels, n_places) sums the hazards of the channels that come later, `active` lists the open ones,
    `lowest` and `highest` bound the places where each is open, `node` is the tree of a group and `branch` the
    states of its nodes, `draws` what draws work with.
    """

    state: npt.NDArray[np.uint64]
    rate: Floats
    share: Floats
    stay: Floats
    excess: Floats
    there: Ints
    leavers: Ints
    born: Ints
    taken: Ints
    part: Ints
    node: Ints
    active: Ints
    lowest: Ints
    highest: Ints
    rest: Floats
    branch: npt.NDArray[np.uint64]
    draws: Row

    @classmethod
    def of(cls, n_places: int, n_channels: int) -> "Scratch":
        """Return empty ones."""
        floats = (np.zeros(n_places) for _ in range(4))
        ints = (np.zeros(n_places, np.int64) for _ in range(5))
        lists = (np.zeros(size, np.int64) for size in (2 * n_places + 2, n_channels, n_channels, n_channels))
        rest, branch = np.zeros((n_channels, n_places)), np.zeros(n_places, np.uint64)
        parts = (np.zeros(n_places, np.uint64), *floats, *ints, *lists, rest, branch)
        return cls(*parts, Row.of(n_places))  # type: ignore[arg-type, call-arg]


N_SCRATCH = len(Scratch._fields) - 1 + len(Row._fields)  # addresses: `draws` is a row of arrays itself


@inner(forceinline=True)
def scratch_at(at: Addresses, i: int) -> Scratch:
    """Return the scratch whose addresses begin at number i."""
    return Scratch(
        row(at, i, np.uint64), row(at, i + 1, np.float64), row(at, i + 2, np.float64), row(at, i + 3, np.float64),
        row(at, i + 4, np.float64), row(at, i + 5, np.int64), row(at, i + 6, np.int64), row(at, i + 7, np.int64),
        row(at, i + 8, np.int64), row(at, i + 9, np.int64), row(at, i + 10, np.int64), row(at, i + 11, np.int64),
        row(at, i + 12, np.int64), row(at, i + 13, np.int64), table(at, i + 14, np.float64),
        row(at, i + 15, np.uint64),
        Row(
            row(at, i + 16, np.float64), row(at, i + 17, np.float64), row(at, i + 18, np.float64),
            row(at, i + 19, np.float64), row(at, i + 20, np.float64), row(at, i + 21, np.float64),
            row(at, i + 22, np.int64),
        ),
    )  # fmt: skip


def draw_events(
    pop: Population, channels: Channels, where: Destinations, variants: Variants, key: np.uint64, dt: float
) -> Ints:
    """Draw one step of all cohorts by their hazards (`pop.hazards`), and let what moved arrive.

    Returns
    -------
    ndarray, shape (n_classes, n_channels)
        Events by class and channel; the column of DIVIDE counts all births.
    """
    tally = np.zeros((channels.kind.largest + 1, channels.effect.size), np.int64)
    rules, scratch, at = Rules.of(channels, where, variants), Scratch.of(pop.n_places, pop.n_channels), 0
    while (at := draw_from(at, pop.hazards, pop.columns, rules, scratch, key, dt, tally)) != DONE:
        pop.reserve(2 * pop.room + 64)
    return tally


@kernel()
def draw_from(
    at: int, hazards: Floats, pop: Columns, rules: Rules, scratch: Scratch, key: np.uint64, dt: float, tally: Ints
) -> int:  # fmt: skip
    """Draw from stratum `at` on, then let what moved arrive; DONE, or the stratum reached when there is no room for new ones."""
    while at < pop.meta[N_STRATA]:
        if pop.end[at] > 0 and not draw_stratum(at, hazards, pop, rules, scratch, key, dt, tally):
            return at
        at += 1
    settle(pop)
    return DONE


@inner()
def draw_stratum(
    s: int, hazards: Floats, pop: Columns, rules: Rules, scratch: Scratch, key: np.uint64, dt: float, tally: Ints
) -> bool:  # fmt: skip
    """Draw the events of stratum `s`, whose hazards are `hazards[s]`; False, with nothing changed, where room is short."""
    meta, n_channels = pop.meta, rules.effect.size
    code, first, end = pop.code[s], pop.first[s], pop.end[s]
    singles = meta[SINGLE_CELLS] != 0
    room = meta[N_FREE] + pop.code.size - meta[N_STRATA]
    left = value_of(code, rules.program)
    clones = max(rules.max_clones - meta[NEXT_CLONE], 0)
    if not singles and room < n_channels + left + rules.bit.size + clones:
        return False
    # Slices, not ranges of indices: only then does the compiler see that no index is negative, and makes vectors of loops.
    size = end - first
    n, birth = pop.cells[s, first:end], hazards[s, 0, first:end]
    state, rate, share, stay = scratch.state, scratch.rate, scratch.share, scratch.stay
    excess, there, leavers = scratch.excess, scratch.there, scratch.leavers
    born, taken, work = scratch.born, scratch.taken, scratch.draws
    # The open channels, each in a range of places. Their order is fixed: what a place draws must not depend on other places.
    active, lowest, highest = scratch.active, scratch.lowest, scratch.highest
    n_active = 0
    lowest[0] = -1
    for c in range(n_channels):
        hazard, bits = hazards[s, c, first:end], 0
        for k in hazard.view(np.int64):
            bits |= k << 1  # -0.0 is none either
        if bits == 0:
            continue
        low, high = 0, size
        while hazard[low] == 0.0:
            low += 1
        while hazard[high - 1] == 0.0:
            high -= 1
        lowest[c], highest[c] = low, high
        if c > 0:
            active[n_active] = c
            n_active += 1
    if n_active == 0 and lowest[0] < 0:
        return True
    for i in range(size):
        rate[i] = 0.0
    for a in range(n_active - 1, -1, -1):
        hazard, later = hazards[s, active[a], first:end], scratch.rest[a]
        for i in range(size):
            later[i] = rate[i]
            rate[i] += hazard[i]
    # Births and leavers: `share` of the clans end, `stay` is the share of clans of one among those that do not.
    serial, far = pop.serial[s], False
    for i in range(size):
        x = (birth[i] - rate[i]) * dt
        far |= (x < -0.25) | (x > 0.25)
        excess[i] = x
    for i in range(size if far else 0):
        x = excess[i]
        stay[i] = _growth(x) if -0.25 < x < 0.25 else expm1(x) / x
    for i in range(0 if far else size):
        stay[i] = _growth(excess[i])
    for i in range(size):
        per_cell = dt * stay[i]  # the integral of exp((b - d) t) over the step
        mean_left = rate[i] * per_cell
        stay[i] = 1.0 / (1.0 + birth[i] * per_cell)
        share[i] = mean_left * stay[i]
        excess[i] = n[i] * (mean_left - share[i])
    for i in range(size):
        state[i] = agent_key(key, code, first + i, serial)
    binomial_along(state, n, share, taken, work, size)
    poisson_along(state, excess, leavers, work, size)
    for i in range(size):
        there[i] = n[i] - taken[i]  # clans that go on
        leavers[i] += taken[i]
    births_along(state, there, stay, born, work, size)
    n_left = n_born = 0
    for i in range(size):
        there[i] += born[i]
        born[i] = there[i] - n[i] + leavers[i]
        n_left += leavers[i]
        n_born += born[i]
    if singles and room < (n_left << left) + n_born + 1:
        return False
    kind = value_of(code, rules.kind)
    for a in range(n_active):
        if n_left == 0:
            break
        c = active[a]
        low, high = lowest[c], highest[c]
        hazard, later = hazards[s, c, first + low : first + high], scratch.rest[a, low:high]
        here, chosen, bits = leavers[low:high], taken[low:high], 0
        for k in later.view(np.int64):
            bits |= k
        if bits == 0:  # the last chance of all cells here
            for i in range(high - low):
                chosen[i] = here[i]
        else:
            odds = share[low:high]
            for i in range(high - low):  # summed from the last on: exactly 1 where no later channel is open
                odds[i] = hazard[i] / (hazard[i] + later[i]) if hazard[i] > 0.0 else 0.0
            binomial_along(state[low:], here, odds, chosen, work, high - low)
        k = 0
        for i in range(high - low):
            here[i] -= chosen[i]
            k += chosen[i]
        if k > 0:
            n_left -= k
            tally[kind, c] += k
            _carry_out(s, first + low, c, hazard, chosen, pop, rules, scratch, dt, tally[kind])
    if n_born > 0:
        tally[kind, 0] += n_born
        if kind == rules.of_class:
            _mutate(s, born, there, pop, rules, scratch)
    if singles and there[0] > 1:
        _part(code, first, there[0] - 1, s, first, pop)
        there[0] = 1
    for i in range(size):
        n[i] = there[i]
    return True


@inner(forceinline=True)
def _growth(x: float) -> float:
    """Return (exp(x) - 1) / x for |x| < 1/4, to the last digit (its Taylor series)."""
    tail = _INVERSE[7] + x * (_INVERSE[8] + x * (_INVERSE[9] + x * (_INVERSE[10] + x * _INVERSE[11])))
    tail = _INVERSE[3] + x * (_INVERSE[4] + x * (_INVERSE[5] + x * (_INVERSE[6] + x * tail)))
    return 1.0 + x * (_INVERSE[1] + x * (_INVERSE[2] + x * tail))


@inner(forceinline=True)
def _put(
    to: int, place: int, k: int, s: int, i: int, arrived: Ints, arrived_traits: Floats, traits: Floats
) -> None:  # fmt: skip
    """Let k cells of stratum s, place i, arrive in a place of stratum `to`; plain arrays, as this is the innermost loop."""
    arrived[to, place] += k
    for t in range(traits.shape[0]):
        arrived_traits[t, to, place] += k * traits[t, s, i]


@inner()
def _part(code: int, place: int, k: int, s: int, i: int, pop: Columns) -> None:
    """Let k cells of stratum s, place i, arrive in a place, each as a stratum of its own."""
    for _ in range(k):
        _put(stratum_of(code, pop), place, 1, s, i, pop.arrived, pop.arrived_traits, pop.traits)


@inner()
def _arrive(code: int, place: int, k: int, s: int, i: int, pop: Columns) -> None:
    """Let k cells of stratum s, place i, arrive in a place with another code."""
    if pop.meta[SINGLE_CELLS]:
        _part(code, place, k, s, i, pop)
    else:
        _put(stratum_of(code, pop), place, k, s, i, pop.arrived, pop.arrived_traits, pop.traits)


@inner()
def _carry_out(
    s: int, first: int, c: int, hazard: Floats, chosen: Ints, pop: Columns, rules: Rules, scratch: Scratch, dt: float,
    tally: Ints,
) -> None:  # fmt: skip
    """Do what channel `c` does to the cells `chosen` from the places of stratum `s`, from place `first` on."""
    effect, operand = rules.effect[c], rules.operand[c]
    if effect == DIE:
        return
    code, size = pop.code[s], chosen.size
    state = scratch.state[first - pop.first[s] :]
    target = code + operand if effect == RECODE else code
    singles = pop.meta[SINGLE_CELLS] != 0
    to = s if singles or effect == PROGRAM else stratum_of(target, pop)
    arrived, arrived_traits, traits = pop.arrived, pop.arrived_traits, pop.traits
    if effect == NEIGHBOUR:
        _to_neighbours(s, first, chosen, pop, rules, scratch)
        return
    begin, beyond = 0, 1
    if effect == GOTO:
        begin, beyond = rules.group_start[operand], rules.group_start[operand + 1]
    for i in range(size):
        k = chosen[i]
        if k == 0:
            continue
        if effect == PROGRAM:
            tally[0] += _program(k, hazard[i] * dt, operand, s, first + i, pop, rules, scratch)
        elif beyond - begin <= 1:  # where a group has no members, cells stay
            place = np.int64(rules.member[begin]) if effect == GOTO and begin < beyond else first + i
            if singles:
                _part(target, place, k, s, first + i, pop)
            else:
                _put(to, place, k, s, first + i, arrived, arrived_traits, traits)
        else:
            state[i] = _spread(state[i], k, begin, beyond - begin, rules, scratch)
            for j in range(begin, beyond):
                k = scratch.node[beyond - 2 * begin + j]
                if k > 0 and singles:
                    _part(code, rules.member[j], k, s, first + i, pop)
                elif k > 0:
                    _put(to, rules.member[j], k, s, first + i, arrived, arrived_traits, traits)


@inner()
def _to_neighbours(s: int, first: int, chosen: Ints, pop: Columns, rules: Rules, scratch: Scratch) -> None:
    """Share the cells `chosen` from each place out among its neighbours, evenly; without neighbours they stay."""
    code, size, at = pop.code[s], chosen.size, first - pop.first[s]
    near, singles = rules.neighbours, pop.meta[SINGLE_CELLS] != 0
    arrived, arrived_traits, traits = pop.arrived, pop.arrived_traits, pop.traits
    state, share, part, work = scratch.state[at:], scratch.share, scratch.part, scratch.draws
    for j in range(near.shape[1]):
        for i in range(size):
            n_near = 0
            while n_near < near.shape[1] and near[first + i, n_near] >= 0:
                n_near += 1
            share[i] = 1.0 / (n_near - j) if n_near > j else (1.0 if j == 0 else 0.0)
        binomial_along(state, chosen, share, part, work, size)
        for i in range(size):
            k = part[i]
            if k > 0:
                chosen[i] -= k
                place = np.int64(near[first + i, j])
                place = place if place >= 0 else np.int64(first + i)
                if singles:
                    _part(code, place, k, s, first + i, pop)
                else:
                    _put(s, place, k, s, first + i, arrived, arrived_traits, traits)


@inner()
def _spread(state: np.uint64, k: Int, begin: int, size: int, rules: Rules, scratch: Scratch) -> np.uint64:
    """Share k cells out to the members of a group, halving them down a tree of binomial draws, level by level.

    A multinomial draw; the members' numbers are node[size:2 * size]. Every node has a random sequence of its own.
    """
    node, branch, part = scratch.node, scratch.branch, scratch.part
    node[1] = k
    level = 1
    while level < size:
        beyond = min(2 * level, size)
        for i in range(beyond - level):
            branch[i] = mix(state + np.uint64(level + i) * FIRST)
        n, to_left = node[level:], rules.to_left[2 * begin + level :]
        binomial_along(branch, n, to_left, part, scratch.draws, beyond - level)
        for i in range(level, beyond):
            left = part[i - level]
            node[2 * i], node[2 * i + 1] = left, node[i] - left
        level *= 2
    return mix(state)


@inner()
def _program(
    leavers: int, x: float, operand: int, s: int, place: int, pop: Columns, rules: Rules, scratch: Scratch
) -> int:  # fmt: skip
    """Carry programmed dividers through every division that fits into the step (x = rate * dt); return births.

    Of the lineages that divided at least k times, the share that divides once more is P(K > k) / P(K >= k) with K ~ Poisson(x).
    """
    code, at, births = pop.code[s], place - pop.first[s], 0
    state = scratch.state[at]
    steps_left = value_of(code, rules.program)
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
            _arrive(code, place, now - again, s, place, pop)
        leavers = again
        tail = more
        k += 1
    scratch.state[at] = state
    return births


@inner()
def _mutate(s: int, born: Ints, there: Ints, pop: Columns, rules: Rules, scratch: Scratch) -> None:
    """Let newborns lose or gain what the variants say, each mutant a clone of its own while there are numbers left."""
    code, meta, first, size = pop.code[s], pop.meta, pop.first[s], pop.end[s] - pop.first[s]
    state, taken, share = scratch.state, scratch.taken, scratch.share
    for v in range(rules.bit.size):
        if code & rules.bit[v] or rules.probability[v] <= 0.0:
            continue
        for i in range(size):
            share[i] = rules.probability[v]
        binomial_along(state, born, share, taken, scratch.draws, size)
        for i in range(size):
            # Newborns that already left are not told apart from the rest: at most those still there can be mutants here.
            m = min(taken[i], there[i])
            if m > 0:
                mutant = code | rules.bit[v]
                if meta[NEXT_CLONE] < rules.max_clones:
                    mutant += (meta[NEXT_CLONE] - value_of(code, rules.clone)) << rules.clone[0]
                    meta[NEXT_CLONE] += 1
                _arrive(mutant, first + i, m, s, first + i, pop)
                there[i] -= m
                born[i] -= m


@inner()
def settle(pop: Columns) -> None:
    """Let what moved in a step arrive: cells add up, continuous traits average by cells."""
    n_traits, meta = pop.traits.shape[0], pop.meta
    for s in range(meta[N_STRATA]):
        cells, arrived, uid = pop.cells[s], pop.arrived[s], pop.uid[s]
        any_came = False
        for i in range(cells.size):
            any_came |= arrived[i] > 0
        if any_came:
            for t in range(n_traits):
                traits, sums = pop.traits[t, s], pop.arrived_traits[t, s]
                for i in range(cells.size):
                    if arrived[i] > 0:
                        traits[i] = (cells[i] * traits[i] + sums[i]) / (cells[i] + arrived[i])
                        sums[i] = 0.0
            for i in range(cells.size):
                if arrived[i] > 0:
                    if cells[i] == 0:
                        uid[i] = meta[NEXT_UID]
                        meta[NEXT_UID] += 1
                    cells[i] += arrived[i]
                    arrived[i] = 0
        if any_came or pop.end[s] > 0:
            bounds(s, pop)
