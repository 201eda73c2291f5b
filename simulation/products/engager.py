"""T-cell engagers by continuous infusion as products: keys, words, orders, outcomes, form; the pump itself is `pump.py`.

What one engager differs in from another (target, pharmacokinetics, potency) stands in its own file.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pydantic import Field

from simulation.biology.antigens import ANTIGENS
from simulation.biology.engagers import Engager
from simulation.blocks.fields import (
    DoseRate,
    FrozenMap,
    Interval,
    Problem,
)
from simulation.clinic.events import Event
from simulation.clinic.outcomes.haematological_relapse import (
    HaematologicalRelapse,
    at_relapse,
    negative_relapse,
)
from simulation.clinic.outcomes.outcome import Outcome, Row, Watcher
from simulation.clinic.ports import Patient, Truth
from simulation.clinic.stop_rules import GradeRule, NegativeRelapseRule
from simulation.number_words import MICRO
from simulation.products.form import (
    ON,
    Form,
    FormField,
    ManualAct,
    as_whole,
    block_changes,
    switch,
    with_unit,
)
from simulation.products.infusion import DoseOnDays, FurtherCycles, Infusion, Maintenance
from simulation.products.product import Giver, Product, days_text, join
from simulation.products.pump import Pump
from simulation.products.received import Interval as Bar
from simulation.products.received import Mark, ReceivedTreatment, intervals, marks
from simulation.units import format_number, format_quantity
from simulation.yaml_source import Node

if TYPE_CHECKING:
    from simulation.biology.state import State

__all__ = ["EngagerProduct", "InfusionGiven"]

_DUTY: Final = ("dose", "step_up", "on", "off")  # a pattern takes their place
_PUMPED: Final = ("dose", "step_up", "pattern")  # injections take their place


class InfusionGiven(Watcher):
    """Count time on the pump of one engager, and the drug given: `class Given(InfusionGiven, engager="...")`.

    With `antigen` its loss at relapse is an outcome, too; that of CD19 is one of every patient.
    """

    rank: ClassVar = 80
    engager: ClassVar[str]
    antigen: ClassVar[str]

    def __init_subclass__(cls, engager: str, antigen: str = "") -> None:
        """Declare the outcomes of an engager."""
        cls.engager, cls.antigen = engager, antigen
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
                unit=f"{MICRO}g",
                better="less",
                row=False,
            ),
            *((at_relapse(antigen), negative_relapse(antigen)) if antigen else ()),
        )

    @classmethod
    def _words(cls, row: Row) -> str:
        days, amount = (row.get(outcome.name) for outcome in cls.outcomes[:2])
        if not days:
            return "none"
        return days_text(float(f"{days:.4g}")) + (f", {amount:,.0f} {MICRO}g" if amount is not None else "")

    def values(self, truth: Truth) -> Row:
        """Return days and amount, and what the last relapse carried."""
        pump: Any = self.clinic.givers[self.engager]
        row = {f"{self.engager}_days": round(pump.days, 9), f"{self.engager}_ug": round(pump.amount, 9)}
        if not self.antigen:
            return row
        relapses = self.clinic.book.watcher(HaematologicalRelapse).relapses
        return row | {f"relapse_{self.antigen}": relapses[-1].of_antigen(self.antigen) if relapses else None}


class EngagerProduct(Product):
    """Declare one engager.

    Parameters
    ----------
    engager
        Its target and the names of its parameters; its name, lower case, is that in scenarios, events, orders and reports.
    colour
        The name of its colour in the palettes of figures and of the page.

    It ends on the grade of CRS, by a rule common to all engagers, and at overt relapse without its target where that can be
    lost.
    """

    engager: Engager
    rank = 20
    kind = "infusion"
    unit, unit_at_once = "ug/day", "ug"
    order_needs = ("dose",)
    order_fields = FrozenMap(
        {
            "dose": (DoseRate | None, Field(None, description="Infusion from this day on.")),
            "duration": (
                Interval | None,
                Field(
                    None,
                    alias="for",
                    description="How long the pump runs; until an order stops it unless written. Of ordered infusions that "
                    "overlap the last one counts while it runs.",
                ),
            ),
        }
    )

    def __init__(self, engager: Engager, colour: str) -> None:
        self.engager = engager
        self.target = engager.target.name
        self.name = self.word = name = engager.name
        self.title = name.capitalize()
        self.colour = colour
        self.level = f"{name}_pg_per_ml"  # column of the trajectory
        self.fields = {name: (Infusion | None, Field(None, description=f"{self.title}; null: none."))}
        self.act_now = ManualAct(
            "Rate now", "µg/day", "ug/day", "28", "dose", f"Start {name}", f"Stop {name}"
        )
        on_crs = GradeRule(
            "crs_grade",
            "CRS",
            "Engagers stop for good once CRS is of this grade or more, from the first day of treatment on; null: no such rule.",
            f"{name} stops at CRS of grade {{}} or more",
        )
        antigen = self.target.upper()
        on_loss = NegativeRelapseRule(
            f"{self.target}_negative_relapse",
            self.target,
            f"Engagers of {antigen} stop when overt relapse is {antigen}-negative.",
            f"{name} stops at a {antigen}-negative relapse",
        )
        self.stop_rules = (on_crs, on_loss) if engager.target.p_loss else (on_crs,)

    def columns(self) -> dict[str, tuple[str, Callable[["State"], float]]]:
        """Return the plasma level, and the blasts that the drug cannot see any more."""
        columns: dict[str, tuple[str, Callable[[State], float]]] = {
            self.level: (f"{self.name} in plasma", lambda state: state.plasma_pg_ml[self.name])
        }
        target = self.engager.target
        if target.p_loss and target not in ANTIGENS:  # those are columns of every patient
            columns[f"blasts_{target.name}_negative_cells"] = (
                f"blasts without {target.name.upper()}",
                lambda state: float((state.census.blasts - state.census.blasts_with(target)).sum()),
            )
        return columns

    def giver(self, scenario: Any) -> Giver:
        """Return the patient's pump."""
        return Pump(self.name)

    def settle(self, merged: dict[str, Node], over: Mapping[str, Node]) -> None:
        """Let a pattern take the place of the base's dose, on and off, and the reverse."""
        written = {key for key, node in over.items() if node.value is not None}
        if "pattern" in written and not written.intersection(_DUTY):
            gone: tuple[str, ...] = (*_DUTY, "injections")
        elif "injections" in written and not written.intersection(_PUMPED):
            gone = _PUMPED
        elif "dose" in over and not written.intersection(("pattern", "injections")):
            gone = ("pattern", "injections")
        else:
            gone = ()
        for key in gone:
            merged.pop(key, None)

    def unwise(self, order: Any, patient: Patient) -> str:
        """Refuse a rate of nothing: to end an infusion there is an order of its own."""
        return (
            ""
            if order.dose.rate(patient.body_surface_m2) > 0.0
            else "a rate of 0 is no infusion; stop it instead"
        )

    def problems(self, scenario: Any) -> Iterator[Problem]:
        """Yield what is missing, or given twice."""
        drug: Infusion | None = self.spec(scenario)
        if drug is None:
            return
        if drug.maintenance is not None:
            yield from self._maintenance(drug, drug.maintenance)
        if drug.further_cycles is not None:
            yield from self._further(drug, drug.further_cycles, scenario.monitoring)
        if drug.injections is not None:
            yield from self._injected(drug.injections, drug.on, (self.name,))
            also = [key for key in _PUMPED if getattr(drug, key) is not None]
            if also:
                message = f"they take the place of {', '.join(also)}; write one or the other"
                yield Problem(message, (self.name, "injections"), at_key=True)
        if drug.pattern is None:
            yield from (
                Problem("this key is missing", (self.name, key), at_key=True)
                for key in ("dose", "on", "off")
                if getattr(drug, key) is None and (key != "dose" or drug.injections is None)
            )
            if drug.step_up is not None and drug.on is not None and drug.step_up.duration > drug.on:
                yield Problem(
                    f"got {format_quantity(drug.step_up.duration, 'time')}",
                    (self.name, "step_up", "for"),
                    f"at most on, {format_quantity(drug.on, 'time')}",
                )
            return
        also = [key for key in _DUTY if getattr(drug, key) is not None]
        if also:
            message = f"it takes the place of {', '.join(also)}; write one or the other"
            yield Problem(message, (self.name, "pattern"), at_key=True)

    def _injected(
        self, injections: tuple[DoseOnDays, ...], on: float | None, path: tuple[str | int, ...]
    ) -> Iterator[Problem]:
        """Yield injections that nobody knows how to absorb, and days that are none of the cycle, or come twice."""
        if self.engager is None or not self.engager.absorption:
            yield Problem(f"{self.name} is not known to be injected", (*path, "injections"), at_key=True)
        seen: set[float] = set()
        for index, one in enumerate(injections):
            for place, day in enumerate(one.days):
                at = (*path, "injections", index, "days", place)
                if on is not None and day > on:
                    yield Problem(f"got day {day:g}", at, f"a day within on, {format_quantity(on, 'time')}")
                if day in seen:
                    yield Problem(f"got day {day:g} twice", at, "each day once")
                seen.add(day)

    def _further(self, drug: Infusion, further: FurtherCycles, tests: Any) -> Iterator[Problem]:
        """Yield a condition on cycles that there are not, and a response that nobody looks for."""
        path = (self.name, "further_cycles")
        if further.after >= drug.all_cycles:
            most = drug.all_cycles - 1
            if most:
                expected = f"at most {most}, as {drug.all_cycles} are planned"
                yield Problem(f"got {further.after}", (*path, "after"), expected)
            else:
                yield Problem("there are none: a single cycle is planned", path, at_key=True)
        lacks = "monitoring.mrd is null" if tests.mrd is None else ""
        if further.only_with == "remission":
            lacks = (
                "monitoring.morphology and monitoring.mrd are null"
                if lacks and tests.morphology is None
                else ""
            )
        if lacks:
            yield Problem(f"{further.only_with} cannot be found: {lacks}", (*path, "only_with"))

    def _maintenance(self, drug: Infusion, more: Maintenance) -> Iterator[Problem]:
        """Yield cycles of maintenance that are none, or that overlap."""
        path = (self.name, "maintenance")
        if more.injections is not None and more.dose is not None:
            message = "they take the place of dose; write one or the other"
            yield Problem(message, (*path, "injections"), at_key=True)
        written = more.dose is not None or more.injections is not None
        on = drug.on if more.on is None else more.on
        if drug.pattern is not None and (not written or on is None):
            missing = "on" if written else "dose"
            yield Problem("this key is missing; a pattern does not say it", (*path, missing), at_key=True)
        if more.injections is not None:
            yield from self._injected(more.injections, on, path)
        longest = max(on or 0.0, drug.given_for)
        if more.every < longest:
            got, least = (format_quantity(days, "time") for days in (more.every, longest))
            what = "on" if longest == on else "the infusion of the cycles before"
            yield Problem(f"got {got}", (*path, "every"), f"at least {what}, {least}")

    def phrases(self, scenario: Any) -> list[str]:
        """Return the planned cycles in words."""
        plan: Infusion | None = self.spec(scenario)
        if plan is None:
            return []
        text = _cycles(plan.cycles) + " of "
        if plan.pattern is not None:
            parts = (f"{_dose(one.dose)} for {days_text(one.duration)}" for one in plan.pattern)
            text += join(parts, "then")
        else:
            text += _content(plan)
            if plan.step_up is not None:
                text += f", the first {days_text(plan.step_up.duration)} of the first cycle at {_dose(plan.step_up.dose)}"
            text += f", then {days_text(plan.off)} off" if plan.off else ""
        text += f"; from day {plan.first:g} of treatment" if plan.first != 1 else ""
        if plan.maintenance is not None:
            every = days_text(plan.maintenance.every)
            text += f"; then {_cycles(plan.maintenance.cycles)}, one every {every}, of {_content(plan.maintained())}"
        if plan.further_cycles is not None:
            further = plan.further_cycles
            text += f"; after cycle {further.after} only while the marrow is in {_IN[further.only_with]}"
        return [text]

    def order_words(self, order: Any) -> str:
        """Return the ordered infusion in words."""
        length = "until stopped" if order.duration is None else f"for {days_text(order.duration)}"
        return f"{self.name} {_dose(order.dose)} {length}"

    def received(self, events: Sequence[Event], end: float) -> list[ReceivedTreatment]:
        """Return the infusions, from the pump's changes of rate."""
        bars = intervals(events, ("dose", "stop"), self.name, end)
        doses = "/".join(dict.fromkeys(f"{item.level:.3g}" for item in bars))
        note = f"{doses} {MICRO}g/day" if bars else ""
        injected = marks(events, "injection", self.name)
        if injected:
            given = "/".join(dict.fromkeys(f"{one.level:.3g}" for one in injected))
            note = f"{note}\n{given} {MICRO}g".strip()
            bars = tuple(sorted((*bars, *_runs(injected, end)), key=lambda bar: bar.start))
        return (
            [ReceivedTreatment(self.kind, self.name, self.name, self.colour, self.unit, bars, injected, note)]
            if bars
            else []
        )

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


_IN: Final = {"mrd_negative": "MRD-negative remission", "remission": "remission"}
_GAP: Final = 7.0  # days: injections that follow one another within a week are one bar


def _runs(injected: Sequence[Mark], end: float) -> Iterator[Bar]:
    """Yield bars over injections that follow one another, at their mean, ug/day; the last counts as long as the one before."""
    run: list[Mark] = []
    for one in [*injected, None]:
        if run and (one is None or one.day - run[-1].day > _GAP):
            gap = run[-1].day - run[-2].day if len(run) > 1 else 1.0
            until = min(run[-1].day + gap, end)
            if until > run[0].day:
                yield Bar(
                    run[0].day, until, sum(mark.level for mark in run) / (until - run[0].day), spread=True
                )
            run = []
        if one is not None:
            run.append(one)


def _dose(dose: Any) -> str:
    return f"{dose.amount:g} {MICRO}g/{'m\N{SUPERSCRIPT TWO}/' if dose.per_m2 else ''}day"


def _cycles(number: int) -> str:
    return "1 cycle" if number == 1 else f"up to {number} cycles"


def _content(plan: Infusion) -> str:
    """Return what one cycle of a duty cycle holds."""
    if plan.injections is None:
        return f"{_dose(plan.dose)} for {days_text(plan.on or 0)}"
    return join((one.words(" under the skin") for one in plan.injections), "then")


def _written_dose(spec: Infusion) -> str | None:
    if spec.dose is None:
        return None
    return (
        f"{format_number(spec.dose.amount)} ug/m2/day"
        if spec.dose.per_m2
        else format_number(spec.dose.amount)
    )
