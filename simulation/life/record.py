"""What of a life is kept beside its outcomes and events: rows of the trajectory and maps of the marrow."""

from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from simulation.body.measure import marrow_layers
from simulation.life.trajectory import COLUMNS, line
from simulation.marrow_map import MarrowMap

if TYPE_CHECKING:
    from simulation.body import Body
    from simulation.clinic.clinic import Clinic
    from simulation.scenario.schema import Scenario

__all__ = ["EVERYTHING", "NOTHING", "Record", "Recorder"]

_EPS: Final = 1e-9  # days


@dataclass(frozen=True, slots=True)
class Record:
    """Say what is kept: `trajectory` every `scenario.record_every` days, `maps` on the days of `scenario.marrow_maps`."""

    trajectory: bool = True
    maps: bool = True


EVERYTHING: Final = Record()
NOTHING: Final = Record(trajectory=False, maps=False)


@dataclass(slots=True)
class Recorder:
    """Keep what is due of one life; days count from transplant."""

    scenario: "Scenario"
    record: Record
    maps: list[MarrowMap] = field(default_factory=list)
    _lines: list[tuple[float, ...]] = field(default_factory=list)
    _next: float = 0.0
    _maps_due: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._maps_due = sorted(self.scenario.marrow_maps) if self.record.maps else []

    def note(self, body: "Body", clinic: "Clinic", last: bool) -> None:
        """Keep a line and a map where they are due; the `last` day is always recorded."""
        day = body.day
        if day < -_EPS:
            return
        if self.record.trajectory and (day >= self._next - _EPS or last):
            self._lines.append(line(body.state, body.truth(), clinic))
            while self._next <= day + _EPS:
                self._next += self.scenario.record_every
        while self._maps_due and self._maps_due[0] <= day + _EPS:
            self._maps_due.pop(0)
            body.truth()
            shape = body.state.places
            self.maps.append(MarrowMap(day, shape.rows, shape.columns, marrow_layers(body.state)))

    def columns(self) -> dict[str, np.ndarray]:
        """Return the trajectory so far: name -> values, shape (n_records,) each."""
        table = np.array(self._lines, float).reshape(len(self._lines), len(COLUMNS))
        return {name: table[:, i].copy() for i, name in enumerate(COLUMNS)}

    def copy(self) -> "Recorder":
        """Return an independent copy."""
        twin = copy(self)
        twin.maps, twin._lines, twin._maps_due = list(self.maps), list(self._lines), list(self._maps_due)
        return twin
