"""Shares of patients with Wilson's interval, which behaves with few patients and at 0 and 1."""

from dataclasses import dataclass

from scipy import stats

__all__ = ["Proportion", "wilson"]


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
