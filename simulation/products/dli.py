"""Donor lymphocyte infusions: doses in CD3+ cells per kg, escalating, with or without donor Treg.

Haploidentical practice: 1e4, 1e5, 1e6 CD3/kg, at least 4-6 weeks apart (recalled; doses: Ghiso, BMT 2015).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from pydantic import Field

from simulation.blocks.fields import (
    Bool,
    CellsPerKg,
    FrozenMap,
    Problem,
)
from simulation.clinic.events import Event
from simulation.clinic.outcomes.outcome import Outcome, Row, Watcher
from simulation.clinic.ports import Patient, Truth
from simulation.clinic.stop_rules import GradeRule
from simulation.errors import UserError
from simulation.number_words import cells_text
from simulation.products.dli_giving import (
    ENDS,
    NAME,
    WORD,
    Dli,
    DliDay,
    DliGiver,
    DonorLymphocytes,
    TregPerTcon,
)
from simulation.products.engager import EngagerProduct
from simulation.products.form import (
    OFF,
    ON,
    Form,
    FormField,
    ManualAct,
    as_day,
    as_number,
    block_changes,
    switch,
    with_unit,
)
from simulation.products.infusion import Infusion
from simulation.products.product import Giver, Product, days_text, join
from simulation.products.received import ReceivedTreatment, marks
from simulation.units import (
    format_number,
    format_quantity,
)

__all__ = ["PRODUCT", "Dli", "DliDay", "DonorLymphocytes", "DonorLymphocytesGiven"]


def _words(row: Row) -> str:
    cells, count = row.get("dli_cells_per_kg"), row.get("dli_count")
    if not cells:
        return "none"
    number = "" if count is None else f"{count} infusion{'' if count == 1 else 's'}, "
    return f"{number}{cells_text(cells)} CD3+/kg"


class DonorLymphocytesGiven(Watcher):
    """Count what was infused."""

    rank: ClassVar = 81
    outcomes: ClassVar = (
        Outcome(
            name="dli_cells_per_kg",
            kind="amount",
            price=True,
            short="DLI",
            label="Donor lymphocytes (DLI)",
            meaning="CD3+ cells per kg of all donor lymphocyte infusions together",
            unit="CD3+/kg",
            better="less",
            row=_words,
        ),
        Outcome(
            name="dli_count",
            kind="count",
            label="Donor lymphocyte infusions",
            meaning="number of donor lymphocyte infusions",
            better="less",
            row=False,
        ),
    )

    def values(self, truth: Truth) -> Row:
        """Return cells and number."""
        given: Any = self.clinic.givers["dli"]
        return {"dli_cells_per_kg": given.cells_per_kg, "dli_count": given.n_given}


class _Product(Product):
    name, word, title = NAME, WORD, "Donor lymphocytes"
    rank = 30
    kind, colour = "cells", "donor_cells"
    unit = "CD3+ cells/kg"
    fields = FrozenMap(
        {NAME: (Dli | None, Field(None, description="Donor lymphocyte infusions; null: none."))}
    )
    order_needs = ("cd3",)
    order_fields = FrozenMap(
        {
            "cd3": (CellsPerKg | None, Field(None, description="CD3+ cells per kg of this infusion.")),
            "treg_per_tcon": (
                TregPerTcon | None,
                Field(None, description="Donor Treg infused with each Tcon; none unless written."),
            ),
            "naive_depleted": (
                Bool | None,
                Field(None, description="Naive cells depleted; not unless written."),
            ),
        }
    )
    act_now = ManualAct("Dose now", "CD3+/kg", "cells/kg", "1e6", "cd3", "Give DLI")
    stop_rules = (
        GradeRule(
            "agvhd_grade",
            "aGvHD",
            "No further planned DLI once acute GvHD is of this grade or more on a day of treatment, from its first day on; GvHD "
            "that is over by then does not count; null: no such rule.",
            "no further planned donor lymphocytes once acute GvHD is of grade {} or more after treatment has begun",
        ),
    )

    def giver(self, scenario: Any) -> Giver:
        """Return what infuses and counts."""
        return DliGiver()

    def unwise(self, order: Any, patient: Patient) -> str:
        """Refuse infusions before transplant, and of no cells."""
        if patient.day < 0.0:
            return f"the transplant is on day 0, and this is day {patient.day:g}: donor lymphocytes are given after it"
        return "" if round(order.cd3 * patient.weight_kg) > 0 else "this dose has no cells"

    def problems(self, scenario: Any) -> Iterator[Problem]:
        """Yield a missing interval, and days of cycles that there are not."""
        dli: Dli | None = self.spec(scenario)
        if dli is None:
            return
        if len(dli.cd3) > 1 and "every" not in dli.model_fields_set:
            message = "this key is missing; several infusions need the interval between them"
            yield Problem(message, (self.name, "every"))
        tests = scenario.monitoring
        for index, end in enumerate(dli.until or ()):
            if end in (dli.until or ())[:index]:
                yield Problem(f"got {end} twice", (self.name, "until", index), "each once")
            lacks = "monitoring.mrd is null" if end == "mrd_negative" and tests.mrd is None else ""
            if end == "remission" and tests.mrd is None and tests.morphology is None:
                lacks = "monitoring.morphology and monitoring.mrd are null"
            if lacks:
                yield Problem(f"{end} cannot be found: {lacks}", (self.name, "until", index))
        if dli.until is not None and len(dli.cd3) == 1:
            message = "a single infusion has no end before the last"
            yield Problem(message, (self.name, "until"), "two infusions or more in cd3", at_key=True)
        if dli.first.cycle is None:
            return
        path, day = (self.name, "first"), format_number(dli.first.day)
        planned = _engagers(scenario, planned=True)
        if not planned:
            names = " or ".join(one.name for one in _engagers(scenario))
            yield Problem(
                f"got a day of a cycle, but there is no {names}",
                path,
                f"a day of treatment such as day {day}",
            )
            return
        drug: Infusion = planned[0].spec(scenario)
        length_of_cycle = drug.length_of(dli.first.cycle)
        if dli.first.cycle > drug.all_cycles:
            yield Problem(
                f"got cycle {dli.first.cycle}",
                path,
                f"one of the {drug.all_cycles} cycles of {planned[0].name}",
            )
        elif length_of_cycle > 0 and dli.first.day > length_of_cycle:
            length = format_quantity(length_of_cycle, "time")
            yield Problem(f"got day {day}", path, f"a day of the cycle, which is {length} long")

    def phrases(self, scenario: Any) -> list[str]:
        """Return the planned infusions in words."""
        plan: Dli | None = self.spec(scenario)
        if plan is None:
            return []
        doses = ", ".join(cells_text(dose) for dose in plan.cd3)
        of = "treatment" if plan.first.cycle is None else f"cycle {plan.first.cycle}"
        text = f"{doses} CD3+ cells/kg, from day {plan.first.day:g} of {of}"
        text += f", every {days_text(plan.every)}" if len(plan.cd3) > 1 else ""
        text += f", until {join((ENDS[end] for end in plan.until), 'or')}" if plan.until else ""
        return [text + _with(",", plan)]

    def order_words(self, order: Any) -> str:
        """Return the ordered infusion in words."""
        return f"{cells_text(order.cd3)} CD3+ cells/kg{_with('', order)}"

    def received(self, events: Sequence[Event], end: float) -> list[ReceivedTreatment]:
        """Return the infusions; the graft is not one of them."""
        given = marks(events, "infusion", self.name)
        if not given:
            return []
        low, high = (cells_text(dose(one.level for one in given)) for dose in (min, max))
        note = f"{low if low == high else f'{low}\N{EN DASH}{high}'} /kg"
        return [
            ReceivedTreatment(self.kind, self.name, self.word, self.colour, self.unit, marks=given, note=note)
        ]

    def form(self) -> tuple[FormField, ...]:
        """Return the fields of a course; what is off shows the usual treatment."""

        def doses(scenario: Any) -> tuple[float, ...]:
            spec: Dli | None = self.spec(scenario)
            return (1e5, 5e5, 1e6) if spec is None else spec.cd3

        def first(scenario: Any) -> str:
            spec: Dli | None = self.spec(scenario)
            if spec is None:
                return "15" if _engagers(scenario, planned=True) else "1"
            return f"{format_number(spec.first.day)}" + (
                f" of cycle {spec.first.cycle}" if spec.first.cycle else ""
            )

        def number(key: str, usual: str) -> Callable[[Any], str]:
            def value(scenario: Any) -> str:
                spec = self.spec(scenario)
                return usual if spec is None else format_number(getattr(spec, key))

            return value

        def cells(text: str) -> list[str]:
            return [with_unit("cells/kg")(dose) for dose in _doses(text)]

        more: dict[str, Any] = {"plan": True, "needs": lambda form: form["dli"] == ON}
        return (
            switch(self.name, f"{self.title} ({self.word})"),
            FormField("dli_cd3", "Dose of each infusion", "dli.cd3", unit="CD3+/kg", hint="One per infusion: 1e5, 5e5, 1.5e6",
                      read=lambda scenario: ", ".join(map(format_number, doses(scenario))), write=cells, **more),
            FormField("dli_number", "Number of infusions", "dli.cd3", "slider", unit="infusions",
                      values=tuple(str(n) for n in range(1, 11)), read=lambda scenario: str(len(doses(scenario))), **more),
            FormField("dli_first", "First infusion on day", "dli.first", unit="of treatment", hint="Such as 1, or 15 of cycle 1.",
                      read=first, write=as_day, **more),
            FormField("dli_every", "Interval", "dli.every", unit="days", read=number("every", "42"), write=with_unit("d"),
                      **more),
            FormField("dli_treg", "Treg given with each Tcon", "dli.treg_per_tcon", unit="Treg per Tcon",
                      read=number("treg_per_tcon", "0"), write=as_number, **more),
        )  # fmt: skip

    def form_changes(self, form: Form, base: Form, scenario: Any, treated: bool) -> dict[str, object]:
        """Return what to change of the block; several infusions need the interval between them."""
        changes = block_changes(self.name, self.form(), form, base, scenario, treated)
        if "," in form["dli_cd3"] and "dli.cd3" in changes and len(self.spec(scenario).cd3) == 1:
            changes.setdefault("dli.every", with_unit("d")(form["dli_every"]))
        return changes

    def form_match(self, form: dict[str, str], changed: str) -> None:
        """Keep doses and their number together; no day of a cycle where there are no cycles."""
        from simulation.products.registry import PRODUCTS

        engagers = [one.name for one in PRODUCTS if isinstance(one, EngagerProduct)]
        if changed in engagers and all(form[name] == OFF for name in engagers):
            form["dli_first"] = form["dli_first"].partition(" of cycle")[0]
        doses = _doses(form["dli_cd3"])
        if changed == "dli_number":
            number = int(form["dli_number"])
            form["dli_cd3"] = ", ".join([*doses, *[doses[-1]] * max(0, number - len(doses))][:number])
        elif changed == "dli_cd3":
            form["dli_number"] = str(len(doses))


def _doses(text: str) -> list[str]:
    """Return the doses in a list with commas; 1,5e6 may mean one dose or two, and is refused."""
    doses = [dose.strip() for dose in text.split(",") if dose.strip()]
    expected = "cells per kg of each infusion such as 1e5, 5e5, 1.5e6, with a space after each comma"
    if not doses or re.search(r"\d,\d", text):
        raise UserError(f"got {text.strip() or 'nothing'}", key="dli.cd3", expected=expected)
    return doses


def _engagers(scenario: Any, planned: bool = False) -> list[EngagerProduct]:
    engagers = [one for one in scenario.products if isinstance(one, EngagerProduct)]
    return [one for one in engagers if one.spec(scenario) is not None] if planned else engagers


def _with(comma: str, infusion: Any) -> str:
    treg = f"{comma} with {infusion.treg_per_tcon:g} Treg per Tcon" if infusion.treg_per_tcon else ""
    return treg + (", naive cells depleted" if infusion.naive_depleted else "")


PRODUCT = _Product()
