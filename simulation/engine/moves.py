"""Carry out what a stratum has drawn: cells change, move, divide by program, mutate, and arrive when all have drawn."""

from math import exp, expm1

import numpy as np

from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import inner
from simulation.engine.draws import draw_binomial
from simulation.engine.keyed_random import FIRST, mix
from simulation.engine.population import (
    N_STRATA,
    NEXT_CLONE,
    NEXT_UID,
    SINGLE_CELLS,
    Columns,
    Floats,
    Int,
    Ints,
    bounds,
    stratum_of,
)
from simulation.engine.row_draws import binomial_along
from simulation.engine.rules import DIE, GOTO, MAX_CLONES, NEIGHBOUR, PROGRAM, RECODE, Rules
from simulation.engine.scratch import Scratch

__all__ = ["MOST_LATE", "carry_out", "mutate", "program", "set_apart", "settle"]

MOST_LATE = 2.0  # steps that a cell may be owed, which come due in its next one


@inner(forceinline=True)
def _put(
    to: int, place: int, k: int, late: float, s: int, i: int, arrived: Ints, arrived_late: Floats, arrived_traits: Floats,
    traits: Floats,
) -> None:  # fmt: skip
    """Let k cells of stratum s, place i, arrive in a place of stratum `to`; plain arrays, as this is the innermost loop."""
    arrived[to, place] += k
    arrived_late[to, place] += k * late
    for t in range(traits.shape[0]):
        arrived_traits[t, to, place] += k * traits[t, s, i]


@inner()
def _shift(chosen: Ints, arrived: Ints) -> None:
    for i in range(chosen.size):
        arrived[i] += chosen[i]


@inner()
def _shift_sums(chosen: Ints, traits: Floats, sums: Floats) -> None:
    for i in range(chosen.size):
        sums[i] += chosen[i] * traits[i]


@inner()
def _gather(to: int, place: int, s: int, first: int, chosen: Ints, late: Floats, pop: Columns) -> None:
    """Let the cells `chosen` of stratum s arrive in one place, summed in the order of the places they come from."""
    k, left = 0, pop.arrived_late[to, place]
    for i in range(chosen.size):
        k += chosen[i]
        left += chosen[i] * late[i]
    pop.arrived[to, place] += k
    pop.arrived_late[to, place] = left
    for t in range(pop.traits.shape[0]):
        traits, total = pop.traits[t, s, first : first + chosen.size], pop.arrived_traits[t, to, place]
        for i in range(chosen.size):
            total += chosen[i] * traits[i]
        pop.arrived_traits[t, to, place] = total


@inner()
def set_apart(code: int, place: int, k: int, late: float, s: int, i: int, pop: Columns) -> None:
    """Let k cells of stratum s, place i, arrive in a place, each as a stratum of its own."""
    for _ in range(k):
        to = stratum_of(code, pop)
        _put(to, place, 1, late, s, i, pop.arrived, pop.arrived_late, pop.arrived_traits, pop.traits)


@inner()
def _arrive(code: int, place: int, k: int, late: float, s: int, i: int, pop: Columns) -> None:
    """Let k newborns of stratum s, place i, arrive with another code."""
    if pop.meta[SINGLE_CELLS]:
        set_apart(code, place, k, late, s, i, pop)
    else:
        _put(
            stratum_of(code, pop), place, k, late, s, i, pop.arrived, pop.arrived_late, pop.arrived_traits, pop.traits
        )  # fmt: skip


@inner()
def carry_out(
    s: int, first: int, c: int, hazard: Floats, chosen: Ints, pop: Columns, rules: Rules, scratch: Scratch, dt: float,
    tally: Ints,
) -> None:  # fmt: skip
    """Do what channel `c` does to the cells `chosen` from the places of stratum `s`, from place `first` on."""
    effect, operand = rules.effect[c], rules.operand[c]
    if effect == DIE:
        return
    code, size = pop.code[s], chosen.size
    state, late = scratch.state[first - pop.first[s] :], scratch.late[first - pop.first[s] :]
    target = code + operand if effect == RECODE else code
    singles = pop.meta[SINGLE_CELLS] != 0
    to = s if singles or effect == PROGRAM else stratum_of(target, pop)
    arrived, arrived_late, arrived_traits, traits = (
        pop.arrived,
        pop.arrived_late,
        pop.arrived_traits,
        pop.traits,
    )
    if effect == NEIGHBOUR:
        _to_neighbours(s, first, chosen, pop, rules, scratch)
        return
    begin, beyond = 0, 1
    if effect == GOTO:
        begin, beyond = rules.group_start[operand], rules.group_start[operand + 1]
    alone = beyond - begin <= 1 and effect != PROGRAM  # where a group has no members, cells stay
    if alone and not singles and effect == GOTO and begin < beyond:
        _gather(to, np.int64(rules.member[begin]), s, first, chosen, late, pop)
        return
    if alone and not singles:
        _shift(chosen, arrived[to, first : first + size])
        _shift_sums(chosen, late, arrived_late[to, first : first + size])
        for t in range(traits.shape[0]):
            _shift_sums(
                chosen, traits[t, s, first : first + size], arrived_traits[t, to, first : first + size]
            )
        return
    for i in range(size):
        k = chosen[i]
        if k == 0:
            continue
        if effect == PROGRAM:
            own = 1.0 + pop.late[s, first + i]
            tally[0] += program(k, hazard[i] * dt * own, own, operand, s, first + i, pop, rules, scratch)
        elif alone:
            place = np.int64(rules.member[begin]) if effect == GOTO and begin < beyond else first + i
            set_apart(target, place, k, late[i], s, first + i, pop)
        else:
            state[i] = _spread(state[i], k, begin, beyond - begin, rules, scratch)
            for j in range(begin, beyond):
                k = scratch.node[beyond - 2 * begin + j]
                if k > 0 and singles:
                    set_apart(code, rules.member[j], k, late[i], s, first + i, pop)
                elif k > 0:
                    _put(
                        to, rules.member[j], k, late[i], s, first + i, arrived, arrived_late, arrived_traits, traits
                    )  # fmt: skip


@inner()
def _to_neighbours(s: int, first: int, chosen: Ints, pop: Columns, rules: Rules, scratch: Scratch) -> None:
    """Share the cells `chosen` from each place out among its neighbours, evenly; without neighbours they stay."""
    code, size, at = pop.code[s], chosen.size, first - pop.first[s]
    near, singles = rules.neighbours, pop.meta[SINGLE_CELLS] != 0
    arrived, arrived_late, arrived_traits, traits = (
        pop.arrived,
        pop.arrived_late,
        pop.arrived_traits,
        pop.traits,
    )
    state, share, part, work = scratch.state[at:], scratch.share, scratch.part, scratch.draws
    late = scratch.late[at:]
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
                    set_apart(code, place, k, late[i], s, first + i, pop)
                else:
                    _put(
                        s, place, k, late[i], s, first + i, arrived, arrived_late, arrived_traits, traits
                    )  # fmt: skip


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
def program(
    leavers: int, x: float, own: float, operand: int, s: int, place: int, pop: Columns, rules: Rules, scratch: Scratch
) -> int:  # fmt: skip
    """Carry programmed dividers through every division that fits into their time (`own`, steps; x = rate * time); return births.

    Of the lineages that divided at least k times, the share that divides once more is P(K > k) / P(K >= k) with K ~ Poisson(x).
    What daughters are owed is their mean time since the last division: own / (k + 1) after k divisions, times being uniform,
    and own (1 - k/x P(K > k) / P(K >= k)) where a program ends with the k-th.
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
            since = 1.0 / (k + 1.0)
            if k == steps_left and tail > 0.0:
                since = max(1.0 - k / x * more / tail, 0.0)
            _arrive(code, place, now - again, min(own * since, MOST_LATE), s, place, pop)
        leavers = again
        tail = more
        k += 1
    scratch.state[at] = state
    return births


@inner()
def mutate(s: int, born: Ints, there: Ints, pop: Columns, rules: Rules, scratch: Scratch) -> None:
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
                if meta[NEXT_CLONE] < rules.numbers[MAX_CLONES]:
                    mutant += (meta[NEXT_CLONE] - value_of(code, rules.clone)) << rules.clone[0]
                    meta[NEXT_CLONE] += 1
                _arrive(mutant, first + i, m, 0.0, s, first + i, pop)  # its draw has lived the whole step
                there[i] -= m
                born[i] -= m


@inner()
def settle(pop: Columns) -> None:
    """Let what moved in a step arrive: cells add up, continuous traits average by cells, as does the time still to live."""
    n_traits, meta = pop.traits.shape[0], pop.meta
    for s in range(meta[N_STRATA]):
        cells, arrived, uid = pop.cells[s], pop.arrived[s], pop.uid[s]
        late, arrived_late = pop.late[s], pop.arrived_late[s]
        any_came = False
        for i in range(cells.size):
            any_came |= arrived[i] > 0
        for i in range(pop.first[s], pop.end[s]):
            late[i] = 0.0
        if any_came:
            for t in range(n_traits):
                traits, sums, came = pop.traits[t, s], pop.arrived_traits[t, s], pop.traits_came[t, s]
                for i in range(cells.size):
                    if arrived[i] > 0:
                        traits[i] = (cells[i] * traits[i] + sums[i]) / (cells[i] + arrived[i])
                        came[i] = sums[i] / arrived[i]
                        sums[i] = 0.0
            for i in range(cells.size):
                if arrived[i] > 0:
                    if cells[i] == 0:
                        uid[i] = meta[NEXT_UID]
                        meta[NEXT_UID] += 1
                    cells[i] += arrived[i]
                    late[i] = arrived_late[i] / cells[i]
                    arrived[i], arrived_late[i] = 0, 0.0
        if any_came or pop.end[s] > 0:
            bounds(s, pop)
