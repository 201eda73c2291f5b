"""One patient's course of treatment: cytoreduction first if planned, then blinatumomab and DLI."""

from typing import TYPE_CHECKING

from simulation.clinic.events import EventLog
from simulation.clinic.ports import Patient
from simulation.clinic.schedule import is_due
from simulation.clinic.treatments.blinatumomab import BlinatumomabCourse
from simulation.clinic.treatments.cytoreduction import Cytoreduction
from simulation.clinic.treatments.dli import DliCourse
from simulation.clinic.treatments.lymphocytes import DonorLymphocytes
from simulation.clinic.treatments.pump import Pump

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["TreatmentCourse"]


class TreatmentCourse:
    """Hold the planned treatment of one patient.

    `begin` (days from transplant) is the day of cytoreduction if the scenario has one, else of immunotherapy.
    "Day 1 of treatment" is always that of immunotherapy, `cytoreduction.before` days after the chemotherapy. What was
    stopped for good in the course `before` is not given again.
    """

    def __init__(
        self,
        scenario: "Scenario",
        begin: float,
        patient: Patient,
        pump: Pump | None = None,
        lymphocytes: DonorLymphocytes | None = None,
        before: "TreatmentCourse | None" = None,
    ) -> None:
        self.begin = begin
        self.stopped: frozenset[str] = frozenset() if before is None else before.stopped  # products, for good
        self.first_given: float | None = None  # day of the first dose, infusion or chemotherapy
        chemotherapy = scenario.cytoreduction
        self._cytoreduction = (
            Cytoreduction(chemotherapy.log10_kill, begin) if chemotherapy is not None else None
        )
        day_1 = begin + (chemotherapy.before if chemotherapy is not None else 0.0)
        drug = None if "blinatumomab" in self.stopped else scenario.blinatumomab
        cells = None if "dli" in self.stopped else scenario.dli
        self.blinatumomab = (
            BlinatumomabCourse(drug, day_1, patient.body_surface_m2, pump) if drug is not None else None
        )
        self.dli = DliCourse(cells, day_1, self.blinatumomab, lymphocytes) if cells is not None else None

    @property
    def over(self) -> bool:
        """Return whether nothing of it is still to be given."""
        waiting = self._cytoreduction is not None and not self._cytoreduction.given
        return not waiting and all(t is None or t.over for t in (self.blinatumomab, self.dli))

    def begun(self, now: float) -> bool:
        """Return whether the planned first day has come."""
        return is_due(self.begin, now)

    def end_of_block(self, now: float) -> int | None:
        """Return the blinatumomab cycle whose infusion has just ended (0: stopped before its end), once."""
        return self.blinatumomab.end_of_block(now) if self.blinatumomab is not None else None

    def act(self, patient: Patient, events: EventLog) -> None:
        """Give whatever has fallen due."""
        n_before = len(events)
        for treatment in (self._cytoreduction, self.blinatumomab, self.dli):
            if treatment is not None:
                treatment.act(patient, events)
        if self.first_given is None and len(events) > n_before:
            self.first_given = patient.day

    def stop(self, product: str, patient: Patient, events: EventLog, why: str) -> bool:
        """Stop `blinatumomab` or `dli` for good; return whether there was anything to stop."""
        treatment = self.blinatumomab if product == "blinatumomab" else self.dli
        if treatment is None or not treatment.stop(patient, events, why):
            return False
        self.stopped |= {product}
        return True
