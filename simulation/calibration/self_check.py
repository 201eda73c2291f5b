"""Simulation-based calibration of a fit: made problems whose truth is known, fitted by the very machinery (Talts et al. 2018).

A made problem has the fit file's parameters, ranges, targets, weights and effort; only the simulator is another: each statistic
is a smooth function of a few parameters, computed at once. A truth is drawn from the ranges, observations are made from it with
the errors of the real ones, and the fit runs. Were its weighted sets draws of the posterior, the rank of the truth among them
would be uniform: too many in the middle mean sets that are too wide, at both ends too narrow.

Stored evaluations of a real fit are judged likewise, without simulating: each candidate of its design that is complete is once
the truth, its statistics with made errors the observations, and the others are kept and weighed as the fit does.
"""

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import binom, chisquare, ttest_1samp

from simulation.calibration.abc import Evaluation, Fit, distance_of, evaluate
from simulation.calibration.estimate import Z95, Statistic, back, transformed
from simulation.calibration.parts import next_fit
from simulation.calibration.problem import Problem
from simulation.calibration.settings import Candidate
from simulation.calibration.targets import Target
from simulation.pool import HerePool, Pool, Task

__all__ = ["BINS", "Ranks", "bounds", "check_design", "check_generated", "do"]

type Floats = npt.NDArray[np.float64]
BINS: Final = 8
_DEPENDS_ON: Final = 3  # parameters of a statistic
_MOVES: Final = 3.0  # standard errors by which a parameter moves it over half of its range
_BEND: Final = 0.2
_CHANCE: Final = 0.05  # that any bin of a histogram lies outside its bounds although ranks are uniform


@dataclass(frozen=True)
class _Place:
    """Hold the same of one problem; `widths` are standard deviations over that of the range."""

    places: Floats
    effective: float
    widths: Floats


@dataclass(frozen=True)
class Ranks:
    """Hold the places of truths among weighted sets, 0..1, shape (problems, parameters); how many sets counted and how wide."""

    names: tuple[str, ...]
    places: Floats
    effective: Floats  # shape (problems,)
    widths: Floats  # of the sets, over that of the range searched, shape (problems, parameters)

    def counts(self, parameter: int) -> npt.NDArray[np.int64]:
        """Return the histogram of one parameter's places, shape (BINS,)."""
        return np.histogram(self.places[:, parameter], bins=BINS, range=(0.0, 1.0))[0]

    def inside(self, parameter: int, share: float) -> float:
        """Return how often the central interval of so large a share of the sets held the truth."""
        return float((np.abs(self.places[:, parameter] - 0.5) <= share / 2).mean())

    def uniform(self, parameter: int) -> float:
        """Return the probability of a histogram as uneven as this one were ranks uniform (chi square)."""
        return float(chisquare(self.counts(parameter)).pvalue)

    def least(self) -> tuple[float, float]:
        """Return the least `uniform` of all parameters, and how often so many independent uniform ones have one so small."""
        least = min(self.uniform(k) for k in range(len(self.names)))
        return least, 1.0 - (1.0 - least) ** len(self.names)

    def spread(self) -> tuple[float, float, float, float]:
        """Return the variance of ranks around the middle over that of uniform ones, its 95 % interval, and p of its being 1.

        Above 1 sets are too narrow, below too wide. Ranks of one problem depend on one another, so each problem counts once (t).
        """
        each = 12.0 * ((self.places - 0.5) ** 2).mean(axis=1)
        test = ttest_1samp(each, 1.0)
        low, high = test.confidence_interval(0.95)
        return float(each.mean()), float(low), float(high), float(test.pvalue)

    def verdict(self, parameter: int) -> str:
        """Return in words what a parameter's ranks say."""
        low, high = bounds(len(self.places))
        counts = self.counts(parameter)
        if all(low <= count <= high for count in counts.tolist()):
            return "as it should be"
        expected = len(self.places) / BINS
        edges, middle = counts[[0, -1]], counts[BINS // 2 - 1 : BINS // 2 + 1].mean()
        if edges.max() < expected < middle:
            return "sets too wide"
        return "sets too narrow" if edges.min() > expected > middle else "sets beside the truth"


def bounds(problems: int) -> tuple[int, int]:
    """Return the least and the most in a bin of a histogram; in one of twenty uniform histograms a bin lies outside."""
    each = _CHANCE / BINS
    return int(binom.ppf(each / 2, problems, 1 / BINS)), int(binom.ppf(1 - each / 2, problems, 1 / BINS))


class GeneratedSimulator:
    """Stand in for the simulator: every statistic is a smooth function of a few of the problem's parameters.

    Statistics have no Monte-Carlo error: candidates of a fit meet the same patients.
    """

    def __init__(self, problem: Problem) -> None:
        rng = np.random.default_rng([problem.seed, 20_261_127])
        self._problem, free = problem, len(problem.free)
        self._of = {
            target.name: (
                rng.permutation(free)[:_DEPENDS_ON],
                rng.choice([-1.0, 1.0], min(_DEPENDS_ON, free)),
            )
            for target in problem.targets
        }
        self._centre = {target.name: transformed(target.observed, target.scale) for target in problem.targets}
        self._unit = {target.name: _error(target) for target in problem.targets}

    def statistics(self, experiment: str, candidate: Candidate | None = None) -> dict[str, Statistic]:
        """Return an experiment's statistics by name, as `experiments.Simulator` does."""
        point = self._problem.point(candidate or Candidate())
        return {
            target.name: self._statistic(target, point)
            for target in self._problem.targets
            if target.experiment == experiment
        }

    def _statistic(self, target: Target, point: Floats) -> Statistic:
        which, signs = self._of[target.name]
        x = float(((2 * point[which] - 1) * signs).sum())
        value = self._centre[target.name] + _MOVES * self._unit[target.name] * (x + _BEND * x * abs(x))
        return Statistic(back(value, target.scale), value, 0.0, 1, target.scale)

    def observed(self, point: Floats, rng: np.random.Generator) -> tuple[Target, ...]:
        """Return the problem's targets as a study would see them were `point` the truth."""
        return tuple(
            _seen(target, self._statistic(target, point).point, rng) for target in self._problem.targets
        )


def _error(target: Target) -> float:
    return math.hypot(target.se, target.tolerance)


def _seen(target: Target, truth: float, rng: np.random.Generator) -> Target:
    """Return a target with an observation made from a truth on its scale, and with its own error."""
    at, se = truth + _error(target) * rng.standard_normal(), target.se
    observed, low, high = (back(at + side * Z95 * se, target.scale) for side in (0, -1, 1))
    return replace(target, observed=observed, low=low, high=high)


def do(runs: tuple[tuple[Problem, int], ...]) -> list[_Place]:
    """Fit made problems, by their numbers."""
    return [_fitted(problem, number) for problem, number in runs]


def _fitted(problem: Problem, number: int) -> _Place:
    rng = np.random.default_rng([problem.seed, number])
    simulator, truth = GeneratedSimulator(problem), rng.random(len(problem.free))
    again = replace(problem, targets=simulator.observed(truth, rng), seed=problem.seed + 1 + number)

    def work(runs: Any) -> list[tuple[float, Any, float]]:
        return [(*evaluate(again, simulator, np.array(point), enough), 0.0) for _, point, enough in runs]

    with tempfile.TemporaryDirectory() as folder, HerePool() as pool:
        while (fit := next_fit(again, Path(folder))).problem is not again:  # its screening comes first
            fit.run(pool, work=work)
        fit.run(pool, work=work)
        points, weights, _ = fit.posterior()
    return _place(points, weights, truth, rng)


def _place(points: Floats, weights: Floats, truth: Floats, rng: np.random.Generator) -> _Place:
    """Return where the truth lies among weighted sets: uniform if it is one of their kind.

    So many sets as count leave one more gap than sets; where in its gap the truth lies is drawn.
    """
    n = 1 / np.sum(weights**2)
    below = weights @ (points < truth)
    spread = np.sqrt(weights @ (points - weights @ points) ** 2)
    return _Place((n * below + rng.random(truth.size)) / (n + 1), float(n), spread * math.sqrt(12.0))


def check_generated(
    problem: Problem,
    problems: int,
    pool: Pool,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Ranks:
    """Return the ranks of truths in so many made problems; raises `KeyboardInterrupt` when the pool was asked to stop."""
    places: dict[int, _Place] = {}
    for result in pool.run(do, (Task(((problem, number),)) for number in range(problems))):
        places[result.task.runs[0][1]] = result.wanted()[0]
        on_progress(len(places), problems)
    if len(places) < problems:
        raise KeyboardInterrupt
    return _ranks(problem, [places[k] for k in range(problems)])


def check_design(fit: Fit) -> Ranks | None:
    """Return the ranks of the complete candidates of a fit's design, each once the truth; None where there are too few."""
    problem, whole = fit.problem, [one for one in fit.done if len(one.statistics) == len(fit.problem.targets)]
    rng = np.random.default_rng(problem.seed)
    rows = [_left_out(fit, one, whole, rng) for one in whole if one.stage == 0 and _known(one)]
    if len(rows) < BINS or len(whole) <= problem.effort.keep:
        return None
    return _ranks(problem, rows)


def _left_out(fit: Fit, truth: Evaluation, whole: Sequence[Evaluation], rng: np.random.Generator) -> _Place:
    """Judge all others by what would be observed were one candidate the truth."""
    problem = fit.problem
    seen = tuple(_seen(t, float(truth.statistics[t.id]["point"] or 0.0), rng) for t in problem.targets)
    again = replace(problem, targets=seen)
    others = [one for one in whole if one is not truth]
    far = [distance_of(again, dict(_statistics(again, one))) for one in others]
    kept = [others[k] for k in np.argsort(far, kind="stable")[: problem.effort.keep]]
    points = np.array([one.point for one in kept])
    weights = fit.weights_of(points, max(one.stage for one in fit.done))
    return _place(points, weights, np.array(truth.point), rng)


def _known(one: Evaluation) -> bool:
    return all(statistic["point"] is not None for statistic in one.statistics.values())


def _statistics(problem: Problem, one: Evaluation) -> Iterator[tuple[str, Statistic]]:
    for target in problem.targets:
        row = one.statistics[target.id]
        value, point, se = (
            math.nan if row[key] is None else float(row[key] or 0.0) for key in ("value", "point", "se")
        )
        yield target.id, Statistic(value, point, se, int(row["n"] or 0), target.scale)


def _ranks(problem: Problem, places: Sequence[_Place]) -> Ranks:
    names = tuple(free.name for free in problem.free)
    return Ranks(
        names,
        np.array([one.places for one in places]),
        np.array([one.effective for one in places]),
        np.array([one.widths for one in places]),
    )
