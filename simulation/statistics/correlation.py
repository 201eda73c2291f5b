"""Rank correlation with its interval."""

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

from simulation.statistics.inputs import numbers_of
from simulation.statistics.survival import Estimate

__all__ = ["rank_correlation"]


def rank_correlation(one: npt.ArrayLike, other: npt.ArrayLike, confidence: float = 0.95) -> Estimate:
    """Return Spearman's correlation of two columns, shape (n,), with Bonett & Wright's interval (2000).

    The interval is Fisher's transformation with variance (1 + r^2 / 2) / (n - 3); `se` is on that scale. There is none
    for fewer than four patients, nor for a perfect correlation, whose transformation is infinite.
    """
    a, b = numbers_of(one, "values"), numbers_of(other, "values")
    if a.shape != b.shape or np.ptp(a) == 0 or np.ptp(b) == 0:
        raise ValueError("a correlation needs pairs of numbers that vary")
    r, nan = float(stats.spearmanr(a, b).statistic), math.nan
    if a.size < 4 or abs(r) >= 1 - 1e-12:
        return Estimate(r, nan, nan, nan)
    se = math.sqrt((1 + r * r / 2) / (a.size - 3))
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    return Estimate(r, se, math.tanh(math.atanh(r) - z * se), math.tanh(math.atanh(r) + z * se))
