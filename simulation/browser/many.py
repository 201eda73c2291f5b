"""Many patients at once: followed by worker processes while the page stays free, seen while they grow, stopped at any time.

Nothing here knows Solara: `on_change` is told when there is something new to draw, from the thread that gathers.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from simulation.browser.catalogue import Source
from simulation.browser.mistakes import natural
from simulation.errors import UserError, reason_of
from simulation.forecast import FollowedPatient, Forecast, Question, Series, follow_all, parse_series
from simulation.forecast.choose import follow_chosen
from simulation.forecast.prepare import from_today
from simulation.pool import LocalPool, Pool
from simulation.posterior import load_posterior
from simulation.posterior.posterior import SHIPPED
from simulation.scenario.resolve import with_values
from simulation.scenario.schema import Scenario
from simulation.trial.schema import Arm
from simulation.units import format_number

__all__ = [
    "KINDS",
    "MOST",
    "PRELOAD",
    "ForecastRequest",
    "ManyPatients",
    "arms_of",
    "named",
    "processes",
    "question_of",
]

KINDS: Final = {
    "patients": "many patients: each is another person",
    "chance": "one patient again and again: chance alone",
}
MOST: Final = 5_000
PRELOAD: Final = ("simulation.forecast.follow",)
_AT_LEAST_S: Final = 0.7  # between two drawings: a fan of hundreds takes a while to compute
_SHOWN: Final = "the measured course"
type Kind = Literal["patients", "chance"]
type State = Literal["idle", "running", "done", "stopped", "failed"]


@dataclass(frozen=True)
class ForecastRequest:
    """Hold what a person asked for, as typed; `sources` are one or two strategies.

    `patient` is who is followed again and again where `kind` is chance. `course` is the text of a measured course, or empty.
    """

    sources: tuple[Source, ...]
    seed: str = "1"
    number: str = "100"
    kind: str = "patients"
    patient: str = "1"
    posterior: bool = False
    course: str = ""


def processes() -> int:
    """Return how many processes follow patients: one processor is left to the page."""
    import os

    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, available - 1)


def arms_of(asked: ForecastRequest) -> tuple[Arm, ...]:
    """Return the strategies with their patients; raise `UserError` for what cannot be."""
    from simulation.body.virtual_patient import patient_values

    seed, patient = natural(asked.seed, "seed"), natural(asked.patient, "patient")
    arms = []
    for key, source in zip(("a", "b"), asked.sources, strict=False):
        if asked.kind == "chance":
            scenario = source.load(patient=patient)
            scenario = with_values(scenario, patient_values(scenario, seed, patient))
        else:
            scenario = source.load(patient=1)
        arms.append(Arm(key, named(scenario, source)))
    return tuple(arms)


def named(scenario: Scenario, source: Source) -> Scenario:
    """Return a scenario under the title of its choice, where that is another than its file's."""
    return scenario if not source.title else scenario.model_copy(update={"name": source.title[:120]})


def question_of(asked: ForecastRequest) -> tuple[Question, int, list[str]]:
    """Return what is followed, how many, and what the person should know; raise `UserError` with the field in `key`."""
    number = natural(asked.number, "number")
    if not 2 <= number <= MOST:
        raise UserError(f"got {number}", key="number", expected=f"2 to {MOST:,} patients")
    arms, notes = arms_of(asked), list[str]()
    series = Series()
    if asked.course.strip():
        series = parse_series(asked.course, _SHOWN)
        arms = tuple(Arm(arm.key, _knowing(arm.scenario, series)) for arm in arms)
        arms, notes = from_today(arms, series)
    return Question(arms, natural(asked.seed, "seed"), series=series), number, notes


def _knowing(scenario: Scenario, series: Series) -> Scenario:
    """Return the strategy with what the course says of the patient."""
    from simulation.scenario.load import parse_scenario

    changes = [
        (f"patient.{name}", value, f"{series.shown}: patient") for name, value in series.patient.items()
    ]
    return parse_scenario(scenario.to_yaml(str), changes, series.shown) if changes else scenario


class ManyPatients:
    """Follow many patients in the background.

    Parameters
    ----------
    on_change
        Called, from a thread of its own, when more patients are there, and when it ends.
    pool
        Makes the processes; for tests.
    """

    def __init__(
        self, on_change: Callable[[], None] = lambda: None,
        pool: Callable[[Callable[[], bool]], Pool] = lambda stop: LocalPool(processes(), preload=PRELOAD, should_stop=stop),
    ) -> None:  # fmt: skip
        self.state: State = "idle"
        self.mistake: UserError | None = None
        self.notes: list[str] = []
        self.wanted = 0
        self.seconds = 0.0
        self.followed_as: ForecastRequest | None = None  # what is followed, or was
        self.on_change, self._pool = on_change, pool
        self._guard = threading.Lock()
        self._turn = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._question: Question | None = None
        self._second: Question | None = None
        self._followed: list[FollowedPatient] = []
        self._followed_second: list[FollowedPatient] = []

    @property
    def running(self) -> bool:
        """Return whether patients are being followed."""
        return self.state == "running"

    @property
    def done(self) -> int:
        """Return how many patients are there, those under parameter sets among them."""
        return len(self._followed) + len(self._followed_second)

    @property
    def failed(self) -> int:
        """Return how many of them could not be followed."""
        return sum(bool(one.failed) for one in (*self._followed, *self._followed_second))

    def forecast(self, *, second: bool = False) -> Forecast | None:
        """Return what those followed so far say; `second`: under parameter sets. None where there is nobody."""
        with self._guard:
            question = self._second if second else self._question
            followed = list(self._followed_second if second else self._followed)
        return (
            Forecast.of(question, followed)
            if question is not None and any(not one.failed for one in followed)
            else None
        )

    def start(self, asked: ForecastRequest) -> None:
        """Begin; what was followed before is forgotten. A mistake is kept in `mistake`, and nothing begins."""
        self.stop(wait=True)
        try:
            question, number, notes = question_of(asked)
        except UserError as error:
            self.mistake = error
            self.on_change()
            return
        second = replace(question, posterior=load_posterior(SHIPPED)) if asked.posterior else None
        with self._guard:
            self._turn += 1
            turn = self._turn
            self.mistake, self.notes, self.followed_as = None, notes, asked
            self._question, self._second = question, second
            self._followed, self._followed_second = [], []
            self.wanted, self.seconds, self.state = number * (1 if second is None else 2), 0.0, "running"
            self._stop = threading.Event()
            work = threading.Thread(
                target=self._work, args=(turn, number, self._stop), daemon=True, name="many patients"
            )
            self._thread = work
        self.on_change()
        work.start()

    def stop(self, *, wait: bool = False) -> None:
        """Begin no further patient; those in hand are given up with their processes a moment later."""
        self._stop.set()
        thread = self._thread
        if wait and thread is not None and thread is not threading.current_thread():
            thread.join(5.0)

    def _work(self, turn: int, number: int, stop: threading.Event) -> None:
        began = last = time.monotonic()
        end: State = "done"
        try:
            with self._pool(stop.is_set) as pool:
                for second, one in self._all(number, pool):
                    with self._guard:
                        if turn != self._turn:
                            return
                        (self._followed_second if second else self._followed).append(one)
                        self.seconds = time.monotonic() - began
                    if stop.is_set():
                        break
                    if time.monotonic() - last >= _AT_LEAST_S:
                        last = time.monotonic()
                        self.on_change()
            end = "stopped" if stop.is_set() and self.done < self.wanted else "done"
        except UserError as error:
            self.mistake, end = error, "failed"
        except Exception as error:  # a page must say what happened, whatever it was
            self.mistake, end = UserError(reason_of(error)), "failed"
        with self._guard:
            if turn != self._turn:
                return
            self.state = end
        self.on_change()

    def _all(self, number: int, pool: Pool) -> Iterator[tuple[bool, FollowedPatient]]:
        if self._question is not None:
            yield from ((False, one) for one in _follow(self._question, number, pool))
        if self._second is not None and not self._stop.is_set():
            yield from ((True, one) for one in _follow(self._second, number, pool))

    # In words --------------------------------------------------------------------------------------------

    def status(self) -> str:
        """Say how far it is."""
        if self.state == "idle":
            return "Nobody has been followed yet."
        words = {
            "running": "Following",
            "done": "Done",
            "stopped": "Stopped",
            "failed": "Ended by a mistake",
        }[self.state]
        rate = (
            f", {format_number(round(self.done / self.seconds, 1))} a second"
            if self.running and self.seconds > 2
            else ""
        )
        failed = f"; {self.failed} failed" if self.failed else ""
        if self.running and not self.done:
            return f"Starting {processes()} worker processes; the first patients take some seconds."
        return f"{words}: {self.done:,} of {self.wanted:,} patients{rate}{failed}."


def _follow(question: Question, number: int, pool: Pool) -> Iterable[FollowedPatient]:
    """Yield so many patients, from number 1 on where nothing conditions them: 0 is a file's own, typical patient."""
    if question.series.measured:
        return follow_chosen(question, number, pool)
    return follow_all(question, range(1, number + 1), pool)
