"""Donor lymphocyte infusions: doses in CD3+ cells per kg, escalating, with or without donor Treg.

Haploidentical practice: 1e4, 1e5, 1e6 CD3/kg, at least 4-6 weeks apart (recalled; doses: Ghiso, BMT 2015).
"""

from typing import TYPE_CHECKING

from simulation.clinic.events import EventLog
from simulation.clinic.ports import Patient
from simulation.clinic.schedule import Agenda
from simulation.clinic.treatments.blinatumomab import BlinatumomabCourse
from simulation.clinic.treatments.lymphocytes import DonorLymphocytes

if TYPE_CHECKING:
    from simulation.scenario.treatments import Dli

__all__ = ["DliCourse"]


class DliCourse:
    """Give the planned infusions; `start` is the first day of treatment, days from transplant."""

    def __init__(
        self,
        spec: "Dli",
        start: float,
        blinatumomab: BlinatumomabCourse | None,
        lymphocytes: DonorLymphocytes | None = None,
    ) -> None:
        self._spec = spec
        self._lymphocytes = lymphocytes or DonorLymphocytes()
        self.stopped = False
        reference = start
        if spec.first.cycle is not None and blinatumomab is not None:
            reference = blinatumomab.start_of_cycle(spec.first.cycle)
        first = reference + spec.first.day - 1.0
        self._planned = Agenda((first + i * spec.every, dose) for i, dose in enumerate(spec.cd3))

    @property
    def over(self) -> bool:
        """Return whether no infusion is still to come."""
        return not self._planned

    def act(self, patient: Patient, events: EventLog) -> None:
        """Give every infusion that has fallen due."""
        for _, cd3_per_kg in self._planned.take(patient.day):
            self._lymphocytes.infuse(
                patient, events, cd3_per_kg, self._spec.treg_per_tcon, self._spec.memory_enriched
            )

    def stop(self, patient: Patient, events: EventLog, why: str) -> bool:
        """Cancel the infusions still planned; return whether there were any."""
        if self.over:
            return False
        n_cancelled = self._planned.clear()
        self.stopped = True
        infusions = "infusion is" if n_cancelled == 1 else "infusions are"
        events.add(
            patient.day, "stop", "dli", f"no further DLI, {n_cancelled} planned {infusions} not given: {why}"
        )
        return True
