"""Cyclophosphamide after transplant (PTCy): doses by the calendar, each at work for a day.

What it does to T cells is the process `cyclophosphamide`. It is part of a platform, not of a course that a trigger starts.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Any, Final

from pydantic import Field

from simulation.biology.drugs import CYCLOPHOSPHAMIDE
from simulation.blocks.fields import Block, FrozenMap, Problem, Quantity, written
from simulation.clinic.assays import Examination
from simulation.clinic.events import Event, EventLog
from simulation.clinic.ports import Patient
from simulation.clinic.schedule import Agenda, mean_of, pieces_of
from simulation.number_words import join
from simulation.products.form import OFF, ON, Form, FormField
from simulation.products.immunosuppression import Exposure
from simulation.products.product import OTHER_DRUGS, Giver, Product
from simulation.products.received import ReceivedTreatment, marks
from simulation.units import format_quantity

__all__ = ["PRODUCT", "Ptcy"]

_USUAL: Final = 50.0  # mg/kg: the dose that the process knows (Luznik 2008)
_WORKS: Final = 1.0  # days that a dose is at work: its half-life is some hours (assumption)
_DayOfDose = Annotated[float, Quantity("day", 0, 30)]


class Ptcy(Block):
    """Give cyclophosphamide after transplant."""

    dose: Annotated[float, Quantity("amount_per_kg", 0, 200, above_low=True)] = Field(
        written("50 mg/kg"), description="Dose on each of these days."
    )
    days: "Annotated[tuple[_DayOfDose, ...], Field(min_length=1, max_length=10)]" = Field(
        (written("day 3"), written("day 4")), description="Days from transplant on which it is given."
    )

    def level(self, day: float) -> float:
        """Return the exposure on a day, 1 where the usual dose is at work."""
        return self.dose / _USUAL if any(first <= day < first + _WORKS for first in self.days) else 0.0


class _Giver(Giver):
    def __init__(self, spec: Ptcy | None) -> None:
        self._spec = spec
        self._doses = Agenda((day, None) for day in (() if spec is None else spec.days))
        self._level = 0.0

    def act(self, patient: Patient, examination: Examination, events: EventLog) -> None:
        """Give the doses that have fallen due; the body gets the mean level of each step."""
        spec, now = self._spec, patient.day
        if spec is None:
            return
        for day, _ in self._doses.take(now):
            events.add(
                day, "dose", PRODUCT.name, f"{PRODUCT.word} {spec.dose:g} mg/kg", spec.dose, PRODUCT.unit
            )
        changes = [edge for day in spec.days for edge in (day, day + _WORKS)]
        level = mean_of(pieces_of(spec.level, changes, now, now + patient.time_step))
        if level != self._level:
            self._level = level
            patient.apply(Exposure(CYCLOPHOSPHAMIDE, level))


class _Product(Product):
    name = "ptcy"
    word = "cyclophosphamide after transplant"
    title = OTHER_DRUGS
    rank = 45
    kind, colour = "chemotherapy", "ink"
    unit = "mg/kg"
    triggered = False
    fields = FrozenMap(
        {"ptcy": (Ptcy | None, Field(None, description="Cyclophosphamide after transplant; null: none."))}
    )

    def giver(self, scenario: Any) -> Giver:
        """Return what gives it."""
        return _Giver(self.spec(scenario))

    def problems(self, scenario: Any) -> Iterator[Problem]:
        """Yield days that are not in order, or nearer to each other than a dose works."""
        spec: Ptcy | None = self.spec(scenario)
        for index, (before, day) in enumerate(pairwise(() if spec is None else spec.days), start=1):
            if day < before + _WORKS:
                earliest = format_quantity(before + _WORKS, "day")
                yield Problem(
                    f"got day {day:g} after day {before:g}",
                    (self.name, "days", index),
                    f"{earliest} or later",
                )

    def phrases(self, scenario: Any) -> list[str]:
        """Return the doses in words."""
        spec: Ptcy | None = self.spec(scenario)
        if spec is None:
            return []
        days = join(f"{day:g}" for day in spec.days)
        return [f"{self.word}, {spec.dose:g} mg/kg on day{'s' if len(spec.days) > 1 else ''} {days}"]

    def received(self, events: Sequence[Event], end: float) -> list[ReceivedTreatment]:
        """Return the days of its doses."""
        given = marks(events, "dose", self.name)
        return (
            [ReceivedTreatment(self.kind, self.name, "PTCy", self.colour, self.unit, marks=given)]
            if given
            else []
        )

    def form(self) -> tuple[FormField, ...]:
        """Return whether it is given; other doses are as in the file."""
        label = "Cyclophosphamide, days 3 and 4"
        return (
            FormField(
                self.name, label, self.name, "switch", read=lambda s: OFF if self.spec(s) is None else ON
            ),
        )

    def form_changes(self, form: Form, base: Form, scenario: Any, treated: bool) -> dict[str, object]:
        """Return the usual doses, or none."""
        return (
            {} if form[self.name] == base[self.name] else {self.name: {} if form[self.name] == ON else None}
        )


PRODUCT = _Product()
