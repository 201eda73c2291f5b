"""One tab's patient: the form that describes him, the model that simulates him, and what is done to him by hand.

A session is shared with nobody. What a person types is tried on a copy of the form first: a mistake leaves a message
beside the field and the patient as he was. All that touches the model holds `lock`.
"""

import gc
import threading
from collections.abc import Mapping

from simulation.browser.catalogue import Source
from simulation.browser.form import field_of_key, overrides, read_form
from simulation.errors import UserError
from simulation.mesa_model import TransplantModel
from simulation.products.registry import PRODUCTS
from simulation.scenario.schema import Scenario

__all__ = ["PatientSession"]

# what may change without a restart until treatment is triggered or ordered
_PLAN = {product.name for product in PRODUCTS if product.triggered}
_EPS = 1e-9


class PatientSession:
    """Hold one patient and the form that describes him.

    Parameters
    ----------
    source
        The scenario file to begin with.
    seed, patient
        As in `simulation.runner.run`.
    """

    def __init__(self, source: Source, seed: int = 0, patient: int = 0) -> None:
        self.lock = threading.RLock()
        self.source = source
        self.errors: dict[str, str] = {}  # field -> message
        self.typed: dict[str, str] = {}  # what was typed into fields with a mistake
        self.note = ""  # what the last change did, in words
        self.version = 0  # of the model: another number is another patient, or the same from the start
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

    def step(self) -> None:
        """Advance by one step."""
        with self.lock:
            if not self.finished:
                self.model.step()
                self.note = ""

    def restart(self, why: str = "The patient is back at transplant.") -> None:
        """Begin again with the same patient; what was ordered by hand is forgotten."""
        with self.lock:
            by_hand = len(self.scenario.orders) - len(self._own_orders())
            self._begin(self._built(self.form))
            self.note = why + (
                f" {by_hand} order{'s' * (by_hand != 1)} by hand forgotten." if by_hand else ""
            )

    def _begin(self, scenario: Scenario) -> None:
        self.model = TransplantModel(scenario, seed=int(self.form["seed"]), patient=int(self.form["patient"]))
        self.model.datacollector = None  # the life itself records
        self.version += 1
        gc.collect(1)  # a Mesa model is part of a reference cycle

    # The form --------------------------------------------------------------------------------------------

    def open(self, source: Source, seed: int | None = None, patient: int | None = None) -> None:
        """Take another scenario, and another patient if one is named; raise `UserError` for a bad file."""
        with self.lock:
            seed = int(self.form["seed"]) if seed is None else seed
            self._open(source, seed, int(self.form["patient"]) if patient is None else patient)
            self.note = f"{source.label}: the patient begins again."

    def _open(self, source: Source, seed: int, patient: int) -> None:
        from simulation.body.virtual_patient import patient_values

        scenario = source.load()
        self.source, self.base = source, scenario
        values = patient_values(scenario, seed, patient)
        self.file_form = read_form(scenario, values, seed, patient)
        self.form: Mapping[str, str] = dict(self.file_form)
        self.errors, self.typed = {}, {}
        self._begin(scenario)

    def change(self, name: str, value: str) -> None:
        """Set one field; what is wrong with it is in `errors` afterwards."""
        with self.lock:
            self.errors.pop(name, None)
            self.typed.pop(name, None)
            if value == self.form[name]:
                return
            candidate = {**self.form, name: value}
            try:
                for product in PRODUCTS:
                    product.form_match(candidate, name)
                scenario = self._built(candidate)
                if name in ("seed", "patient"):
                    self._refresh_drawn(candidate)
            except UserError as error:
                self.errors[name] = told(error, name)
                self.typed[name] = value
                return
            self.form = candidate
            self._take(scenario, keys_changed=name not in ("seed", "patient"))

    def restarts(self, plan: bool) -> bool:
        """Return whether changing a field (of the treatment plan, or not) restarts the patient now."""
        return not (plan and self._may_replan())

    def changes(self) -> dict[str, object]:
        """Return what `--set` must change to come from the file to the form, orders apart."""
        return overrides(self.form, self._base_form(self.form), self.base)

    def _may_replan(self) -> bool:
        return self.day <= _EPS or self.model.life.clinic.may_replan

    def _take(self, scenario: Scenario, keys_changed: bool) -> None:
        before = self.scenario.model_dump()
        after = scenario.model_dump()
        differing = {key for key in after if after[key] != before[key] and key != "orders"}
        if keys_changed and not differing:
            self.note = "This makes no difference to the scenario."
        elif keys_changed and differing <= _PLAN and self.model.life.clinic.may_replan:
            self._replace(scenario.model_copy(update={"orders": self.scenario.orders}))
            self.note = "The plan is changed; the patient goes on."
        else:
            self.restart("The change restarts the patient at transplant.")

    def _replace(self, scenario: Scenario) -> None:
        life = self.model.life
        life.clinic.replan(scenario)
        life.scenario = scenario

    def _built(self, form: Mapping[str, str]) -> Scenario:
        _natural(form["seed"], "seed")
        _natural(form["patient"], "patient")
        return self.source.load(overrides(form, self._base_form(form), self.base))

    def _base_form(self, form: Mapping[str, str]) -> Mapping[str, str]:
        """Return the file's fields for the form's patient: seed and number are no part of the scenario."""
        return {**self.file_form, "seed": form["seed"], "patient": form["patient"]}

    def _refresh_drawn(self, candidate: dict[str, str]) -> None:
        """Show the values that another patient draws, where the person has not set them himself."""
        from simulation.body.virtual_patient import patient_values

        seed, patient = int(candidate["seed"]), int(candidate["patient"])
        drawn = read_form(self.base, patient_values(self.base, seed, patient), seed, patient)
        for name in ("growth", "recovery"):
            if self.form[name] == self.file_form[name]:
                candidate[name] = drawn[name]
        self.file_form = drawn

    # By hand ---------------------------------------------------------------------------------------------

    def order(self, name: str, **what: object) -> bool:
        """Do something now (with the next step); `name` is the field whose value may be wrong."""
        with self.lock:
            self.errors.pop(name, None)
            written = {"day": f"day {self.day!r}"} | what
            try:
                if self.finished:
                    raise UserError("the follow-up of this patient is over")
                before = [order.model_dump(by_alias=True) for order in self.scenario.orders]
                scenario = self.source.load(self.changes() | {"orders": [*before, written]})
            except UserError as error:
                self.errors[name] = told(error, name)
                return False
            life = self.model.life
            life.clinic.order(scenario.orders[-1], self.day)
            life.scenario = scenario
            self.note = "Ordered; it is carried out with the next step."
            return True

    def forget_mistake(self, name: str) -> None:
        """Take back the message beside a field of `order`: another value was typed."""
        self.errors.pop(name, None)

    def _own_orders(self) -> tuple[object, ...]:
        return self.base.orders


def told(error: UserError, name: str) -> str:
    """Return a mistake as a message beside a field: what was expected and what was found."""
    for one in error.errors:
        key = one.key or ""
        if field_of_key(key) == name or key == name or not key:
            break
    else:
        one = error.errors[0]
    elsewhere = (
        one.key and field_of_key(one.key) != name and one.key != name and not one.key.startswith("orders")
    )
    where = f"{one.key}: " if elsewhere else ""
    expected = f"expected {one.expected}, " if one.expected else ""
    nearest = f" (did you mean {one.nearest!r}?)" if one.nearest else ""
    text = f"{where}{expected}{one.message}{nearest}"
    return text[:1].upper() + text[1:]


def _natural(text: str, name: str) -> None:
    if not (text.strip().isdecimal() and int(text) < 2**63):
        raise UserError(f"got {text!r}", key=name, expected="a whole number from 0 on")
