"""What is done to a patient by hand: orders, which wait for the next step and can be taken back, and Undo.

Orders wait in `pending` until the next step. On a past day an order leaves the branch there, and Undo returns to it.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from simulation.browser.acts import Act, Past
from simulation.browser.catalogue import Source
from simulation.browser.in_time import SteppedPatient
from simulation.browser.mistakes import mistake_text
from simulation.browser.played_life import EPS
from simulation.errors import UserError
from simulation.life import Life
from simulation.products.registry import product
from simulation.scenario.orders import Order
from simulation.scenario.schema import Scenario

__all__ = ["SteeredPatient"]

_DOUBLE_CLICK_S = 1.0  # the same act within it, also some steps later, was one act


class SteeredPatient(SteppedPatient):
    """Hold a patient to whom something can be done; `source`, `base` and `form` say who he is (`session`)."""

    source: Source
    base: Scenario  # of the file, without what was changed on the page
    form: Mapping[str, str]

    def changes(self) -> dict[str, object]:
        """Return what `--set` must change to come from the file to the form, orders apart."""
        raise NotImplementedError

    def begin(self, life: Life) -> None:
        """Take a life as it begins; what was before is forgotten."""
        self._last_act: tuple[float, Order | None] = (-math.inf, None)
        super().begin(life)

    @property
    def pending(self) -> list[Order]:
        """Return the orders that wait for the next step."""
        return self.played.pending if self.at_present else []

    @property
    def n_orders(self) -> int:
        """Return how many orders were given by hand."""
        return len(self.scenario.orders) - len(self.base.orders)

    def order(self, name: str, **what: object) -> bool:
        """Order something for the next step; `name` is the field whose value may be wrong. Twice the same is one order.

        On a day that is past, the patient goes on from there; the branch that he had taken stays beside it.
        """
        with self.lock:
            self.errors.pop(name, None)
            try:
                again = self._wanted(what)[1].model_copy(update={"day": 0.0})
                at, last = self._last_act
                if again in [one.model_copy(update={"day": 0.0}) for one in self.pending] or (
                    again == last and time.monotonic() - at < _DOUBLE_CLICK_S
                ):
                    self.note = "That is ordered already: once, not twice."
                    return False
                forked = not self.at_present
                self.give(what)
            except UserError as error:
                self.errors[name] = mistake_text(error, name)
                self.note = ""
                return False
            self._last_act = time.monotonic(), again
            words = "Ordered; it is carried out with the next step"
            self.note = self.forked_words(words) if forked else f"{words}."
            return True

    def forked_words(self, done: str) -> str:
        """Say that what was done began another branch."""
        day = f"{self.day:.4g}"
        return f"{done}. From day {day} on it is another branch; the original is drawn beside it, and Undo returns to it."

    def _wanted(self, what: Mapping[str, object]) -> tuple[Scenario, Order]:
        """Return the scenario with an order on the day on the screen, and that order; raise `UserError` where it cannot be."""
        if self.finished:
            raise UserError("the follow-up of this patient is over")
        scenario = self._ordered([*self._until_now(), {"day": f"day {self.day!r}"} | dict(what)])
        order = scenario.orders[-1]
        if order.give is not None and (why := product(order.give).unwise(order, self.life.body)):
            raise UserError(why)
        return scenario, order

    def _until_now(self) -> list[Order]:
        """Return the file's orders, and those by hand until the day on the screen."""
        orders, n_file = self.scenario.orders, len(self.base.orders)
        if self.at_present:
            return list(orders)
        return [*orders[:n_file], *(order for order in orders[n_file:] if order.day <= self.day + EPS)]

    def give(self, what: Mapping[str, object]) -> None:
        """Order something on the day on the screen; raise `UserError` where it cannot be."""
        scenario, order = self._wanted(what)
        self.leave(Act(self.day, order))
        self.life.scenario = scenario
        self.played.pending = [*self.played.pending, order]

    def leave(self, act: Act) -> None:
        """Begin a branch of its own on the day on the screen, and keep the one that is left."""
        played = self.played
        if self.at_present:
            self.played = played.branch(played.lead)
            self.played.pending = list(played.pending)
            played.lead = played.lead.copy()
        else:
            act = replace(act, left=played.reached)
            self.life.scenario = self.life.scenario.model_copy(update={"orders": tuple(self._until_now())})
            self.played = played.branch(self.life)
            self.version += 1
        self.past.append(Past(act, played, self.form))

    def cancel(self, index: int) -> None:
        """Take back an order that waits for the next step, by its place in `pending`."""
        with self.lock:
            if not 0 <= index < len(self.pending):
                return
            order = self.pending[index]
            place = next(i for i, one in enumerate(self.past) if one.act.order is order)
            if place == len(self.past) - 1:
                self._return_to(self.past.pop())
            else:  # what was done after it begins where it began
                gone, after = self.past.pop(place), self.past[place]
                after.played, after.act = gone.played, replace(after.act, left=gone.act.left)
                orders = list(self.scenario.orders)
                del orders[len(orders) - 1 - orders[::-1].index(order)]
                self.played.pending = [one for one in self.pending if one is not order]
                self.life.scenario = self._ordered(orders)
            self._last_act = (-math.inf, None)
            self.note = "Taken back; nothing was done."

    @property
    def undo_day(self) -> float | None:
        """Return the day of the last act that was carried out; None where there is none."""
        done = self._last_done
        return None if done is None else self.past[done].act.day

    @property
    def _last_done(self) -> int | None:
        waiting = self.played.pending
        done = [i for i, one in enumerate(self.past) if not any(one.act.order is order for order in waiting)]
        return done[-1] if done else None

    def undo(self) -> None:
        """Go back to the day of the last act that was carried out, and to the branch that was left there."""
        with self.lock:
            done = self._last_done
            if done is not None:
                back = self.past[done]
                del self.past[done:]
                self._return_to(back)
                self.note = f"Back on day {back.act.day:.4g}, without the last act."

    def _return_to(self, back: Past) -> None:
        self.played, self.form = back.played, back.form
        self.life = self.played.lead
        self.version += 1
        self.show_day(back.act.day)

    def _ordered(self, orders: Sequence[Order | dict[str, object]]) -> Scenario:
        """Return the scenario with these orders; raise `UserError` for one that cannot be."""
        written = [order if isinstance(order, dict) else order.model_dump(by_alias=True) for order in orders]
        changes = self.changes() | ({"orders": written} if written or self.base.orders else {})
        return self.source.load(changes, int(self.form["patient"]))

    def forget_mistake(self, name: str) -> None:
        """Take back the message beside a field of `order`: another value was typed."""
        self.errors.pop(name, None)
