"""What is done by hand: orders of a scenario, or of a person at the screen, beside the planned treatment.

An order is carried out at the start of the first step on or after its day, in the order in which orders were given, and before
what is planned for that day. It is carried out as it stands: rules that end treatment do not forbid it, but they do end an
infusion that an order began. To stop a product ends what is planned of it for good, also before treatment is triggered. Orders
given while a course goes on leave the same course behind as the same orders in its scenario from the beginning.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from simulation.clinic.events import EventLog
from simulation.clinic.ports import Patient
from simulation.clinic.schedule import Agenda, is_due

if TYPE_CHECKING:
    from simulation.products.product import Giver
    from simulation.scenario.orders import Order

__all__ = ["BY_HAND", "OrderDesk"]

BY_HAND = "ordered by hand"


class OrderDesk:
    """Take orders and carry them out when their day has come."""

    def __init__(self, orders: Iterable["Order"], givers: "Mapping[str, Giver]") -> None:
        self._agenda: Agenda[Order] = Agenda((order.day, order) for order in orders)
        self._givers = givers

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
        end: Callable[[str, str, Patient], bool],
        patient: Patient,
        events: EventLog,
    ) -> None:
        """Give and stop what is ordered; `end` ends what is planned of a product, and says whether there was anything to end.

        Tests are the laboratory's.
        """
        for order in orders:
            if order.give is not None:
                self._givers[order.give].obey(order, patient, events)
            elif order.stop is not None:
                running = self._givers[order.stop].halt()
                if not end(order.stop, BY_HAND, patient) and not running:
                    detail = f"no {order.stop} ran or was planned that could be stopped ({BY_HAND})"
                    events.add(patient.day, "note", order.stop, detail)
