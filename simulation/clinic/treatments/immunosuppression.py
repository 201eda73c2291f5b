"""Immunosuppressants: planned courses, and courses given because aGvHD or CRS came.

Several courses of one drug do not add up: the patient takes the highest level that any of them asks for.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulation.clinic.events import EventLog
from simulation.clinic.ports import Patient
from simulation.clinic.schedule import EPSILON, is_due

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario
    from simulation.scenario.treatments import CourseOnGrade

__all__ = ["DrugCourse", "DrugCourses", "ReactiveCourse"]

_WHOLE_DAY = 1.0  # "to day 100" is the last day on which the drug is taken
USUAL_LEVEL = 1.0  # the usual exposure, the unit of `Patient.set_drug`


@dataclass(frozen=True, slots=True)
class DrugCourse:
    """Hold one course: from `start` until before `end` (days from transplant), as `level` of usual."""

    drug: str
    start: float
    end: float
    level: float
    why: str

    def active(self, now: float, previous: float) -> bool:
        """Return whether it is taken in the step from `now`; if shorter than a step, it is for one step."""
        began = is_due(self.start, now)
        return began and (self.end > now + EPSILON or self.start > previous + EPSILON)


class DrugCourses:
    """Hold all courses and tell the patient each drug's level when it changes."""

    def __init__(self, scenario: "Scenario") -> None:
        self._courses = [
            DrugCourse(
                item.drug,
                item.start,
                item.end + _WHOLE_DAY,
                item.level,
                f"planned, day {item.start:g} to {item.end:g}",
            )
            for item in scenario.immunosuppression
        ]
        self._levels: dict[str, float] = {}
        self._previous = math.inf  # nothing that ended before the first step was missed

    def add(self, course: DrugCourse) -> None:
        """Add a course that begins now or later."""
        self._courses.append(course)

    def act(self, patient: Patient, events: EventLog) -> None:
        """Set every drug to the highest level among its active courses."""
        now = patient.day
        wanted: dict[str, DrugCourse] = {}
        for course in self._courses:
            if course.active(now, self._previous):
                best = wanted.get(course.drug)
                if best is None or course.level > best.level:
                    wanted[course.drug] = course
        self._previous = now
        for drug in sorted({*wanted, *self._levels}):
            course_now = wanted.get(drug)
            level = course_now.level if course_now is not None else 0.0
            if level != self._levels.get(drug, 0.0):
                self._levels[drug] = level
                patient.set_drug(drug, level)
                why = "course ends" if course_now is None else course_now.why
                detail = f"{drug} at {level:g} of the usual exposure ({why})"
                events.add(now, "drug", drug, detail, level, "of usual exposure")


class ReactiveCourse:
    """Give a drug for some days when a grade is reached, and again if the grade persists at the end."""

    def __init__(self, rule: "CourseOnGrade", disease: str) -> None:
        self._rule = rule
        self._disease = disease
        self._until = -math.inf

    def consider(self, grade: int, now: float, courses: DrugCourses) -> None:
        """Start a course if the grade calls for one and none is running."""
        if grade < self._rule.at_grade or not is_due(self._until, now):
            return
        self._until = now + self._rule.duration
        why = f"{self._disease} grade {grade}, for {self._rule.duration:g} days"
        courses.add(DrugCourse(self._rule.drug, now, self._until, USUAL_LEVEL, why))
