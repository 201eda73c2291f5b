"""Blinatumomab by continuous infusion: cycles on and off, or any duty cycle, as planned changes of the pump.

Usual schedules: 9 then 28 ug/day in overt disease, 28 ug/day (or 15 ug/m2/day) in MRD; 28 days on, 14 off
(TOWER, NEJM 2017;376:836; BLAST, Blood 2018;131:1522).
"""

from typing import TYPE_CHECKING

from simulation.clinic.events import EventLog
from simulation.clinic.ports import Patient
from simulation.clinic.schedule import EPSILON, Agenda
from simulation.clinic.treatments.pump import Pump

if TYPE_CHECKING:
    from simulation.scenario.treatments import Blinatumomab, Dose

__all__ = ["BlinatumomabCourse", "plan_cycle"]


def plan_cycle(
    spec: "Blinatumomab", cycle: int, body_surface_m2: float
) -> tuple[list[tuple[float, float]], float]:
    """Return one cycle's plan: [(day within the cycle from 0, ug/day), ...] and the cycle's length, days.

    The step-up dose replaces every dose of the first days of cycle 1 and of no other cycle.
    """
    changes: list[tuple[float, float]] = []
    begin = 0.0
    for amount, duration in _segments(spec, body_surface_m2):
        step_up = spec.step_up if cycle == 1 else None
        if step_up is not None and amount > 0 and begin < step_up.duration:
            changes.append((begin, _rate(step_up.dose, body_surface_m2)))
            if step_up.duration < begin + duration:
                changes.append((step_up.duration, amount))
        else:
            changes.append((begin, amount))
        begin += duration
    return changes, begin


class BlinatumomabCourse:
    """Run the pump through all planned cycles; `start` is day 1 of treatment, in days from transplant."""

    def __init__(
        self, spec: "Blinatumomab", start: float, body_surface_m2: float, pump: Pump | None = None
    ) -> None:
        self.rate = 0.0  # ug/day, what this course asks the pump for
        self._pump = pump or Pump()
        self.stopped = False
        self._cycle_starts: list[float] = []
        changes: list[tuple[float, tuple[float, int]]] = []
        block_ends: list[tuple[float, int]] = []
        cycle_start = start + spec.first - 1.0
        for cycle in range(1, spec.cycles + 1):
            plan, length = plan_cycle(spec, cycle, body_surface_m2)
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

    def end_of_block(self, now: float) -> int | None:
        """Return the cycle whose infusion has just ended, once: the marrow is restaged then."""
        ended = self._block_ends.take(now)
        return ended[-1][1] if ended else None

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
        self.stopped = True
        if self.rate > 0.0:
            self._block_ends.add(patient.day, 0)  # the marrow shows where this leaves the patient
        self._set(patient, events, 0.0, why)
        events.add(patient.day, "stop", "blinatumomab", f"blinatumomab stopped for good: {why}")
        return True

    def _set(self, patient: Patient, events: EventLog, rate: float, why: str) -> None:
        if abs(rate - self.rate) <= EPSILON:
            return
        self.rate = rate
        self._pump.ask("the plan", rate, patient, events, why)


def _segments(spec: "Blinatumomab", body_surface_m2: float) -> list[tuple[float, float]]:
    """Return one cycle as [(ug/day, days), ...]."""
    if spec.pattern is not None:
        return [(_rate(part.dose, body_surface_m2), part.duration) for part in spec.pattern]
    if spec.dose is None or spec.on is None:
        raise ValueError("blinatumomab needs either a pattern, or dose and on")
    return [(_rate(spec.dose, body_surface_m2), spec.on), (0.0, spec.off or 0.0)]


def _rate(dose: "Dose", body_surface_m2: float) -> float:
    return dose.amount * body_surface_m2 if dose.per_m2 else dose.amount


def _end_of_infusion(plan: list[tuple[float, float]], length: float) -> float:
    """Return when the last infusion of a cycle ends, days from the cycle's start."""
    end = 0.0
    for (_, rate), (until, _) in zip(plan, [*plan[1:], (length, 0.0)], strict=True):
        if rate > 0.0:
            end = until
    return end
