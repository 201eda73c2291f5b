"""Twins: differences within patients, their interval by bootstrap over patients, wins and losses, what pairing gains.

The patient is the unit that is resampled: both arms of a patient are drawn together or not at all. Intervals are BCa
(Efron 1987) from `scipy.stats.bootstrap`; they say how well the MEAN difference is known from so many simulated
patients (Monte-Carlo error) and nothing about how much one patient differs from another.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from simulation.statistics.inputs import flags_of, numbers_of
from simulation.statistics.proportions import LEAST_WHO_DIFFER, limits_of_equals
from simulation.statistics.survival import Estimate

__all__ = [
    "Tally",
    "avoided",
    "beyond_chance",
    "differing",
    "efficiency_of_pairing",
    "mean_difference",
    "precision",
    "ratio_of_means",
    "spread",
    "tally",
]

type Floats = npt.NDArray[np.float64]
N_RESAMPLES = 4999
_SEED = 20_231_116  # intervals of the same trial are the same bytes


@dataclass(frozen=True, slots=True)
class Tally:
    """Count patients who did better, the same and worse in the first arm."""

    win: int
    tie: int
    loss: int


def mean_difference(
    one: npt.ArrayLike, other: npt.ArrayLike, confidence: float = 0.95, most: float = float("inf")
) -> Estimate:
    """Return the mean of `one` minus `other` over patients, arrays of shape (n,), with its bootstrap interval.

    `most` is the largest difference that there can be, in either direction; it bounds what like patients may hide.
    """
    return _bootstrap_mean(_pairs(one, other), confidence, most)


def differing(one: npt.ArrayLike, other: npt.ArrayLike) -> int:
    """Return how many patients differ between two arms at all."""
    return int(np.count_nonzero(_pairs(one, other)))


def beyond_chance(low: float | None, high: float | None, n_differing: int) -> int:
    """Return 1 or -1 where an interval lies above or below 0 and enough patients differ to say so, else 0."""
    if low is None or high is None or n_differing < LEAST_WHO_DIFFER:
        return 0
    return 1 if low > 0 else -1 if high < 0 else 0


def precision(one: npt.ArrayLike, other: npt.ArrayLike, most: float) -> float:
    """Return half the width of the 95 % interval of the mean difference; NaN with fewer than two patients.

    With too few patients who differ, no less than what so many may hide: few alike are no precision.
    """
    gap = _pairs(one, other)
    if gap.size < 2:
        return float("nan")
    half = _bootstrap_mean(gap, 0.95, most).half_width
    if np.count_nonzero(gap) >= LEAST_WHO_DIFFER:
        return half
    low, high = limits_of_equals(float(gap.mean()), gap.size, -most, most)
    return max(half, (high - low) / 2)


def tally(one: npt.ArrayLike, other: npt.ArrayLike, margin: float = 0.0) -> Tally:
    """Count wins, ties and losses of `one`; differences smaller than `margin` (and exact equality) are ties."""
    gap = _pairs(one, other)
    side = np.where(np.abs(gap) < margin, 0, np.sign(gap))
    return Tally(int((side == 1).sum()), int((side == 0).sum()), int((side == -1).sum()))


def efficiency_of_pairing(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """Return how many times more patients an unpaired comparison would need: variance unpaired / paired.

    Infinite where every patient differs by the same; NaN with fewer than two patients.
    """
    a, b = numbers_of(one, "values"), numbers_of(other, "values")
    if a.size < 2:
        return float("nan")
    paired = float(np.var(a - b, ddof=1))
    unpaired = float(np.var(a, ddof=1) + np.var(b, ddof=1))
    if paired == 0.0:
        return float("nan") if unpaired == 0.0 else float("inf")
    return unpaired / paired


def avoided(
    without: npt.ArrayLike, with_it: npt.ArrayLike, confidence: float = 0.95
) -> tuple[Estimate, Estimate]:
    """Return the events avoided per patient, and the patients per event avoided (NNT); flags of shape (n,).

    The NNT's limits are the reciprocals of the difference's; where those include 0 there is no finite upper limit
    (it runs through infinity to harm, Altman 1998), so `high` is infinite, and NaN where nothing is avoided.
    """
    gain = mean_difference(flags_of(without), flags_of(with_it), confidence, most=1.0)
    nan, inf = float("nan"), float("inf")
    if not gain.value > 0:
        return gain, Estimate(nan, nan, nan, nan)
    low, high = (
        1 / rate if rate > 0 else otherwise for rate, otherwise in ((gain.high, nan), (gain.low, inf))
    )
    return gain, Estimate(1 / gain.value, nan, low, high)


def ratio_of_means(top: npt.ArrayLike, bottom: npt.ArrayLike, confidence: float = 0.95) -> Estimate:
    """Return mean(top) / mean(bottom) over patients, percentile interval; NaN unless the bottom mean is above 0.

    There is no interval where all patients are alike in both.
    """
    a, b = numbers_of(top, "values"), numbers_of(bottom, "values")
    nan = float("nan")
    if b.mean() <= 0:
        return Estimate(nan, nan, nan, nan)
    if np.ptp(a) == np.ptp(b) == 0:
        return Estimate(float(a.mean() / b.mean()), nan, nan, nan)
    rng = np.random.default_rng(_SEED)
    draws = (rng.integers(0, a.size, a.size) for _ in range(N_RESAMPLES))  # one at a time: memory stays flat
    sums = np.array([(a[i].sum(), b[i].sum()) for i in draws])
    with np.errstate(all="ignore"):
        ratios = np.where(sums[:, 1] > 0, sums[:, 0] / sums[:, 1], np.inf)
    tail = (1 - confidence) / 2
    low, high = np.quantile(ratios, [tail, 1 - tail], method="nearest")
    return Estimate(float(a.mean() / b.mean()), nan, float(low), float(high))


def spread(values: npt.ArrayLike, shares: tuple[float, ...] = (0.05, 0.5, 0.95)) -> tuple[float, ...]:
    """Return quantiles of the patients themselves: how they differ, not how well a mean is known."""
    return tuple(float(q) for q in np.quantile(numbers_of(values, "values"), shares))


def _pairs(one: npt.ArrayLike, other: npt.ArrayLike) -> Floats:
    a, b = numbers_of(one, "values of pairs"), numbers_of(other, "values of pairs")
    if a.shape != b.shape:
        raise ValueError("pairs need one value per patient and arm")
    return np.asarray(a - b, float)


def _bootstrap_mean(values: Floats, confidence: float, most: float) -> Estimate:
    mean = float(values.mean())
    if values.size < 2:
        nan = float("nan")
        return Estimate(mean, nan, nan, nan)
    if np.ptp(values) == 0:
        return Estimate(mean, 0.0, *limits_of_equals(mean, values.size, -most, most, confidence))
    interval = stats.bootstrap(
        (values,), np.mean, n_resamples=N_RESAMPLES, confidence_level=confidence, method="BCa",
        batch=max(1, 1_000_000 // values.size), rng=np.random.default_rng(_SEED),
    )  # fmt: skip
    low, high = interval.confidence_interval
    se = float(np.std(values, ddof=1) / values.size**0.5)
    return Estimate(mean, se, float(low), float(high))
