"""One tab's patient: the form that describes him, the model that simulates him, and what is done to him by hand.

A session is shared with nobody. What a person types is tried on a copy of the form first: a mistake leaves a message
beside the field and the patient as he was. What would send a patient who has come some way back to transplant waits in
`question` for an answer. Orders wait in `pending` until the next step: so long they can be taken back. All that touches
the model holds `lock`.
"""

import gc
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence

from simulation.blocks.fields import show
from simulation.browser.asking import Asking
from simulation.browser.catalogue import Source
from simulation.browser.form import FORM_KEYS, label_of_key, overrides, read_form
from simulation.errors import UserError
from simulation.mesa_model import TransplantModel
from simulation.products.registry import PRODUCTS, product
from simulation.scenario.cohort import standard_words
from simulation.scenario.orders import Order
from simulation.scenario.schema import Scenario

__all__ = ["PatientSession", "natural"]

# what may change without a restart until treatment is triggered or ordered
_PLAN = {product.name for product in PRODUCTS if product.triggered}
_EPS = 1e-9
_KEY = re.compile(r"'[^']*'|\"[^\"]*\"|(?P<key>\b[a-z]+\d*(?:[_.][a-z]+\d*)+\b)")
_DOUBLE_CLICK_S = 1.0  # the same act within it, also some steps later, was one act
_DIGITS = 19  # of the largest seed


class PatientSession(Asking):
    """Hold one patient and the form that describes him.

    Parameters
    ----------
    source
        The scenario file to begin with.
    seed, patient
        As in `simulation.runner.run`.
    """

    def __init__(self, source: Source, seed: int = 0, patient: int = 0) -> None:
        super().__init__()
        self.source = source
        self.note = ""  # what the last change did, in words
        self.version = 0  # of the model: another number is another patient, or the same from the start
        self.pending: list[Order] = []
        self.form: Mapping[str, str] = {}
        self.model: TransplantModel
        self._open(source, seed, patient)

    # The model -------------------------------------------------------------------------------------------

    @property
    def scenario(self) -> Scenario:
        """Return the scenario as it is on the screen, orders included."""
        return self.model.life.scenario

    @property
    def finished(self) -> bool:
        """Return whether follow-up is over or the patient has died."""
        return self.model.life.finished

    @property
    def day(self) -> float:
        """Return days since transplant."""
        return self.model.day

    @property
    def begun(self) -> bool:
        """Return whether the patient has come some way."""
        return self.day > self._first_day + _EPS

    def step(self) -> None:
        """Advance by one step, before which what is ordered is handed over."""
        with self.lock:
            if not self.finished:
                for order in self.pending:
                    self.model.life.clinic.order(order, self.day)
                self.pending = []
                self.model.step()
                self.note = ""

    def advance_to(self, day: float) -> None:
        """Advance to a day, or to the end where that comes first; a step is never begun twice."""
        while self.day < day - _EPS and not self.finished:
            self.step()

    def restart(self, why: str = "The patient is back at transplant.") -> None:
        """Begin again with the same patient; what was ordered by hand is forgotten, and therefore asked for first."""
        if self.n_orders:
            self.ask("Reset", lambda: self._restart(why))
        else:
            self._restart(why)

    def _restart(self, why: str) -> None:
        with self.lock:
            forgotten = f" {self._by_hand} forgotten." if self.n_orders else ""
            self._begin(self._built(self.form))
            self.note = why + forgotten

    @property
    def whose(self) -> str:
        """Return where the patient is from, in words; empty where that is plain."""
        return standard_words(self.scenario, int(self.form["patient"]), self.source.cohort)

    @property
    def n_orders(self) -> int:
        """Return how many orders were given by hand."""
        return len(self.scenario.orders) - len(self.base.orders)

    # Before something is lost ----------------------------------------------------------------------------

    @property
    def at_stake(self) -> str:
        """Return the day and the orders that would be lost."""
        if not self.begun and not self.n_orders:
            return ""
        return f"Day {self.day:.4g}" + (f" and {self._by_hand}" if self.n_orders else "")

    @property
    def _by_hand(self) -> str:
        return f"{self.n_orders} order{'s' * (self.n_orders != 1)} by hand"

    def ask(self, what: str, act: Callable[[], None]) -> None:
        """Ask as `Asking` does; a question takes the place of what the last change did."""
        super().ask(what, act)
        if self.question is not None:
            self.note = ""

    def _begin(self, scenario: Scenario) -> None:
        self.model = TransplantModel(scenario, seed=int(self.form["seed"]), patient=int(self.form["patient"]))
        self.model.datacollector = None  # the life itself records
        self.pending = []
        self._last_act: tuple[float, Order | None] = (-math.inf, None)
        self._first_day = self.model.day
        self.version += 1
        gc.collect(1)  # a Mesa model is part of a reference cycle

    # The form --------------------------------------------------------------------------------------------

    def open(self, source: Source, seed: int | None = None, patient: int | None = None) -> None:
        """Take another scenario, and another patient if one is named; raise `UserError` for a bad file."""
        source.load()
        key = (
            int(self.form["seed"]) if seed is None else seed,
            int(self.form["patient"]) if patient is None else patient,
        )

        def act() -> None:
            self._open(source, *key)
            self.note = f"{source.label}: the patient begins again."

        self.ask(source.label, act)

    def restore(
        self,
        source: Source,
        seed: int,
        patient: int,
        changes: Mapping[str, str],
        orders: Sequence[object],
        day: float,
    ) -> None:
        """Bring back a patient as `changes` of the form, orders and day describe him; raise `UserError` for what is none."""
        with self.lock:
            self._open(source, seed, patient)
            form = {**self.form, **{name: text for name, text in changes.items() if name in FORM_KEYS}}
            scenario = self._built(form)
            self.form = form
            if orders:
                scenario = self.source.load(self.changes() | {"orders": list(orders)}, patient)
            self._begin(scenario)
            self.advance_to(day)

    def _open(self, source: Source, seed: int, patient: int) -> None:
        self.base, self.file_form = _person(source, seed, patient)
        self.source, self.form = source, dict(self.file_form)
        self.errors, self.typed = {}, {}
        self._begin(self.base)

    def change(self, name: str, value: str) -> None:
        """Set one field; what is wrong with it is in `errors` afterwards, and what it would discard in `question`."""
        with self.lock:
            self.withdraw()
            self.errors.pop(name, None)
            self.typed.pop(name, None)
            if value == self.form[name]:
                return
            candidate = {**self.form, name: value}
            try:
                for product in PRODUCTS:
                    product.form_match(candidate, name)
                scenario = self._built(candidate)
                person = self._another(candidate) if name in ("seed", "patient") else None
            except UserError as error:
                self.errors[name] = told(error, name)
                self.typed[name] = value
                self.note = ""  # it was about the change before
                return
            self._take(name, candidate, person, scenario)

    def restarts(self, plan: bool) -> bool:
        """Return whether changing a field (of the treatment plan, or not) restarts the patient now."""
        return not (plan and self._may_replan())

    def changes(self) -> dict[str, object]:
        """Return what `--set` must change to come from the file to the form, orders apart."""
        return overrides(self.form, self._base_form(self.form), self.base)

    def _may_replan(self) -> bool:
        return self.day <= _EPS or self.model.life.clinic.may_replan

    def _take(
        self, name: str, candidate: dict[str, str], person: "_Person | None", scenario: Scenario
    ) -> None:
        before = self.scenario.model_dump()
        after = scenario.model_dump()
        differing = {key for key in after if after[key] != before[key] and key != "orders"}

        def act() -> None:
            self.form = candidate
            if person is not None:
                self.base, self.file_form = person
            self._restart("The change restarts the patient at transplant.")

        if person is None and not differing:
            self.form = candidate
            self.note = "This makes no difference to the scenario."
        elif person is None and differing <= _PLAN and self.model.life.clinic.may_replan:
            self.form = candidate
            self._replace(scenario.model_copy(update={"orders": self.scenario.orders}))
            self.note = "The plan is changed; the patient goes on."
        else:
            self.ask(f"{label_of_key(name)} {candidate[name]}", act)
            if self.question is not None:
                self.typed[name] = candidate[name]

    def _replace(self, scenario: Scenario) -> None:
        life = self.model.life
        life.clinic.replan(scenario)
        life.scenario = scenario

    def _built(self, form: Mapping[str, str]) -> Scenario:
        natural(form["seed"], "seed")
        patient = natural(form["patient"], "patient")
        return self.source.load(overrides(form, self._base_form(form), self.base), patient)

    def _base_form(self, form: Mapping[str, str]) -> Mapping[str, str]:
        """Return the file's fields for the form's patient: seed and number are no part of the scenario."""
        return {**self.file_form, "seed": form["seed"], "patient": form["patient"]}

    def _another(self, candidate: dict[str, str]) -> "_Person":
        """Return another patient, and show what he draws where the person has not set it himself."""
        person = _person(self.source, int(candidate["seed"]), int(candidate["patient"]))
        for name in ("growth", "recovery"):
            if self.form[name] == self.file_form[name]:
                candidate[name] = person[1][name]
        return person

    # By hand ---------------------------------------------------------------------------------------------

    def order(self, name: str, **what: object) -> bool:
        """Order something for the next step; `name` is the field whose value may be wrong. Twice the same is one order."""
        with self.lock:
            self.errors.pop(name, None)
            try:
                if self.finished:
                    raise UserError("the follow-up of this patient is over")
                scenario = self._ordered([*self.scenario.orders, {"day": f"day {self.day!r}"} | what])
                order = scenario.orders[-1]
                if order.give is not None and (why := product(order.give).unwise(order, self.model.body)):
                    raise UserError(why)
            except UserError as error:
                self.errors[name] = told(error, name)
                self.note = ""
                return False
            again = order.model_copy(update={"day": 0.0})
            at, last = self._last_act
            if order in self.pending or (again == last and time.monotonic() - at < _DOUBLE_CLICK_S):
                self.note = "That is ordered already: once, not twice."
                return False
            self._last_act = time.monotonic(), again
            self.model.life.scenario = scenario
            self.pending = [*self.pending, order]
            self.note = "Ordered; it is carried out with the next step."
            return True

    def cancel(self, index: int) -> None:
        """Take back an order that waits for the next step, by its place in `pending`."""
        with self.lock:
            if 0 <= index < len(self.pending):
                orders = [*self.scenario.orders]
                del orders[self._n_done + index]
                del self.pending[index]
                self._last_act = (-math.inf, None)
                self.model.life.scenario = self._ordered(orders)
                self.note = "Taken back; nothing was done."

    @property
    def undo_day(self) -> float | None:
        """Return the day of the last order by hand that was carried out; None where there is none."""
        return self.scenario.orders[self._n_done - 1].day if self._n_done > len(self.base.orders) else None

    def undo(self) -> None:
        """Go back to the day of the last order that was carried out, without it: the course until then is the same again."""
        with self.lock:
            day = self.undo_day
            if day is not None:
                self._begin(self._ordered(self.scenario.orders[: self._n_done - 1]))
                self.advance_to(day)
                self.note = f"Back on day {day:.4g}, without the last act."

    @property
    def _n_done(self) -> int:
        return len(self.scenario.orders) - len(self.pending)

    def _ordered(self, orders: Sequence[Order | dict[str, object]]) -> Scenario:
        """Return the scenario with these orders; raise `UserError` for one that cannot be."""
        written = [order if isinstance(order, dict) else order.model_dump(by_alias=True) for order in orders]
        changes = self.changes() | ({"orders": written} if written or self.base.orders else {})
        return self.source.load(changes, int(self.form["patient"]))

    def forget_mistake(self, name: str) -> None:
        """Take back the message beside a field of `order`: another value was typed."""
        self.errors.pop(name, None)


type _Person = tuple[Scenario, dict[str, str]]


def _person(source: Source, seed: int, patient: int) -> _Person:
    """Return the scenario of one patient as its file has it, and the form's fields as he fills them."""
    from simulation.body.virtual_patient import patient_values

    scenario = source.load(patient=patient)
    return scenario, read_form(scenario, patient_values(scenario, seed, patient), seed, patient)


def told(error: UserError, name: str) -> str:
    """Return a mistake as a message beside a field: what was expected and what was found."""
    for one in error.errors:
        if not one.key or label_of_key(one.key) == label_of_key(name):
            break
    else:
        one = error.errors[0]
    elsewhere = one.key and label_of_key(one.key) != label_of_key(name) and not one.key.startswith("orders")
    where = f"{label_of_key(one.key)}: " if elsewhere and one.key else ""
    expected = f"expected {one.expected}, " if one.expected else ""
    nearest = f" (did you mean {one.nearest!r}?)" if one.nearest else ""
    text = f"{where}{_in_words(expected)}{_in_words(one.message)}{nearest}"
    return text[:1].upper() + text[1:]


def _in_words(text: str) -> str:
    """Return a message with the page's words for keys of files; what is quoted was typed, and stays."""
    return _KEY.sub(lambda found: label_of_key(found[0]).lower() if found["key"] else found[0], text)


def natural(text: str, name: str) -> int:
    """Return a seed or a patient's number; raise `UserError` for what is none."""
    digits = text.strip()
    if digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS and int(digits) < 2**63:
        return int(digits)
    raise UserError(f"got {show(text)}", key=name, expected="a whole number from 0 on")
