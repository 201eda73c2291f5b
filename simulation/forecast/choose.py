"""Which virtual patients are worth following: those of a large pool whose parameters make the measured course likely.

Few patients fit a course, and following one costs a thousand times more than drawing one. So some are followed first (the
pilot), what was measured is regressed on their parameters, and of the whole pool patients are then taken with a probability
that grows with the predicted likelihood. Each weighs by one over that probability (Horvitz and Thompson 1952), so that the
forecast is that of the pool whatever the regression is worth: a poor one costs effective patients, and nothing else. A share
of the probability is the same for all (a defensive mixture, Hesterberg 1995), so that nobody whom the regression misjudges
can weigh without bound.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, logsumexp

from simulation.body.keyed import Keyed
from simulation.forecast.follow import QUANTITIES, FollowedPatient, Question, follow_all
from simulation.forecast.measurement import Errors, MeasuredValue, fit
from simulation.pool import Pool
from simulation.posterior import under
from simulation.scenario.resolve import varies
from simulation.scenario.schema import Scenario

__all__ = ["PILOT", "POOL", "chosen", "covariates", "follow_chosen", "pilot_size"]

POOL: Final = 10  # patients drawn for each that is followed
PILOT: Final = 100  # patients followed first, at least
_SHARE_PILOT: Final = 0.25
_EVEN: Final = 0.25  # share of the probability that is the same for all
_TEMPER: Final = 0.7  # measurements of a patient go together, and the regression takes them as independent
_RIDGE: Final = 3.0
_FEWEST: Final = 30
_LOWEST: Final = 0.02
type Floats = npt.NDArray[np.float64]


def pilot_size(n: int) -> int:
    """Return how many of `n` patients are followed first; all where there are too few to learn anything from."""
    return n if n < 2 * PILOT else max(PILOT, math.ceil(_SHARE_PILOT * n))


def follow_chosen(question: Question, n: int, pool: Pool) -> Iterator[FollowedPatient]:
    """Yield `n` patients as they are done: the pilot, then those chosen; without a measured course just the first `n`."""
    first = pilot_size(n) if question.series.measured and varies(question.arms[0].scenario) else n
    pilot: list[FollowedPatient] = []
    for one in follow_all(replace(question, early=False), range(first), pool):
        pilot.append(one)
        yield one
    known = sorted((one for one in pilot if not one.failed), key=lambda one: one.patient)
    if first < n and len(pilot) == first and len(known) > _FEWEST:
        taken = chosen(question, known, first, n - first)
        for one in follow_all(question, taken, pool):
            yield replace(one, stands_for=1.0 / taken[one.patient])


def covariates(question: Question, patients: Sequence[int]) -> Floats:
    """Return what tells these patients apart, shape (patients, columns): parameters drawn, logarithms where they can be taken."""
    scenario, rows = question.arms[0].scenario, []
    moved: dict[int, Scenario] = {}
    for patient in patients:
        own, chosen_set = scenario, question.set_of(patient)
        if question.posterior is not None and chosen_set is not None:
            if chosen_set not in moved:
                moved[chosen_set] = under(scenario, question.posterior.set(chosen_set))
            own = moved[chosen_set]
        values = own.patient.drawn(partial(_placed, Keyed(question.seed, patient)), patient)
        rows.append([values[name] for name in sorted(values)])
    table = np.array(rows, float)
    if not table.size:
        return table.reshape(len(patients), 0)
    positive = (table >= 0).all(axis=0)
    table[:, positive] = np.log1p(
        table[:, positive] / np.maximum(np.median(table[:, positive], axis=0), 1e-12) * 1e3
    )
    return table


def _placed(draw: Keyed, name: str) -> float:
    return draw.uniform(f"patient {name}")


def chosen(question: Question, pilot: Sequence[FollowedPatient], first: int, n: int) -> dict[int, float]:
    """Return the further patients to follow, `n` of those from number `first` on, each with the probability that he was taken."""
    begun, last = len(pilot), _last(question, first + POOL * n)
    pool = list(range(first, last))
    n = min(n, len(pool))
    table = covariates(question, [one.patient for one in pilot] + pool)
    spread = table.std(axis=0)
    table = (table[:, spread > 0] - table[:, spread > 0].mean(axis=0)) / spread[spread > 0]
    design = np.column_stack([np.ones(len(table)), table, table**2])
    logs = _TEMPER * _predicted(question, pilot, design[:begun], design[begun:])
    peaked = np.exp(logs - logsumexp(logs)) if np.isfinite(logs).any() else np.full(len(pool), 1 / len(pool))
    probability = _inclusion(_EVEN / len(pool) + (1 - _EVEN) * peaked, n)
    return {pool[index]: float(probability[index]) for index in _systematic(probability, question.seed)}


def _last(question: Question, wanted: int) -> int:
    listed = question.arms[0].scenario.patient.listed
    return wanted if listed is None else min(wanted, listed)


def _predicted(question: Question, pilot: Sequence[FollowedPatient], known: Floats, asked: Floats) -> Floats:
    """Return the predicted log-likelihood of the whole course for every row of `asked`."""
    total = np.zeros(len(asked))
    days, errors = question.days, question.series.errors
    for one in question.series.measured:
        if one.what == "agvhd":
            continue
        place = next(index for index, day in enumerate(days) if day >= one.day - 1e-9)
        values = np.array([each.trajectories[0, place, QUANTITIES.index(one.what)] for each in pilot])
        some = values > 0
        if some.sum() < _FEWEST:
            continue
        middle, spread = _regressed(known[some], np.log(values[some]), asked)
        there = _likelihood(one, middle, spread, errors)
        absent = ~some & ~np.isnan(values)
        if absent.any():
            none, _ = _regressed(known[~np.isnan(values)], absent[~np.isnan(values)].astype(float), asked)
            none = np.clip(none, _LOWEST, 1 - _LOWEST)
            zero = float(fit(one, 0.0, errors))
            there = np.logaddexp(np.log1p(-none) + there, np.log(none) + zero)
        total += there
    return total


def _likelihood(one: MeasuredValue, middle: Floats, spread: float, errors: Errors) -> Floats:
    """Return the log-likelihood of a measurement where the logarithm of the truth is known with an error."""
    own = errors.mrd * math.log(10.0) if one.what == "mrd" else errors.cd3
    sd = math.hypot(own, spread)
    z = (math.log(one.value) - middle) / sd
    return np.asarray(log_ndtr(z) if one.below else -0.5 * z * z - math.log(sd / own), float)


def _regressed(known: Floats, values: Floats, asked: Floats) -> tuple[Floats, float]:
    """Return what a ridge regression predicts, and the standard deviation of what it leaves, its own error included."""
    penalty = np.full(known.shape[1], _RIDGE)
    penalty[0] = 0.0
    inner = known.T @ known + np.diag(penalty)
    hat = np.linalg.solve(inner, known.T)
    slopes = hat @ values
    leverage = np.clip(np.einsum("ij,ji->i", known, hat), 0.0, 0.9)
    left = (values - known @ slopes) / (1.0 - leverage)  # as if each had been left out
    return asked @ slopes, float(np.sqrt(np.mean(left**2)))


def _inclusion(size: Floats, n: int) -> Floats:
    """Return probabilities in proportion to `size` that sum to `n`, none above 1."""
    sure = np.zeros(len(size), bool)
    while True:
        rest = n - sure.sum()
        scaled = np.where(sure, 1.0, rest * size / size[~sure].sum())
        if not (scaled[~sure] > 1.0).any():
            return scaled
        sure |= scaled > 1.0


def _systematic(probability: Floats, seed: int) -> list[int]:
    """Return the places taken: where the sum of probabilities passes a grid of step 1 from a start that is the seed's."""
    start = Keyed(seed, 0).uniform("forecast choice")
    sums = np.concatenate([[0.0], np.cumsum(probability)])
    return [int(i) for i in np.flatnonzero(np.floor(sums[1:] - start) > np.floor(sums[:-1] - start))]
