"""A quadratic response surface of one statistic over the ranges that are searched, from many candidates with few patients each.

A candidate of a dozen patients says little of itself, but a thousand of them say much of the ground between them. Shares are
fitted as counts (binomial, logit link: a share of three patients is no logit), all else by weighted least squares on the scale
of comparison. Terms of the surface are shrunk by a ridge, chosen by what is left out one at a time. Response surfaces:
Box and Draper 2007; as emulators of simulations: Kennedy and O'Hagan 2001, J R Stat Soc B 63:425.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from simulation.calibration.estimate import Scale, Statistic

__all__ = ["Surface", "surface_of", "terms"]

type Floats = npt.NDArray[np.float64]
_RIDGES: Final = (300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.1, 0.001)
_ROUNDS: Final = 20  # of reweighting; some eight are enough
_FARTHEST: Final = 8.0  # of a logit: one in three thousand


def terms(points: Floats) -> Floats:
    """Return a surface's terms at points of the unit cube: 1, every x, every square, every product; (n_points, n_terms).

    x runs from -1 to 1; squares are Legendre's, so that terms are uncorrelated in a point spread evenly.
    """
    x = np.ascontiguousarray(2.0 * np.asarray(points, float).T - 1.0)
    free, n = x.shape
    known = np.empty((1 + free + free * (free + 1) // 2, n))  # a term after the other, as products are fast
    known[0], known[1 : free + 1] = 1.0, x
    known[free + 1 : 2 * free + 1] = 1.5 * x**2 - 0.5
    row = 2 * free + 1
    for k in range(free - 1):
        np.multiply(x[k], x[k + 1 :], out=known[row : row + free - 1 - k])
        row += free - 1 - k
    return known.T


@dataclass(frozen=True)
class Surface:
    """Hold a surface: its coefficients, shape (n_terms,), and the mean variance of what it expects, over the whole cube."""

    coefficients: Floats
    variance: float
    scale: Scale
    candidates: int  # that had the statistic

    def at(self, known: Floats) -> Floats:
        """Return what is to be expected on the scale of comparison where `terms` are known, shape (n_points,)."""
        return known @ self.coefficients


def surface_of(points: Floats, statistics: Sequence[Statistic]) -> Surface:
    """Return the surface through the statistics of candidates; who has none (nobody to measure) is left out.

    Parameters
    ----------
    points
        Of the unit cube, shape (n_candidates, n_free).
    statistics
        One a candidate, all on one scale.

    Raises
    ------
    ValueError
        Where fewer than three candidates have the statistic.
    """
    there = [k for k, one in enumerate(statistics) if one.known and one.n > 0]
    if len(there) < 3:
        raise ValueError("hardly any candidate has this statistic")
    known, scale = terms(np.asarray(points, float)[there]), statistics[there[0]].scale
    kept = [statistics[k] for k in there]
    if scale == "logit":
        numbers = np.array([float(one.n) for one in kept])
        shares = np.array([one.value for one in kept])
        tried = [_binomial(known, shares, numbers, ridge) for ridge in _RIDGES]
    else:
        errors = np.array([one.se for one in kept])
        usual = float(np.median(errors[np.isfinite(errors)])) if np.isfinite(errors).any() else 1.0
        # errors of a few patients are themselves known badly: none counts as better known than the usual one
        weights = 1.0 / np.clip(np.nan_to_num(errors, posinf=1e6), max(usual, 1e-9), None) ** 2
        values = np.array([one.point for one in kept])
        tried = [_least_squares(known, values, weights, ridge) for ridge in _RIDGES]
    _, coefficients, covariance = min(tried, key=lambda one: one[0])
    variance = float(np.diag(covariance) @ _mean_squares(known.shape[1], np.shape(points)[1]))
    return Surface(coefficients, variance, scale, len(there))


def _mean_squares(n_terms: int, free: int) -> Floats:
    """Return the mean squares of terms over the cube, where they are uncorrelated, shape (n_terms,)."""
    of_products = np.full(n_terms - 1 - 2 * free, 1.0 / 9.0)
    return np.concatenate([[1.0], np.full(free, 1.0 / 3.0), np.full(free, 1.0 / 5.0), of_products])


def _least_squares(
    known: Floats, values: Floats, weights: Floats, ridge: float
) -> tuple[float, Floats, Floats]:
    """Return the error left out one at a time, the coefficients, and their covariance."""
    precision = (known.T * weights) @ known + _penalty(known, ridge * float(weights.mean()))
    inverse = np.linalg.inv(precision)
    coefficients = inverse @ (known.T @ (weights * values))
    gap, leverage = values - known @ coefficients, weights * ((known @ inverse) * known).sum(axis=1)
    free = max(len(values) - float(leverage.sum()), 1.0)
    noise = float((weights * gap**2).sum()) / free
    return float((weights * (gap / (1.0 - leverage)) ** 2).sum()), coefficients, noise * inverse


def _binomial(known: Floats, shares: Floats, numbers: Floats, ridge: float) -> tuple[float, Floats, Floats]:
    """Return the same for shares of so many patients, by iteratively reweighted least squares."""
    penalty = _penalty(known, ridge)
    coefficients = np.zeros(known.shape[1])
    overall = float(shares @ numbers / numbers.sum())
    coefficients[0] = np.log((overall + 1e-3) / (1.0 - overall + 1e-3))
    for _ in range(_ROUNDS):
        _, weights, working = _linearised(known @ coefficients, shares, numbers)
        precision = (known.T * weights) @ known + penalty
        following = np.linalg.solve(precision, known.T @ (weights * working))
        moved = float(np.abs(following - coefficients).max())
        coefficients = following
        if moved < 1e-4:
            break
    expected, weights, working = _linearised(known @ coefficients, shares, numbers)
    inverse = np.linalg.inv(precision)
    leverage = weights * ((known @ inverse) * known).sum(axis=1)
    without = _share(known @ coefficients - leverage * (working - known @ coefficients) / (1.0 - leverage))
    surprise = -float((numbers * (shares * np.log(without) + (1.0 - shares) * np.log(1.0 - without))).sum())
    free = max(len(shares) - float(leverage.sum()), 1.0)
    dispersion = float((numbers * (shares - expected) ** 2 / (expected * (1.0 - expected))).sum()) / free
    return surprise, coefficients, max(dispersion, 1.0) * inverse


def _linearised(logits: Floats, shares: Floats, numbers: Floats) -> tuple[Floats, Floats, Floats]:
    expected = _share(logits)
    steep = expected * (1.0 - expected)
    return expected, numbers * steep, np.clip(logits, -_FARTHEST, _FARTHEST) + (shares - expected) / steep


def _share(logits: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -_FARTHEST, _FARTHEST))), float)


def _penalty(known: Floats, ridge: float) -> Floats:
    """Return what shrinks all terms but the constant one."""
    penalty = np.full(known.shape[1], ridge)
    penalty[0] = 0.0
    return np.diag(penalty)
