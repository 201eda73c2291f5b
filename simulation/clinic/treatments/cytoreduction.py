"""Chemotherapy that lowers the burden before immunotherapy begins."""

from simulation.clinic.events import EventLog
from simulation.clinic.ports import Patient
from simulation.clinic.schedule import is_due

__all__ = ["Cytoreduction"]


class Cytoreduction:
    """Kill blasts once, on its day; `day` counts from transplant."""

    def __init__(self, log10_kill: float, day: float) -> None:
        self._log10_kill = log10_kill
        self._day = day
        self.given = False

    def act(self, patient: Patient, events: EventLog) -> None:
        """Give it when its day has come, once."""
        if self.given or not is_due(self._day, patient.day):
            return
        self.given = True
        patient.cytoreduce(self._log10_kill)
        detail = f"cytoreduction by {self._log10_kill:g} log10 before immunotherapy"
        events.add(patient.day, "dose", "cytoreduction", detail, self._log10_kill, "log10 kill")
