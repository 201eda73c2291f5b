"""Chemotherapy that lowers the burden before immunotherapy begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Annotated, Any

from pydantic import Field

from simulation.blocks.fields import Block, FrozenMap, Quantity, Time, written
from simulation.clinic.events import Event, EventLog
from simulation.clinic.ports import Patient
from simulation.clinic.schedule import is_due
from simulation.products.form import Form
from simulation.products.kill import kill
from simulation.products.product import OTHER_DRUGS, Giver, Plan, Product, Receiver, days_text
from simulation.products.received import ReceivedTreatment, marks

__all__ = ["PRODUCT", "Cytoreduction", "Kill"]


class Cytoreduction(Block):
    """Give chemotherapy before the first treatment."""

    log10_kill: Annotated[float, Quantity("dimensionless", 0, 6, above_low=True)] = Field(
        description="Blasts are reduced by so many powers of ten."
    )
    log10_kill_t_cells: Annotated[float, Quantity("dimensionless", 0, 6)] = Field(
        0.0, description="Chemotherapy hits T cells, too: they are reduced by so many powers of ten."
    )
    before: Time = Field(written("7 d"), description="So long before the first treatment.")


@dataclass(frozen=True, slots=True)
class Kill:
    """Kill blasts, and T cells, by so many log10 at once, by exact binomial survival of every agent."""

    log10_kill: float
    log10_kill_t_cells: float = 0.0

    def act(self, body: Receiver) -> None:
        """Do it."""
        for rows, log10_kill in (
            (body.state.blast_rows, self.log10_kill),
            (body.state.t_rows, self.log10_kill_t_cells),
        ):
            if log10_kill > 0.0:
                kill(body, "cytoreduction", rows, repeat(log10_kill))


class _Pulse(Plan):
    """Kill blasts once, on its day from transplant."""

    def __init__(self, spec: Cytoreduction, day: float, giver: Giver) -> None:
        self._giver = giver
        self._spec = spec
        self._day = day
        self._given = False

    @property
    def over(self) -> bool:
        """Return whether it has been given."""
        return self._given

    def act(self, patient: Patient, events: EventLog) -> None:
        """Give it when its day has come, once."""
        if self._given or not is_due(self._day, patient.day):
            return
        self._given = True
        self._giver.gave(patient.day)
        spec = self._spec
        patient.apply(Kill(spec.log10_kill, spec.log10_kill_t_cells))
        also = f", T cells by {spec.log10_kill_t_cells:g} log10" if spec.log10_kill_t_cells else ""
        detail = f"{PRODUCT.name} by {spec.log10_kill:g} log10 before immunotherapy{also}"
        events.add(patient.day, "dose", PRODUCT.name, detail, spec.log10_kill, "log10 kill")


class _Giver(Giver):
    def plan(
        self, scenario: Any, begin: float, day_1: float, patient: Patient, others: Mapping[str, Plan]
    ) -> Plan | None:
        """Return the chemotherapy of a course, if the scenario has one."""
        spec: Cytoreduction | None = PRODUCT.spec(scenario)
        return None if spec is None else _Pulse(spec, begin, self)


class _Product(Product):
    name = word = "cytoreduction"
    title = OTHER_DRUGS
    rank = 10
    kind, colour = "chemotherapy", "ink"
    unit = "log10 kill"
    fields = FrozenMap(
        {
            "cytoreduction": (
                Cytoreduction | None,
                Field(None, description="Chemotherapy before the first treatment; null: none."),
            )
        }
    )

    def lead(self, scenario: Any) -> float:
        """Return the days from chemotherapy to immunotherapy."""
        spec: Cytoreduction | None = self.spec(scenario)
        return 0.0 if spec is None else spec.before

    def giver(self, scenario: Any) -> Giver:
        """Return what plans it."""
        return _Giver()

    def phrases(self, scenario: Any) -> list[str]:
        """Return the chemotherapy in words."""
        spec: Cytoreduction | None = self.spec(scenario)
        if spec is None:
            return []
        return [
            f"chemotherapy {days_text(spec.before)} before treatment, killing {spec.log10_kill:g} log10 of the blasts"
            + (f" and {spec.log10_kill_t_cells:g} log10 of the T cells" if spec.log10_kill_t_cells else "")
        ]

    def received(self, events: Sequence[Event], end: float) -> list[ReceivedTreatment]:
        """Return the days of chemotherapy."""
        given = marks(events, "dose", self.name)
        if not given:
            return []
        note = "/".join(dict.fromkeys(f"\N{MINUS SIGN}{one.level:.2g}" for one in given)) + " log10"
        return [
            ReceivedTreatment(self.kind, self.name, self.name, self.colour, self.unit, marks=given, note=note)
        ]

    def form_changes(self, form: Form, base: Form, scenario: Any, treated: bool) -> dict[str, object]:
        """Take it away where nothing is treated; the form has no fields of it."""
        return {} if treated or self.spec(scenario) is None else {self.name: None}


PRODUCT = _Product()
