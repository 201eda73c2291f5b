"""The main difference as a function of the day up to which it is counted, and whether the end of follow-up decides.

A restricted mean depends on where it ends: early treatment may be ahead for a year and no longer after two. The rule:
if the last quarter of follow-up repeated itself for as long again as the follow-up was, would the answer be the same?
Per patient that is d(T) + 4 (d(T) - d(3T/4)), d being his difference up to a day; the answer is whether the interval of the
mean lies above 0, below 0 or around it. However few patients differ: a warning is no claim.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulation.results.trial_view import ArmView
from simulation.statistics.paired import mean_difference
from simulation.statistics.survival import Estimate
from simulation.trial.uncertainty import Judge

__all__ = ["over_time"]

type Floats = npt.NDArray[np.float64]
_POINTS: Final = 24
_QUARTER: Final = 0.75


def over_time(
    one: ArmView, other: ArmView, outcome: str, until: float, known: Judge | None = None
) -> dict[str, Any]:
    """Return `one` minus `other` in mean days of an outcome, counted up to days along the follow-up, and the rule's result.

    With `known`, which makes of differences their range with parameters and that without, limits are of the former, and
    `sampled_low` and `sampled_high` of the latter.
    A day before the last up to which no patient differs has no interval (None): twins are the same until treatment parts them.
    """
    days = [until * k / _POINTS for k in range(1, _POINTS + 1)]
    pairs = [(one.days_until(outcome, day), other.days_until(outcome, day)) for day in days]
    judged = known or _sampled
    both = [judged(pair[0] - pair[1], day) for pair, day in zip(pairs, days, strict=True)]
    estimates = [whole for whole, _ in both]
    parted = [day == until or bool((pair[0] != pair[1]).any()) for pair, day in zip(pairs, days, strict=True)]
    whole, early = (
        one.days_until(outcome, day) - other.days_until(outcome, day) for day in (until, _QUARTER * until)
    )
    going_on = whole + (whole - early) / (1 - _QUARTER)
    later, _ = judged(going_on, 2 * until)
    inner = {} if known is None else {
        f"sampled_{side}": [getattr(each, side) if differ else None for (_, each), differ in zip(both, parted, strict=True)]
        for side in ("low", "high")
    }  # fmt: skip
    return inner | {
        "outcome": outcome,
        "days": days,
        "value": [each.value for each in estimates],
        "low": [each.low if differ else None for each, differ in zip(estimates, parted, strict=True)],
        "high": [each.high if differ else None for each, differ in zip(estimates, parted, strict=True)],
        "last_quarter": float((whole - early).mean()),
        "if_it_went_on": {"value": later.value, "interval": (later.low, later.high), "until": 2 * until},
        "follow_up_decides": _answer(estimates[-1]) != _answer(later),
    }


def _sampled(gap: Floats, most: float) -> tuple[Estimate, Estimate]:
    estimate = mean_difference(gap, np.zeros(gap.size), most=most)
    return estimate, estimate


def _answer(known: Estimate) -> int:
    return int(known.low > 0) - int(known.high < 0)
