"""The pump: it runs through what is planned and ordered of a continuous infusion, and gives the body each step's mean rate.

Instead of an infusion, a plan may hold injections under the skin: each is given at the start of the first step on or after
its day.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulation.clinic.assays import Examination, MarrowResult, Result
from simulation.clinic.events import EventLog
from simulation.clinic.orders import BY_HAND
from simulation.clinic.ports import Patient
from simulation.clinic.responses import RESPONSES, shown
from simulation.clinic.schedule import EPSILON, Agenda, is_due, mean_of, pieces_of
from simulation.clinic.stop_rules import Stop
from simulation.number_words import MICRO
from simulation.products.infusion import Infusion, cycle_of, end_of_infusion
from simulation.products.product import Giver, Plan, Receiver

__all__ = ["InfusionPlan", "Injection", "Pump", "Rate"]


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
class _OrderedInfusion:
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
        self.last: dict[str, MarrowResult] = {}  # the last marrow result known, by test
        self._name = name
        self._ordered: list[_OrderedInfusion] = []
        self._rate = 0.0  # ug/day at the end of the last step
        self._mean = 0.0  # ug/day over the last step
        self._covered = -math.inf  # day until which the last injection counts
        self._injected = 0.0  # ug of the last injection while it counts
        self._over = -math.inf  # day on which an ordered infusion was over, with the last step
        self._why = ""  # what was done by hand or by a rule at the beginning of this step

    def plan(
        self, scenario: Any, begin: float, day_1: float, patient: Patient, others: Mapping[str, Plan]
    ) -> Plan | None:
        """Return the planned cycles, if the scenario has any."""
        spec: Infusion | None = getattr(scenario, self._name)
        if spec is None:
            return None
        return InfusionPlan(self._name, spec, day_1, patient.body_surface_m2, self, scenario.definitions)

    def see(self, result: Result) -> None:
        """Take note of a reported result."""
        if isinstance(result, MarrowResult):
            self.last[result.test] = result

    def obey(self, order: Any, patient: Patient, events: EventLog) -> None:
        """Run at the ordered rate from now on, for as long as ordered."""
        rate = order.dose.rate(patient.body_surface_m2)
        end = math.inf if order.duration is None else patient.day + order.duration
        self._ordered.append(_OrderedInfusion(patient.day, end, rate))
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
        begin = patient.day
        if self._idle(begin):
            self._why = ""
            return
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
        if any(abs(one.end - end) <= EPSILON for one in self._ordered):
            self._over = end
        self._ordered = [one for one in self._ordered if not is_due(one.end, end)]
        mean = mean_of(pieces)
        if abs(mean - self._mean) > EPSILON:
            self._mean = mean
            patient.apply(Rate(self._name, mean))

    def _idle(self, now: float) -> bool:
        """Return whether nothing runs, counts or is to come."""
        if self._ordered or self._rate or self._mean or self._injected or self._covered > now:
            return False
        return not self.planned or (self.planned[-1].rate == 0.0 and is_due(self.planned[-1].day, now))

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
        over = abs(self._over - day) <= EPSILON or any(is_due(one.end, day) for one in self._ordered)
        return f"{BY_HAND}, time over" if over or not late else late[-1]


class InfusionPlan(Plan):
    """Run the pump through all planned cycles; `start` is day 1 of treatment, in days from transplant."""

    def __init__(
        self,
        name: str,
        spec: Infusion,
        start: float,
        body_surface_m2: float,
        pump: Pump,
        definitions: Any = None,
    ) -> None:
        self._name = name
        self._pump = pump
        self._start = start
        self._further = spec.further_cycles
        self._definitions = definitions
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
            end = cycle_start + max(end_of_infusion(plan, length), sum(given[-1][::2]) if given else 0.0)
            block_ends.append((end, cycle))
            if end > cycle_start:
                self._end = end
            cycle_start += length
        changes.append(_Change(cycle_start, 0.0, f"cycle {spec.all_cycles} day {length + 1:g}"))
        pump.planned = changes
        self._block_ends = Agenda(block_ends)
        self._injections = Agenda(injections)
        after = spec.all_cycles if self._further is None else self._further.after
        self._conditional = Agenda(
            (day, cycle) for cycle, day in enumerate(self._cycle_starts, 1) if cycle > after
        )

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
        self._ask_for_response(patient, events)
        for _, (ug, covers, why) in self._injections.take(patient.day):
            self._pump.inject(patient, events, ug, covers, why)

    def _ask_for_response(self, patient: Patient, events: EventLog) -> None:
        """End the plan where a cycle that begins within this step needs a response that is not shown."""
        begun = self._conditional.take(patient.day + patient.time_step - 3 * EPSILON)  # before the next step
        if not begun or self._further is None:
            return
        need = self._further.only_with
        if shown(need, self._pump.last, self._start, self._definitions) is None:
            self.stop(patient, events, f"not {RESPONSES[need]}, which cycle {begun[-1][1]} needs")

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
