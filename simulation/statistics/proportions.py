"""Shares of patients with Wilson's interval, which behaves with few patients and at 0 and 1; what follows from it.

Where all patients are alike there is no spread to resample or to put into a standard error, and an interval made of
it has no width, however few the patients. What so many like patients do exclude is that more than a share `u` of all
are different: `u` is the upper limit of Wilson's interval of 0 of n (`unseen`), and limits of means follow from it.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

__all__ = ["LEAST_WHO_DIFFER", "Proportion", "limits_of_equals", "unseen", "wilson"]

LEAST_WHO_DIFFER = 20
"""Patients who must differ between two arms before a difference is called beyond chance in words.

Bootstrap and Student intervals of fewer cover less often than they say. A choice of this project.
"""


@dataclass(frozen=True, slots=True)
class Proportion:
    """Hold `count` of `of` patients; `value` and its limits are None where there is nobody to count."""

    count: int
    of: int
    value: float | None
    low: float | None
    high: float | None


def wilson(count: int, of: int, confidence: float = 0.95) -> Proportion:
    """Return a share with Wilson's score interval (1927); ValueError unless 0 <= count <= of."""
    if not 0 <= count <= of:
        raise ValueError(f"{count} of {of} is no share")
    if of == 0:
        return Proportion(0, 0, None, None, None)
    interval = stats.binomtest(count, of).proportion_ci(confidence, method="wilson")
    return Proportion(count, of, count / of, float(interval.low), float(interval.high))


def unseen(n: int, confidence: float = 0.95) -> float:
    """Return the largest share of all patients that may have what none of `n` had: Wilson's upper limit; 1 for n = 0."""
    high = wilson(0, n, confidence).high
    return 1.0 if high is None else high


def limits_of_equals(
    value: float, n: int, least: float, most: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Return limits of a mean of which all `n` patients gave the same value, between what it can be, `least` and `most`.

    Up to a share `unseen(n)` may have another value, at worst `least` or `most`. NaN where those are not finite: then
    like values fix nothing.
    """
    share = unseen(n, confidence)
    low, high = value - share * (value - least), value + share * (most - value)
    return (low if np.isfinite(low) else float("nan"), high if np.isfinite(high) else float("nan"))
