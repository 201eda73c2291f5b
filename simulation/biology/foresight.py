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
from simulation.engine.events import curvature, extent
from simulation.engine.population import N_STRATA, Columns, Floats, Int
from simulation.engine.rules import DIE, GOTO, NEIGHBOUR, PROGRAM, RECODE, Rules
from simulation.engine.scratch import Scratch

__all__ = ["foresee", "keep", "keep_numbers", "recall", "recall_field"]


@inner()
def foresee(here: Here, pop: Columns, hazards: Floats, rules: Rules, scratch: Scratch, dt: float) -> None:
    """Set `here.counts` to what is to be expected after half a step of `dt` days with these hazards."""
    clear_counts(here)
    n, half = here.kind.size, 0.5 * dt
    work, node = here.work, scratch.expected
    rate, cell_days, moved, none, cells, exhausted = work[0], work[1], work[2], work[3], work[4], work[5]
    for i in range(n):
        none[i] = 0.0
    channel, lowest, highest = scratch.active, scratch.lowest, scratch.highest
    for s in range(pop.meta[N_STRATA]):
        first, end, code = pop.first[s], pop.end[s], pop.code[s]
        if end == 0:
            continue
        for i in range(n):
            rate[i] = cells[i] = exhausted[i] = 0.0
        n_open = 0  # channels other than DIVIDE and those of death, each in a range of places
        for c in range(1, rules.effect.size):
            low, high = extent(hazards[s, c, first:end])
            if low >= high:
                continue
            low, high = first + low, first + high
            _add(hazards[s, c, low:high], rate[low:high])
            if rules.effect[c] != DIE:
                channel[n_open], lowest[n_open], highest[n_open] = c, low, high
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
        reversible, terminal = (
            pop.traits[EXHAUSTION_REVERSIBLE, s, first:end],
            pop.traits[EXHAUSTION_TERMINAL, s, first:end],
        )
        tired, weighed = rate[first:end], exhausted[first:end]
        for i in range(end - first):
            there = here_now[i] * (1.0 + expected[i] * days[i])
            days[i] *= here_now[i] * (half + dt * behind[i])
            tired[i] = reversible[i] + terminal[i]
            expected[i] = there
            weighed[i] = there * tired[i]
        begin, beyond = first, end  # of the places where cells of this code will be
        for k in range(n_open):
            c, low, high = channel[k], lowest[k], highest[k]
            effect, operand, hazard = rules.effect[c], rules.operand[c], hazards[s, c, low:high]
            daughters = 2.0 if effect == PROGRAM else 1.0
            leaving, since, spent = moved[low:high], cell_days[low:high], rate[low:high]
            for i in range(high - low):
                leaving[i] = daughters * hazard[i] * since[i]
            if effect == RECODE or effect == PROGRAM:
                enter(here, code + operand, low, leaving, spent, none[low:high])
            elif effect == NEIGHBOUR:
                begin, beyond = _to_neighbours(low, leaving, spent, cells, exhausted, rules, begin, beyond)
            elif effect == GOTO:
                begin, beyond = _to_group(
                    operand, low, leaving, spent, cells, exhausted, node, rules, begin, beyond
                )
        for i in range(begin, beyond):
            if cells[i] > 0.0:
                exhausted[i] /= cells[i]
        enter(here, code, begin, cells[begin:beyond], exhausted[begin:beyond], none[begin:beyond])


@inner()
def _add(hazard: Floats, rate: Floats) -> None:
    for i in range(hazard.size):
        rate[i] += hazard[i]


@inner()
def _to_neighbours(
    first: int, moved: Floats, tired: Floats, cells: Floats, exhausted: Floats, rules: Rules, begin: Int, beyond: Int
) -> tuple[Int, Int]:  # fmt: skip
    """Share cells of the places from `first` on out among their neighbours; return the range of places that hold some."""
    near, width = rules.neighbours, rules.neighbours.shape[1]
    for i in range(moved.size):
        n_near = 0
        while n_near < width and near[first + i, n_near] >= 0:
            n_near += 1
        share, weighed = moved[i] / max(n_near, 1), moved[i] * tired[i] / max(n_near, 1)
        for j in range(max(n_near, 1)):
            to: Int = np.int64(near[first + i, j]) if n_near > 0 else first + i
            cells[to] += share
            exhausted[to] += weighed
            begin, beyond = min(begin, to), max(beyond, to + 1)
    return begin, beyond


@inner()
def _to_group(
    group: int, first: int, moved: Floats, spent: Floats, cells: Floats, exhausted: Floats, node: Floats, rules: Rules,
    low: Int, high: Int,
) -> tuple[Int, Int]:  # fmt: skip
    """Share cells out to the members of a group of places; return the range of places that hold some."""
    begin = np.int64(rules.group_start[group])
    size = np.int64(rules.group_start[group + 1]) - begin
    if size == 0:  # where a group has no members, cells stay
        for i in range(moved.size):
            cells[first + i] += moved[i]
            exhausted[first + i] += moved[i] * spent[i]
        return low, high
    total = tired = 0.0
    for i in range(moved.size):
        total += moved[i]
        tired += moved[i] * spent[i]
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
def keep_numbers(here: Here, integrity: float, host_marrow: float) -> None:
    """Keep what the step began with of the numbers that laws read, and set them to these, of its middle."""
    x = here.x[0]
    x.tissue_integrity_before, x.tissue_integrity = x.tissue_integrity, integrity
    x.host_marrow_before, x.host_marrow = x.host_marrow, host_marrow


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
