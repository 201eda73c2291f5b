"""A statistic with its Monte-Carlo error, on the scale on which it is compared."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

__all__ = [
    "Z95",
    "Scale",
    "Statistic",
    "hazard_ratio",
    "interval",
    "log_odds",
    "mean",
    "median",
    "ratio_of_medians",
    "share",
    "spread",
    "transformed",
]

Scale = Literal["logit", "log", "linear"]
Z95: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Statistic:
    """Hold a simulated statistic: `value` in its own unit, `point` and `se` on `scale`, `n` patients behind it."""

    value: float
    point: float
    se: float
    n: int
    scale: Scale

    @property
    def known(self) -> bool:
        """Return whether there was anybody to measure."""
        return math.isfinite(self.point)


NOBODY: Final = Statistic(math.nan, math.nan, math.nan, 0, "linear")


def transformed(value: float, scale: Scale) -> float:
    """Return a value on the scale of comparison; a share of 0 or 1 has no logit and gives an infinity."""
    if scale == "linear":
        return value
    if scale == "log":
        return math.log(value) if value > 0 else -math.inf
    if not 0 < value < 1:
        return math.copysign(math.inf, value - 0.5)
    return math.log(value / (1.0 - value))


def back(point: float, scale: Scale) -> float:
    """Return a point of the scale of comparison in the statistic's own unit."""
    if scale == "linear":
        return point
    return math.exp(point) if scale == "log" else 1.0 / (1.0 + math.exp(-point))


def interval(statistic: Statistic) -> tuple[float, float]:
    """Return the 95 % Monte-Carlo interval in the statistic's own unit."""
    return back(statistic.point - Z95 * statistic.se, statistic.scale), back(
        statistic.point + Z95 * statistic.se, statistic.scale
    )


def share(hits: Sequence[bool]) -> Statistic:
    """Return a share on the logit scale; half a patient is added to both sides (Haldane-Anscombe)."""
    n = len(hits)
    if not n:
        return NOBODY
    yes = float(sum(hits))
    no = n - yes
    point = math.log((yes + 0.5) / (no + 0.5))
    return Statistic(yes / n, point, math.sqrt(1.0 / (yes + 0.5) + 1.0 / (no + 0.5)), n, "logit")


def median(values: Sequence[float], scale: Scale = "log") -> Statistic:
    """Return the median; its error is 1.25 times that of the mean (normal on the scale)."""
    good = [value for value in values if math.isfinite(value) and (scale != "log" or value > 0)]
    if not good:
        return NOBODY
    points = np.array([transformed(value, scale) for value in good])
    se = 1.253 * float(points.std(ddof=1)) / math.sqrt(len(good)) if len(good) > 1 else math.inf
    point = float(np.median(points))
    return Statistic(back(point, scale), point, se, len(good), scale)


def mean(values: Sequence[float]) -> Statistic:
    """Return the mean on its own scale."""
    good = np.array([value for value in values if math.isfinite(value)])
    if not good.size:
        return NOBODY
    se = float(good.std(ddof=1)) / math.sqrt(good.size) if good.size > 1 else math.inf
    return Statistic(float(good.mean()), float(good.mean()), se, good.size, "linear")


def ratio_of_medians(top: Sequence[float], bottom: Sequence[float]) -> Statistic:
    """Return the ratio of two groups' medians on the log scale."""
    a, b = median(top), median(bottom)
    if not (a.known and b.known):
        return NOBODY
    point, se = a.point - b.point, math.hypot(a.se, b.se)
    return Statistic(math.exp(point), point, se, a.n + b.n, "log")


def spread(values: Sequence[float]) -> Statistic:
    """Return the standard deviation of logarithms, compared on the log scale; its error is that of a normal sample."""
    good = np.log([value for value in values if math.isfinite(value) and value > 0])
    if good.size < 3 or not good.std() > 0:
        return NOBODY
    sd = float(good.std(ddof=1))
    return Statistic(sd, math.log(sd), math.sqrt(0.5 / (good.size - 1)), good.size, "log")


def hazard_ratio(hits: Sequence[bool], others: Sequence[bool]) -> Statistic:
    """Return the ratio of hazards that the shares hit by the end imply, log(1 - F) / log(1 - F'), on the log scale.

    It counts events prevented, not events delayed. Half a patient is added to both sides; errors by the delta method, as if
    the groups were independent (they are twins, so the true error is smaller).
    """
    n, m = len(hits), len(others)
    if not n or not m:
        return NOBODY
    a, b = (sum(hits) + 0.5) / (n + 1.0), (sum(others) + 0.5) / (m + 1.0)
    one, other = -math.log1p(-a), -math.log1p(-b)
    variance = a / ((1 - a) * n * one**2) + b / ((1 - b) * m * other**2)
    return Statistic(one / other, math.log(one / other), math.sqrt(variance), n + m, "log")


def log_odds(hits: Sequence[bool], *covariates: Sequence[float]) -> list[Statistic]:
    """Return the odds ratio per unit of each covariate, of a logistic regression on all of them, on the log scale.

    A weak prior (normal, SD 5 on each log odds ratio) keeps separated groups finite. Newton's method.
    """
    n = len(hits)
    if n < 3 or not 0 < sum(hits) < n:
        return [NOBODY for _ in covariates]
    y = np.array(hits, float)
    x = np.column_stack([np.ones(n), *(np.asarray(values, float) for values in covariates)])
    centre = x.mean(axis=0) * (np.arange(x.shape[1]) > 0)
    x = x - centre
    prior = np.diag([0.0, *[1.0 / 25.0 for _ in covariates]])
    beta = np.zeros(x.shape[1])
    information = prior
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-np.clip(x @ beta, -30.0, 30.0)))
        information = (x.T * (chance * (1.0 - chance))) @ x + prior
        move = np.linalg.solve(information, x.T @ (y - chance) - prior @ beta)
        beta = beta + np.clip(move, -2.0, 2.0)
        if np.abs(move).max() < 1e-9:
            break
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    return [
        Statistic(math.exp(b), float(b), float(e), n, "log")
        for b, e in zip(beta[1:], errors[1:], strict=True)
    ]
