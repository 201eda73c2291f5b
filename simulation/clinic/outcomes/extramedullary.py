"""Relapse outside the marrow, and the blasts that no aspirate sees.

Extramedullary relapse is dated when the blasts outside reach `definitions.extramedullary_relapse`: a mass that imaging
shows. It is an outcome of its own: relapse-free survival and current leukaemia-free survival are judged in the marrow.
"""

from typing import ClassVar

from simulation.clinic.outcomes.outcome import Outcome, Row, Watcher
from simulation.clinic.ports import Truth

__all__ = ["ExtramedullaryRelapse"]


class ExtramedullaryRelapse(Watcher):
    """Note the first day with a mass outside the marrow."""

    rank: ClassVar = 40
    outcomes: ClassVar = (
        Outcome(
            name="extramedullary_relapse_day",
            kind="day",
            mark="relapse outside",
            short="outside",
            colour="blasts",
            label="Extramedullary relapse",
            meaning="first day with as many blasts outside the marrow as imaging shows, in truth; that number and the size "
            "of the place are assumptions",
        ),
        Outcome(
            name="extramedullary_relapse",
            kind="share",
            label="Extramedullary relapse",
            meaning="blasts outside the marrow reached what imaging shows",
            better="less",
            of=lambda row: row["extramedullary_relapse_day"] is not None,
        ),
    )
    day: float | None = None

    def observe(self, truth: Truth, dt: float) -> None:
        """Note the first day."""
        limit = self.clinic.scenario.definitions.extramedullary_relapse
        if self.day is None and truth.extramedullary_blasts >= limit:
            self.day = truth.day
            detail = f"extramedullary relapse: {truth.extramedullary_blasts:.2e} blasts outside the marrow"
            blasts = truth.extramedullary_blasts
            self.clinic.events.add(truth.day, "outcome", "extramedullary_relapse", detail, blasts, "cells")

    def values(self, truth: Truth) -> Row:
        """Return the day."""
        return {"extramedullary_relapse_day": self.day}
