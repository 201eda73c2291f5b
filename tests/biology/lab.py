"""A bench for one process at a time: a few places, a few cohorts, chosen parameters, and only the processes named."""

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt

from simulation.biology.census import Census
from simulation.biology.order import AFTER_EVENTS, BEFORE_EVENTS, advance
from simulation.biology.places import PlaceKind, Places, groups, torus_neighbours
from simulation.biology.state import Process, Signals, State
from simulation.biology.traits import (
    BLAST,
    CD19_LOST,
    CLASS_MASK,
    CLONE_SHIFT,
    HLA_LOST,
    N_TRAITS,
    channels,
)
from simulation.engine.events import Destinations, Variants
from simulation.engine.keyed_random import base_key
from simulation.engine.population import Population, Resolution
from simulation.parameters import ParameterTable

PROCESSES: dict[str, Process] = {p.name: p for p in (*BEFORE_EVENTS, *AFTER_EVENTS)}
_BEFORE = {p.name for p in BEFORE_EVENTS}
_TARGETS = (
    PlaceKind.BLOOD,
    PlaceKind.MARROW,
    PlaceKind.LYMPHOID,
    PlaceKind.TISSUE,
    PlaceKind.MARGIN,
    PlaceKind.EXTRAMEDULLARY,
)  # in the order of the GOTO groups


def make_places(kinds: Sequence[PlaceKind], rows: int = 0, columns: int = 0) -> Places:
    """Return places of full access that hold nothing; marrow niches must come first, `rows` x `columns` of them."""
    kind = np.array(kinds, np.int32)
    n, niches = kind.size, int((kind == PlaceKind.MARROW).sum())
    if niches and not rows:
        rows, columns = 1, niches
    assert rows * columns == niches
    members = [np.flatnonzero(kind == where) for where in _TARGETS]
    start, member, weight = groups(members, [np.ones(m.size) for m in members])
    near = torus_neighbours(rows, columns, n) if niches else np.full((n, 4), -1, np.int32)
    zero = np.zeros
    return Places(
        rows, columns, kind, np.ones(n), np.full(n, 1e12), zero(n), zero(n), zero(n), np.ones(n),
        Destinations(near, start, member, weight),
    )  # fmt: skip


class Lab:
    """One body made by hand; `run` steps it with the named processes only."""

    def __init__(
        self,
        *kinds: PlaceKind,
        rows: int = 0,
        columns: int = 0,
        seed: int = 1,
        agents_per_stratum: int = 2,
        **parameters: float,
    ) -> None:
        table = ParameterTable.load().values()
        unknown = set(parameters) - set(table)
        assert not unknown, unknown
        self.p = SimpleNamespace(**(table | parameters))
        self.places = make_places(kinds, rows, columns)
        events = channels(round(self.p.n_priming_divisions))
        self.state = State(
            p=self.p,
            places=self.places,
            pop=Population(N_TRAITS, len(events.names), Resolution(agents_per_stratum)),
            signals=Signals.quiet(self.places.n),
            census=Census(self.places.n),
            channels=events,
            variants=Variants(np.array([CD19_LOST, HLA_LOST]), np.zeros(2), BLAST, CLONE_SHIFT, 4),
            clone_growth=np.ones(4096),
            behaviour=np.arange(CLASS_MASK + 1, dtype=np.int64),
            event_key=base_key(seed, 0, "events"),
        )

    def add(self, code: int, cells: float, place: int = 0, exhaustion: float = 0.0) -> None:
        self.state.pop.add(code, place, round(cells), np.array([exhaustion, 0.0]))
        self.state.infused += round(cells)

    def run(self, days: float, dt: float, *names: str) -> None:
        before = [PROCESSES[n] for n in PROCESSES if n in names and n in _BEFORE]
        after = [PROCESSES[n] for n in PROCESSES if n in names and n not in _BEFORE]
        assert len(before) + len(after) == len(names), names
        for _ in range(round(days / dt)):
            advance(self.state, dt, before, after)

    def act(self, *names: str, dt: float = 0.25) -> None:
        """Let processes act on a fresh census without drawing events."""
        state = self.state
        state.pop.clear_hazards()
        self.take_census()
        for name in names:
            PROCESSES[name].act(state, dt)

    def take_census(self) -> Census:
        self.state.census.take(
            self.state.pop, self.state.behaviour, self.p.potency_resting, self.p.potency_treg
        )
        return self.state.census

    def cells(self, kind: int | None = None, place: int | None = None, mask: int = 0, value: int = 0) -> int:
        """Return cells of a class (None: all) in a place (None: all) whose code has `value` under `mask`."""
        pop = self.state.pop
        rows = pop.rows()
        code, where, n = pop.code[rows], pop.place[rows], pop.cells[rows]
        keep = np.ones(rows.size, bool)
        if kind is not None:
            keep &= (code & CLASS_MASK) == kind
        if place is not None:
            keep &= where == place
        keep &= (code & mask) == value
        return int(n[keep].sum())

    def trait(self, column: int) -> npt.NDArray[np.float64]:
        """Return the mean of a continuous trait over all T cells."""
        pop = self.state.pop
        rows = pop.rows()
        rows = rows[(pop.code[rows] & CLASS_MASK) != BLAST]
        return np.average(pop.traits[rows, column], weights=pop.cells[rows])  # type: ignore[no-any-return]

    def drug(self, pg_ml: float) -> None:
        """Hold the drug level of every place."""
        self.state.signals.drug_pg_ml[:] = self.state.mean_plasma_pg_ml = self.state.plasma_pg_ml = pg_ml
