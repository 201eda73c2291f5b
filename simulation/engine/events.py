"""One draw of all events of a step: who divides, dies, changes, moves; exact at any number of cells.

For n like cells that divide at rate b and leave (die, move, change) at summed rate d, both constant over the step, the
number of cells still there at its end follows exactly the linear birth-death law (Kendall 1948, Ann Math Stat 19:1): every
founder's clan dies out with probability alpha, else has geometric size. Extinction, mean and variance are therefore right
at any step length. The number of leavers has the exact mean: the clans that ended, plus those leavers that newborns made up
for. They are shared among the channels by hazard.

Who changes or moves in a step arrives at its end, and has lived only a part of it. How much its new life is still owed, by its
mean, is kept (`late`, in steps) and added to the next step: without that, every change of a cell would take half a step too long.
It is never owed more than two steps: cells that change place faster than steps follow one another do so once a step.

A stratum draws for all its places along rows of numbers. The random numbers of an agent are keyed by the step, its code and
its place: by what it is, never by where its row lies.
"""

from math import expm1, factorial

import numpy as np

from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import inner, kernel
from simulation.engine.keyed_random import agent_key
from simulation.engine.moves import MOST_LATE, carry_out, mutate, set_apart, settle
from simulation.engine.population import (
    N_FREE,
    N_STRATA,
    NEXT_CLONE,
    SINGLE_CELLS,
    Columns,
    Floats,
    Ints,
    Population,
)
from simulation.engine.row_draws import binomial_along, births_along, poisson_along
from simulation.engine.rules import (
    MAX_CLONES,
    OF_CLASS,
    PROGRAM,
    PROGRAM_LENGTH,
    Channels,
    Destinations,
    Rules,
    Variants,
)
from simulation.engine.scratch import Scratch

__all__ = [
    "BEGIN", "DONE", "curvature", "draw_events", "draw_from", "draw_stratum", "extent", "leave_out_programs",
]  # fmt: skip

BEGIN, DONE = -2, -1  # where a step begins, and that all strata have drawn; a stratum otherwise
_INVERSE = tuple(1.0 / factorial(k + 1) for k in range(12))


def draw_events(
    pop: Population, channels: Channels, where: Destinations, variants: Variants, key: np.uint64, dt: float
) -> Ints:
    """Draw one step of all agents by their hazards (`pop.hazards`), and let what moved arrive.

    Returns
    -------
    ndarray, shape (n_classes, n_channels)
        Events by class and channel; the column of DIVIDE counts all births.
    """
    tally = np.zeros((channels.kind.largest + 1, channels.effect.size), np.int64)
    rules, scratch, at = Rules.of(channels, where, variants), Scratch.of(pop.n_places, pop.n_channels), BEGIN
    while (at := draw_from(at, pop.hazards, pop.columns, rules, scratch, key, dt, tally)) != DONE:
        pop.reserve(2 * pop.room + 64)
    return tally


@kernel()
def draw_from(
    at: int, hazards: Floats, pop: Columns, rules: Rules, scratch: Scratch, key: np.uint64, dt: float, tally: Ints
) -> int:  # fmt: skip
    """Draw from stratum `at` on, then let what moved arrive; DONE, or the stratum reached when there is no room for new ones."""
    if at == BEGIN:
        leave_out_programs(pop, hazards, rules)
        at = 0
    while at < pop.meta[N_STRATA]:
        if pop.end[at] > 0 and not draw_stratum(at, hazards, pop, rules, scratch, key, dt, tally):
            return at
        at += 1
    settle(pop)
    return DONE


@inner()
def leave_out_programs(pop: Columns, hazards: Floats, rules: Rules) -> None:
    """Let what cells are owed of a step be without the divisions of a program that they are in.

    A program is carried through all divisions that fit into a step: when its daughters arrive it has had its time, which
    everything else that may happen to them has not. Only who has yet to begin one is owed it.
    """
    for s in range(pop.meta[N_STRATA]):
        left = value_of(pop.code[s], rules.program)
        if left == 0 or left >= rules.numbers[PROGRAM_LENGTH]:
            continue
        for c in range(rules.effect.size):
            if rules.effect[c] == PROGRAM:
                for i in range(pop.first[s], pop.end[s]):
                    hazards[s, c, i] /= 1.0 + pop.late[s, i]


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
    clones = max(rules.numbers[MAX_CLONES] - meta[NEXT_CLONE], 0)
    if not singles and room < n_channels + left + rules.bit.size + clones:
        return False
    # Slices, not ranges of indices: only then does the compiler see that no index is negative, and makes vectors of loops.
    size = end - first
    n, birth, behind = pop.cells[s, first:end], hazards[s, 0, first:end], pop.late[s, first:end]
    state, rate, share, stay = scratch.state, scratch.rate, scratch.share, scratch.stay
    excess, there, leavers, late = scratch.excess, scratch.there, scratch.leavers, scratch.late
    born, taken, work = scratch.born, scratch.taken, scratch.draws
    # The open channels, each in a range of places. Their order is fixed: what a place draws must not depend on other places.
    active, lowest, highest = scratch.active, scratch.lowest, scratch.highest
    n_active = 0
    lowest[0] = -1
    for c in range(n_channels):
        low, high = extent(hazards[s, c, first:end])
        if low >= high:
            continue
        lowest[c], highest[c] = low, high
        if c > 0:
            active[n_active] = c
            n_active += 1
    if n_active == 0 and lowest[0] < 0:
        return True
    for i in range(size):
        rate[i] = 0.0
    for a in range(n_active - 1, -1, -1):
        _add_up(hazards[s, active[a], first:end], rate, scratch.rest[a])
    # Births and leavers: `share` of the clans end, `stay` is the share of clans of one among those that do not.
    serial, far = pop.serial[s], False
    for i in range(size):
        x = (birth[i] - rate[i]) * (dt + dt * behind[i])
        far |= (x < -0.25) | (x > 0.25)
        excess[i] = x
        curved = curvature(x)
        stay[i] = 1.0 + x * curved
        late[i] = min((1.0 + behind[i]) * curved / stay[i], MOST_LATE)
    for i in range(size if far else 0):
        x = excess[i]
        if not -0.25 < x < 0.25:
            stay[i] = expm1(x) / x
            late[i] = min((1.0 + behind[i]) * (stay[i] - 1.0) / (x * stay[i]), MOST_LATE)
    for i in range(size):
        per_cell = (dt + dt * behind[i]) * stay[i]  # the integral of exp((b - d) t) over its time
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
        here, chosen, last = leavers[low:high], taken[low:high], True
        for i in range(high - low):
            last &= later[i] == 0.0
        if last:  # the last chance of all cells here
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
            carry_out(s, first + low, c, hazard, chosen, pop, rules, scratch, dt, tally[kind])
    if n_born > 0:
        tally[kind, 0] += n_born
        if kind == rules.numbers[OF_CLASS]:
            mutate(s, born, there, pop, rules, scratch)
    if singles and there[0] > 1:
        set_apart(code, first, there[0] - 1, 0.0, s, first, pop)
        there[0] = 1
    for i in range(size):
        n[i] = there[i]
    return True


@inner()
def extent(hazard: Floats) -> tuple[int, int]:
    """Return the range of places outside which a hazard is 0; one that ends before it begins where all are."""
    size, any_open = hazard.size, False
    for i in range(size):
        any_open |= hazard[i] != 0.0
    low, high = size, 0
    for i in range(size if any_open else 0):  # most are not
        low = min(low, i if hazard[i] != 0.0 else size)
        high = max(high, i + 1 if hazard[i] != 0.0 else 0)
    return low, high


@inner()
def _add_up(hazard: Floats, rate: Floats, before: Floats) -> None:
    """Add a hazard to the rate, and keep what that was before."""
    for i in range(hazard.size):
        before[i] = rate[i]
        rate[i] += hazard[i]


@inner(forceinline=True)
def curvature(x: float) -> float:
    """Return ((exp(x) - 1) / x - 1) / x for |x| < 1/4, to the last digit (its Taylor series)."""
    tail = _INVERSE[7] + x * (_INVERSE[8] + x * (_INVERSE[9] + x * (_INVERSE[10] + x * _INVERSE[11])))
    tail = _INVERSE[3] + x * (_INVERSE[4] + x * (_INVERSE[5] + x * (_INVERSE[6] + x * tail)))
    return _INVERSE[1] + x * (_INVERSE[2] + x * tail)
