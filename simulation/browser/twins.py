"""The same patient under two strategies, in step: identical until they part, and then marked where they differ."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import solara

from simulation.browser.asking import DiscardGuard
from simulation.browser.batch import Batch
from simulation.browser.catalogue import Source
from simulation.browser.event_count import EventCount
from simulation.browser.form import label_of_key
from simulation.browser.kept import TabChoices
from simulation.browser.mistakes import mistake_text, natural
from simulation.browser.played_life import EPS, PlayedLife
from simulation.browser.player import Player, speed_of
from simulation.browser.snapshot import Snapshot, record_of, snapshot
from simulation.clinic.outcomes import OUTCOMES
from simulation.errors import UserError
from simulation.life import Life
from simulation.number_words import NOTHING
from simulation.results.words import outcome_words, timeline
from simulation.scenario.cohort import standard_words
from simulation.scenario.schema import Scenario

__all__ = ["TwinView", "difference"]

_SHOWN: Final = (  # what fits on a screen of 800 pixels: days, grades and what was given
    "treatment_start_day", "relapse_day", "complete_remission_day", "mrd_negative_day", "mrd_nadir", "second_relapse_day",
    "relapse_cd19", "eradicated", "agvhd_grade", "crs_grade", "nrm_day",
    *(name for name, one in OUTCOMES.items() if one.price), "final_blasts", "final_cd3_per_ul",
)  # fmt: skip


class TwinView(DiscardGuard):
    """Hold one tab's twins; `frame` and `changed` as in `PatientView`."""

    who = "both twins begin"

    def __init__(
        self, first: Source, second: Source, seed: int = 0, patient: int = 0, kept: TabChoices | None = None
    ) -> None:
        super().__init__()
        self.frame: Any = solara.reactive(0)
        self.changed: Any = solara.reactive(0)
        self.kept = TabChoices({}) if kept is None else kept
        self.sources = [first, second]
        self.first_sources = (first, second)  # with which the page was opened
        self.seed, self.patient = seed, patient
        self.batch = Batch()
        self.player = Player(self, self.show, self.notify, speed_of(self.kept["twins.speed"].peek()))
        self.played: list[PlayedLife] = []
        self.lives: list[Life] = []  # on the day on the screen
        self.shots: tuple[Snapshot, Snapshot]
        self.wholes: tuple[Snapshot, Snapshot]  # as far as they have been simulated
        self._lengths: tuple[object, ...] = ()
        self.parted_day: float | None = None
        self._begin(_loaded(self.sources, patient))

    @property
    def layer(self) -> "solara.Reactive[str]":
        """Return which map of the marrow is shown."""
        return self.kept["twins.map"]

    # The player's subject ------------------------------------------------------------------------------------

    @property
    def day(self) -> float:
        """Return the day on the screen: that of the twin who is next, or the last one's when both are done."""
        return _day_of(self.lives)

    @property
    def reached(self) -> float:
        """Return the last day simulated."""
        return _day_of([played.lead for played in self.played])

    @property
    def end(self) -> float:
        """Return the last day there can be."""
        return float(max(one.follow_up for one in self.scenarios))

    @property
    def at_present(self) -> bool:
        """Return whether the day on the screen is the last one simulated."""
        return all(life is played.lead for life, played in zip(self.lives, self.played, strict=True))

    @property
    def scenarios(self) -> tuple[Scenario, Scenario]:
        """Return both twins' scenarios."""
        first, second = (life.scenario for life in self.lives)
        return first, second

    @property
    def at_stake(self) -> str:
        """Return the day that would be lost."""
        return f"Day {self.reached:.4g}" if self.reached > self.first_day + EPS else ""

    @property
    def whose(self) -> str:
        """Return where the patient is from, in words; empty where that is plain."""
        pairs = zip(self.scenarios, self.sources, strict=True)
        return next(filter(None, (standard_words(one, self.patient, of.cohort) for one, of in pairs)), "")

    @property
    def waiting(self) -> bool:
        """Return whether one twin has not begun yet."""
        return abs(self.lives[0].day - self.lives[1].day) > EPS

    @property
    def finished(self) -> bool:
        """Return whether both twins' follow-up is over."""
        return all(life.finished for life in self.lives)

    @property
    def time_step(self) -> float:
        """Return the step, days."""
        return float(self.lives[0].body.time_step)

    def step(self) -> None:
        """Go on by one step, both; note the day on which they part. Who begins later (no Treg before) is waited for."""
        with self.lock:
            if not self.at_present:
                self._show(self.day + self.time_step)
                return
            began = self.day
            for played in self.played:
                if not played.lead.finished and played.reached <= began + EPS:
                    played.step()
            if self.parted_day is None and self._differ():
                self.parted_day = began

    def _differ(self) -> bool:
        one, other = (played.lead for played in self.played)
        if one.finished != other.finished:
            return True
        return abs(one.day - other.day) <= EPS and _body(one) != _body(other)

    # Through time --------------------------------------------------------------------------------------------

    def _show(self, day: float) -> None:
        self.lives = [
            played.lead if day >= played.reached - EPS else played.at(day) for played in self.played
        ]

    def go_to(self, day: float) -> None:
        """Put a day on the screen; one that was not simulated yet is run to."""
        self.player.pause()
        with self.lock:
            self._show(day)
        if day > self.reached + EPS:
            self.player.run_to(day)
        else:
            self.show()

    def event_days(self) -> list[float]:
        """Return the days of what happened so far to either, once each."""
        return sorted({day for whole in self.wholes for day, *_ in timeline(whole.result)})

    def to_next_event(self) -> None:
        """Run until something more has happened to either than until now, or to the end."""
        self.player.pause()
        known = [EventCount(), EventCount()]

        def count() -> int:
            return sum(one.of(life) for one, life in zip(known, self.lives, strict=True))

        before = count()
        self.player.play(lambda: count() > before)

    def to_last_event(self) -> None:
        """Go back to the latest event before the day on the screen; without one, to the first day."""
        past = [day for day in self.event_days() if day < self.day - self.time_step - EPS]
        self.go_to(past[-1] + self.time_step if past else self.first_day)

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
                self.errors[name] = mistake_text(error, name) if text is not None else str(error)
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
            self._begin(list(self.scenarios))

    def _begin(self, scenarios: list[Scenario]) -> None:
        self.played = [PlayedLife(Life(one, self.seed, self.patient)) for one in scenarios]
        self.lives = [played.lead for played in self.played]
        self.first_day = self.day
        self.parted_day = None
        if self._differ():
            self.parted_day = self.day
        self.look()

    def look(self) -> None:
        """Copy both as they are on the screen, and as far as they have come."""
        self.shots = snapshot(self.lives[0]), snapshot(self.lives[1])
        lengths = tuple((id(played), played.reached) for played in self.played)
        if self.at_present:
            self.wholes = self.shots
        elif lengths != self._lengths:
            self.wholes = snapshot(self.played[0].lead), snapshot(self.played[1].lead)
        self._lengths = lengths

    # What is shown -------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Copy both and have them drawn."""
        with self.lock:
            self.look()
        with self.batch.together():
            self.frame.value += 1

    def notify(self) -> None:
        """Have the controls drawn."""
        self.changed.value += 1

    def refresh(self) -> None:
        """Show everything after a person's act."""
        with self.batch.together():
            self.show()
            self.notify()


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


def _day_of(lives: Sequence[Life]) -> float:
    ahead = [life.day for life in lives if not life.finished]
    return float(min(ahead) if ahead else max(life.day for life in lives))


def _body(life: Life) -> dict[str, float]:
    """Return the patient's state now, without what was measured of it."""
    return {name: value for name, value in record_of(life).items() if name != "mrd_measured_fraction"}
