"""What the middle of a step will look like: the counts that its hazards are taken from.

A step whose hazards come from the counts of its beginning lags behind: killers divide while they kill. So a step does its
laws twice, as the midpoint rule does: hazards of the beginning tell what is to be expected half a step later, and those of that
middle are drawn from (Gillespie 2001, J Chem Phys 115:1716). Only counts are foreseen; every cell is drawn once.
"""

from math import expm1

import numpy as np

from simulation.biology.census import clear_counts, enter
from simulation.biology.here import Here
from simulation.biology.traits import EXHAUSTION_REVERSIBLE, EXHAUSTION_TERMINAL
from simulation.engine.compiled import inner
from simulation.engine.population import N_STRATA, Columns, Floats
from simulation.engine.rules import DIE, GOTO, NEIGHBOUR, PROGRAM, RECODE, Rules

__all__ = ["foresee"]


@inner()
def foresee(here: Here, pop: Columns, hazards: Floats, rules: Rules, dt: float) -> None:
    """Set `here.counts` to what is to be expected after half a step of `dt` days with these hazards."""
    clear_counts(here)
    n, half = here.kind.size, 0.5 * dt
    rate, cell_days, moved, none = np.empty(n), np.empty(n), np.empty(n), np.zeros(n)
    cells, exhausted, node = np.empty(n), np.empty(n), np.zeros(2 * n + 2)
    for s in range(pop.meta[N_STRATA]):
        first, end, code = pop.first[s], pop.end[s], pop.code[s]
        if end == 0:
            continue
        for i in range(n):
            rate[i] = cells[i] = exhausted[i] = 0.0
        for c in range(1, rules.effect.size):
            _add(hazards[s, c, first:end], rate[first:end])
        for i in range(first, end):
            own = half + dt * pop.late[s, i]
            x = (hazards[s, 0, i] - rate[i]) * own
            growth = expm1(x)
            cell_days[i] = pop.cells[s, i] * (own if x == 0.0 else own * growth / x)
            cells[i] = pop.cells[s, i] * (1.0 + growth)
            exhausted[i] = pop.traits[EXHAUSTION_REVERSIBLE, s, i] + pop.traits[EXHAUSTION_TERMINAL, s, i]
        low, high = first, end  # of the places where cells of this code will be
        for i in range(first, end):
            rate[i] = exhausted[i]
            exhausted[i] *= cells[i]
        for c in range(1, rules.effect.size):
            effect, operand, hazard = rules.effect[c], rules.operand[c], hazards[s, c]
            any_moved = 0.0
            for i in range(first, end if effect != DIE else first):
                moved[i] = hazard[i] * cell_days[i]
                any_moved += moved[i]
            if any_moved == 0.0:
                continue
            if effect == RECODE or effect == PROGRAM:
                for i in range(first, end if effect == PROGRAM else first):
                    moved[i] *= 2.0  # both daughters
                enter(here, code + operand, first, moved[first:end], rate[first:end], none[first:end])
            elif effect == NEIGHBOUR:
                for i in range(first, end):
                    low, high = _to_neighbours(i, moved[i], rate[i], cells, exhausted, rules, low, high)
            elif effect == GOTO:
                tired = 0.0
                for i in range(first, end):
                    tired += moved[i] * rate[i]
                low, high = _to_group(operand, any_moved, tired, cells, exhausted, node, rules, low, high)
        for i in range(low, high):
            if cells[i] > 0.0:
                exhausted[i] /= cells[i]
        enter(here, code, low, cells[low:high], exhausted[low:high], none[low:high])


@inner()
def _add(hazard: Floats, rate: Floats) -> None:
    for i in range(hazard.size):
        rate[i] += hazard[i]


@inner()
def _to_neighbours(
    i: int, moved: float, tired: float, cells: Floats, exhausted: Floats, rules: Rules, low: int, high: int
) -> tuple[int, int]:  # fmt: skip
    """Share cells of place i out among its neighbours; return the range of places that hold some."""
    near, n_near = rules.neighbours[i], 0
    while n_near < near.size and near[n_near] >= 0:
        n_near += 1
    for j in range(max(n_near, 1)):
        to = np.int64(near[j]) if n_near > 0 else i
        cells[to] += moved / max(n_near, 1)
        exhausted[to] += moved * tired / max(n_near, 1)
        low, high = min(low, to), max(high, to + 1)
    return low, high


@inner()
def _to_group(
    group: int, moved: float, tired: float, cells: Floats, exhausted: Floats, node: Floats, rules: Rules, low: int, high: int
) -> tuple[int, int]:  # fmt: skip
    """Share cells out to the members of a group of places; return the range of places that hold some."""
    begin = np.int64(rules.group_start[group])
    size = np.int64(rules.group_start[group + 1]) - begin
    if size == 0:
        return low, high
    node[1] = moved
    for j in range(1, size):
        node[2 * j] = node[j] * rules.to_left[2 * begin + j]
        node[2 * j + 1] = node[j] - node[2 * j]
    for j in range(size):
        to = np.int64(rules.member[begin + j])
        cells[to] += node[size + j]
        exhausted[to] += tired / moved * node[size + j]
        low, high = min(low, to), max(high, to + 1)
    return low, high
