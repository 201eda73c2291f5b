"""Cumulative incidence with competing risks: the Aalen-Johansen estimator.

One minus Kaplan-Meier would count a patient who died of GvHD as one who may still relapse. Variance: the delta method
(Marubini & Valsecchi 1995; the same as Dinse & Larson 1986); without censoring it is that of a proportion, p (1 - p) / n.
Where none or all had the cause there is no variance: the limits are Wilson's of those whose state is known.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from simulation.statistics.inputs import causes_of, times_of
from simulation.statistics.proportions import unseen
from simulation.statistics.survival import refuse_beyond

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
    open_end: bool  # patients were still without an event at the last time

    def at(self, day: float) -> tuple[float, float, float]:
        """Return the incidence on a day with its limits; ValueError after the last follow-up of patients at risk."""
        refuse_beyond(day, float(self.times[-1]), self.open_end)
        where = max(int(np.searchsorted(self.times, day, side="right")) - 1, 0)
        return float(self.incidence[where]), float(self.low[where]), float(self.high[where])


def aalen_johansen(
    days: npt.ArrayLike, causes: npt.ArrayLike, cause: int = 1, confidence: float = 0.95
) -> Incidence:
    """Estimate the cumulative incidence of one cause; `causes` is 0 for censored, else the cause, shape (n,).

    The band is on the complementary log-log scale. Raise ValueError without patients, for times below 0 and for causes that
    are no whole numbers.
    """
    time, why = times_of(days), causes_of(causes)
    if time.shape != why.shape:
        raise ValueError("incidence needs one time and one cause per patient")
    times = np.unique(time)
    n = np.array([(time >= t).sum() for t in times], float)
    d_any = np.array([((time == t) & (why != 0)).sum() for t in times], float)
    d_own = np.array([((time == t) & (why == cause)).sum() for t in times], float)
    survival = np.cumprod(1 - d_any / n)
    before = np.concatenate([[1.0], survival[:-1]])
    incidence = np.cumsum(before * d_own / n)
    se = np.sqrt(np.maximum(_variance(incidence, before, n, d_any, d_own), 0.0))
    known = np.array([((time >= t) | (why != 0)).sum() for t in times], np.int64)
    if times[0] > 0:
        times, incidence, se = (np.concatenate([[0.0], x]) for x in (times, incidence, se))
        known = np.concatenate([[time.size], known])
    low, high = _band(incidence, se, known, confidence)
    return Incidence(times, incidence, se, low, high, confidence, bool(survival[-1] > 0))


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


def _band(
    incidence: Floats, se: Floats, known: npt.NDArray[np.int64], confidence: float
) -> tuple[Floats, Floats]:
    """Return limits; `known` patients are those not censored before each time."""
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    inside = (incidence > 0) & (incidence < 1)
    with np.errstate(all="ignore"):
        width = np.exp(
            z * se / ((1 - incidence) * np.log1p(-incidence))
        )  # below 1: the logarithm is negative
        low, high = 1 - (1 - incidence) ** width, 1 - (1 - incidence) ** (1 / width)
    none, everybody = incidence <= 0, incidence >= 1
    low[none], high[everybody] = 0.0, 1.0
    high[none] = [unseen(int(n), confidence) for n in known[none]]
    if everybody.any():
        first = int(np.argmax(everybody))
        before = low[first - 1] if first and inside[first - 1] else 1 - unseen(int(known[first]), confidence)
        low[everybody] = before
    return low, high
