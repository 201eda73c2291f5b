"""The same patient under two strategies, in step: identical until they part, and then marked where they differ."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import solara

from simulation.browser.asking import Asking
from simulation.browser.catalogue import Source
from simulation.browser.form import label_of_key
from simulation.browser.player import Player
from simulation.browser.session import natural, told
from simulation.browser.snapshot import Snapshot, snapshot
from simulation.clinic.outcomes import OUTCOMES
from simulation.errors import UserError
from simulation.mesa_model import TransplantModel
from simulation.number_words import NOTHING
from simulation.results.words import outcome_words
from simulation.scenario.cohort import standard_words
from simulation.scenario.schema import Scenario

__all__ = ["TwinView", "difference"]

_EPS: Final = 1e-9

_SHOWN: Final = (  # what fits on a screen of 800 pixels: days, grades and what was given
    "treatment_start_day", "relapse_day", "complete_remission_day", "mrd_negative_day", "mrd_nadir", "second_relapse_day",
    "relapse_cd19", "eradicated", "agvhd_grade", "crs_grade", "nrm_day",
    *(name for name, one in OUTCOMES.items() if one.price), "final_blasts", "final_cd3_per_ul",
)  # fmt: skip


class TwinView(Asking):
    """Hold one tab's twins; `frame` and `changed` as in `PatientView`."""

    who = "both twins begin"

    def __init__(self, first: Source, second: Source, seed: int = 0, patient: int = 0) -> None:
        super().__init__()
        self.frame: Any = solara.reactive(0)
        self.changed: Any = solara.reactive(0)
        self.layer: Any = solara.reactive("dominant")
        self.sources = [first, second]
        self.first_sources = (first, second)  # with which the page was opened
        self.seed, self.patient = seed, patient
        self.player = Player(self, self.show, self.tell)
        self.models: list[TransplantModel] = []
        self.parted_day: float | None = None
        self._begin(_loaded(self.sources, patient))

    # The player's subject ------------------------------------------------------------------------------------

    @property
    def day(self) -> float:
        """Return days since transplant: those of the twin who is next, or the last one's when both are done."""
        ahead = [model.day for model in self.models if not model.life.finished]
        return float(min(ahead) if ahead else max(model.day for model in self.models))

    @property
    def scenarios(self) -> tuple[Scenario, Scenario]:
        """Return both twins' scenarios."""
        first, second = (model.life.scenario for model in self.models)
        return first, second

    @property
    def at_stake(self) -> str:
        """Return the day that would be lost."""
        return f"Day {self.day:.4g}" if self.day > self.first_day + _EPS else ""

    @property
    def whose(self) -> str:
        """Return where the patient is from, in words; empty where that is plain."""
        pairs = zip(self.scenarios, self.sources, strict=True)
        return next(filter(None, (standard_words(one, self.patient, of.cohort) for one, of in pairs)), "")

    @property
    def waiting(self) -> bool:
        """Return whether one twin has not begun yet."""
        return abs(self.models[0].day - self.models[1].day) > _EPS

    @property
    def finished(self) -> bool:
        """Return whether both twins' follow-up is over."""
        return all(model.life.finished for model in self.models)

    @property
    def time_step(self) -> float:
        """Return the step, days."""
        return float(self.models[0].body.time_step)

    def step(self) -> None:
        """Advance both by one step, and note the day on which they part; who begins later (no Treg before) is waited for."""
        with self.lock:
            began = self.day
            for model in self.models:
                if not model.life.finished and model.day <= began + _EPS:
                    model.step()
            if self.parted_day is None and self._differ():
                self.parted_day = began

    def _differ(self) -> bool:
        one, other = self.models
        if one.life.finished != other.life.finished:
            return True
        return not self.waiting and _body(one) != _body(other)

    # What a person changes -----------------------------------------------------------------------------------

    def choose(self, which: int, source: Source) -> None:
        """Give one twin another strategy. A bad file is told and changes nothing."""
        wanted = [*self.sources]
        wanted[which] = source
        self._change(f"strategy_{which}", source.label, lambda: (wanted, self.seed, self.patient))

    def choose_key(self, name: str, text: str) -> None:
        """Set `seed` or `patient`."""

        def wanted() -> _Twins:
            key = {"seed": self.seed, "patient": self.patient, name: natural(text, name)}
            return self.sources, key["seed"], key["patient"]

        self._change(name, f"{label_of_key(name)} {text}", wanted, text)

    def open(self, first: Source, second: Source, seed: int, patient: int) -> None:
        """Take two strategies and a patient at once, for example from a comparison; raise `UserError` for a bad file."""
        with self.lock:
            self._ask(f"{first.label} and {second.label}", ([first, second], seed, patient))
        self.refresh()

    def _change(self, name: str, what: str, wanted: "Callable[[], _Twins]", text: str | None = None) -> None:
        with self.lock:
            self.withdraw()
            self.errors.pop(name, None)
            self.typed.pop(name, None)
            try:
                self._ask(what, wanted())
            except UserError as error:
                self.errors[name] = told(error, name) if text is not None else str(error)
            if text is not None and (name in self.errors or self.question is not None):
                self.typed[name] = text
        self.refresh()

    def _ask(self, what: str, wanted: "_Twins") -> None:
        """Begin again with these twins, after a question where the present ones have come some way."""
        if wanted == (self.sources, self.seed, self.patient):
            return
        sources, seed, patient = wanted
        scenarios = _loaded(sources, patient)

        def act() -> None:
            self.sources, self.seed, self.patient = sources, seed, patient
            self.errors, self.typed = {}, {}
            self._begin(scenarios)

        self.ask(what, act)
        if self.question is not None:
            self.player.pause()  # nothing goes on while a person is asked

    def restart(self) -> None:
        """Begin again with the same twins."""
        with self.lock:
            self._begin([model.life.scenario for model in self.models])

    def _begin(self, scenarios: list[Scenario]) -> None:
        self.models = [TransplantModel(one, seed=self.seed, patient=self.patient) for one in scenarios]
        for model in self.models:
            model.datacollector = None
        self.first_day = self.day
        self.parted_day = None
        if self._differ():
            self.parted_day = self.day
        self.shots = self.look()

    def look(self) -> tuple[Snapshot, Snapshot]:
        """Return both twins as they are now."""
        return snapshot(self.models[0]), snapshot(self.models[1])

    # What is shown -------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Copy both and have them drawn."""
        with self.lock:
            self.shots = self.look()
        self.frame.value += 1

    def tell(self) -> None:
        """Have the controls drawn."""
        self.changed.value += 1

    def refresh(self) -> None:
        """Show everything after a person's act."""
        self.show()
        self.tell()


type _Twins = tuple[list[Source], int, int]  # strategies, seed, patient


def _loaded(sources: Sequence[Source], patient: int) -> list[Scenario]:
    return [source.load(patient=patient) for source in sources]


def difference(shots: tuple[Snapshot, Snapshot]) -> list[tuple[str, str, str, bool]]:
    """Return (outcome, first twin's, second twin's, whether they differ), in the order in which a clinician asks."""
    rows = []
    for declared in (OUTCOMES[name] for name in _SHOWN):
        # before transplant nothing has come of anything: no blast is there that could be eradicated
        left, right = (NOTHING if shot.day < 0 else outcome_words(declared, shot.outcomes) for shot in shots)
        rows.append((declared.label.replace("at the end", "now"), left, right, left != right))
    return rows


def _body(model: TransplantModel) -> dict[str, float]:
    """Return the patient's state now, without what was measured of it."""
    return {name: value for name, value in model.record().items() if name != "mrd_measured_fraction"}
