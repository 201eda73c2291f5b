"""What is done by hand: orders of a scenario, or of a person at the screen, beside the planned treatment.

An order is carried out at the start of the first step on or after its day, in the order in which orders were given. It is
carried out as it stands: rules that end treatment do not forbid it, but they do end an infusion that an order began. Orders
given while a course goes on leave the same course behind as the same orders in its scenario from the beginning.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from simulation.clinic.events import EventLog
from simulation.clinic.ports import Patient
from simulation.clinic.schedule import Agenda, is_due
from simulation.clinic.stop_rules import Stop
from simulation.clinic.treatments.course import TreatmentCourse
from simulation.clinic.treatments.lymphocytes import DonorLymphocytes
from simulation.clinic.treatments.pump import Pump

if TYPE_CHECKING:
    from simulation.scenario.orders import Order

__all__ = ["OrderDesk"]

_WHO = "by hand"
BY_HAND = "ordered by hand"


class OrderDesk:
    """Take orders and carry them out when their day has come."""

    def __init__(self, orders: Iterable["Order"], pump: Pump, lymphocytes: DonorLymphocytes) -> None:
        self._agenda: Agenda[Order] = Agenda((order.day, order) for order in orders)
        self._pump = pump
        self._lymphocytes = lymphocytes
        self._rate = 0.0  # ug/day, what orders ask the pump for
        self._until: float | None = None  # day on which the ordered infusion ends; None: when it is stopped

    def add(self, order: "Order", now: float) -> None:
        """Take one more order; raise ValueError for a day that is over."""
        if not is_due(now, order.day):
            raise ValueError(f"an order for day {order.day:g} comes too late on day {now:g}")
        self._agenda.add(order.day, order)

    def take(self, now: float) -> list["Order"]:
        """Hand out the orders that have fallen due, in the order in which they were given."""
        return [order for _, order in self._agenda.take(now)]

    def carry_out(
        self,
        orders: Iterable["Order"],
        stops: Sequence[Stop],
        course: TreatmentCourse | None,
        patient: Patient,
        events: EventLog,
    ) -> bool:
        """Give and stop what is ordered; return whether anything was given. Tests are the laboratory's."""
        self._end(stops, patient, events)
        given = False
        for order in orders:
            if order.give == "dli" and order.cd3 is not None:
                self._lymphocytes.infuse(
                    patient,
                    events,
                    order.cd3,
                    order.treg_per_tcon or 0.0,
                    bool(order.memory_enriched),
                    BY_HAND,
                )
                given = True
            elif order.give == "blinatumomab" and order.dose is not None:
                dose = order.dose
                rate = dose.amount * patient.body_surface_m2 if dose.per_m2 else dose.amount
                self._run(rate, patient, events, BY_HAND)
                self._until = None if order.duration is None else patient.day + order.duration
                given = given or rate > 0.0
            elif order.stop is not None:
                self._stop(order.stop, course, patient, events)
        return given

    def _end(self, stops: Sequence[Stop], patient: Patient, events: EventLog) -> None:
        """End the ordered infusion when its time is over, or a rule ends it."""
        if self._rate <= 0.0:
            return
        rules = [stop.why for stop in stops if stop.product == "blinatumomab"]
        if rules:
            self._run(0.0, patient, events, rules[0])
        elif self._until is not None and is_due(self._until, patient.day):
            self._run(0.0, patient, events, f"{BY_HAND}, time over")

    def _stop(self, product: str, course: TreatmentCourse | None, patient: Patient, events: EventLog) -> None:
        if product == "blinatumomab":
            # the planned course stops first: one event then says that the pump stands still
            self._rate, self._until = 0.0, None
            self._pump.forget(_WHO)
        stopped = course is not None and course.stop(product, patient, events, BY_HAND)
        if product == "blinatumomab":
            self._pump.ask(_WHO, 0.0, patient, events, BY_HAND)
        elif not stopped:
            events.add(patient.day, "note", "dli", f"no DLI was planned that could be stopped ({BY_HAND})")

    def _run(self, rate: float, patient: Patient, events: EventLog, why: str) -> None:
        self._rate = rate
        self._pump.ask(_WHO, rate, patient, events, why)
