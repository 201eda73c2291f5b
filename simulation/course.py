"""One course: a body, its clinic and the recorder, one step at a time; may be copied (branched) at any step."""

import copy
from collections.abc import Sequence

import numpy as np

from simulation.biology.state import Process
from simulation.body import Body
from simulation.body.measure import RECORD_COLUMNS, marrow_layers, record
from simulation.body.virtual_patient import patient_values
from simulation.clinic.clinic import Clinic
from simulation.marrow_map import MarrowMap
from simulation.scenario.schema import Scenario

__all__ = ["TRAJECTORY_COLUMNS", "Course"]

TRAJECTORY_COLUMNS = (*RECORD_COLUMNS, "mrd_measured_fraction")
_EPS = 1e-9


class Course:
    """Follow one patient under one scenario.

    Parameters
    ----------
    scenario
        The frozen scenario.
    seed, patient
        Keys of all random numbers; the same pair is the same patient in every scenario.
    rules
        A user's own processes (see docs/extending.md).
    """

    def __init__(
        self, scenario: Scenario, seed: int = 0, patient: int = 0, rules: Sequence[Process] = ()
    ) -> None:
        self.scenario, self.seed, self.patient = scenario, seed, patient
        self.values = patient_values(scenario, seed, patient)
        self.body = Body(scenario, self.values, seed, patient, rules)
        self.clinic = Clinic(scenario, self.values)
        self.maps: list[MarrowMap] = []
        self._lines: list[tuple[float, ...]] = []
        self._next_record = 0.0
        self._maps_due = sorted(scenario.marrow_maps)
        self._note()

    @property
    def day(self) -> float:
        """Return days since transplant."""
        return self.body.day

    @property
    def finished(self) -> bool:
        """Return whether follow-up is over or the patient has died."""
        return self.clinic.finished or self.day >= self.scenario.follow_up - _EPS

    def step(self) -> None:
        """Let the clinic act, advance the body, and take note."""
        self.clinic.act(self.body)
        self.body.step()
        self.clinic.observe(self.body)
        self._note()

    def run(self) -> None:
        """Step until finished."""
        while not self.finished:
            self.step()

    def copy(self) -> "Course":
        """Return an independent copy that goes on with the same bytes."""
        twin = Course.__new__(Course)
        twin.__dict__.update(self.__dict__)
        twin.body = self.body.copy()
        twin.clinic = copy.deepcopy(self.clinic)
        twin.maps, twin._lines, twin._maps_due = list(self.maps), list(self._lines), list(self._maps_due)
        return twin

    def columns(self) -> dict[str, np.ndarray]:
        """Return the trajectory so far: name -> values, shape (n_records,) each."""
        table = np.array(self._lines, float).reshape(len(self._lines), len(TRAJECTORY_COLUMNS))
        return {name: table[:, i].copy() for i, name in enumerate(TRAJECTORY_COLUMNS)}

    def _note(self) -> None:
        """Record a line and a map when they are due; the last day is always recorded."""
        day = self.day
        if day < -_EPS:
            return
        if day >= self._next_record - _EPS or self.finished:
            self._lines.append((*record(self.body.state, self.body.truth()), self.clinic.last_mrd))
            while self._next_record <= day + _EPS:
                self._next_record += self.scenario.record_every
        while self._maps_due and self._maps_due[0] <= day + _EPS:
            self._maps_due.pop(0)
            self.body.truth()
            shape = self.body.state.places
            self.maps.append(MarrowMap(day, shape.rows, shape.columns, marrow_layers(self.body.state)))
