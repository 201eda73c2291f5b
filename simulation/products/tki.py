"""A tyrosine-kinase inhibitor for Philadelphia-positive leukaemia: taken daily, it turns the blasts' growth into decline.

The net growth of all blasts is another while it is taken; resistant clones (T315I) are not simulated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from simulation.blocks.fields import YEARS_20, Block, FrozenMap, Interval, Quantity, written
from simulation.clinic.events import Event, EventLog
from simulation.clinic.ports import Patient
from simulation.clinic.schedule import is_due
from simulation.number_words import days_text
from simulation.products.product import OTHER_DRUGS, Giver, Plan, Product, Receiver
from simulation.products.received import ReceivedTreatment, intervals

__all__ = ["PRODUCT", "Inhibition", "Inhibitor"]


class Inhibitor(Block):
    """Give an inhibitor for some time."""

    duration: Interval = Field(alias="for", description="How long it is taken.")
    first: Annotated[float, Quantity("day", 1, YEARS_20)] = Field(
        written("day 1"), description="Day of treatment on which it begins; day 1 is its first day."
    )


@dataclass(frozen=True, slots=True)
class Inhibition:
    """Let blasts grow as on the inhibitor from now on, or as without."""

    on: bool

    def act(self, body: Receiver) -> None:
        """Do it."""
        values = body.values
        growth = values.rate_blast_net_growth
        in_force: Any = body.state.p
        in_force.rate_blast_net_growth = min(growth, values.rate_blast_net_growth_tki) if self.on else growth


class _Plan(Plan):
    """Take it from `first` until `end`, days from transplant."""

    def __init__(self, first: float, end: float, giver: Giver) -> None:
        self._giver = giver
        self._first = first
        self._end = end
        self._on = False
        self._over = False

    @property
    def over(self) -> bool:
        """Return whether it is taken no more."""
        return self._over

    def restaging(self, now: float) -> str:
        """Return that it has ended."""
        return f"end of {PRODUCT.word}" if self._on and is_due(self._end, now) else ""

    def act(self, patient: Patient, events: EventLog) -> None:
        """Begin and end it."""
        now = patient.day
        if not self._on and not self._over and is_due(self._first, now):
            self._on = True
            self._giver.gave(now)
            patient.apply(Inhibition(True))
            events.add(now, "dose", PRODUCT.name, f"{PRODUCT.word} begins", 1.0, "of usual exposure")
        if self._on and is_due(self._end, now):
            self._on, self._over = False, True
            patient.apply(Inhibition(False))
            events.add(now, "dose", PRODUCT.name, f"{PRODUCT.word} ends", 0.0, "of usual exposure")


class _Giver(Giver):
    def plan(
        self, scenario: Any, begin: float, day_1: float, patient: Patient, others: Mapping[str, Plan]
    ) -> Plan | None:
        """Return the drug of a course, if the scenario has it."""
        spec: Inhibitor | None = PRODUCT.spec(scenario)
        if spec is None:
            return None
        first = day_1 + spec.first - 1.0
        return _Plan(first, first + spec.duration, self)


class _Product(Product):
    name = "tki"
    word = "tyrosine-kinase inhibitor"
    title = OTHER_DRUGS
    rank = 24
    kind, colour = "drug", "drug"
    unit = "share of usual exposure"
    fields = FrozenMap(
        {"tki": (Inhibitor | None, Field(None, description="A tyrosine-kinase inhibitor; null: none."))}
    )

    def giver(self, scenario: Any) -> Giver:
        """Return what plans it."""
        return _Giver()

    def phrases(self, scenario: Any) -> list[str]:
        """Return how long it is taken, in words."""
        spec: Inhibitor | None = self.spec(scenario)
        if spec is None:
            return []
        first = f", from day {spec.first:g} of treatment" if spec.first != 1 else ""
        return [f"a {self.word} for {days_text(spec.duration)}{first}"]

    def received(self, events: Sequence[Event], end: float) -> list[ReceivedTreatment]:
        """Return the days on it."""
        bars = intervals(events, ("dose",), self.name, end)
        return (
            [ReceivedTreatment(self.kind, self.name, self.word, self.colour, self.unit, bars)] if bars else []
        )


PRODUCT = _Product()
