"""Kaplan-Meier curves with bands and numbers at risk, medians, and restricted mean survival time (RMST).

Curves come from `scipy.stats.ecdf`; the variance is Greenwood's, the band is pointwise on the complementary log-log
scale (Kalbfleisch & Prentice 2002), which stays within 0 and 1.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = ["Estimate", "SurvivalCurve", "kaplan_meier", "log_rank", "rmst", "rmst_difference"]

type Floats = npt.NDArray[np.float64]
type Bools = npt.NDArray[np.bool_]


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
        """Return survival on these days, same shape."""
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
        Without patients, or where a time is not finite and above or at 0.
    """
    time, event = _checked(days, happened)
    curve = stats.ecdf(stats.CensoredData.right_censored(time, ~event)).sf
    times, survival = curve.quantiles, curve.probabilities
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # told below: the scale has no width at 0 and 1
        band = curve.confidence_interval(confidence, method="log-log")
        low = np.asarray(band.low.probabilities, float)
        high = np.asarray(band.high.probabilities, float)
    # where nobody had the event yet, or nobody is left: carry what was known before
    low, high = _carry(np.where(survival >= 1, 1.0, low)), _carry(np.where(survival >= 1, 1.0, high))
    low[survival <= 0] = 0.0
    at_risk = np.array([(time >= t).sum() for t in times], np.int64)
    events = np.array([(event & (time == t)).sum() for t in times], np.int64)
    start = np.zeros(1)
    if times[0] == 0.0:
        start = np.empty(0)
    one = np.ones(start.size)
    first = np.full(start.size, time.size, np.int64)
    return SurvivalCurve(
        np.concatenate([start, times]), np.concatenate([one, survival]), np.concatenate([one, low]),
        np.concatenate([one, high]), np.concatenate([first, at_risk]), np.concatenate([first * 0, events]), confidence,
    )  # fmt: skip


def rmst(days: npt.ArrayLike, happened: npt.ArrayLike, until: float, confidence: float = 0.95) -> Estimate:
    """Return the mean event-free time up to day `until`: the area under the Kaplan-Meier curve, with Greenwood's SE.

    The interval is cut at what a mean of such times can be, 0 and `until`.
    """
    time, event = _checked(days, happened)
    curve = kaplan_meier(time, event, confidence)
    inside = curve.times < until
    edges = np.append(curve.times[inside], until)
    pieces = curve.survival[inside] * np.diff(edges)
    area = float(pieces.sum())
    after = area - np.cumsum(pieces) + pieces  # area from each time on
    d, n = curve.events[inside].astype(float), curve.at_risk[inside].astype(float)
    hit = (d > 0) & (n > d)  # the last patient's death leaves no area behind it
    variance = float(np.sum(after[hit] ** 2 * d[hit] / (n[hit] * (n[hit] - d[hit]))))
    found = _normal(area, variance**0.5, confidence)
    return replace(found, low=max(found.low, 0.0), high=min(found.high, until))


def rmst_difference(one: Estimate, other: Estimate, confidence: float = 0.95) -> Estimate:
    """Return `one` minus `other` as if they were two independent groups."""
    return _normal(one.value - other.value, float(np.hypot(one.se, other.se)), confidence)


def log_rank(
    days: npt.ArrayLike, happened: npt.ArrayLike, other_days: npt.ArrayLike, other_happened: npt.ArrayLike
) -> tuple[float, float]:
    """Return the log-rank test's chi-square (1 degree of freedom) and p value of two independent groups."""
    groups = [_checked(days, happened), _checked(other_days, other_happened)]
    if not any(event.any() for _, event in groups):
        return 0.0, 1.0
    one, other = (stats.CensoredData.right_censored(time, ~event) for time, event in groups)
    with np.errstate(all="ignore"):
        found = stats.logrank(one, other)
    return (float(found.statistic) ** 2, float(found.pvalue)) if np.isfinite(found.statistic) else (0.0, 1.0)


def _normal(value: float, se: float, confidence: float) -> Estimate:
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    return Estimate(value, se, value - z * se, value + z * se)


def _checked(days: npt.ArrayLike, happened: npt.ArrayLike) -> tuple[Floats, Bools]:
    time, event = np.asarray(days, float), np.asarray(happened, bool)
    if time.ndim != 1 or time.shape != event.shape or time.size == 0:
        raise ValueError("survival needs one time and one flag per patient, and at least one patient")
    if not np.isfinite(time).all() or (time < 0).any():
        raise ValueError("follow-up times must be finite and not negative")
    return time, event


def _carry(values: Floats) -> Floats:
    """Replace NaN by the last number before it."""
    known = np.where(np.isnan(values), 0, np.arange(values.size))
    return np.asarray(values[np.maximum.accumulate(known)], float)


def _crossing(times: Floats, values: Floats, level: float) -> float:
    below = np.flatnonzero(values <= level + 1e-12)
    return float(times[below[0]]) if below.size else float("nan")
