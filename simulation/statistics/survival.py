"""Kaplan-Meier curves with bands and numbers at risk, medians, and restricted mean survival time (RMST).

Curves come from `scipy.stats.ecdf`; the variance is Greenwood's, the band is pointwise on the complementary log-log
scale (Kalbfleisch & Prentice 2002), which stays within 0 and 1. Before the first event that scale has no width: there the
band is Wilson's of a share of none. Nothing is said of days after the last follow-up.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from simulation.statistics.inputs import flags_of, times_of
from simulation.statistics.proportions import limits_of_equals, unseen

__all__ = ["Estimate", "SurvivalCurve", "kaplan_meier", "log_rank", "rmst", "rmst_difference"]

type Floats = npt.NDArray[np.float64]
type Bools = npt.NDArray[np.bool_]
_ROUNDING = 1e-6  # days: the sum of a life's steps is not exact


@dataclass(frozen=True, slots=True)
class Estimate:
    """Hold a value with its standard error and the ends of its confidence interval; NaN where there is none."""

    value: float
    se: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Return half the width of the interval."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalCurve:
    """Hold a survival step function: arrays of shape (n_times,), starting at time 0 with survival 1.

    `survival[i]` holds from `times[i]` on; `at_risk[i]` patients were under observation just before `times[i]`,
    of whom `events[i]` had the event then.
    """

    times: Floats
    survival: Floats
    low: Floats
    high: Floats
    at_risk: npt.NDArray[np.int64]
    events: npt.NDArray[np.int64]
    confidence: float

    def at(self, days: npt.ArrayLike) -> Floats:
        """Return survival on these days, same shape; ValueError after the last follow-up of patients still under it."""
        refuse_beyond(
            float(np.asarray(days, float).max(initial=0.0)), float(self.times[-1]), self.survival[-1] > 0
        )
        where = np.searchsorted(self.times, np.asarray(days, float), side="right") - 1
        return np.asarray(self.survival[np.maximum(where, 0)], float)

    def quantile(self, share: float = 0.5) -> tuple[float, float, float]:
        """Return the day by which `share` had the event, with its confidence limits; NaN where not reached.

        The limits are the days on which the band's edges cross (Brookmeyer & Crowley 1982).
        """
        level = 1.0 - share
        day, low, high = (
            _crossing(self.times, curve, level) for curve in (self.survival, self.low, self.high)
        )
        return day, low, high


def kaplan_meier(days: npt.ArrayLike, happened: npt.ArrayLike, confidence: float = 0.95) -> SurvivalCurve:
    """Estimate survival from follow-up times and whether the event ended them (False: censored), shape (n,).

    Raises
    ------
    ValueError
        Without patients, where a time is not finite and above or at 0, or a flag is neither true nor false (1 or 0).
    """
    time, event = _checked(days, happened)
    curve = stats.ecdf(stats.CensoredData.right_censored(time, ~event)).sf
    times, survival = curve.quantiles, curve.probabilities
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # told below: the scale has no width at 0 and 1
        band = curve.confidence_interval(confidence, method="log-log")
        low = np.asarray(band.low.probabilities, float)
        high = np.asarray(band.high.probabilities, float)
    at_risk = np.array([(time >= t).sum() for t in times], np.int64)
    events = np.array([(event & (time == t)).sum() for t in times], np.int64)
    if times[0] > 0.0:
        times, survival, low, high = (
            np.concatenate([[start], x])
            for start, x in (
                (0.0, times),
                (1.0, survival),
                (np.nan, low),
                (np.nan, high),
            )  # the band is set below
        )
        at_risk, events = np.concatenate([[time.size], at_risk]), np.concatenate([[0], events])
    untouched = survival >= 1
    low[untouched] = [1.0 - unseen(int(n), confidence) for n in at_risk[untouched]]
    high[untouched] = 1.0
    if survival[-1] <= 0:  # nobody is left: at most what was known before, or what so many may hide
        before = high[-2] if survival.size > 1 and survival[-2] < 1 else unseen(time.size, confidence)
        low[-1], high[-1] = 0.0, before
    return SurvivalCurve(times, survival, low, high, at_risk, events, confidence)


def refuse_beyond(day: float, last: float, open_end: bool) -> None:
    """Raise ValueError where a day lies after the last follow-up while patients were still under it."""
    if open_end and day > last + _ROUNDING:
        raise ValueError(
            f"nothing is known of day {day:g}: follow-up ends on day {last:g} with patients still at risk"
        )


def rmst(days: npt.ArrayLike, happened: npt.ArrayLike, until: float, confidence: float = 0.95) -> Estimate:
    """Return the mean event-free time up to day `until`: the area under the Kaplan-Meier curve, with Greenwood's SE.

    The interval is cut at what a mean of such times can be, 0 and `until`. Where all patients are alike, as without any
    event, it is what so many exclude (`limits_of_equals`).

    Raises
    ------
    ValueError
        Where `until` is after the last follow-up and patients were still at risk then.
    """
    time, event = _checked(days, happened)
    curve = kaplan_meier(time, event, confidence)
    refuse_beyond(until, float(curve.times[-1]), bool(curve.survival[-1] > 0))
    inside = curve.times < until
    edges = np.append(curve.times[inside], until)
    pieces = curve.survival[inside] * np.diff(edges)
    area = float(pieces.sum())
    after = area - np.cumsum(pieces) + pieces  # area from each time on
    d, n = curve.events[inside].astype(float), curve.at_risk[inside].astype(float)
    hit = n > d  # the last patient's death leaves no area behind it
    variance = float(np.sum(after[hit] ** 2 * d[hit] / (n[hit] * (n[hit] - d[hit]))))
    if variance == 0:
        return Estimate(area, 0.0, *limits_of_equals(area, int(time.size), 0.0, until, confidence))
    interval = _normal(area, variance**0.5, confidence)
    return replace(interval, low=max(interval.low, 0.0), high=min(interval.high, until))


def rmst_difference(one: Estimate, other: Estimate) -> Estimate:
    """Return `one` minus `other` as if they were two independent groups.

    The interval is made of theirs (Zou & Donner 2008), so that one that has no spread, or is cut, is not taken for exact.
    """
    gap = one.value - other.value
    below = float(np.hypot(one.value - one.low, other.high - other.value))
    above = float(np.hypot(one.high - one.value, other.value - other.low))
    return Estimate(gap, float(np.hypot(one.se, other.se)), gap - below, gap + above)


def log_rank(
    days: npt.ArrayLike, happened: npt.ArrayLike, other_days: npt.ArrayLike, other_happened: npt.ArrayLike
) -> tuple[float, float]:
    """Return the log-rank test's chi-square (1 degree of freedom) and p value of two independent groups."""
    groups = [_checked(days, happened), _checked(other_days, other_happened)]
    if not any(event.any() for _, event in groups):
        return 0.0, 1.0
    one, other = (stats.CensoredData.right_censored(time, ~event) for time, event in groups)
    with np.errstate(all="ignore"):
        test = stats.logrank(one, other)
    return (float(test.statistic) ** 2, float(test.pvalue)) if np.isfinite(test.statistic) else (0.0, 1.0)


def _normal(value: float, se: float, confidence: float) -> Estimate:
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    return Estimate(value, se, value - z * se, value + z * se)


def _checked(days: npt.ArrayLike, happened: npt.ArrayLike) -> tuple[Floats, Bools]:
    time, event = times_of(days), flags_of(happened)
    if time.shape != event.shape:
        raise ValueError("survival needs one time and one flag per patient")
    return time, event


def _crossing(times: Floats, values: Floats, level: float) -> float:
    below = np.flatnonzero(values <= level + 1e-12)
    return float(times[below[0]]) if below.size else float("nan")
