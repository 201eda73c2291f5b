"""One tab's patient: the form that describes him, and what a change of it means for the patient who has come some way.

A session is shared with nobody. What a person types is tried on a copy of the form first: a mistake leaves a message
beside the field and the patient as he was. What would send a patient who has come some way back to transplant waits in
`question` for an answer.
"""

import math
from collections.abc import Callable, Mapping, Sequence

from simulation.browser.acts import MOST_ACTS, Act, read_act
from simulation.browser.by_hand import SteeredPatient
from simulation.browser.catalogue import Source
from simulation.browser.form import FORM_KEYS, label_of_key, overrides, read_form
from simulation.browser.mistakes import mistake_text, natural
from simulation.browser.played_life import EPS
from simulation.errors import UserError, nearest_name
from simulation.life import Life
from simulation.products.registry import PRODUCTS
from simulation.scenario.cohort import standard_words
from simulation.scenario.schema import Scenario

__all__ = ["PatientSession"]

# what may change without a restart until treatment is triggered or ordered
_PLAN = {product.name for product in PRODUCTS if product.triggered}


class PatientSession(SteeredPatient):
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
        self.form: Mapping[str, str] = {}
        self._open(source, seed, patient)

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
    def at_stake(self) -> str:
        """Return the day and the orders that would be lost."""
        if not self.begun and not self.n_orders:
            return ""
        return f"Day {self.reached:.4g}" + (f" and {self._by_hand}" if self.n_orders else "")

    @property
    def _by_hand(self) -> str:
        return f"{self.n_orders} order{'s' * (self.n_orders != 1)} by hand"

    def ask(self, what: str, act: Callable[[], None]) -> None:
        """Ask as `DiscardGuard` does; a question takes the place of what the last change did."""
        super().ask(what, act)
        if self.question is not None:
            self.note = ""

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
                    raise UserError(f"act {number}: {mistake_text(error, 'acts')}") from None
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
            self.give(what)

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
                self.errors[name] = mistake_text(error, name)
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
                self.forked_words("The plan is changed")
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
            self.leave(Act(self.day, field=name, value=candidate[name]))
        self.form = candidate
        scenario = scenario.model_copy(update={"orders": self.scenario.orders})
        self.life.clinic.replan(scenario)
        self.life.scenario = scenario
        self.played.intervened()

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

    def _begin(self, scenario: Scenario) -> None:
        self.begin(Life(scenario, int(self.form["seed"]), int(self.form["patient"])))


type _Person = tuple[Scenario, dict[str, str]]


def _person(source: Source, seed: int, patient: int) -> _Person:
    """Return the scenario of one patient as its file has it, and the form's fields as he fills them."""
    from simulation.body.virtual_patient import patient_values

    scenario = source.load(patient=patient)
    return scenario, read_form(scenario, patient_values(scenario, seed, patient), seed, patient)
