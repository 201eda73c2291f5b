"""Immunosuppressants: planned courses, and courses given because aGvHD or CRS came.

Several courses of one drug do not add up: the patient takes the highest level that any of them asks for.
A result may taper what is planned: the level falls in equal steps; courses for aGvHD or CRS are given all the same.
What each drug does to cells is the process `immunosuppression`.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field

from simulation.biology.drugs import DRUGS
from simulation.blocks.fields import (
    Block,
    Day,
    FrozenMap,
    Grade,
    Interval,
    Problem,
    Quantity,
    Time,
    Word,
    written,
)
from simulation.clinic.assays import Examination, Result
from simulation.clinic.events import Event, EventLog
from simulation.clinic.ports import Patient
from simulation.clinic.schedule import EPSILON, is_due, mean_of, pieces_of
from simulation.clinic.starts import Trigger as Start
from simulation.clinic.triggers import Trigger
from simulation.errors import nearest_name
from simulation.products.form import AS_WRITTEN, Form, FormField, as_day
from simulation.products.product import OTHER_DRUGS, Giver, Product, Receiver, days_text, join
from simulation.products.received import ReceivedTreatment, intervals
from simulation.units import format_number, format_quantity

__all__ = ["PRODUCT", "CourseOnGrade", "DrugCourse", "Exposure", "Immunosuppression", "Taper"]

_WHOLE_DAY: Final = 1.0  # "to day 100" is the last day on which the drug is taken
_USUAL: Final = 1.0  # the usual exposure
_NONE: Final = "none"  # the form's word
_Drug = Annotated[str, Word(DRUGS)]


class Immunosuppression(Block):
    """Give an immunosuppressant from one day to another."""

    drug: _Drug = Field(description="Which drug.")
    start: Day = Field(alias="from", description="First day.")
    end: Day = Field(alias="to", description="Last day.")
    level: Annotated[float, Quantity("dimensionless", 0, 3, above_low=True)] = Field(
        1.0, description="Exposure relative to the usual one."
    )


class CourseOnGrade(Block):
    """Give a course of a drug when a complication reaches a grade."""

    at_grade: Grade = Field(description="From this grade on.")
    drug: _Drug = Field(description="Which drug.")
    duration: Interval = Field(alias="for", description="How long the course lasts.")


class Taper(Block):
    """Taper the planned immunosuppressants when a trigger holds."""

    start: Start = Field(description="When it begins.")
    over: Time = Field(
        written("28 d"), description="So long after its beginning nothing is taken; 0 d: at once."
    )
    every: Interval = Field(written("7 d"), description="From one step down to the next; all are equal.")
    drugs: "Annotated[tuple[_Drug, ...], Field(min_length=1)] | None" = Field(
        None, description="Which drugs; null: all that are planned."
    )

    def left(self, days: float) -> float:
        """Return the share of the planned level that is left so many days after its beginning; 1 before."""
        if days < -EPSILON:
            return 1.0
        if is_due(self.over, days):
            return 0.0
        steps = math.ceil(self.over / self.every - EPSILON)
        return 1.0 - (math.floor(days / self.every + EPSILON) + 1) / (steps + 1)

    def changes(self, begin: float) -> list[float]:
        """Return the days on which the level falls, if it begins on a day."""
        steps = math.ceil(self.over / self.every - EPSILON)
        return [*(begin + step * self.every for step in range(steps)), begin + self.over]


@dataclass(frozen=True, slots=True)
class Exposure:
    """Set a drug to `level` of its usual exposure from now on (0 none, 1 usual)."""

    drug: str
    level: float

    def act(self, body: Receiver) -> None:
        """Do it."""
        body.state.exposure[self.drug] = self.level


@dataclass(frozen=True, slots=True)
class DrugCourse:
    """Hold one course: from `start` until before `end` (days from transplant), as `level` of usual."""

    drug: str
    start: float
    end: float
    level: float
    why: str
    planned: bool = False  # by the calendar, so that it may be tapered

    def active(self, now: float) -> bool:
        """Return whether it is taken at a moment."""
        return is_due(self.start, now) and not is_due(self.end, now)


class _Care:
    """Give a drug for some days when a grade is reached, and again if the grade persists at the end."""

    def __init__(self, rule: CourseOnGrade, disease: str) -> None:
        self._rule = rule
        self._disease = disease
        self._until = -math.inf

    def course(self, grade: int, now: float) -> DrugCourse | None:
        """Return a course if the grade calls for one and none is running."""
        if grade < self._rule.at_grade or not is_due(self._until, now):
            return None
        self._until = now + self._rule.duration
        why = f"{self._disease} grade {grade}, for {days_text(self._rule.duration)}"
        return DrugCourse(self._rule.drug, now, self._until, _USUAL, why)


class _Giver(Giver):
    """Hold all courses and set each drug's level when it changes."""

    def __init__(self, scenario: Any) -> None:
        planned: tuple[Immunosuppression, ...] = PRODUCT.spec(scenario)
        self._courses = [
            DrugCourse(
                item.drug,
                item.start,
                item.end + _WHOLE_DAY,
                item.level,
                f"planned, day {item.start:g} to {item.end:g}",
                planned=True,
            )
            for item in planned
        ]
        self._taper: Taper | None = scenario.taper
        self._taper_trigger: Trigger | None = None
        self._taper_begin = math.inf
        self._gvhd_care, self._crs_care = (
            None if rule is None else _Care(rule, disease)
            for rule, disease in ((scenario.agvhd_treatment, "aGvHD"), (scenario.crs_treatment, "CRS"))
        )
        self._levels: dict[str, float] = {}  # at the end of the last step
        self._means: dict[str, float] = {}  # over the last step
        self._steady: dict[str, float] = {}  # day until which a drug stays at its level

    def watch(self, trigger: Callable[..., Trigger]) -> None:
        """Begin to watch for what tapers the planned courses."""
        if self._taper is not None:
            self._taper_trigger = trigger(self._taper.start, name="taper.start")

    def see(self, result: Result) -> None:
        """Take note of a reported result."""
        if self._taper_trigger is not None:
            self._taper_trigger.see(result)

    def suppresses(self, now: float) -> bool:
        """Return whether any drug is taken now."""
        return any(course.active(now) and self._level(course, now) > 0.0 for course in self._courses)

    def _begin_taper(self, patient: Patient, events: EventLog) -> None:
        """Plan the taper when its trigger holds for the first time."""
        trigger, now = self._taper_trigger, patient.day
        if trigger is None or self._taper is None or not trigger.is_met(now):
            return
        self._taper_begin = now + trigger.delay(now, lambda name: patient.uniform(f"delay {name}", 0))
        self._taper_trigger = None
        self._steady.clear()
        over = f"over {days_text(self._taper.over)}" if self._taper.over else "at once"
        tapered = f"immunosuppressants tapered {over} from day {self._taper_begin:g}"
        left = [one for one in self._courses if self._tapers(one) and not is_due(one.end, self._taper_begin)]
        events.add(
            now, "note", "taper", f"{trigger.reason()}: {tapered if left else 'nothing is left to taper'}"
        )

    def _tapers(self, course: DrugCourse) -> bool:
        drugs = None if self._taper is None else self._taper.drugs
        return self._taper is not None and course.planned and (drugs is None or course.drug in drugs)

    def _level(self, course: DrugCourse, day: float) -> float:
        """Return the level that a course asks for on a day, tapered where it may be."""
        taper = self._taper
        if taper is None or not self._tapers(course):
            return course.level
        return course.level * taper.left(day - self._taper_begin)

    def act(self, patient: Patient, examination: Examination, events: EventLog) -> None:
        """Give every drug at the highest level among its active courses; the body gets the mean of each step."""
        now = patient.day
        self._begin_taper(patient, events)
        for care, grade in (
            (self._gvhd_care, examination.agvhd_grade),
            (self._crs_care, examination.crs_grade),
        ):
            course = None if care is None else care.course(grade, now)
            if course is not None:
                self._courses.append(course)
                self._steady.clear()
        if not (self._courses or self._means):  # nothing was ever taken
            return
        end = now + patient.time_step
        self._courses = [course for course in self._courses if not is_due(course.end, now)]
        for drug in sorted({*(course.drug for course in self._courses), *self._means}):
            self._take(drug, now, end, patient, events)

    def _take(self, drug: str, now: float, end: float, patient: Patient, events: EventLog) -> None:
        if is_due(end, self._steady.get(drug, -math.inf)):
            return
        courses = [course for course in self._courses if course.drug == drug]

        def best(day: float) -> DrugCourse | None:
            active = [course for course in courses if course.active(day)]
            return max(active, key=lambda course: self._level(course, day), default=None)

        def level_on(day: float) -> float:
            course = best(day)
            return 0.0 if course is None else self._level(course, day)

        changes = [day for course in courses for day in (course.start, course.end)]
        if self._taper is not None and self._taper_begin < math.inf:
            changes += self._taper.changes(self._taper_begin)
        pieces = pieces_of(level_on, changes, now, end)
        self._steady[drug] = min((day for day in changes if not is_due(day, now)), default=math.inf)
        for day, _, level in pieces:
            if level != self._levels.get(drug, 0.0):
                self._levels[drug] = level
                course = best(day)
                tapered = course is not None and level < course.level
                why = "course ends" if course is None else "tapered" if tapered else course.why
                detail = f"{drug} at {level:g} of the usual exposure ({why})"
                events.add(day, "drug", drug, detail, level, "of usual exposure")
        mean = mean_of(pieces)
        if mean != self._means.get(drug, 0.0):
            self._means[drug] = mean
            patient.apply(Exposure(drug, mean))


class _Product(Product):
    name = "immunosuppression"
    word = "immunosuppressants"
    title = OTHER_DRUGS
    rank = 40
    kind, colour = "drug", "drug"
    unit = "share of usual exposure"
    triggered = False
    fields = FrozenMap(
        {
            "immunosuppression": (
                Annotated[tuple[Immunosuppression, ...], Field(max_length=100)],
                Field(description="Immunosuppressants given by the calendar."),
            ),
            "taper": (
                Taper | None,
                Field(
                    None, description="An end to planned immunosuppressants by a result; null: as planned."
                ),
            ),
            "agvhd_treatment": (
                CourseOnGrade | None,
                Field(description="The course given for acute GvHD; null: none."),
            ),
            "crs_treatment": (
                CourseOnGrade | None,
                Field(description="The course given for CRS; null: none."),
            ),
        }
    )

    def giver(self, scenario: Any) -> Giver:
        """Return what holds the patient's courses."""
        return _Giver(scenario)

    def problems(self, scenario: Any) -> Iterator[Problem]:
        """Yield courses that end before they start."""
        for index, course in enumerate(self.spec(scenario)):
            if course.end < course.start:
                start, end = (format_quantity(day, "day") for day in (course.start, course.end))
                path = (self.name, index, "to")
                yield Problem(f"{course.drug} ends on {end}, before it starts", path, f"{start} or later")
        taper: Taper | None = scenario.taper
        if taper is None:
            return
        planned = {course.drug for course in self.spec(scenario)}
        if not planned:
            message = "there is nothing to taper: immunosuppression is empty"
            yield Problem(message, ("taper",), at_key=True, also=((self.name,),))
        if 0.0 < taper.over < taper.every and "every" in taper.model_fields_set:
            every, over = (format_quantity(days, "time") for days in (taper.every, taper.over))
            yield Problem(f"got {every}", ("taper", "every"), f"at most over, {over}")
        for index, drug in enumerate(taper.drugs or () if planned else ()):
            if drug in (taper.drugs or ())[:index]:
                yield Problem(f"got {drug} twice", ("taper", "drugs", index), "each once")
            if drug not in planned:
                yield Problem(
                    f"{drug} is not among immunosuppression",
                    ("taper", "drugs", index),
                    f"one of {', '.join(sorted(planned))}",
                    nearest_name(drug, planned),
                )

    def starts(self, scenario: Any) -> Mapping[tuple[str | int, ...], Any]:
        """Return the trigger of the taper."""
        return {} if scenario.taper is None else {("taper", "start"): scenario.taper.start}

    def phrases(self, scenario: Any) -> list[str]:
        """Return all courses in words."""
        phrases = []
        for one in self.spec(scenario):
            level = "" if one.level == 1 else f" at {one.level:g} times the usual level"
            days = f"from day {one.start:g} to day {one.end:g}".replace("-", "\N{MINUS SIGN}")
            phrases.append(f"{one.drug} {days}{level}")
        for rule, disease in ((scenario.agvhd_treatment, "acute GvHD"), (scenario.crs_treatment, "CRS")):
            if rule is not None:
                phrases.append(
                    f"{rule.drug} for {days_text(rule.duration)} at {disease} of grade {rule.at_grade} or more"
                )
        taper: Taper | None = scenario.taper
        if taper is not None:
            drugs = "all of these planned" if taper.drugs is None else join(taper.drugs)
            over = f"in steps over {days_text(taper.over)}" if taper.over else "at once"
            phrases.append(f"{drugs} tapered {over}, {taper.start.words()}")
        return phrases

    def received(self, events: Sequence[Event], end: float) -> list[ReceivedTreatment]:
        """Return the courses of every drug, in order of first use."""
        drugs = dict.fromkeys(event.what for event in events if event.kind == "drug")
        courses = {drug: intervals(events, ("drug",), drug, end) for drug in drugs}
        return [
            ReceivedTreatment(self.kind, drug, drug, self.colour, self.unit, bars)
            for drug, bars in courses.items()
            if bars
        ]

    def form(self) -> tuple[FormField, ...]:
        """Return the fields of one planned course; several are as in the file."""

        def one(read: Callable[[Immunosuppression], str], usual: str) -> Callable[[Any], str]:
            def value(scenario: Any) -> str:
                courses = self.spec(scenario)
                return read(courses[0]) if len(courses) == 1 else usual

            return value

        def drug(scenario: Any) -> str:
            courses = self.spec(scenario)
            return _NONE if not courses else courses[0].drug if len(courses) == 1 else AS_WRITTEN

        def planned(form: Form) -> bool:
            return form["immuno"] not in (_NONE, AS_WRITTEN)

        return (
            FormField("immuno", "Immunosuppression", self.name, "choice", values=(_NONE, *DRUGS, AS_WRITTEN),
                      read=drug),
            FormField("immuno_from", "From day", f"{self.name}.0.from", unit="after transplant", needs=planned,
                      read=one(lambda course: format_number(course.start), "-1")),
            FormField("immuno_to", "To day", f"{self.name}.0.to", unit="after transplant", needs=planned,
                      read=one(lambda course: format_number(course.end), "100")),
        )  # fmt: skip

    def form_changes(self, form: Form, base: Form, scenario: Any, treated: bool) -> dict[str, object]:
        """Return the one course that the form can say; a taper goes only where none of its drugs is left, or another is."""
        names = ("immuno", "immuno_from", "immuno_to")
        if form["immuno"] == AS_WRITTEN or all(form[name] == base[name] for name in names):
            return {}
        start, end = as_day(form["immuno_from"]), as_day(form["immuno_to"])
        drug, taper = form["immuno"], scenario.taper
        level = self.spec(scenario)[0].level if drug == base["immuno"] != _NONE else 1
        course = {"drug": drug, "from": start, "to": end, "level": level}
        changes: dict[str, object] = {self.name: [] if drug == _NONE else [course]}
        stands = taper is None or (drug != _NONE and {*(taper.drugs or [drug])} == {drug})
        return changes if stands else changes | {"taper": None}


PRODUCT = _Product()
