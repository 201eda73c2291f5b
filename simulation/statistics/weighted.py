"""Weighted patients: weights from log-likelihoods, the effective number, quantiles, shares and means with their intervals."""

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = ["effective_number", "importance_weights", "weighted_mean", "weighted_quantiles", "weighted_share"]

type Floats = npt.NDArray[np.float64]


def importance_weights(log_likelihoods: npt.ArrayLike) -> Floats:
    """Return weights that sum to 1, shape (n,), in proportion to the likelihoods; all 0 where every likelihood is 0."""
    logs = np.asarray(log_likelihoods, float)
    top = logs.max(initial=-np.inf)
    if not np.isfinite(top):
        return np.zeros_like(logs)
    weights = np.exp(logs - top)
    return np.asarray(weights / weights.sum(), float)


def effective_number(weights: npt.ArrayLike) -> float:
    """Return how many equally weighted patients would say as much (Kish 1965); 0 where all weights are 0."""
    given = np.asarray(weights, float)
    squares = float((given**2).sum())
    return float(given.sum()) ** 2 / squares if squares > 0 else 0.0


def weighted_quantiles(values: npt.ArrayLike, weights: npt.ArrayLike, at: npt.ArrayLike) -> Floats:
    """Return quantiles, shape (len(at),), of values whose weights need not sum to 1; NaN where nothing has a weight.

    A quantile is the smallest value up to which at least so much of the weight lies.
    """
    given, heavy = np.asarray(values, float), np.asarray(weights, float)
    kept = (heavy > 0) & ~np.isnan(given)
    places = np.atleast_1d(np.asarray(at, float))
    if not kept.any():
        return np.full(places.shape, np.nan)
    order = np.argsort(given[kept], kind="stable")
    ranked, sums = given[kept][order], np.cumsum(heavy[kept][order])
    index = np.searchsorted(sums / sums[-1], places - 1e-12)
    return np.asarray(ranked[np.minimum(index, len(ranked) - 1)], float)


def weighted_share(
    flags: npt.ArrayLike, weights: npt.ArrayLike, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return a share with Wilson's interval (1927) for the effective number of patients; NaN where nobody counts."""
    given, heavy = np.asarray(flags, float), np.asarray(weights, float)
    n = effective_number(heavy)
    if n == 0:
        return math.nan, math.nan, math.nan
    share = float((given * heavy).sum() / heavy.sum())
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(max(share * (1 - share), 0.0) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return share, max(middle - half, 0.0), min(middle + half, 1.0)


def weighted_mean(
    values: npt.ArrayLike, weights: npt.ArrayLike, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return a mean with its interval: the error of a ratio of weighted sums, Student's t with the effective number less one."""
    given, heavy = np.asarray(values, float), np.asarray(weights, float)
    n = effective_number(heavy)
    if n == 0:
        return math.nan, math.nan, math.nan
    shares = heavy / heavy.sum()
    mean = float((shares * given).sum())
    if n <= 1.0 + 1e-9:
        return mean, math.nan, math.nan
    error = math.sqrt(float((shares**2 * (given - mean) ** 2).sum()) * n / (n - 1.0))
    half = float(stats.t.ppf(0.5 + confidence / 2, n - 1.0)) * error
    return mean, mean - half, mean + half
