"""The mean field of the model: the same laws, with expected numbers in the place of draws.

`MeanField` takes the place of a body's `Order`: hazards and fields come from the program's own compiled step, so that they
cannot drift from its laws, and what the events of a step would do is done in expectation. Within a step hazards are
constant, as in the engine, and their linear equations are solved exactly. Numbers of cells are kept as fractions beside the
table, which shows them to the laws rounded up: a cohort of less than one cell counts as one.
"""

from math import exp, expm1

import numpy as np

from simulation.biology.order import AFTER_EVENTS, Order
from simulation.biology.state import State
from simulation.biology.step import step
from simulation.body import Body
from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import kernel
from simulation.engine.events import BEGIN, leave_out_programs
from simulation.engine.moves import MOST_LATE
from simulation.engine.population import N_STRATA, Columns, Floats, Ints, bounds, stratum_of
from simulation.engine.rules import DIE, GOTO, NEIGHBOUR, OF_CLASS, PROGRAM, RECODE, Rules

_NOTHING = 1e-6  # cells: fewer are none
_ROOM = 64  # strata that one step may add


@kernel()
def _expect(
    exact: Floats, shown: Ints, came: Floats, node: Floats, hazards: Floats, pop: Columns, rules: Rules, dt: float, tally: Ints
) -> None:  # fmt: skip
    """Do what is to be expected of a step.

    Of shape (strata, places): `exact` numbers of cells, what the table has `shown` of them, and those that `came`, which are 0.
    """
    n_traits, n_places = pop.traits.shape[0], pop.cells.shape[1]
    for s in range(pop.meta[N_STRATA]):
        for i in range(n_places):  # what was put in or taken out since
            exact[s, i] = max(exact[s, i] + (pop.cells[s, i] - shown[s, i]), 0.0)
    numbers = np.zeros(tally.shape)
    leave_out_programs(pop, hazards, rules)
    for s in range(pop.meta[N_STRATA]):
        code = pop.code[s]
        kind = value_of(code, rules.kind)
        for i in range(pop.first[s], pop.end[s]):
            n, birth, rate = exact[s, i], hazards[s, 0, i], 0.0
            for c in range(1, rules.effect.size):
                rate += hazards[s, c, i]
            if n == 0.0 or (rate == 0.0 and birth == 0.0):
                continue
            own = dt * (1.0 + pop.late[s, i])
            x = (birth - rate) * own
            growth = expm1(x) / x if x != 0.0 else 1.0
            cell_days = n * own * growth
            late = min(own / dt * ((growth - 1.0) / x / growth if abs(x) > 1e-6 else 0.5), MOST_LATE)
            exact[s, i] = n * exp(x)
            numbers[kind, 0] += birth * cell_days
            if kind == rules.numbers[OF_CLASS]:
                for v in range(rules.bit.size):
                    if not code & rules.bit[v]:
                        mutants = birth * cell_days * rules.probability[v]
                        exact[s, i] -= mutants
                        _arrive(code | rules.bit[v], i, mutants, 0.0, s, i, came, pop)
            for c in range(1, rules.effect.size):
                k, effect, operand = hazards[s, c, i] * cell_days, rules.effect[c], rules.operand[c]
                numbers[kind, c] += k
                if effect == DIE or k == 0.0:
                    continue
                if effect == RECODE:
                    _arrive(code + operand, i, k, late, s, i, came, pop)
                elif effect == PROGRAM:
                    numbers[kind, 0] += _program(
                        k, hazards[s, c, i] * own, own / dt, operand, s, i, came, pop, rules
                    )  # fmt: skip
                elif effect == NEIGHBOUR:
                    near, n_near = rules.neighbours[i], 0
                    while n_near < near.size and near[n_near] >= 0:
                        n_near += 1
                    for j in range(max(n_near, 1)):
                        _arrive(code, near[j] if n_near else i, k / max(n_near, 1), late, s, i, came, pop)
                elif effect == GOTO:
                    begin, size = (
                        rules.group_start[operand],
                        rules.group_start[operand + 1] - rules.group_start[operand],
                    )
                    if size == 0:
                        _arrive(code, i, k, late, s, i, came, pop)
                    node[1] = k
                    for j in range(1, size):
                        node[2 * j] = node[j] * rules.to_left[2 * begin + j]
                        node[2 * j + 1] = node[j] - node[2 * j]
                    for j in range(size):
                        _arrive(code, rules.member[begin + j], node[size + j], late, s, i, came, pop)
    for s in range(pop.meta[N_STRATA]):
        for i in range(n_places):
            more = came[s, i] + pop.arrived[s, i]
            total = exact[s, i] + more
            for t in range(n_traits):
                if more > 0.0:
                    pop.traits_came[t, s, i] = pop.arrived_traits[t, s, i] / more
                    pop.traits[t, s, i] = (
                        exact[s, i] * pop.traits[t, s, i] + pop.arrived_traits[t, s, i]
                    ) / total
                pop.arrived_traits[t, s, i] = 0.0
            exact[s, i] = total if total > _NOTHING else 0.0
            pop.late[s, i] = pop.arrived_late[s, i] / total if total > _NOTHING else 0.0
            pop.arrived_late[s, i] = 0.0
            came[s, i] = pop.arrived[s, i] = 0
            pop.cells[s, i] = shown[s, i] = np.int64(np.ceil(exact[s, i]))
        bounds(s, pop)
    for kind in range(tally.shape[0]):
        for c in range(tally.shape[1]):
            tally[kind, c] = round(numbers[kind, c])


@kernel()
def _arrive(code: int, place: int, k: float, late: float, s: int, i: int, came: Floats, pop: Columns) -> None:
    to = stratum_of(code, pop)
    came[to, place] += k
    pop.arrived_late[to, place] += k * late
    for t in range(pop.traits.shape[0]):
        pop.arrived_traits[t, to, place] += k * pop.traits[t, s, i]


@kernel()
def _program(
    leavers: float, x: float, own: float, operand: int, s: int, i: int, came: Floats, pop: Columns, rules: Rules
) -> float:  # fmt: skip
    """Carry programmed dividers through their divisions as `simulation.engine.moves.program` does; return births."""
    code, births, left = pop.code[s], 0.0, value_of(pop.code[s], rules.program)
    mass, tail, k = exp(-x), -expm1(-x), 1
    while leavers > 0.0:
        births += leavers
        code += operand
        mass *= x / k
        more = max(tail - mass, 0.0)
        again = 2.0 * leavers * more / tail if k < left else 0.0
        since = 1.0 - k / x * more / tail if k == left else 1.0 / (k + 1.0)
        _arrive(code, i, 2.0 * leavers - again, min(own * since, MOST_LATE), s, i, came, pop)
        leavers, tail, k = again, more, k + 1
    return births


class MeanField:
    """Advance a body by expected numbers; what the clinic puts in and takes out between steps counts, too."""

    def __init__(self, state: State, order: Order) -> None:
        (call,) = order._calls  # no rules of a user's own in between
        assert isinstance(call, np.ndarray)
        is_field = np.arange(call.size) >= call.size - len(AFTER_EVENTS)
        self._first, self._hazards, self._fields = order._first, call & ~is_field, call & is_field
        self._hazards[call.size - len(AFTER_EVENTS) - 1] = False  # the draw
        self._rules = Rules.of(state.channels, state.places.destinations, state.variants)
        self._node = np.zeros(2 * state.places.n + 2)
        self._exact = state.pop.columns.cells.astype(float)
        self._shown, self._came = state.pop.columns.cells.copy(), np.zeros_like(self._exact)

    @classmethod
    def of(cls, body: Body) -> Body:
        """Return a copy of a body that goes on by expected numbers."""
        twin = body.copy()
        twin._order = cls(twin.state, body._order)  # type: ignore[assignment]
        return twin

    def cells(self) -> float:
        """Return all cells."""
        return float(self._exact.sum())

    def advance(self, state: State, dt: float) -> None:
        """Advance one body by one step of `dt` days."""
        pop = state.pop
        while (
            pop.capacity - pop.top // pop.n_places < _ROOM
        ):  # a stratum stays where it is: none is used again
            pop._grow()
        more = (pop.capacity - self._exact.shape[0], pop.n_places)
        if more[0] > 0:
            self._exact, self._shown, self._came = (
                np.concatenate([table, np.zeros(more, table.dtype)])
                for table in (self._exact, self._shown, self._came)
            )
        step(BEGIN, self._first, self._hazards, state.addresses, dt)
        _expect(
            self._exact, self._shown, self._came, self._node, pop.hazards, pop.columns, self._rules, dt, state.tally
        )  # fmt: skip
        step(BEGIN, self._first, self._fields, state.addresses, dt)
        state.pass_time(dt)
