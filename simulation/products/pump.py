"""The pump: what is planned of a continuous infusion, what is ordered, and the mean rate of every step.

Instead of an infusion, a plan may hold injections under the skin: each is given at the start of the first step on or after
its day.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

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
    written,
)
from simulation.clinic.assays import Examination
from simulation.clinic.events import EventLog
from simulation.clinic.orders import BY_HAND
from simulation.clinic.ports import Patient
from simulation.clinic.schedule import EPSILON, Agenda, is_due, mean_of, pieces_of
from simulation.clinic.stop_rules import Stop
from simulation.number_words import MICRO, join
from simulation.products.product import Giver, Plan, Receiver

__all__ = [
    "DoseOnDays",
    "Infusion",
    "InfusionPlan",
    "Injection",
    "Maintenance",
    "PatternPart",
    "Pump",
    "Rate",
    "StepUp",
    "cycle_of",
]


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
        days = join(f"{day:g}" for day in self.days)
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


@dataclass(frozen=True, slots=True)
class Rate:
    """Run the pump of one engager at this mean rate from now on, ug/day; 0 stops it."""

    engager: str
    ug_per_day: float

    def act(self, body: Receiver) -> None:
        """Do it."""
        body.state.infusion_ug_per_day[self.engager] = self.ug_per_day


@dataclass(frozen=True, slots=True)
class Injection:
    """Put an engager under the skin at once, ug; what never reaches the plasma is left out."""

    engager: str
    ug: float

    def act(self, body: Receiver) -> None:
        """Do it."""
        engager = next(one for one in body.state.engagers if one.name == self.engager)
        body.state.depot_ug[self.engager] += self.ug * getattr(body.values, engager.bioavailability)


@dataclass(frozen=True, slots=True)
class _Change:
    """Ask for a rate (ug/day) from a day on; `why` is what the event of it says."""

    day: float
    rate: float
    why: str


@dataclass(frozen=True, slots=True)
class _Ordered:
    """Hold an infusion ordered by hand: from day `start` until day `end`, ug/day."""

    start: float
    end: float
    rate: float


class Pump(Giver):
    """Run at the highest of the planned and the ordered rate: they do not add up. Of ordered infusions the last that runs counts.

    Changes of rate happen at their moment, also within a step, and are recorded there; the body gets the mean rate of each step.
    """

    def __init__(self, name: str) -> None:
        self.amount = 0.0  # ug given
        self.days = 0.0  # on the pump, or from one injection to the next
        self.planned: list[_Change] = []  # of the present course, ascending
        self._name = name
        self._ordered: list[_Ordered] = []
        self._rate = 0.0  # ug/day at the end of the last step
        self._mean = 0.0  # ug/day over the last step
        self._covered = -math.inf  # day until which the last injection counts
        self._injected = 0.0  # ug of the last injection while it counts
        self._why = ""  # what was done by hand or by a rule at the beginning of this step

    def plan(
        self, scenario: Any, begin: float, day_1: float, patient: Patient, others: Mapping[str, Plan]
    ) -> Plan | None:
        """Return the planned cycles, if the scenario has any."""
        spec: Infusion | None = getattr(scenario, self._name)
        return None if spec is None else InfusionPlan(self._name, spec, day_1, patient.body_surface_m2, self)

    def obey(self, order: Any, patient: Patient, events: EventLog) -> None:
        """Run at the ordered rate from now on, for as long as ordered."""
        rate = order.dose.rate(patient.body_surface_m2)
        end = math.inf if order.duration is None else patient.day + order.duration
        self._ordered.append(_Ordered(patient.day, end, rate))
        self._why = BY_HAND

    def heed(self, stops: Sequence[Stop], patient: Patient, events: EventLog) -> None:
        """End ordered infusions when a rule ends the product."""
        rules = [stop.why for stop in stops if stop.product == self._name]
        if rules and self._ordered_at(patient.day) > 0.0:
            self._ordered.clear()
            self._why = rules[0]

    def halt(self) -> bool:
        """End what was ordered."""
        running = bool(self._ordered)
        self._ordered.clear()
        self._why = BY_HAND
        return running

    def end_plan(self, day: float, why: str) -> None:
        """Ask for nothing more by plan from a day on."""
        self.planned = [change for change in self.planned if change.day < day] + [_Change(day, 0.0, why)]
        self._covered = min(self._covered, day)
        self._why = why

    def inject(self, patient: Patient, events: EventLog, ug: float, covers: float, why: str) -> None:
        """Inject under the skin now; it counts as treatment for the days it `covers`."""
        if ug <= 0.0:
            return
        self.gave(patient.day)
        self.amount += ug
        self._covered, self._injected = patient.day + covers, ug
        patient.apply(Injection(self._name, ug))
        events.add(
            patient.day, "injection", self._name, f"{self._name} {ug:g} ug under the skin ({why})", ug, "ug"
        )

    def act(self, patient: Patient, examination: Examination, events: EventLog) -> None:
        """Run through the step: record each change, count what is given, and let the body have the mean rate."""
        if not (
            self.planned or self._ordered or self._rate or self._mean
        ):  # nothing runs, nothing is to come
            self._why = ""
            return
        begin = patient.day
        end = begin + patient.time_step
        while len(self.planned) > 1 and is_due(self.planned[1].day, begin):
            del self.planned[0]  # it is over
        changes = [change.day for change in self.planned]
        changes += [day for one in self._ordered for day in (one.start, one.end)]
        pieces = pieces_of(self._rate_at, changes, begin, end)
        for day, until, rate in pieces:
            if abs(rate - self._rate) > EPSILON:
                self._rate = rate
                words = f"{self._name} {rate:g} ug/day" if rate > 0.0 else f"{self._name} infusion ends"
                events.add(day, "dose", self._name, f"{words} ({self._reason(day)})", rate, "ug/day")
            if rate > 0.0:
                self.gave(day)
                self.amount += rate * (until - day)
                self.days += until - day
            elif self._covered > day:
                self.days += min(self._covered, until) - day
            self._why = ""
        if is_due(self._covered, end):
            self._injected = 0.0
        self._ordered = [one for one in self._ordered if not is_due(one.end, end)]
        mean = mean_of(pieces)
        if abs(mean - self._mean) > EPSILON:
            self._mean = mean
            patient.apply(Rate(self._name, mean))

    def asked_by_plan(self, day: float) -> float:
        """Return the planned rate on a day, ug/day."""
        planned = [change.rate for change in self.planned if is_due(change.day, day)]
        return planned[-1] if planned else 0.0

    def covered(self, now: float) -> bool:
        """Return whether an injection still counts as treatment."""
        return not is_due(self._covered, now)

    def running(self) -> str:
        """Return the rate in words while the pump runs; of a pump that ran within the last step its mean."""
        rate = self._rate or self._mean
        if rate > 0.0:
            return f"{rate:g} {MICRO}g/day"
        return f"{self._injected:g} {MICRO}g injected" if self._injected > 0.0 else ""

    def _rate_at(self, day: float) -> float:
        return max(self.asked_by_plan(day), self._ordered_at(day))

    def _ordered_at(self, day: float) -> float:
        running = [one.rate for one in self._ordered if is_due(one.start, day) and not is_due(one.end, day)]
        return running[-1] if running else 0.0

    def _reason(self, day: float) -> str:
        """Return why the rate changes on a day: an act of this step, the plan, or that an ordered time is over."""
        planned = [change.why for change in self.planned if abs(change.day - day) <= EPSILON]
        late = [change.why for change in self.planned if is_due(change.day, day)]
        if self._why or planned:
            return self._why or planned[-1]
        over = any(is_due(one.end, day) for one in self._ordered)
        return f"{BY_HAND}, time over" if over or not late else late[-1]


class InfusionPlan(Plan):
    """Run the pump through all planned cycles; `start` is day 1 of treatment, in days from transplant."""

    def __init__(self, name: str, spec: Infusion, start: float, body_surface_m2: float, pump: Pump) -> None:
        self._name = name
        self._pump = pump
        self._cycle_starts: list[float] = []
        self._end = -math.inf  # day from which nothing is infused
        self._acted = -math.inf  # the last step's day
        changes: list[_Change] = []
        block_ends: list[tuple[float, int]] = []
        injections: list[tuple[float, tuple[float, float, str]]] = []
        cycle_start = start + spec.first - 1.0
        parts = [(spec, cycle) for cycle in range(1, spec.cycles + 1)]
        if spec.maintenance is not None:
            parts += [(spec.maintained(), cycle + 1) for cycle in range(spec.cycles, spec.all_cycles)]
        for one, cycle in parts:
            if cycle == spec.cycles + 1:  # maintenance counts from the beginning of the last cycle before
                cycle_start = self._cycle_starts[-1] + one.cycle_length
            plan, length = cycle_of(one, cycle, body_surface_m2)
            self._cycle_starts.append(cycle_start)
            changes += [
                _Change(cycle_start + day, rate, f"cycle {cycle} day {day + 1:g}") for day, rate in plan
            ]
            given = one.injected(body_surface_m2)
            injections += [
                (cycle_start + day, (ug, covers, f"cycle {cycle} day {day + 1:g}"))
                for day, ug, covers in given
            ]
            end = cycle_start + max(_end_of_infusion(plan, length), sum(given[-1][::2]) if given else 0.0)
            block_ends.append((end, cycle))
            if end > cycle_start:
                self._end = end
            cycle_start += length
        changes.append(_Change(cycle_start, 0.0, f"cycle {spec.all_cycles} day {length + 1:g}"))
        pump.planned = changes
        self._block_ends = Agenda(block_ends)
        self._injections = Agenda(injections)

    def start_of_cycle(self, cycle: int) -> float:
        """Return the planned first day of a cycle, days from transplant; ValueError if there is none."""
        if not 1 <= cycle <= len(self._cycle_starts):
            raise ValueError(f"cycle {cycle} is not among the {len(self._cycle_starts)} cycles planned")
        return self._cycle_starts[cycle - 1]

    @property
    def over(self) -> bool:
        """Return whether nothing more will be infused."""
        return is_due(self._end, self._acted)

    def restaging(self, now: float) -> str:
        """Return which cycle's infusion has just ended, or that it was stopped before its end."""
        ended = self._block_ends.take(now)
        if not ended:
            return ""
        cycle = ended[-1][1]
        return f"end of cycle {cycle}" if cycle > 0 else f"{self._name} stopped"

    def act(self, patient: Patient, events: EventLog) -> None:
        """Give the injections that have fallen due; the pump has the planned rates."""
        self._acted = patient.day
        for _, (ug, covers, why) in self._injections.take(patient.day):
            self._pump.inject(patient, events, ug, covers, why)

    def stop(self, patient: Patient, events: EventLog, why: str) -> bool:
        """Stop for good; return whether there was anything to stop."""
        now = patient.day
        if self.over or is_due(self._end, now):
            return False
        self._block_ends.clear()
        self._injections.clear()
        if self._pump.asked_by_plan(now) > 0.0 or self._pump.covered(now):
            self._block_ends.add(now, 0)  # the marrow shows where this leaves the patient
        self._pump.end_plan(now, why)
        self._end = self._acted = now
        events.add(now, "stop", self._name, f"{self._name} stopped for good: {why}")
        return True


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


def _end_of_infusion(plan: list[tuple[float, float]], length: float) -> float:
    """Return when the last infusion of a cycle ends, days from the cycle's start."""
    end = 0.0
    for (_, rate), (until, _) in zip(plan, [*plan[1:], (length, 0.0)], strict=True):
        if rate > 0.0:
            end = until
    return end
