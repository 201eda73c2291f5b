"""From where along a parameter one arm beats another, or an outcome reaches a value.

Means of the patients' own differences are joined by straight lines between the levels that were run (on a logarithmic
scale where the levels are spread over more than one power of ten); the answer is where they cross zero. Its interval is
a percentile bootstrap over patients, each taken with all levels and both arms.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from simulation.analysis.paired import paired_interval
from simulation.statistics.proportions import LEAST_WHO_DIFFER

__all__ = ["Crossing", "Threshold", "find_threshold"]

type Floats = npt.NDArray[np.float64]
_DECADE: Final = 10.0
_RESAMPLES: Final = 2000
_SEED: Final = 20_231_116
_TAILS: Final = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Crossing:
    """Hold one change of sign: where, and whether it is an advantage above it (else below).

    The interval is NaN with fewer than `LEAST_WHO_DIFFER` patients, and where all are alike: there is nothing to resample.
    """

    at: float
    low: float
    high: float
    wins_above: bool


@dataclass(frozen=True, eq=False)
class Threshold:
    """Hold the answer; `gain` with its interval is per level, shape (n_levels,), positive where it is an advantage.

    `differing` counts the patients whose gain is not 0, per level: of too few nothing is called certain.
    `agreement` is the share of bootstrap samples whose pattern of wins and losses has as many changes.
    """

    levels: Floats
    gain: Floats
    low: Floats
    high: Floats
    differing: npt.NDArray[np.int64]
    crossings: tuple[Crossing, ...]
    agreement: float

    @property
    def verdict(self) -> str:
        """Return which levels are certain: `always`, `never`, `mixed`, or `open` where nothing is beyond chance."""
        enough = self.differing >= LEAST_WHO_DIFFER
        sure = (self.low > 0) & enough
        against = (self.high < 0) & enough
        if sure.all():
            return "always"
        if against.all():
            return "never"
        if not sure.any() and not against.any():
            return "open"
        return "mixed"


def find_threshold(levels: Sequence[float], gains: Floats, most: float = math.inf) -> Threshold:
    """Find where the mean gain changes its sign.

    Parameters
    ----------
    levels
        Values of the parameter, any order, shape (n_levels,).
    gains
        Each patient's advantage at each level, shape (n_levels, n_patients); patients with a gap are left out.

    most
        The largest gain or loss that there can be: what patients who are all alike leave open.

    Raises
    ------
    ValueError
        With fewer than two levels, or without a patient who has all of them.
    """
    order = np.argsort(np.asarray(levels, float))
    x = np.asarray(levels, float)[order]
    table = np.asarray(gains, float)[order]
    table = table[:, np.isfinite(table).all(axis=0)]
    if x.size < 2:
        raise ValueError("a threshold needs at least two levels")
    if table.shape[1] == 0:
        raise ValueError("no patient has a value at every level")
    mean, low, high = paired_interval(table, most)
    on_mean = _crossings(x, mean)
    rng = np.random.default_rng(_SEED)
    n = table.shape[1]
    places: list[list[float]] = [[] for _ in on_mean]
    agree = 0
    enough = n >= LEAST_WHO_DIFFER and bool(np.ptp(table, axis=1).any())
    for _ in range(_RESAMPLES if enough else 0):
        counts = np.bincount(rng.integers(0, n, n), minlength=n)
        again = _crossings(x, table @ counts / n)
        if [way for _, way in again] == [way for _, way in on_mean]:
            agree += 1
            for place, (at, _) in zip(places, again, strict=True):
                place.append(at)
    crossings = tuple(
        Crossing(at, *_percentiles(place), way) for (at, way), place in zip(on_mean, places, strict=True)
    )
    differing = np.count_nonzero(table, axis=1)
    return Threshold(x, mean, low, high, differing, crossings, agree / _RESAMPLES if enough else math.nan)


def _crossings(x: Floats, y: Floats) -> list[tuple[float, bool]]:
    """Return (place, wins above it) of each change between an advantage and none."""
    wins = y > 0
    positive = x[x > 0]
    spread = positive.size > 1 and positive[-1] / positive[0] > _DECADE
    crossings = []
    for i in range(x.size - 1):
        if wins[i] != wins[i + 1]:
            left, right = float(x[i]), float(x[i + 1])
            share = float(-y[i] / (y[i + 1] - y[i]))
            at = left + share * (right - left)
            if spread and left > 0:
                at = left * math.exp(share * math.log(right / left))
            crossings.append((at, bool(wins[i + 1])))
    return crossings


def _percentiles(values: list[float]) -> tuple[float, float]:
    if len(values) < 40:  # too few of the samples cross in the same way
        return math.nan, math.nan
    low, high = np.percentile(values, _TAILS)
    return float(low), float(high)
