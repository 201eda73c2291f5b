"""What one displayed frame shows, copied from the model while nobody else may touch it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from simulation.body.measure import marrow_layers
from simulation.clinic.events import Event
from simulation.life import Life
from simulation.life.trajectory import COLUMNS, line
from simulation.results.result import Result
from simulation.runner import result_of
from simulation.scenario.schema import Scenario

__all__ = ["Snapshot", "record_of", "snapshot"]

MOST_POINTS = 365  # of one curve: more are not seen on a screen


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Hold one patient at one instant: the trajectory so far, maps of the marrow, events, outcomes."""

    day: float
    finished: bool
    scenario: Scenario
    columns: Mapping[str, npt.NDArray[np.float64]]
    layers: Mapping[str, npt.NDArray[np.float64]]
    outcomes: Mapping[str, object]
    events: tuple[Event, ...]
    result: Result
    agents: int
    weight_kg: float
    integrity_grades: tuple[float, ...]
    running: tuple[str, ...]  # what is being infused, in words
    now: Mapping[str, float] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """Return the seed."""
        return self.result.seed

    @property
    def patient(self) -> int:
        """Return the patient's number."""
        return self.result.patient


def snapshot(life: Life) -> Snapshot:
    """Copy what is shown; the caller holds the lock of the life's session."""
    result = result_of(life)
    now = record_of(life)
    columns = _with_now(result.columns, now)
    p = life.values
    return Snapshot(
        day=life.day,
        finished=life.finished,
        scenario=life.scenario,
        columns={name: values[thinned(values.size)] for name, values in columns.items()},
        layers=marrow_layers(life.body.state),
        outcomes=result.outcomes,
        events=result.events,
        result=result,
        agents=int(now["agents_count"]),
        weight_kg=life.body.weight_kg,
        integrity_grades=(p.integrity_grade_1, p.integrity_grade_2, p.integrity_grade_3, p.integrity_grade_4),
        running=tuple(text for giver in life.clinic.givers.values() if (text := giver.running())),
        now=now,
    )


def record_of(life: Life) -> dict[str, float]:
    """Return the columns of the trajectory now; with one and the same NaN, so that equal records compare equal."""
    row = line(life.body.state, life.body.truth(), life.clinic)
    return {name: math.nan if value != value else value for name, value in zip(COLUMNS, row, strict=True)}


def thinned(n: int, most: int = MOST_POINTS) -> npt.NDArray[np.intp]:
    """Return the indices of at most about `most` of `n` points, evenly spread, the last always among them."""
    if n <= most:
        return np.arange(n)
    return np.unique(np.append(np.arange(0, n, math.ceil(n / most)), n - 1))


def _with_now(
    columns: Mapping[str, npt.NDArray[np.float64]], now: Mapping[str, float]
) -> dict[str, npt.NDArray[np.float64]]:
    """Append the present to the recorded days, unless it was just recorded."""
    days = columns["day"]
    if days.size and days[-1] >= now["day"] - 1e-9:
        return dict(columns)
    return {name: np.append(values, now[name]) for name, values in columns.items()}
