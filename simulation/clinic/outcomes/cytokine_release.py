"""Cytokine release syndrome (CRS), graded at the bedside (0-4)."""

from typing import ClassVar

from simulation.clinic.outcomes.outcome import Outcome, Row, Watcher
from simulation.clinic.ports import Truth

__all__ = ["CytokineRelease"]


class CytokineRelease(Watcher):
    """Note the worst grade of CRS."""

    rank: ClassVar = 65
    outcomes: ClassVar = (
        Outcome(
            name="crs_grade",
            kind="grade",
            label="CRS, worst grade",
            meaning="worst grade of cytokine release syndrome",
            better="less",
        ),
        Outcome(
            name="crs_3_4",
            kind="share",
            short="CRS 3-4",
            label="CRS grade 3\N{EN DASH}4",
            meaning="cytokine release syndrome of grade 3 or more at any time",
            better="less",
            of=lambda row: row["crs_grade"] >= 3,
        ),
    )
    grade = 0

    def observe(self, truth: Truth, dt: float) -> None:
        """Note a new worst grade."""
        if truth.crs_grade > self.grade:
            self.grade = truth.crs_grade
            detail = f"CRS reaches grade {self.grade}"
            self.clinic.events.add(truth.day, "outcome", "crs", detail, self.grade, "grade")

    def values(self, truth: Truth) -> Row:
        """Return the worst grade."""
        return {"crs_grade": self.grade}
