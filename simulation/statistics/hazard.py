"""The hazard ratio of two independent groups: Cox's model with one covariate, ties by Efron's approximation (1977).

The interval is Wald's, on the logarithm. A ratio is one number for the whole of follow-up; where hazards are not
proportional it is an average that depends on how long patients were followed.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from simulation.statistics.inputs import flags_of, times_of

__all__ = ["HazardRatio", "hazard_ratio"]

type Floats = npt.NDArray[np.float64]
_STEPS: Final = 50
_CLOSE: Final = 1e-12


@dataclass(frozen=True, slots=True)
class HazardRatio:
    """Hold the hazard of one group over that of the other, limits, the log ratio's standard error and Wald's p value.

    0 or infinite, without limits, where the likelihood has no maximum: all events fall to one group while both are at
    risk. All NaN where no event says anything.
    """

    value: float
    low: float
    high: float
    log_se: float
    p: float
    events: tuple[int, int]  # in the one group, in the other


def hazard_ratio(
    days: npt.ArrayLike,
    happened: npt.ArrayLike,
    other_days: npt.ArrayLike,
    other_happened: npt.ArrayLike,
    confidence: float = 0.95,
) -> HazardRatio:
    """Return the hazard of the first group relative to the other's; arrays of shape (n,) each.

    Raise ValueError for what is no time or no flag.
    """
    time, event = times_of(days), flags_of(happened)
    other_time, other_event = times_of(other_days), flags_of(other_happened)
    if time.shape != event.shape or other_time.shape != other_event.shape:
        raise ValueError("a hazard ratio needs one time and one flag per patient")
    events = int(event.sum()), int(other_event.sum())
    terms = _terms(time, event, other_time, other_event)
    nan = math.nan
    (mine, mine_at_risk), (other, other_at_risk) = terms[:2], terms[2:]
    upwards = bool(np.all((mine_at_risk == 0) | (other == 0)))  # the likelihood grows with the ratio for ever
    downwards = bool(np.all((other_at_risk == 0) | (mine == 0)))
    if upwards or downwards:
        value = nan if upwards and downwards else math.inf if upwards else 0.0
        return HazardRatio(value, nan, nan, nan, nan, events)
    log, se = _maximum(*terms)
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    p = float(2 * stats.norm.sf(abs(log) / se))
    return HazardRatio(math.exp(log), math.exp(log - z * se), math.exp(log + z * se), se, p, events)


def _terms(
    time: Floats, event: npt.NDArray[np.bool_], other_time: Floats, other_event: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return events and patients at risk at each time of an event: of one group, then of the other."""
    at = np.unique(np.concatenate([time[event], other_time[other_event]]))

    def of(when: Floats, flag: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
        ordered, hit = np.sort(when), np.sort(when[flag])
        at_risk = when.size - np.searchsorted(ordered, at, side="left")
        events = np.searchsorted(hit, at, side="right") - np.searchsorted(hit, at, side="left")
        return events.astype(float), at_risk.astype(float)

    return (*of(time, event), *of(other_time, other_event))


def _maximum(mine: Floats, mine_at_risk: Floats, other: Floats, other_at_risk: Floats) -> tuple[float, float]:
    """Return the log ratio that maximises the partial likelihood, by Newton's steps, and its standard error."""
    deaths = mine + other
    which = np.repeat(
        np.arange(deaths.size), deaths.astype(int)
    )  # one term for each event, also of tied ones
    first = np.repeat(np.cumsum(deaths) - deaths, deaths.astype(int))
    gone = (np.arange(which.size) - first) / deaths[which]  # the share of the tied that counts as gone
    ones, zeros = (
        at_risk[which] - gone * dead[which]
        for at_risk, dead in ((mine_at_risk, mine), (other_at_risk, other))
    )
    log, total = 0.0, float(mine.sum())
    for _ in range(_STEPS):
        share = _share(ones, zeros, log)
        step = (total - float(share.sum())) / float((share * (1 - share)).sum())
        log += max(min(step, 2.0), -2.0)
        if abs(step) < _CLOSE:
            break
    share = _share(ones, zeros, log)
    return log, float((share * (1 - share)).sum()) ** -0.5


def _share(ones: Floats, zeros: Floats, log: float) -> Floats:
    """Return the chance that an event falls to the first group, at each event."""
    weighted = ones * math.exp(log)
    return np.asarray(weighted / (weighted + zeros), float)
