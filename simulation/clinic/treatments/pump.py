"""The one pump of a patient, for all who ask for blinatumomab."""

from simulation.clinic.events import EventLog
from simulation.clinic.ports import Patient
from simulation.clinic.schedule import EPSILON

__all__ = ["Pump"]


class Pump:
    """Run at the highest rate that anybody asks for: courses of one drug do not add up."""

    def __init__(self) -> None:
        self.rate = 0.0  # ug/day, what it runs at
        self._asked: dict[str, float] = {}

    def forget(self, who: str) -> None:
        """Let `who` no longer ask; the pump changes with the next thing that is asked."""
        self._asked.pop(who, None)

    def ask(self, who: str, rate: float, patient: Patient, events: EventLog, why: str) -> None:
        """Let `who` ask for a rate from now on, ug/day; tell it when the pump changes."""
        self._asked[who] = rate
        wanted = max(self._asked.values())
        if abs(wanted - self.rate) <= EPSILON:
            return
        self.rate = wanted
        patient.set_blinatumomab_rate(wanted)
        words = f"blinatumomab {wanted:g} ug/day" if wanted > 0.0 else "blinatumomab infusion ends"
        events.add(patient.day, "dose", "blinatumomab", f"{words} ({why})", wanted, "ug/day")
