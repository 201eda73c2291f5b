"""T-cell engagers by continuous infusion: cycles on and off, or any duty cycle, as planned changes of the pump.

What one engager differs in from another (target, pharmacokinetics, potency) stands in its own file.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from pydantic import Field

from simulation.blocks.fields import (
    YEARS_20,
    Block,
    DoseRate,
    FrozenMap,
    Interval,
    Problem,
    Quantity,
    Time,
    Whole,
    written,
)
from simulation.clinic.events import Event, EventLog
from simulation.clinic.orders import BY_HAND
from simulation.clinic.outcomes.outcome import Outcome, Row, Watcher
from simulation.clinic.ports import Patient, Truth
from simulation.clinic.schedule import EPSILON, Agenda, is_due
from simulation.clinic.stop_rules import GradeRule, Stop, StopRule
from simulation.products.form import ON, ActNow, Form, FormField, as_whole, block_changes, switch, with_unit
from simulation.products.product import Giver, Plan, Product, Receiver, days_text, join, shorter_than_a_step
from simulation.products.received import Received, intervals
from simulation.units import format_number, format_quantity
from simulation.yaml_source import Node

if TYPE_CHECKING:
    from simulation.biology.state import State

__all__ = [
    "EngagerProduct",
    "Infusion",
    "InfusionGiven",
    "InfusionPlan",
    "PatternPart",
    "Pump",
    "Rate",
    "StepUp",
    "cycle_of",
]

_MICRO: Final = "\N{MICRO SIGN}"
_DUTY: Final = ("dose", "step_up", "on", "off")  # a pattern takes their place
_PLAN: Final = "the plan"


class StepUp(Block):
    """Give a lower dose first."""

    dose: DoseRate = Field(description="Dose at the beginning of the first cycle.")
    duration: Time = Field(alias="for", description="So long, then the full dose.")


class PatternPart(Block):
    """Give one dose for some time; 0 ug/day is a pause."""

    dose: DoseRate = Field(description="Dose in this part; 0 ug/day is a pause.")
    duration: Interval = Field(alias="for", description="How long this part lasts.")


class Infusion(Block):
    """Infuse an engager: `cycles` of `on` and `off`, or of a free `pattern`. Absent parts are None."""

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

    @property
    def cycle_length(self) -> float:
        """Return the length of one cycle, days; 0 when it is not written."""
        if self.pattern is not None:
            return sum(part.duration for part in self.pattern)
        return 0.0 if self.on is None or self.off is None else self.on + self.off

    def segments(self, body_surface_m2: float) -> list[tuple[float, float]]:
        """Return one cycle as [(ug/day, days), ...], step-up apart."""
        if self.pattern is not None:
            return [(part.dose.rate(body_surface_m2), part.duration) for part in self.pattern]
        if self.dose is None or self.on is None:
            raise ValueError("an infusion needs either a pattern, or dose and on")
        return [(self.dose.rate(body_surface_m2), self.on), (0.0, self.off or 0.0)]


@dataclass(frozen=True, slots=True)
class Rate:
    """Run the pump of one engager at this rate from now on, ug/day; 0 stops it."""

    engager: str
    ug_per_day: float

    def act(self, body: Receiver) -> None:
        """Do it."""
        body.state.pump_ug_per_day = self.ug_per_day


class Pump(Giver):
    """Run at the highest rate that anybody asks for: courses of one drug do not add up."""

    def __init__(self, name: str) -> None:
        self.rate = 0.0  # ug/day, what it runs at
        self._name = name
        self._asked: dict[str, float] = {}
        self._until: float | None = None  # day on which the ordered infusion ends; None: when it is stopped

    def ask(self, who: str, rate: float, patient: Patient, events: EventLog, why: str) -> None:
        """Let `who` ask for a rate from now on, ug/day; record it when the pump changes."""
        self._asked[who] = rate
        wanted = max(self._asked.values())
        if abs(wanted - self.rate) <= EPSILON:
            return
        self.rate = wanted
        patient.apply(Rate(self._name, wanted))
        words = f"{self._name} {wanted:g} ug/day" if wanted > 0.0 else f"{self._name} infusion ends"
        events.add(patient.day, "dose", self._name, f"{words} ({why})", wanted, "ug/day")

    def plan(
        self, scenario: Any, begin: float, day_1: float, patient: Patient, others: Mapping[str, Plan]
    ) -> Plan | None:
        """Return the planned cycles, if the scenario has any."""
        spec: Infusion | None = getattr(scenario, self._name)
        return None if spec is None else InfusionPlan(self._name, spec, day_1, patient.body_surface_m2, self)

    def obey(self, order: Any, patient: Patient, events: EventLog) -> bool:
        """Run at the ordered rate, for as long as ordered."""
        rate = order.dose.rate(patient.body_surface_m2)
        self.ask(BY_HAND, rate, patient, events, BY_HAND)
        self._until = None if order.duration is None else patient.day + order.duration
        return bool(rate > 0.0)

    def heed(self, stops: Sequence[Stop], patient: Patient, events: EventLog) -> None:
        """End the ordered infusion when its time is over, or a rule ends it."""
        if self._asked.get(BY_HAND, 0.0) <= 0.0:
            return
        rules = [stop.why for stop in stops if stop.product == self._name]
        if rules:
            self.ask(BY_HAND, 0.0, patient, events, rules[0])
        elif self._until is not None and is_due(self._until, patient.day):
            self.ask(BY_HAND, 0.0, patient, events, f"{BY_HAND}, time over")

    def halt(self, cancel: Callable[[], bool], patient: Patient, events: EventLog) -> None:
        """Stop what was ordered and what is planned."""
        self._asked.pop(
            BY_HAND, None
        )  # the planned part stops first: one event then says that the pump stands still
        self._until = None
        cancel()
        self.ask(BY_HAND, 0.0, patient, events, BY_HAND)

    def running(self) -> str:
        """Return the rate in words while the pump runs."""
        return f"{self.rate:g} {_MICRO}g/day" if self.rate > 0.0 else ""


class InfusionPlan(Plan):
    """Run the pump through all planned cycles; `start` is day 1 of treatment, in days from transplant."""

    def __init__(self, name: str, spec: Infusion, start: float, body_surface_m2: float, pump: Pump) -> None:
        self.rate = 0.0  # ug/day, what this course asks the pump for
        self._name = name
        self._pump = pump
        self._cycle_starts: list[float] = []
        changes: list[tuple[float, tuple[float, int]]] = []
        block_ends: list[tuple[float, int]] = []
        cycle_start = start + spec.first - 1.0
        for cycle in range(1, spec.cycles + 1):
            plan, length = cycle_of(spec, cycle, body_surface_m2)
            self._cycle_starts.append(cycle_start)
            changes.extend((cycle_start + day, (rate, cycle)) for day, rate in plan)
            end = cycle_start + _end_of_infusion(plan, length)
            block_ends.append((end, cycle))
            cycle_start += length
        changes.append((cycle_start, (0.0, spec.cycles)))
        self._changes = Agenda(changes)
        self._block_ends = Agenda(block_ends)

    def start_of_cycle(self, cycle: int) -> float:
        """Return the planned first day of a cycle, days from transplant; ValueError if there is none."""
        if not 1 <= cycle <= len(self._cycle_starts):
            raise ValueError(f"cycle {cycle} is not among the {len(self._cycle_starts)} cycles planned")
        return self._cycle_starts[cycle - 1]

    @property
    def over(self) -> bool:
        """Return whether nothing more will be infused."""
        return self.rate == 0.0 and not any(rate > 0.0 for rate, _ in self._changes.things)

    def restaging(self, now: float) -> str:
        """Return which cycle's infusion has just ended, or that it was stopped before its end."""
        ended = self._block_ends.take(now)
        if not ended:
            return ""
        cycle = ended[-1][1]
        return f"end of cycle {cycle}" if cycle > 0 else f"{self._name} stopped"

    def act(self, patient: Patient, events: EventLog) -> None:
        """Set the pump to the latest planned rate that has fallen due."""
        due = self._changes.take(patient.day)
        if due:
            planned, (rate, cycle) = due[-1]
            day_of_cycle = planned - self.start_of_cycle(cycle) + 1.0
            self._set(patient, events, rate, f"cycle {cycle} day {day_of_cycle:g}")

    def stop(self, patient: Patient, events: EventLog, why: str) -> bool:
        """Stop for good; return whether there was anything to stop."""
        if self.over:
            return False
        self._changes.clear()
        self._block_ends.clear()
        if self.rate > 0.0:
            self._block_ends.add(patient.day, 0)  # the marrow shows where this leaves the patient
        self._set(patient, events, 0.0, why)
        events.add(patient.day, "stop", self._name, f"{self._name} stopped for good: {why}")
        return True

    def _set(self, patient: Patient, events: EventLog, rate: float, why: str) -> None:
        if abs(rate - self.rate) <= EPSILON:
            return
        self.rate = rate
        self._pump.ask(_PLAN, rate, patient, events, why)


class InfusionGiven(Watcher):
    """Count time on the pump of one engager, and the drug given: `class Given(InfusionGiven, engager="...")`."""

    rank: ClassVar = 80
    before_transplant: ClassVar = True
    engager: ClassVar[str]
    days = 0.0
    amount = 0.0

    def __init_subclass__(cls, engager: str) -> None:
        """Declare the two outcomes of an engager."""
        cls.engager = engager
        cls.outcomes = (
            Outcome(
                name=f"{engager}_days",
                kind="amount",
                price=True,
                short=engager,
                label=engager.capitalize(),
                meaning=f"time on {engager}",
                unit="days",
                better="less",
                row=cls._words,
            ),
            Outcome(
                name=f"{engager}_ug",
                kind="amount",
                label=f"{engager.capitalize()} given",
                meaning=f"{engager} given",
                unit=f"{_MICRO}g",
                better="less",
                row=False,
            ),
        )

    @classmethod
    def _words(cls, row: Row) -> str:
        days, amount = (row.get(outcome.name) for outcome in cls.outcomes)
        if not days:
            return "none"
        return f"{days:.4g} days" + (f", {amount:,.0f} {_MICRO}g" if amount is not None else "")

    def observe(self, truth: Truth, dt: float) -> None:
        """Count a step."""
        pump: Any = self.clinic.givers[self.engager]
        if pump.rate > 0.0:
            self.days += dt
            self.amount += pump.rate * dt

    def values(self, truth: Truth) -> Row:
        """Return days and amount."""
        return {f"{self.engager}_days": self.days, f"{self.engager}_ug": self.amount}


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


class EngagerProduct(Product):
    """Declare one engager.

    Parameters
    ----------
    name
        Its name in scenarios, events, orders and reports, lower case.
    colour
        The name of its colour in the palettes of figures and of the page.
    stop_rules
        Rules that end it, besides that on the grade of CRS, which is common to all engagers.
    """

    rank = 20
    kind = "infusion"
    order_needs = ("dose",)
    order_fields = FrozenMap(
        {
            "dose": (DoseRate | None, Field(None, description="Infusion from this day on.")),
            "duration": (
                Interval | None,
                Field(
                    None,
                    alias="for",
                    description="How long the pump runs; until an order stops it unless written.",
                ),
            ),
        }
    )

    def __init__(self, name: str, colour: str, stop_rules: tuple[StopRule, ...] = ()) -> None:
        self.name = self.word = name
        self.title = name.capitalize()
        self.colour = colour
        self.level = f"{name}_pg_per_ml"  # column of the trajectory
        self.fields = {name: (Infusion | None, Field(None, description=f"{self.title}; null: none."))}
        self.act_now = ActNow("Rate now", "µg/day", "ug/day", "28", "dose", f"Start {name}", f"Stop {name}")
        on_crs = GradeRule(
            "crs_grade",
            "CRS",
            "Engagers stop from this grade of CRS on; null: no such rule.",
            f"{name} stops at CRS of grade {{}} or more",
        )
        self.stop_rules = (on_crs, *stop_rules)

    def columns(self) -> dict[str, tuple[str, Callable[["State"], float]]]:
        """Return the plasma level."""
        return {self.level: (f"{self.name} in plasma", lambda state: state.plasma_pg_ml)}

    def giver(self, scenario: Any) -> Giver:
        """Return the patient's pump."""
        return Pump(self.name)

    def settle(self, merged: dict[str, Node], over: Mapping[str, Node]) -> None:
        """Let a pattern take the place of the base's dose, on and off, and the reverse."""
        if "pattern" in over and over["pattern"].value is not None and not any(key in over for key in _DUTY):
            for key in _DUTY:
                merged.pop(key, None)
        elif "dose" in over and "pattern" not in over:
            merged.pop("pattern", None)

    def problems(self, scenario: Any) -> Iterator[Problem]:
        """Yield what is missing, given twice, or too short for the step."""
        drug: Infusion | None = self.spec(scenario)
        if drug is None:
            return
        if drug.pattern is None:
            yield from (
                Problem("this key is missing", (self.name, key), at_key=True)
                for key in ("dose", "on", "off")
                if getattr(drug, key) is None
            )
            if drug.step_up is not None and drug.on is not None and drug.step_up.duration > drug.on:
                yield Problem(
                    f"got {format_quantity(drug.step_up.duration, 'time')}",
                    (self.name, "step_up", "for"),
                    f"at most on, {format_quantity(drug.on, 'time')}",
                )
            if drug.on is not None:
                yield from shorter_than_a_step(scenario, drug.on, (self.name, "on"))
            return
        for index, part in enumerate(drug.pattern):
            yield from shorter_than_a_step(scenario, part.duration, (self.name, "pattern", index, "for"))
        also = [key for key in _DUTY if getattr(drug, key) is not None]
        if also:
            message = f"it takes the place of {', '.join(also)}; write one or the other"
            yield Problem(message, (self.name, "pattern"), at_key=True)

    def phrases(self, scenario: Any) -> list[str]:
        """Return the planned cycles in words."""
        plan: Infusion | None = self.spec(scenario)
        if plan is None:
            return []
        text = "1 cycle" if plan.cycles == 1 else f"up to {plan.cycles} cycles"
        if plan.pattern is not None:
            parts = (f"{_dose(one.dose)} for {days_text(one.duration)}" for one in plan.pattern)
            text += f" of {join(parts, 'then')}"
        else:
            text += f" of {_dose(plan.dose)} for {days_text(plan.on or 0)}"
            if plan.step_up is not None:
                text += f", the first {days_text(plan.step_up.duration)} of the first cycle at {_dose(plan.step_up.dose)}"
            text += f", then {days_text(plan.off)} off" if plan.off else ""
        return [text + (f"; from day {plan.first:g} of treatment" if plan.first != 1 else "")]

    def order_words(self, order: Any) -> str:
        """Return the ordered infusion in words."""
        length = "until stopped" if order.duration is None else f"for {days_text(order.duration)}"
        return f"{self.name} {_dose(order.dose)} {length}"

    def received(self, events: Sequence[Event], end: float) -> list[Received]:
        """Return the infusions, from the pump's changes of rate."""
        bars = intervals(events, ("dose", "stop"), self.name, end)
        doses = "/".join(dict.fromkeys(f"{item.level:.3g}" for item in bars))
        note = f"{doses} {_MICRO}g/day"
        return [Received(self.kind, self.name, self.name, self.colour, bars, note=note)] if bars else []

    def form(self) -> tuple[FormField, ...]:
        """Return the fields of a duty cycle; what is off shows the usual treatment."""

        def of_duty(read: Callable[[Infusion], str | None], usual: str) -> Callable[[Any], str]:
            def value(scenario: Any) -> str:
                spec: Infusion | None = self.spec(scenario)
                return (None if spec is None else read(spec)) or usual

            return value

        def days(value: float | None) -> str | None:
            return None if value is None else format_number(value)

        def field(
            key: str,
            label: str,
            unit: str,
            read: Callable[[Any], str],
            write: Callable[[str], object],
            **more: Any,
        ) -> FormField:
            return FormField(
                f"{self.name}_{key}", label, f"{self.name}.{key}", unit=unit, plan=True, read=read, write=write,
                needs=lambda form: form[self.name] == ON, **more,
            )  # fmt: skip

        return (
            switch(self.name, self.title),
            field("dose", "Dose", "µg/day", of_duty(_written_dose, "28"), with_unit("ug/day"), hint="Also 15 ug/m2/day."),
            field("cycles", "Cycles", "cycles", of_duty(lambda spec: str(spec.cycles), "4"), as_whole, kind="slider",
                  values=tuple(str(n) for n in range(1, 13))),
            field("on", "Infusion in each cycle", "days", of_duty(lambda spec: days(spec.on), "28"), with_unit("d")),
            field("off", "Rest after it", "days", of_duty(lambda spec: days(spec.off), "14"), with_unit("d")),
        )  # fmt: skip

    def form_changes(self, form: Form, base: Form, scenario: Any, treated: bool) -> dict[str, object]:
        """Return what to change of the block."""
        return block_changes(self.name, self.form(), form, base, scenario, treated)


def _dose(dose: Any) -> str:
    return f"{dose.amount:g} {_MICRO}g/{'m\N{SUPERSCRIPT TWO}/' if dose.per_m2 else ''}day"


def _written_dose(spec: Infusion) -> str | None:
    if spec.dose is None:
        return None
    return (
        f"{format_number(spec.dose.amount)} ug/m2/day"
        if spec.dose.per_m2
        else format_number(spec.dose.amount)
    )
