"""Acute GvHD, graded at the bedside (0-4)."""

from typing import TYPE_CHECKING, ClassVar, Final

from simulation.clinic.outcomes.outcome import Outcome, Row, Watcher
from simulation.clinic.ports import Truth
from simulation.number_words import NOTHING, grade_text

if TYPE_CHECKING:
    from simulation.clinic.clinic import Clinic

__all__ = ["AcuteGvhd"]

_DATED: Final = (2, 3)
_SEVERE: Final = 3


def _words(row: Row) -> str:
    grade = grade_text(row.get("agvhd_grade"))
    since = ", ".join(
        f"\N{GREATER-THAN OR EQUAL TO} {grade_text(limit)} from day {day:.4g}"
        for limit in _DATED
        if (day := row.get(f"agvhd_grade_{limit}_day")) is not None
    )
    return f"{grade} ({since})" if since and grade != NOTHING else grade


class AcuteGvhd(Watcher):
    """Note the worst grade, and when grades II and III were first reached."""

    rank: ClassVar = 60
    outcomes: ClassVar = (
        Outcome(
            name="agvhd_grade",
            kind="grade",
            short="aGvHD",
            label="Acute GvHD, worst grade",
            meaning="worst grade of acute GvHD",
            better="less",
            row=_words,
        ),
        *(
            Outcome(
                name=f"agvhd_grade_{grade}_day",
                kind="day",
                label=f"Acute GvHD grade {grade_text(grade)}",
                mark=f"GvHD \N{GREATER-THAN OR EQUAL TO} {grade_text(grade)}",
                colour="tissue",
                meaning=f"first day with acute GvHD of grade {grade} or more",
                row=False,
            )
            for grade in _DATED
        ),
        *(
            Outcome(
                name=f"agvhd_{grade}_4",
                kind="share",
                label=f"Acute GvHD {grade_text(grade)}\N{EN DASH}IV",
                meaning=f"acute GvHD of grade {grade} or more at any time",
                better="less",
                short=f"aGvHD {grade_text(grade)}-IV",
                of=lambda row, grade=grade: row["agvhd_grade"] >= grade,  # type: ignore[misc]
            )
            for grade in _DATED
        ),
    )

    def __init__(self, clinic: "Clinic") -> None:
        super().__init__(clinic)
        self.grade = 0
        self.severe: list[tuple[float, float]] = []  # from, to: days with grade III or IV
        self._is_severe = False
        self._first_day: dict[int, float] = {}

    def observe(self, truth: Truth, dt: float) -> None:
        """Note the days of severe GvHD, and a new worst grade."""
        if self._is_severe:
            self.severe[-1] = (self.severe[-1][0], truth.day)
        if truth.agvhd_grade >= _SEVERE and not self._is_severe:
            self.severe.append((truth.day, truth.day))
        self._is_severe = truth.agvhd_grade >= _SEVERE
        if truth.agvhd_grade <= self.grade:
            return
        for limit in _DATED:
            if self.grade < limit <= truth.agvhd_grade:
                self._first_day[limit] = truth.day
        self.grade = truth.agvhd_grade
        detail = f"aGvHD reaches grade {self.grade}"
        self.clinic.events.add(truth.day, "outcome", "agvhd", detail, self.grade, "grade")

    def values(self, truth: Truth) -> Row:
        """Return the worst grade and the days."""
        days = {f"agvhd_grade_{limit}_day": self._first_day.get(limit) for limit in _DATED}
        return {"agvhd_grade": self.grade} | days
