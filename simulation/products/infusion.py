"""What a file says of an engager's course: cycles of continuous infusion, a free pattern, injections, maintenance."""

from typing import Annotated

from pydantic import Field

from simulation.blocks.fields import (
    YEARS_20,
    Block,
    DoseAtOnce,
    DoseRate,
    Interval,
    Quantity,
    Time,
    Whole,
    Word,
    written,
)
from simulation.clinic.responses import RESPONSES
from simulation.number_words import MICRO, day_numbers

__all__ = [
    "DoseOnDays", "FurtherCycles", "Infusion", "Maintenance", "PatternPart", "StepUp", "cycle_of", "end_of_infusion",
]  # fmt: skip

_DayOfCycle = Annotated[float, Quantity("day", 1, YEARS_20)]


class StepUp(Block):
    """Give a lower dose first."""

    dose: DoseRate = Field(description="Dose at the beginning of the first cycle.")
    duration: Time = Field(alias="for", description="So long, then the full dose.")


class PatternPart(Block):
    """Give one dose for some time; 0 ug/day is a pause."""

    dose: DoseRate = Field(description="Dose in this part; 0 ug/day is a pause.")
    duration: Interval = Field(alias="for", description="How long this part lasts.")


class DoseOnDays(Block):
    """Give one dose at once on some days of a cycle."""

    dose: DoseAtOnce = Field(description="Dose on each of these days.")
    days: "Annotated[tuple[_DayOfCycle, ...], Field(min_length=1, max_length=100)]" = Field(
        description="Days of the cycle on which it is given; day 1 is its first day."
    )

    def words(self, how: str = "") -> str:
        """Return dose and days in words; `how` stands between them."""
        amount = f"{self.dose.amount:g} {MICRO}g" + ("/m\N{SUPERSCRIPT TWO}" if self.dose.per_m2 else "")
        days = day_numbers(self.days)
        return f"{amount}{how} on day{'s' if len(self.days) > 1 else ''} {days}"


_Injected = Annotated[tuple[DoseOnDays, ...], Field(min_length=1, max_length=100)]


class Maintenance(Block):
    """Go on with single cycles in long intervals. Absent parts are those of the cycles before."""

    every: Interval = Field(
        description="From the beginning of one cycle to the next, the first after the last of `cycles`."
    )
    cycles: Annotated[int, Whole(1, 100)] = Field(description="How many of these cycles are planned.")
    dose: DoseRate | None = Field(None, description="Dose while the pump runs; null: as before.")
    on: Interval | None = Field(None, description="How long the pump runs; null: as before.")
    injections: _Injected | None = Field(None, description="Injections of each cycle; null: as before.")


class FurtherCycles(Block):
    """Give the cycles after some only to who responds."""

    after: Annotated[int, Whole(1, 100)] = Field(1, description="So many cycles are given in any case.")
    only_with: Annotated[str, Word(tuple(RESPONSES))] = Field(
        description="On the day each later cycle begins, the last result of a sample since day 1 of treatment must show it."
    )


class Infusion(Block):
    """Give an engager: `cycles` of `on` and `off`, of a free `pattern`, or of injections. Absent parts are None."""

    dose: DoseRate | None = Field(None, description="Dose while the pump runs.")
    step_up: StepUp | None = Field(
        None, description="A lower dose at the beginning of the first cycle, against CRS."
    )
    on: Interval | None = Field(None, description="How long the pump runs in each cycle.")
    off: Time | None = Field(None, description="The pause after each cycle's infusion.")
    cycles: Annotated[int, Whole(1, 100)] = Field(description="How many cycles are planned.")
    first: Annotated[float, Quantity("day", 1, YEARS_20)] = Field(
        written("day 1"),
        description="Day of treatment on which the first cycle begins; day 1 is its first day.",
    )
    pattern: "Annotated[tuple[PatternPart, ...], Field(min_length=1, max_length=100)] | None" = Field(
        None,
        description="Any other duty cycle instead of dose, step_up, on, off: parts repeated `cycles` times.",
    )
    injections: _Injected | None = Field(
        None, description="Injections under the skin in each cycle, within `on`, instead of dose and step_up."
    )
    maintenance: Maintenance | None = Field(
        None, description="Further cycles in longer intervals; null: none."
    )
    further_cycles: FurtherCycles | None = Field(
        None, description="Who gets further cycles, maintenance among them; null: everybody."
    )

    @property
    def all_cycles(self) -> int:
        """Return the number of cycles, those of maintenance among them."""
        return self.cycles + (0 if self.maintenance is None else self.maintenance.cycles)

    @property
    def cycle_length(self) -> float:
        """Return the length of one cycle before maintenance, days; 0 when it is not written."""
        if self.pattern is not None:
            return sum(part.duration for part in self.pattern)
        return 0.0 if self.on is None or self.off is None else self.on + self.off

    @property
    def given_for(self) -> float:
        """Return the days from the beginning of a cycle to the end of what is given in it; 0 when it is not written."""
        if self.pattern is None:
            return self.on or 0.0
        begin = end = 0.0
        for part in self.pattern:
            begin += part.duration
            end = begin if part.dose.amount > 0 else end
        return end

    def length_of(self, cycle: int) -> float:
        """Return the length of a cycle by its number, days."""
        return (
            self.cycle_length if cycle <= self.cycles or self.maintenance is None else self.maintenance.every
        )

    def maintained(self) -> "Infusion":
        """Return the cycles of maintenance as an infusion of their own."""
        more = self.maintenance
        if more is None:
            raise ValueError("no maintenance is planned")
        on = self.on if more.on is None else more.on
        injections, dose = more.injections, more.dose
        if injections is None and dose is None:
            injections, dose = self.injections, self.dose
        changes = {
            "step_up": None, "maintenance": None, "cycles": more.cycles, "pattern": None, "on": on, "dose": dose,
            "injections": injections, "off": None if on is None else max(more.every - on, 0.0),
        }  # fmt: skip
        return self.model_copy(update=changes)

    def segments(self, body_surface_m2: float) -> list[tuple[float, float]]:
        """Return one cycle as [(ug/day, days), ...], step-up apart."""
        if self.pattern is not None:
            return [(part.dose.rate(body_surface_m2), part.duration) for part in self.pattern]
        if self.on is None or (self.dose is None and self.injections is None):
            raise ValueError("an infusion needs either a pattern, or on and dose or injections")
        rate = 0.0 if self.dose is None else self.dose.rate(body_surface_m2)
        return [(rate, self.on), (0.0, self.off or 0.0)]

    def injected(self, body_surface_m2: float) -> list[tuple[float, float, float]]:
        """Return the injections of one cycle as [(day from 0, ug, days until the next or the end of `on`), ...]."""
        given = sorted(
            (day - 1.0, one.dose.rate(body_surface_m2)) for one in self.injections or () for day in one.days
        )
        until = [day for day, _ in given[1:]] + [self.on or 0.0]
        return (
            [(day, ug, after - day) for (day, ug), after in zip(given, until, strict=True)] if given else []
        )


def cycle_of(spec: Infusion, cycle: int, body_surface_m2: float) -> tuple[list[tuple[float, float]], float]:
    """Return one cycle's plan: [(day within the cycle from 0, ug/day), ...] and the cycle's length, days.

    The step-up dose replaces every dose of the first days of cycle 1 and of no other cycle.
    """
    changes: list[tuple[float, float]] = []
    begin = 0.0
    for amount, duration in spec.segments(body_surface_m2):
        step_up = spec.step_up if cycle == 1 else None
        if step_up is not None and amount > 0 and begin < step_up.duration:
            changes.append((begin, step_up.dose.rate(body_surface_m2)))
            if step_up.duration < begin + duration:
                changes.append((step_up.duration, amount))
        else:
            changes.append((begin, amount))
        begin += duration
    return changes, begin


def end_of_infusion(plan: list[tuple[float, float]], length: float) -> float:
    """Return when the last infusion of a cycle ends, days from the cycle's start."""
    end = 0.0
    for (_, rate), (until, _) in zip(plan, [*plan[1:], (length, 0.0)], strict=True):
        if rate > 0.0:
            end = until
    return end
