"""Cumulative incidence with competing risks: the Aalen-Johansen estimator.

One minus Kaplan-Meier would count a patient who died of GvHD as one who may still relapse. Variance: the delta method
(Marubini & Valsecchi 1995; the same as Dinse & Larson 1986); without censoring it is that of a proportion, p (1 - p) / n.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = ["Incidence", "aalen_johansen"]

type Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Incidence:
    """Hold a cumulative incidence: arrays of shape (n_times,), starting at time 0 with 0; limits are pointwise."""

    times: Floats
    incidence: Floats
    se: Floats
    low: Floats
    high: Floats
    confidence: float

    def at(self, day: float) -> tuple[float, float, float]:
        """Return the incidence on a day with its limits."""
        where = max(int(np.searchsorted(self.times, day, side="right")) - 1, 0)
        return float(self.incidence[where]), float(self.low[where]), float(self.high[where])


def aalen_johansen(
    days: npt.ArrayLike, causes: npt.ArrayLike, cause: int = 1, confidence: float = 0.95
) -> Incidence:
    """Estimate the cumulative incidence of one cause; `causes` is 0 for censored, else the cause, shape (n,).

    The band is on the complementary log-log scale. Raise ValueError without patients or with times below 0.
    """
    time, why = np.asarray(days, float), np.asarray(causes, np.int64)
    if time.ndim != 1 or time.shape != why.shape or time.size == 0:
        raise ValueError("incidence needs one time and one cause per patient, and at least one patient")
    if not np.isfinite(time).all() or (time < 0).any():
        raise ValueError("follow-up times must be finite and not negative")
    times = np.unique(time)
    n = np.array([(time >= t).sum() for t in times], float)
    d_any = np.array([((time == t) & (why != 0)).sum() for t in times], float)
    d_own = np.array([((time == t) & (why == cause)).sum() for t in times], float)
    survival = np.cumprod(1 - d_any / n)
    before = np.concatenate([[1.0], survival[:-1]])
    incidence = np.cumsum(before * d_own / n)
    se = np.sqrt(np.maximum(_variance(incidence, before, n, d_any, d_own), 0.0))
    low, high = _band(incidence, se, confidence)
    if times[0] > 0:
        zero = np.zeros(1)
        times, incidence, se, low, high = (
            np.concatenate([zero, x]) for x in (times, incidence, se, low, high)
        )
    return Incidence(times, incidence, se, low, high, confidence)


def _variance(incidence: Floats, before: Floats, n: Floats, d_any: Floats, d_own: Floats) -> Floats:
    """Return the variance at each time: three sums over the event times up to it."""
    left = n > d_any
    greenwood = np.where(left, d_any / np.where(left, n * (n - d_any), 1.0), 0.0)
    own = before**2 * (n - d_own) * d_own / n**3
    cross = before * d_own / n**2
    variance = np.empty(incidence.size)
    for i, reached in enumerate(incidence):
        gap = reached - incidence[: i + 1]
        sums = gap**2 * greenwood[: i + 1] + own[: i + 1] - 2 * gap * cross[: i + 1]
        variance[i] = sums.sum()
    return variance


def _band(incidence: Floats, se: Floats, confidence: float) -> tuple[Floats, Floats]:
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    inside = (incidence > 0) & (incidence < 1)
    with np.errstate(all="ignore"):
        width = np.exp(
            z * se / ((1 - incidence) * np.log1p(-incidence))
        )  # below 1: the logarithm is negative
        low, high = 1 - (1 - incidence) ** width, 1 - (1 - incidence) ** (1 / width)
    return np.where(inside, low, incidence), np.where(inside, high, incidence)
