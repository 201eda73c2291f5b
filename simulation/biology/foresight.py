"""What the middle of a step will look like: the counts, and the fields, that its hazards are taken from.

A step whose hazards come from the counts of its beginning lags behind: killers divide while they kill. So a step does its
laws twice, as the midpoint rule does: hazards of the beginning tell what is to be expected half a step later, and those of that
middle are drawn from (Gillespie 2001, J Chem Phys 115:1716). Cells are foreseen as counts only, and every one is
drawn once; traits and fields that are advanced to the middle go back to the beginning before they are advanced to the end.
"""

from math import expm1

import numpy as np

from simulation.biology.census import clear_counts, enter
from simulation.biology.here import Here
from simulation.biology.places import NORMAL, NORMAL_B
from simulation.biology.traits import EXHAUSTION_REVERSIBLE, EXHAUSTION_TERMINAL
from simulation.engine.compiled import inner
from simulation.engine.events import curvature
from simulation.engine.population import N_STRATA, Columns, Floats, Int
from simulation.engine.rules import DIE, GOTO, NEIGHBOUR, PROGRAM, RECODE, Rules

__all__ = ["foresee", "keep", "recall", "recall_field"]


@inner()
def foresee(here: Here, pop: Columns, hazards: Floats, rules: Rules, dt: float) -> None:
    """Set `here.counts` to what is to be expected after half a step of `dt` days with these hazards."""
    clear_counts(here)
    n, half = here.kind.size, 0.5 * dt
    rate, cell_days, moved, none = np.empty(n), np.empty(n), np.empty(n), np.zeros(n)
    cells, exhausted, node = np.empty(n), np.empty(n), np.zeros(2 * n + 2)
    channel = np.empty(rules.effect.size, np.int64)
    for s in range(pop.meta[N_STRATA]):
        first, end, code = pop.first[s], pop.end[s], pop.code[s]
        if end == 0:
            continue
        for i in range(n):
            rate[i] = cells[i] = exhausted[i] = 0.0
        n_open = 0  # channels other than DIVIDE
        for c in range(1, rules.effect.size):
            if _added(hazards[s, c, first:end], rate[first:end]) and rules.effect[c] != DIE:
                channel[n_open] = c
                n_open += 1
        here_now, behind, birth = pop.cells[s, first:end], pop.late[s, first:end], hazards[s, 0, first:end]
        expected, days, left = cells[first:end], cell_days[first:end], rate[first:end]
        far = False
        for i in range(end - first):
            x = (birth[i] - left[i]) * (half + dt * behind[i])
            far |= (x < -0.25) | (x > 0.25)
            expected[i] = x
            days[i] = 1.0 + x * curvature(x)
        for i in range(end - first if far else 0):
            x = expected[i]
            if not -0.25 < x < 0.25:
                days[i] = expm1(x) / x
        tiredness = (
            pop.traits[EXHAUSTION_REVERSIBLE, s, first:end],
            pop.traits[EXHAUSTION_TERMINAL, s, first:end],
        )
        tired, weighed = rate[first:end], exhausted[first:end]
        for i in range(end - first):
            there = here_now[i] * (1.0 + expected[i] * days[i])
            days[i] *= here_now[i] * (half + dt * behind[i])
            tired[i] = tiredness[0][i] + tiredness[1][i]
            expected[i] = there
            weighed[i] = there * tired[i]
        low, high = first, end  # of the places where cells of this code will be
        for k in range(n_open):
            c = channel[k]
            effect, operand, hazard = rules.effect[c], rules.operand[c], hazards[s, c, first:end]
            daughters = 2.0 if effect == PROGRAM else 1.0
            for i in range(end - first):
                moved[first + i] = daughters * hazard[i] * days[i]
            if effect == RECODE or effect == PROGRAM:
                enter(here, code + operand, first, moved[first:end], tired, none[first:end])
            elif effect == NEIGHBOUR:
                for i in range(first, end):
                    low, high = _to_neighbours(i, moved[i], rate[i], cells, exhausted, rules, low, high)
            elif effect == GOTO:
                low, high = _to_group(
                    operand, first, end, moved, rate, cells, exhausted, node, rules, low, high
                )
        for i in range(low, high):
            if cells[i] > 0.0:
                exhausted[i] /= cells[i]
        enter(here, code, low, cells[low:high], exhausted[low:high], none[low:high])


@inner()
def _added(hazard: Floats, rate: Floats) -> bool:
    """Add a hazard to the rate, and return whether it is open anywhere."""
    any_open = False
    for i in range(hazard.size):
        any_open |= hazard[i] != 0.0
        rate[i] += hazard[i]
    return any_open


@inner()
def _to_neighbours(
    i: int, moved: float, tired: float, cells: Floats, exhausted: Floats, rules: Rules, low: Int, high: Int
) -> tuple[Int, Int]:  # fmt: skip
    """Share cells of place i out among its neighbours; return the range of places that hold some."""
    near, n_near = rules.neighbours[i], 0
    while n_near < near.size and near[n_near] >= 0:
        n_near += 1
    for j in range(max(n_near, 1)):
        to: Int = np.int64(near[j]) if n_near > 0 else i
        cells[to] += moved / max(n_near, 1)
        exhausted[to] += moved * tired / max(n_near, 1)
        low, high = min(low, to), max(high, to + 1)
    return low, high


@inner()
def _to_group(
    group: int, first: int, end: int, moved: Floats, rate: Floats, cells: Floats, exhausted: Floats, node: Floats,
    rules: Rules, low: Int, high: Int,
) -> tuple[Int, Int]:  # fmt: skip
    """Share cells out to the members of a group of places; return the range of places that hold some."""
    begin = np.int64(rules.group_start[group])
    size = np.int64(rules.group_start[group + 1]) - begin
    if size == 0:  # where a group has no members, cells stay
        for i in range(first, end):
            cells[i] += moved[i]
            exhausted[i] += moved[i] * rate[i]
        return low, high
    total = tired = 0.0
    for i in range(first, end):
        total += moved[i]
        tired += moved[i] * rate[i]
    if total == 0.0:
        return low, high
    tired /= total
    node[1] = total
    for j in range(1, size):
        node[2 * j] = node[j] * rules.to_left[2 * begin + j]
        node[2 * j + 1] = node[j] - node[2 * j]
    for j in range(size):
        to = np.int64(rules.member[begin + j])
        cells[to] += node[size + j]
        exhausted[to] += tired * node[size + j]
        low, high = min(low, to), max(high, to + 1)
    return low, high


@inner()
def keep(here: Here, pop: Columns) -> None:
    """Keep what the step began with, before it is advanced to its middle: traits of cells, and fields."""
    for t in range(pop.traits.shape[0]):
        for s in range(pop.meta[N_STRATA]):
            for i in range(pop.first[s], pop.end[s]):
                pop.traits_before[t, s, i] = pop.traits[t, s, i]
    for i in range(here.kind.size):
        here.fields_before[NORMAL, i] = here.place[NORMAL, i]
        here.fields_before[NORMAL_B, i] = here.place[NORMAL_B, i]


@inner()
def recall(pop: Columns) -> None:
    """Set the traits of cells to what they were when the step began."""
    for t in range(pop.traits.shape[0]):
        for s in range(pop.meta[N_STRATA]):
            for i in range(pop.first[s], pop.end[s]):
                pop.traits[t, s, i] = pop.traits_before[t, s, i]


@inner()
def recall_field(here: Here, field: int) -> None:
    """Set a field to what it was when the step began."""
    for i in range(here.kind.size):
        here.place[field, i] = here.fields_before[field, i]
