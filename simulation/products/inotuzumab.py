"""Inotuzumab ozogamicin, an antibody against CD22 that carries a poison: doses at once, each killing a share of the blasts.

What it does to cells is simple and assumed: every dose kills so many powers of ten per mg/m2, less where drug comes badly.
CD22 is not lost, no blast is resistant, and harm to the liver, which matters after a transplant, is not simulated.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from simulation.blocks.fields import Block, FrozenMap, Interval, Problem, Whole
from simulation.clinic.events import Event, EventLog
from simulation.clinic.ports import Patient
from simulation.clinic.schedule import Agenda
from simulation.number_words import days_text, join
from simulation.products.infusion import DoseOnDays
from simulation.products.kill import kill
from simulation.products.product import OTHER_DRUGS, Giver, Plan, Product, Receiver
from simulation.products.received import ReceivedTreatment, marks
from simulation.units import format_quantity

__all__ = ["PRODUCT", "Inotuzumab", "PoisonedAntibody"]


class Inotuzumab(Block):
    """Give inotuzumab in cycles."""

    doses: Annotated[tuple[DoseOnDays, ...], Field(min_length=1, max_length=100)] = Field(
        description="Doses of each cycle."
    )
    every: Interval = Field(description="From the beginning of one cycle to the next.")
    cycles: Annotated[int, Whole(1, 100)] = Field(description="How many cycles are planned.")


@dataclass(frozen=True, slots=True)
class PoisonedAntibody:
    """Kill blasts and normal B cells at once, as a dose in mg/m2 does where the drug comes well."""

    mg_per_m2: float

    def act(self, body: Receiver) -> None:
        """Do it, by exact binomial survival of every agent."""
        state, places = body.state, body.state.places
        log10_kill = body.values.log10_kill_inotuzumab * self.mg_per_m2 * places.access
        rows = state.blast_rows
        kill(body, "inotuzumab", rows, log10_kill[state.pop.place[rows]])
        places.normal_b *= 10.0**-log10_kill


class _Plan(Plan):
    """Give the doses of a course; `day_1` is the first day of treatment, days from transplant."""

    def __init__(self, spec: Inotuzumab, day_1: float, giver: Giver, body_surface_m2: float) -> None:
        self._giver = giver
        self._surface = body_surface_m2
        self._ends = Agenda((day_1 + (cycle + 1) * spec.every, cycle + 1) for cycle in range(spec.cycles))
        self._doses = Agenda(
            (day_1 + cycle * spec.every + day - 1.0, one.dose.rate(body_surface_m2))
            for cycle in range(spec.cycles)
            for one in spec.doses
            for day in one.days
        )

    @property
    def over(self) -> bool:
        """Return whether no dose is still to come."""
        return not self._doses

    def restaging(self, now: float) -> str:
        """Return which cycle has just ended."""
        ended = self._ends.take(now)
        return f"end of cycle {ended[-1][1]} of {PRODUCT.name}" if ended else ""

    def act(self, patient: Patient, events: EventLog) -> None:
        """Give what has fallen due; two doses of one step are one."""
        ug = sum(dose for _, dose in self._doses.take(patient.day))
        if ug <= 0.0:
            return
        self._giver.gave(patient.day)
        patient.apply(PoisonedAntibody(ug / self._surface / 1000.0))
        events.add(patient.day, "injection", PRODUCT.name, f"{PRODUCT.name} {ug:g} ug", ug, "ug")


class _Giver(Giver):
    def plan(
        self, scenario: Any, begin: float, day_1: float, patient: Patient, others: Mapping[str, Plan]
    ) -> Plan | None:
        """Return the doses of a course, if the scenario has any."""
        spec: Inotuzumab | None = PRODUCT.spec(scenario)
        return None if spec is None else _Plan(spec, day_1, self, patient.body_surface_m2)


class _Product(Product):
    name = word = "inotuzumab"
    title = OTHER_DRUGS
    rank = 22
    kind, colour = "chemotherapy", "ink"
    unit = "ug"
    fields = FrozenMap(
        {"inotuzumab": (Inotuzumab | None, Field(None, description="Inotuzumab; null: none."))}
    )

    def giver(self, scenario: Any) -> Giver:
        """Return what plans it."""
        return _Giver()

    def problems(self, scenario: Any) -> Iterator[Problem]:
        """Yield days after the end of the cycle."""
        spec: Inotuzumab | None = self.spec(scenario)
        for index, one in enumerate(() if spec is None else spec.doses):
            for place, day in enumerate(one.days):
                if spec is not None and day > spec.every:
                    path = (self.name, "doses", index, "days", place)
                    yield Problem(
                        f"got day {day:g}", path, f"a day within every, {format_quantity(spec.every, 'time')}"
                    )

    def phrases(self, scenario: Any) -> list[str]:
        """Return the planned cycles in words."""
        spec: Inotuzumab | None = self.spec(scenario)
        if spec is None:
            return []
        cycles = "1 cycle" if spec.cycles == 1 else f"up to {spec.cycles} cycles"
        doses = join((one.words() for one in spec.doses), "then")
        return [f"{cycles} of {self.name}, one every {days_text(spec.every)}, of {doses}"]

    def received(self, events: Sequence[Event], end: float) -> list[ReceivedTreatment]:
        """Return the days of its doses."""
        given = marks(events, "injection", self.name)
        return (
            [ReceivedTreatment(self.kind, self.name, self.name, self.colour, self.unit, marks=given)]
            if given
            else []
        )


PRODUCT = _Product()
