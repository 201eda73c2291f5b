"""Follow virtual patients under every strategy, their common past once, and keep of each what a forecast needs.

Loaded in worker processes: neither Mesa nor pandas nor matplotlib.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulation.clinic.outcomes import OUTCOMES
from simulation.errors import UserError, reason_of
from simulation.forecast.measurement import fit
from simulation.forecast.series import Series
from simulation.life import NOTHING, Life, simulate
from simulation.pool import Pool, Task, TaskResult
from simulation.posterior import Posterior, under
from simulation.trial.schema import PER_SET, Arm

__all__ = ["HOPELESS", "QUANTITIES", "FollowedPatient", "Question", "follow", "follow_all"]

QUANTITIES: Final = ("mrd", "cd3", "agvhd")  # blasts in the marrow, a fraction; CD3, /uL; grade of aGvHD
HOPELESS: Final = (
    -25.0
)  # log-likelihood below which a patient is followed no further: against the best, a weight of 1e-11
_EVERY: Final = 7.0  # days between points of the fan
_EPS: Final = 1e-9
_FIRST: Final = (
    0.25  # days: what was measured on the day of transplant is held against the end of the first steps
)
type Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """Say what is followed: the strategies, the seed, parameter sets if any, and the measured course if there is one.

    With `prune`, who has not come near the measured course until today is followed no further; with `early`, not even until then.
    """

    arms: tuple[Arm, ...]
    seed: int
    posterior: Posterior | None = None
    per_set: int = PER_SET
    series: Series = field(default_factory=Series)
    prune: bool = True
    early: bool = True

    @property
    def until(self) -> float:
        """Return the last day that every strategy is followed, days after transplant."""
        return min(arm.scenario.follow_up for arm in self.arms)

    @property
    def days(self) -> tuple[float, ...]:
        """Return the days of the fan: weeks, those of measurements, today and the last."""
        weeks = np.arange(_EVERY, self.until + _EPS, _EVERY).tolist()
        measured = [one.day for one in self.series.measured]
        own = [*measured, self.series.today, self.until] if measured else [self.until]
        return tuple(sorted({max(day, _FIRST) for day in (*weeks, *own) if day <= self.until + _EPS}))

    def set_of(self, patient: int) -> int | None:
        """Return the number of a patient's parameter set; None where all have the table's values."""
        return None if self.posterior is None else self.posterior.drawn(self.seed, patient // self.per_set)


@dataclass(frozen=True)
class FollowedPatient:
    """Hold one virtual patient.

    `courses` has the shape (arms, days, `QUANTITIES`), NaN after death and where nothing was simulated; `outcomes` has one row
    per arm, none where `pruned`. `terms` is the log-likelihood of each measurement, under the best possible.
    """

    patient: int
    chosen: int | None
    trajectories: Floats
    terms: Floats
    outcomes: tuple[dict[str, Any], ...] = ()
    pruned: bool = False
    failed: str = ""
    stands_for: float = 1.0  # so many patients of the pool: one over the probability that he was taken

    @property
    def log_likelihood(self) -> float:
        """Return the log-likelihood of the whole measured course, 0 at best; 0, too, where nothing was measured."""
        return float(self.terms.sum())


@dataclass(frozen=True)
class Work:
    """Be the function that a pool calls with the numbers of patients; it travels to the workers."""

    question: Question

    def __call__(self, patients: tuple[int, ...]) -> list[FollowedPatient]:
        """Follow each; one who raises costs only herself, a mistake of the question ends everything."""
        followed = []
        for patient in patients:
            try:
                followed.append(follow(self.question, patient))
            except UserError:
                raise
            except Exception as error:
                followed.append(_failed(self.question, patient, reason_of(error)))
        return followed


class _Watch:
    """Note what is true of each life on the days of the fan, and judge its past as its measurements come."""

    def __init__(self, question: Question) -> None:
        self.days = question.days
        self._question = question
        self._past = sum(day <= question.series.today + _EPS for day in self.days)
        self._judged = question.prune and bool(question.series.measured)
        self._early = question.early
        measured_days = [one.day for one in question.series.measured if one.what == "mrd" and not one.below]
        self._last_positive = max(
            measured_days, default=-math.inf
        )  # until then a patient without a blast is none like her
        self.noted: dict[int, list[tuple[float, float, float]]] = {}
        self._hopeless: dict[int, bool] = {}

    def step(self, life: Life) -> None:
        rows = self.noted.setdefault(id(life), [])
        while (
            len(rows) < len(self.days)
            and life.day >= self.days[len(rows)] - _EPS
            and not life.clinic.finished
        ):
            truth = life.body.truth()
            rows.append((truth.marrow_blast_fraction, truth.cd3_per_ul, float(truth.agvhd_grade)))
            if self._judged and (len(rows) == self._past or (self._early and len(rows) < self._past)):
                gone = truth.blasts == 0 and life.day < self._last_positive
                self._hopeless[id(life)] = gone or self._far(rows)

    def hopeless(self, life: Life) -> bool:
        return self._hopeless.get(id(life), False)

    def _far(self, rows: list[tuple[float, float, float]]) -> bool:
        """Return whether what was measured until now is far from what is true of a life."""
        trajectory = np.full((len(self.days), len(QUANTITIES)), np.nan)
        trajectory[: len(rows)] = rows
        reached = [max(one.day, _FIRST) <= self.days[len(rows) - 1] for one in self._question.series.measured]
        return bool(terms_of(self._question, trajectory)[reached].sum() < HOPELESS)

    def trajectory(self, life: Life) -> Floats:
        """Return what was noted, shape (days, quantities)."""
        rows = self.noted.get(id(life), [])
        trajectory = np.full((len(self.days), len(QUANTITIES)), np.nan)
        if rows:
            trajectory[: len(rows)] = rows
        return trajectory

    def pasts(self, lives: list[Life]) -> list[Floats]:
        return [self.trajectory(life)[: self._past] for life in lives]


def terms_of(question: Question, trajectory: Floats) -> Floats:
    """Return the log-likelihood of every measurement for one course of the question's days."""
    days = question.days
    terms = [
        float(
            fit(
                one,
                trajectory[days.index(max(one.day, _FIRST)), QUANTITIES.index(one.what)],
                question.series.errors,
            )
        )
        for one in question.series.measured
    ]
    return np.array(terms, float)


def follow(question: Question, patient: int) -> FollowedPatient:
    """Follow one virtual patient under every strategy.

    Raises
    ------
    UserError
        Where the strategies have already parted before today: her past is one.
    """
    chosen = question.set_of(patient)
    scenarios = [arm.scenario for arm in question.arms]
    if question.posterior is not None and chosen is not None:
        scenarios = [under(one, question.posterior.set(chosen)) for one in scenarios]
    watch = _Watch(question)
    lives = simulate(
        scenarios, seed=question.seed, patient=patient, record=NOTHING, on_step=watch.step, until=watch.hopeless
    )  # fmt: skip
    if question.series.measured:
        _one_past(question, watch.pasts(lives))
    trajectories = np.stack([watch.trajectory(life) for life in lives])
    pruned = not all(life.finished for life in lives)
    terms = terms_of(question, trajectories[0])
    outcomes = () if pruned else tuple(_outcomes(life) for life in lives)
    return FollowedPatient(patient, chosen, trajectories, terms, outcomes, pruned)


def _outcomes(life: Life) -> dict[str, Any]:
    row = life.outcomes()
    return {name: row.get(name) for name, one in OUTCOMES.items() if one.stored}


def _one_past(question: Question, pasts: list[Floats]) -> None:
    for arm, past in zip(question.arms[1:], pasts[1:], strict=True):
        same = np.array_equal(past, pasts[0], equal_nan=True)
        if not same:
            differing = ~((past == pasts[0]) | (np.isnan(past) & np.isnan(pasts[0]))).all(axis=1)
            day = question.days[int(np.argmax(differing))]
            raise UserError(
                f"differs from {question.arms[0].key} by day {day:g} already; until today, day {question.series.today:g}, "
                "her past is one: what was done stands under `given` of the measured course",
                file=f"strategy {arm.key}",
            )


def follow_all(question: Question, patients: Iterable[int], pool: Pool) -> Iterator[FollowedPatient]:
    """Yield every patient as he is done, in whatever order; the pool must be open.

    Raises
    ------
    UserError
        For a mistake of the question that shows only in a simulated patient.
    """
    tasks = (Task((patient,)) for patient in patients)
    for done in pool.run(Work(question), tasks):
        yield from _of(done, question)


def _of(done: TaskResult, question: Question) -> list[FollowedPatient]:
    if isinstance(done.error, UserError):
        raise done.error
    if done.ok:
        return list(done.value)
    reason = done.died or reason_of(done.error or RuntimeError("unknown"))
    return [_failed(question, patient, reason) for patient in done.task.runs]


def _failed(question: Question, patient: int, reason: str) -> FollowedPatient:
    empty = np.full((len(question.arms), len(question.days), len(QUANTITIES)), np.nan)
    terms = np.full(len(question.series.measured), -np.inf)
    return FollowedPatient(patient, None, empty, terms, pruned=True, failed=reason)
