"""What of a life is kept beside its outcomes and events: rows of the trajectory and maps of the marrow."""

from copy import copy
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from simulation.body.measure import marrow_layers
from simulation.life.trajectory import COLUMNS, Column, line
from simulation.marrow_map import MarrowMap

if TYPE_CHECKING:
    from simulation.body import Body
    from simulation.clinic.clinic import Clinic
    from simulation.scenario.schema import Scenario

__all__ = ["EVERYTHING", "NOTHING", "Record", "Recorder"]

_EPS: Final = 1e-9  # days
_ROOM: Final = 256  # lines; doubled when they are full


@dataclass(frozen=True, slots=True)
class Record:
    """Say what is kept: `trajectory` every `scenario.record_every` days, `maps` on the days of `scenario.marrow_maps`.

    `columns` names those of the trajectory that are kept; None are all.
    """

    trajectory: bool = True
    maps: bool = True
    columns: tuple[str, ...] | None = None


EVERYTHING: Final = Record()
NOTHING: Final = Record(trajectory=False, maps=False)


@dataclass(slots=True)
class Recorder:
    """Keep what is due of one life; days count from transplant."""

    scenario: "Scenario"
    record: Record
    maps: list[MarrowMap] = field(default_factory=list)
    _lines: int = 0
    _table: np.ndarray = field(init=False)  # shape (room, n_columns); `_lines` of its rows are filled
    _names: tuple[str, ...] = field(init=False)
    _next: float = 0.0
    _maps_due: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._maps_due = sorted(self.scenario.marrow_maps) if self.record.maps else []
        self._names = tuple(COLUMNS) if self.record.columns is None else self.record.columns
        self._table = np.empty((_ROOM, len(self._names)))

    def note(self, body: "Body", clinic: "Clinic", last: bool) -> None:
        """Keep a line and a map where they are due; the `last` day is always recorded."""
        day = body.day
        if day < -_EPS:
            return
        if self.record.trajectory and (day >= self._next - _EPS or last):
            if self._lines == len(self._table):
                self._table = np.concatenate([self._table, np.empty_like(self._table)])
            self._table[self._lines] = line(body.state, body.truth(), clinic, _declared(self._names))
            self._lines += 1
            while self._next <= day + _EPS:
                self._next += self.scenario.record_every
        while self._maps_due and self._maps_due[0] <= day + _EPS:
            self._maps_due.pop(0)
            body.truth()
            shape = body.state.places
            self.maps.append(MarrowMap(day, shape.rows, shape.columns, marrow_layers(body.state)))

    def columns(self) -> dict[str, np.ndarray]:
        """Return the trajectory so far: name -> values, shape (n_records,) each."""
        table = self._table[: self._lines]
        return {name: table[:, i].copy() for i, name in enumerate(self._names)}

    def copy(self) -> "Recorder":
        """Return an independent copy."""
        twin = copy(self)
        twin.maps, twin._table, twin._maps_due = list(self.maps), self._table.copy(), list(self._maps_due)
        return twin


@cache
def _declared(names: tuple[str, ...]) -> tuple[Column, ...]:
    """Return what is declared of columns; a recorder keeps names only, so that it can be pickled."""
    return tuple(COLUMNS[name] for name in names)
