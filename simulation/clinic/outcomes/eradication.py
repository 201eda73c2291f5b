"""Eradication: not one leukaemic cell left in the body, which only a simulation can know."""

from typing import ClassVar

from simulation.clinic.outcomes.outcome import Outcome, Row, Watcher
from simulation.clinic.ports import Truth
from simulation.clinic.schedule import is_due

__all__ = ["Eradication"]


def _words(row: Row) -> str:
    if not row.get("eradicated"):
        return "no"
    day = row.get("eradicated_day")
    return "yes" if day is None else f"yes, day {day:.4g}"


class Eradication(Watcher):
    """Note when the last leukaemic cell has gone; it may come back from nothing but a rule of the user's own."""

    rank: ClassVar = 50
    outcomes: ClassVar = (
        Outcome(
            name="eradicated",
            kind="flag",
            short="eradicated",
            label="Leukaemia eradicated",
            meaning="no leukaemic cell is left in the body at the end",
            better="more",
            of=lambda row: row["eradicated_day"] is not None,
            row=_words,
        ),
        Outcome(
            name="eradicated_day",
            kind="day",
            mark="eradicated",
            label="Leukaemia eradicated",
            meaning="day from which no leukaemic cell is left",
            row=False,
        ),
    )
    day: float | None = None

    def observe(self, truth: Truth, dt: float) -> None:
        """Note the day of the last cell."""
        stated = self.clinic.scenario.disease
        yet_to_come = stated is not None and not is_due(stated.on, truth.day)
        if truth.blasts > 0 or yet_to_come:
            self.day = None
        elif self.day is None:
            self.day = truth.day
            self.clinic.events.add(
                truth.day, "outcome", "eradication", "no leukaemic cell is left in the body"
            )

    def values(self, truth: Truth) -> Row:
        """Return the day."""
        return {"eradicated_day": self.day}
