"""How well the stored twins know an endpoint's effect: its relative error, and its spread between parameter sets.

An effect is a mean over twins of what each contributes: for the log-rank test the difference of their martingale residuals
under one common hazard, for the others the difference of days or of yes and no. Nothing of this depends on a real trial's size.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulation.design.draws import StoredPatients
from simulation.statistics.nested import covariances

__all__ = ["Effect", "contributions", "effect_of"]

type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Effect:
    """Hold errors of an effect over its size; `relative_sd` between parameter sets is None where there are none."""

    relative_se: float
    relative_sd: float | None


def contributions(endpoint: str, one: StoredPatients, other: StoredPatients, horizon: float) -> Floats:
    """Return what each twin contributes to the effect, shape (n,); above 0 where the first arm does better."""
    if endpoint == "log_rank":
        hazard = _hazard(one, other)
        return np.asarray(_residual(other, hazard) - _residual(one, hazard), float)
    if endpoint == "restricted_mean":
        return np.asarray(np.minimum(one.days, horizon) - np.minimum(other.days, horizon), float)
    if endpoint == "mean_days":
        return np.asarray(one.free_days - other.free_days, float)
    if endpoint == "event_free":
        free = [~arm.happened | (arm.days > horizon) for arm in (one, other)]
        return np.asarray(free[0].astype(float) - free[1], float)
    return np.asarray(one.free.astype(float) - other.free, float)


def effect_of(each: Floats, sets: Ints | None) -> Effect:
    """Return the relative errors of the mean of `each`; patients of one parameter set (`sets`) vary together.

    The spread between sets is that of one-way analysis of variance, 0 where that is negative.
    """
    mean, n = float(each.mean()), each.size
    if mean == 0 or n < 2:
        return Effect(math.inf, None)
    if sets is None or np.unique(sets).size < 2 or np.unique(sets).size == n:
        return Effect(float(each.std(ddof=1)) / math.sqrt(n) / abs(mean), None)
    _, where = np.unique(sets, return_inverse=True)
    sums = np.bincount(where, each - mean)
    k = sums.size
    se = math.sqrt(k / (k - 1) * float((sums**2).sum())) / n
    (between,) = covariances(each[:, None], each, sets)
    return Effect(se / abs(mean), math.sqrt(max(between.variance, 0.0)) / abs(mean))


def _hazard(one: StoredPatients, other: StoredPatients) -> tuple[Floats, Floats]:
    """Return times and the cumulative hazard (Nelson-Aalen) of both arms together."""
    days, happened = (
        np.concatenate(pair) for pair in ((one.days, other.days), (one.happened, other.happened))
    )
    times, events = np.unique(days[happened], return_counts=True)
    at_risk = days.size - np.searchsorted(np.sort(days), times, side="left")
    return times, np.cumsum(events / at_risk)


def _residual(arm: StoredPatients, hazard: tuple[Floats, Floats]) -> Floats:
    times, total = hazard
    reached = np.searchsorted(times, arm.days, side="right")
    return np.asarray(arm.happened - np.concatenate([[0.0], total])[reached], float)
