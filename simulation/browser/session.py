"""One tab's patient: the form that describes him, the model that simulates him, and what is done to him by hand.

A session is shared with nobody. What a person types is tried on a copy of the form first: a mistake leaves a message
beside the field and the patient as he was. What would send a patient who has come some way back to transplant waits in
`question` for an answer. Orders wait in `pending` until the next step: so long they can be taken back.

The day on the screen may be any that was simulated: `life` is the patient on that day, `course` all his days. Who acts on a
past day leaves the course there: another one begins, and the `original` goes on beside it. All that touches either holds `lock`.
"""

import gc
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from simulation.blocks.fields import show
from simulation.browser.acts import MOST_ACTS, Act, Past, read_act
from simulation.browser.asking import Asking
from simulation.browser.catalogue import Source
from simulation.browser.course import EPS, Course
from simulation.browser.form import FORM_KEYS, label_of_key, overrides, read_form
from simulation.errors import UserError, nearest_name
from simulation.life import Life
from simulation.mesa_model import TransplantModel
from simulation.products.registry import PRODUCTS, product
from simulation.scenario.cohort import standard_words
from simulation.scenario.orders import Order
from simulation.scenario.schema import Scenario

__all__ = ["PatientSession", "natural"]

# what may change without a restart until treatment is triggered or ordered
_PLAN = {product.name for product in PRODUCTS if product.triggered}
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
        self.version = 0  # another number is another patient, or the same on another course
        self.form: Mapping[str, str] = {}
        self.course: Course
        self.life: Life  # on the day on the screen; the course's own where that is the last one
        self.past: list[Past] = []
        self._model: TransplantModel | None = None
        self._open(source, seed, patient)

    # The model -------------------------------------------------------------------------------------------

    @property
    def scenario(self) -> Scenario:
        """Return the scenario as it is on the screen, orders included."""
        return self.life.scenario

    @property
    def model(self) -> TransplantModel:
        """Return the patient on the screen as a Mesa model, by which his agents are looked at."""
        if self._model is None or self._model.life is not self.life:
            self._model = TransplantModel.of_life(self.life)
        return self._model

    @property
    def finished(self) -> bool:
        """Return whether the day on the screen is the last: follow-up is over or the patient has died."""
        return self.life.finished

    @property
    def day(self) -> float:
        """Return the day on the screen, days since transplant."""
        return self.life.day

    @property
    def first_day(self) -> float:
        """Return the day on which the simulation begins."""
        return self._first_day

    @property
    def reached(self) -> float:
        """Return the last day simulated."""
        return self.course.reached

    @property
    def at_present(self) -> bool:
        """Return whether the day on the screen is the last one simulated."""
        return self.life is self.course.lead

    @property
    def begun(self) -> bool:
        """Return whether the patient has come some way."""
        return self.reached > self._first_day + EPS

    @property
    def pending(self) -> list[Order]:
        """Return the orders that wait for the next step."""
        return self.course.pending if self.at_present else []

    @property
    def forked(self) -> Past | None:
        """Return where the course on the screen left another one that had come farther; None where it did not."""
        return next((one for one in reversed(self.past) if one.act.left is not None), None)

    @property
    def original(self) -> Course | None:
        """Return the course that was left, which goes on beside the one on the screen."""
        return None if self.forked is None else self.forked.course

    def step(self) -> None:
        """Go on by one step: through what was simulated already, then by simulating, the original course with it."""
        with self.lock:
            if self.finished:
                return
            if self.at_present:
                self.course.step()
                self._accompany()
            else:
                self._show(self.course.onward(self.life, self.day + self.life.body.time_step))
            self.note = ""

    def _accompany(self) -> None:
        other = self.original
        while other is not None and other.reached < self.reached - EPS and not other.lead.finished:
            other.step()

    def advance_to(self, day: float) -> None:
        """Advance to a day, or to the end where that comes first; a step is never begun twice."""
        if self.day < day - EPS:
            self.show_day(day)
        while self.day < day - EPS and not self.finished:
            self.step()

    def show_day(self, day: float) -> None:
        """Put a day that was simulated on the screen: the last step until then."""
        with self.lock:
            if day >= self.reached - EPS:
                self.life = self.course.lead
            elif self.day < day - EPS:
                self._show(self.course.onward(self.life, day))
            elif self.day > day + EPS:
                self._show(self.course.at(day))

    def _show(self, life: Life) -> None:
        self.life = self.course.lead if life.day >= self.reached - EPS else life

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
        return f"Day {self.reached:.4g}" + (f" and {self._by_hand}" if self.n_orders else "")

    @property
    def _by_hand(self) -> str:
        return f"{self.n_orders} order{'s' * (self.n_orders != 1)} by hand"

    def ask(self, what: str, act: Callable[[], None]) -> None:
        """Ask as `Asking` does; a question takes the place of what the last change did."""
        super().ask(what, act)
        if self.question is not None:
            self.note = ""

    def _begin(self, scenario: Scenario) -> None:
        self._model = None
        self.course = Course(Life(scenario, int(self.form["seed"]), int(self.form["patient"])))
        self.life = self.course.lead
        self.past = []
        self._last_act: tuple[float, Order | None] = (-math.inf, None)
        self._first_day = self.day
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
        acts: Sequence[object] = (),
        day: float = -math.inf,
        reached: float = -math.inf,
    ) -> None:
        """Bring back a patient: `changes` of the form, then `acts` in their order, as far as `reached`, with `day` on the screen.

        Raises `UserError`, which names the act that is none.
        """
        with self.lock:
            self._open(source, seed, patient)
            unknown = next((name for name in changes if name not in FORM_KEYS), None)
            if unknown is not None:
                near = nearest_name(unknown, FORM_KEYS)
                raise UserError(f"there is no field {unknown[:40]!r}", nearest=near)
            self.form = {**self.form, **changes}
            self._begin(self._built(self.form))
            if len(acts) > MOST_ACTS:
                raise UserError(f"got {len(acts)} acts", expected=f"at most {MOST_ACTS}")
            for number, act in enumerate(acts, 1):
                try:
                    self._again(act)
                except UserError as error:
                    raise UserError(f"act {number}: {told(error, 'acts')}") from None
            self.advance_to(max(day, reached))
            self.show_day(day)
            self.note = ""

    def _again(self, act: object) -> None:
        day, what, left = read_act(act)
        self.advance_to(day if left is None else max(day, left))
        self.show_day(day)
        if "plan" in what:
            name, value = str(what["plan"]), str(what["value"])
            if name not in FORM_KEYS:
                raise UserError(f"there is no field {name[:40]!r}", nearest=nearest_name(name, FORM_KEYS))
            candidate = {**self.form, name: value}
            for product in PRODUCTS:
                product.form_match(candidate, name)
            scenario = self._built(candidate)
            if not (self._differing(scenario) <= _PLAN and self._may_replan()):
                raise UserError(
                    f"{label_of_key(name)} could not be changed on day {day:.4g} without a restart"
                )
            self._replan(name, candidate, scenario)
        else:
            self._give(what)

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
        return self.day <= EPS or self.life.clinic.may_replan

    def _take(
        self, name: str, candidate: dict[str, str], person: "_Person | None", scenario: Scenario
    ) -> None:
        differing = self._differing(scenario)

        def act() -> None:
            self.form = candidate
            if person is not None:
                self.base, self.file_form = person
            self._restart("The change restarts the patient at transplant.")

        if person is None and not differing:
            self.form = candidate
            self.note = "This makes no difference to the scenario."
        elif person is None and differing <= _PLAN and self.life.clinic.may_replan:
            forked = not self.at_present
            self._replan(name, candidate, scenario)
            self.note = (
                self._forked_words("The plan is changed")
                if forked
                else "The plan is changed; the patient goes on."
            )
        else:
            self.ask(f"{label_of_key(name)} {candidate[name]}", act)
            if self.question is not None:
                self.typed[name] = candidate[name]

    def _differing(self, scenario: Scenario) -> set[str]:
        before, after = self.scenario.model_dump(), scenario.model_dump()
        return {key for key in after if after[key] != before[key] and key != "orders"}

    def _replan(self, name: str, candidate: dict[str, str], scenario: Scenario) -> None:
        """Go on with another plan, from the day on the screen; before the first step it is no act that could be undone."""
        if self.begun:
            self._leave(Act(self.day, field=name, value=candidate[name]))
        self.form = candidate
        scenario = scenario.model_copy(update={"orders": self.scenario.orders})
        self.life.clinic.replan(scenario)
        self.life.scenario = scenario
        self.course.intervened()

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
        """Order something for the next step; `name` is the field whose value may be wrong. Twice the same is one order.

        On a day that is past, the patient goes on from there; the course that he had taken stays beside it.
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
                self._give(what)
            except UserError as error:
                self.errors[name] = told(error, name)
                self.note = ""
                return False
            self._last_act = time.monotonic(), again
            words = "Ordered; it is carried out with the next step"
            self.note = self._forked_words(words) if forked else f"{words}."
            return True

    def _forked_words(self, done: str) -> str:
        day = f"{self.day:.4g}"
        return f"{done}. From day {day} on it is another course; the original is drawn beside it, and Undo returns to it."

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

    def _give(self, what: Mapping[str, object]) -> None:
        scenario, order = self._wanted(what)
        self._leave(Act(self.day, order))
        self.life.scenario = scenario
        self.course.pending = [*self.course.pending, order]

    def _leave(self, act: Act) -> None:
        """Begin a course of its own on the day on the screen, and keep the one that is left."""
        course = self.course
        if self.at_present:
            self.course = course.branch(course.lead)
            self.course.pending = list(course.pending)
            course.lead = course.lead.copy()
        else:
            act = replace(act, left=course.reached)
            self.life.scenario = self.life.scenario.model_copy(update={"orders": tuple(self._until_now())})
            self.course = course.branch(self.life)
            self.version += 1
        self.past.append(Past(act, course, self.form))

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
                after.course, after.act = gone.course, replace(after.act, left=gone.act.left)
                orders = list(self.scenario.orders)
                del orders[len(orders) - 1 - orders[::-1].index(order)]
                self.course.pending = [one for one in self.pending if one is not order]
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
        waiting = self.course.pending
        done = [i for i, one in enumerate(self.past) if not any(one.act.order is order for order in waiting)]
        return done[-1] if done else None

    def undo(self) -> None:
        """Go back to the day of the last act that was carried out, and to the course that was left there."""
        with self.lock:
            done = self._last_done
            if done is not None:
                back = self.past[done]
                del self.past[done:]
                self._return_to(back)
                self.note = f"Back on day {back.act.day:.4g}, without the last act."

    def _return_to(self, back: Past) -> None:
        self.course, self.form = back.course, back.form
        self.life = self.course.lead
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
