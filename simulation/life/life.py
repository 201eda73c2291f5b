"""One life: a patient under one scenario, his body, his clinic and what is recorded; may be copied (branched) at any step."""

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from simulation.biology.state import Process
from simulation.body import Body
from simulation.body.virtual_patient import patient_values
from simulation.clinic.clinic import Clinic
from simulation.life.record import EVERYTHING, Record, Recorder
from simulation.marrow_map import MarrowMap
from simulation.parameters import ParameterValues
from simulation.scenario.schema import Scenario

__all__ = ["Life"]

_EPS: Final = 1e-9  # days


class Life:
    """Follow one patient under one scenario, one step at a time.

    Parameters
    ----------
    scenario
        The frozen scenario.
    seed, patient
        Keys of all random numbers; the same pair is the same patient in every scenario.
    rules
        A user's own processes (see docs/extending.md).
    record
        What is kept beside outcomes and events.
    body
        The body of another life with the same past, to be shared until the two part (see `simulation.life.branching`).
    """

    def __init__(
        self, scenario: Scenario, seed: int = 0, patient: int = 0, rules: Sequence[Process] = (),
        record: Record = EVERYTHING, body: Body | None = None,
    ) -> None:  # fmt: skip
        self.scenario, self.seed, self.patient = scenario, seed, patient
        self.values: ParameterValues = patient_values(scenario, seed, patient)
        self.body = body if body is not None else Body(scenario, self.values, seed, patient, rules)
        self.clinic = Clinic(scenario, self.values)
        self.recorder = Recorder(scenario, record)
        self.parted_day: float | None = (
            None  # from here on no life that it was simulated with went the same way
        )
        self._note()

    @property
    def day(self) -> float:
        """Return days since transplant."""
        return self.body.day

    @property
    def finished(self) -> bool:
        """Return whether follow-up is over or the patient has died."""
        return self.clinic.finished or self.day >= self.scenario.follow_up - _EPS

    @property
    def maps(self) -> Sequence[MarrowMap]:
        """Return the maps of the marrow kept so far."""
        return self.recorder.maps

    def step(self) -> None:
        """Let the clinic act, advance the body, and take note."""
        self.clinic.act(self.body)
        self.body.step()
        self.observe()

    def observe(self) -> None:
        """Let clinic and recorder take note of the step that the body has just made."""
        self.clinic.observe(self.body)
        self._note()

    def run(self, until: float = math.inf) -> None:
        """Step until a day, or until finished."""
        while not self.finished and self.day < until - _EPS:
            self.step()

    def outcomes(self) -> dict[str, object]:
        """Return the outcomes so far by their names (docs/results.md); None where it did not happen."""
        return self.clinic.outcomes(self.body)

    def columns(self) -> Mapping[str, np.ndarray]:
        """Return the trajectory so far: name -> values, shape (n_records,) each."""
        return self.recorder.columns()

    def copy(self) -> "Life":
        """Return an independent copy that goes on with the same bytes."""
        twin = Life.__new__(Life)
        twin.__dict__.update(self.__dict__)
        twin.body = self.body.copy()
        twin.clinic = copy.deepcopy(self.clinic)
        twin.recorder = self.recorder.copy()
        return twin

    def _note(self) -> None:
        self.recorder.note(self.body, self.clinic, self.finished)
