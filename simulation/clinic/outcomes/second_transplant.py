"""A second transplant: the day on which a patient would get one, by the scenario's rule, and all outcomes up to it.

It is an intercurrent event: nothing happens to the body. Whether follow-up ends at it is the trial's choice, made when runs
are analysed (`outcomes.second_transplant` in a trial file), so that the same runs serve both.
"""

from typing import TYPE_CHECKING, ClassVar

from simulation.clinic.assays import MarrowResult, reaches
from simulation.clinic.outcomes.haematological_relapse import HaematologicalRelapse
from simulation.clinic.outcomes.mrd import Mrd
from simulation.clinic.outcomes.outcome import Outcome, Row, Watcher
from simulation.clinic.ports import Patient, Truth
from simulation.clinic.schedule import is_due
from simulation.clinic.waits import days_waited

if TYPE_CHECKING:
    from simulation.clinic.clinic import Clinic

__all__ = ["SecondTransplantation"]


class SecondTransplantation(Watcher):
    """Follow who responds, and find the day by the patient's own numbers: the same whatever treatment he had."""

    rank: ClassVar = 65
    outcomes: ClassVar = (
        Outcome(
            name="second_transplant_day",
            kind="day",
            label="Second transplant",
            short="2nd transplant",
            meaning="day on which the patient would be transplanted again, by the scenario's rule; not simulated beyond its day",
        ),
        Outcome(
            name="second_transplant",
            kind="share",
            label="Second transplant",
            short="2nd transplant",
            meaning="the patient would be transplanted again, by the scenario's rule",
            of=lambda row: row["second_transplant_day"] is not None,
        ),
    )

    def __init__(self, clinic: "Clinic") -> None:
        super().__init__(clinic)
        self.day: float | None = None
        self.until: Row | None = None  # all outcomes as they stood on that day
        self._planned: float | None = None
        self._fit = 1.0  # the patient's numbers in [0, 1), drawn at the beginning: 1 never gets it
        self._patience = 0.0

    def meet(self, patient: Patient) -> None:
        """Draw the patient's numbers, where the scenario has a rule."""
        if self.clinic.scenario.second_transplant is not None:
            self._fit = patient.uniform("second transplant", 0)
            self._patience = patient.uniform("second transplant", 1)

    def see(self, result: MarrowResult, now: float) -> None:
        """Plan it from a response, and give it up at overt relapse; watchers of relapse and MRD have taken note before."""
        plan = self.clinic.scenario.second_transplant
        if plan is None or self.day is not None or self._fit >= plan.chance:
            return
        if self.clinic.book.watcher(HaematologicalRelapse).known:
            self._planned = None
        elif self._planned is None and self._shows(result, plan.after):
            self._planned = now + days_waited(plan.wait, lambda: self._patience)

    def _shows(self, result: MarrowResult, response: str) -> bool:
        watching = self.clinic.book.watcher
        if response == "complete_remission":
            return watching(HaematologicalRelapse).complete_remission_day is not None
        negative = not reaches(result.value, self.clinic.scenario.definitions.mrd_negative)
        return watching(Mrd).negative_day is not None and result.test == "mrd" and negative

    def act(self, patient: Patient) -> None:
        """Take note where its day has come; what was known that morning counts."""
        if self._planned is None or not is_due(self._planned, patient.day):
            return
        self._planned, self.day = None, patient.day
        detail = "a second transplant would be done now; what it does is not simulated, the course goes on without it"
        self.clinic.events.add(patient.day, "note", "second_transplant", detail)
        self.until = self.clinic.book.summary(patient.truth())

    def values(self, truth: Truth) -> Row:
        """Return its day."""
        return {"second_transplant_day": self.day}
