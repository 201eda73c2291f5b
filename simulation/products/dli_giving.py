"""Donor lymphocyte infusions: what a file says of them, and who gives them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field

from simulation.blocks.fields import (
    YEARS_20,
    Block,
    Bool,
    CellsPerKg,
    FieldKind,
    Interval,
    Quantity,
    Word,
    problem,
    show,
    written,
)
from simulation.clinic.assays import Examination, MarrowResult, Result
from simulation.clinic.events import EventLog
from simulation.clinic.orders import BY_HAND
from simulation.clinic.ports import Patient
from simulation.clinic.responses import RESPONSES, shown
from simulation.clinic.schedule import Agenda
from simulation.products.product import Giver, Plan, Receiver
from simulation.products.pump import InfusionPlan
from simulation.units import QuantityError, format_number, parse_quantity, unit_pattern

__all__ = ["ENDS", "NAME", "WORD", "Dli", "DliDay", "DliGiver", "DonorLymphocytes", "TregPerTcon"]

NAME: Final = "dli"
WORD: Final = "DLI"


@dataclass(frozen=True, slots=True)
class DliDay:
    """Hold a day of treatment, or of an engager's cycle: day 1 is its first day."""

    day: float
    cycle: int | None = None


class _DliDayKind(FieldKind):
    """Read a day of treatment or of a cycle."""

    _OF_CYCLE: Final = re.compile(r"\s*(day\s+\S+)\s+of\s+cycle\s+([1-9]\d{0,2})\s*", re.IGNORECASE)
    _EXPECTED: Final = "a day of treatment such as day 1 or day 15 of cycle 1"

    def read(self, value: Any) -> DliDay:
        """Return the day."""
        match = self._OF_CYCLE.fullmatch(value) if isinstance(value, str) else None
        try:
            day = parse_quantity(match[1] if match else value, "day")
        except QuantityError as error:
            raise problem(error.message, self._EXPECTED) from None
        if not 1 <= day <= YEARS_20:
            raise problem(f"got {show(value)}", f"{self._EXPECTED}, counted from day 1")
        return DliDay(day, int(match[2]) if match else None)

    def write(self, value: DliDay) -> str:
        """Return the day as a file says it."""
        return f"day {format_number(value.day)}" + (f" of cycle {value.cycle}" if value.cycle else "")

    def json_schema(self) -> dict[str, Any]:
        """Return the pattern of both."""
        return {
            "type": "string",
            "pattern": unit_pattern("day").removesuffix("$") + "( +of +cycle +[1-9][0-9]*)?$",
            "x-write": self._EXPECTED,
            "examples": ["day 1", "day 15 of cycle 1"],
        }


ENDS: Final = {  # what may end infusions: its word, and how people say it
    "mrd_negative": "a sample after the first infusion is MRD-negative",
    "remission": "a sample after the first infusion shows complete remission",
    "agvhd": "there is acute GvHD of any grade",
}
TregPerTcon = Annotated[float, Quantity("dimensionless", 0, 10)]


class Dli(Block):
    """Infuse donor lymphocytes, one infusion per entry of `cd3`."""

    cd3: "Annotated[tuple[CellsPerKg, ...], Field(min_length=1, max_length=100)]" = Field(
        description="CD3+ cells per kg of each infusion, in order; 0 is no infusion."
    )
    first: Annotated[DliDay, _DliDayKind()] = Field(
        written("day 1"), description="Day of treatment, or of an engager's cycle, of the first infusion."
    )
    every: Interval = Field(written("42 d"), description="From one infusion to the next.")
    treg_per_tcon: TregPerTcon = Field(0.0, description="Donor Treg infused with each Tcon.")
    naive_depleted: Bool = Field(False, description="Naive cells depleted: fewer alloreactive cells.")
    until: "Annotated[tuple[Annotated[str, Word(tuple(ENDS))], ...], Field(min_length=1)] | None" = Field(
        None, description="What ends the infusions of a course after the first; null: only stop rules."
    )


@dataclass(frozen=True, slots=True)
class DonorLymphocytes:
    """Put donor lymphocytes into the blood, cells; `number` counts the infusions from 1.

    Naive-depleted products hold few alloreactive cells; what they hold are memory cells.
    """

    tcon: int
    treg: int
    number: int = 1
    naive_depleted: bool = False

    def act(self, body: Receiver) -> None:
        """Do it."""
        from simulation.biology.traits import MEMORY, TREG, encode

        if self.naive_depleted:
            body.infuse_tcon(self.tcon, self.number, body.values.factor_alloreactive_naive_depleted, MEMORY)
        else:
            body.infuse_tcon(self.tcon, self.number)
        body.infuse(encode(TREG, origin=body.origin(self.number)), self.treg)


class DliGiver(Giver):
    """Infuse, and number the infusions from 1, whoever asks for them."""

    def __init__(self) -> None:
        self.n_given = 0
        self.cells_per_kg = 0.0  # CD3/kg, all infusions together
        self.last: dict[str, MarrowResult] = {}  # the last marrow result known, by test

    def see(self, result: Result) -> None:
        """Take note of a reported result."""
        if isinstance(result, MarrowResult):
            self.last[result.test] = result

    def plan(
        self, scenario: Any, begin: float, day_1: float, patient: Patient, others: Mapping[str, Plan]
    ) -> Plan | None:
        """Return the planned infusions, if the scenario has any."""
        spec: Dli | None = getattr(scenario, NAME)
        if spec is None:
            return None
        infusion = next((one for one in others.values() if isinstance(one, InfusionPlan)), None)
        if spec.first.cycle is not None and infusion is not None:
            day_1 = infusion.start_of_cycle(spec.first.cycle)
        return _DliPlan(spec, day_1 + spec.first.day - 1.0, self, scenario.definitions)

    def infuse(
        self, patient: Patient, events: EventLog, cd3_per_kg: float, treg_per_tcon: float,
        naive_depleted: bool, why: str = "",
    ) -> None:  # fmt: skip
        """Give one infusion now."""
        tcon = round(cd3_per_kg * patient.weight_kg)
        treg = round(tcon * treg_per_tcon)
        if tcon + treg == 0:
            detail = f"{WORD} of no cells: nothing is infused" + (f" ({why})" if why else "")
            events.add(patient.day, "note", NAME, detail)
            return
        self.gave(patient.day)
        self.n_given += 1
        self.cells_per_kg += cd3_per_kg
        patient.apply(DonorLymphocytes(tcon, treg, self.n_given, naive_depleted))
        extras = f" with {treg:.2e} Treg" if treg > 0 else ""
        product = "naive-depleted donor lymphocytes" if naive_depleted else "donor lymphocytes"
        reason = f" ({why})" if why else ""
        detail = f"DLI {self.n_given}: {product}, {cd3_per_kg:.1e} CD3/kg ({tcon:.2e} cells){extras}{reason}"
        events.add(patient.day, "infusion", NAME, detail, cd3_per_kg, "cells/kg")

    def obey(self, order: Any, patient: Patient, events: EventLog) -> None:
        """Give the ordered infusion."""
        self.infuse(
            patient, events, order.cd3, order.treg_per_tcon or 0.0, bool(order.naive_depleted), BY_HAND
        )


class _DliPlan(Plan):
    """Give the planned infusions, the first on day `first` from transplant, until what the scenario says is met."""

    def __init__(self, spec: Dli, first: float, giver: DliGiver, definitions: Any) -> None:
        self._spec = spec
        self._giver = giver
        self._definitions = definitions
        self._begun: float | None = None  # day of the first infusion of the course
        self._planned = Agenda((first + i * spec.every, dose) for i, dose in enumerate(spec.cd3))

    @property
    def over(self) -> bool:
        """Return whether no infusion is still to come."""
        return not self._planned

    def act(self, patient: Patient, events: EventLog) -> None:
        """Give every infusion that has fallen due, unless they are over."""
        if why := self._end(patient):
            self.stop(patient, events, why)
        for _, cd3_per_kg in self._planned.take(patient.day):
            if self._begun is None:
                self._begun = patient.day
            self._giver.infuse(
                patient, events, cd3_per_kg, self._spec.treg_per_tcon, self._spec.naive_depleted
            )

    def _end(self, patient: Patient) -> str:
        """Return why the infusions end now, or nothing."""
        begun = self._begun
        if begun is None or self.over:
            return ""
        for end in self._spec.until or ():
            if end == "agvhd":
                grade = Examination.of(patient.truth()).agvhd_grade
                if grade:
                    return f"aGvHD grade {grade}"
            elif result := shown(end, self._giver.last, begun, self._definitions):
                return f"{RESPONSES[end]} in the aspirate of day {result.sampled:g}"
        return ""

    def stop(self, patient: Patient, events: EventLog, why: str) -> bool:
        """Cancel the infusions still planned; return whether there were any."""
        if self.over:
            return False
        n_cancelled = self._planned.clear()
        infusions = "infusion is" if n_cancelled == 1 else "infusions are"
        detail = f"no further {WORD}, {n_cancelled} planned {infusions} not given: {why}"
        events.add(patient.day, "stop", NAME, detail)
        return True
