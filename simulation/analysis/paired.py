"""The same patients at every point: one value per patient, for differences within patients."""

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

from simulation.analysis.responses import records
from simulation.errors import UserError
from simulation.statistics.proportions import limits_of_equals
from simulation.sweep.outcomes import NumericOutcome
from simulation.sweep.table import Table

__all__ = ["MOST_VALUES", "paired_interval", "patient_values"]

type Floats = npt.NDArray[np.float64]
MOST_VALUES = 50_000_000  # numbers held at once, 8 bytes each


def patient_values(table: Table, outcomes: Sequence[NumericOutcome]) -> Floats:
    """Return the values of every patient, shape (n_outcomes, n_points, n_arms, n_replicates); NaN where missing.

    Raises `UserError` where that would not fit into memory, or where the points have different patients.
    """
    plan = table.plan
    if plan.random_numbers != "common":
        raise UserError("the points of this sweep have different patients (random_numbers: independent)")
    shape = (len(outcomes), plan.n_points, len(plan.arms), plan.n_replicates)
    if np.prod(shape, dtype=float) > MOST_VALUES:
        raise UserError(
            f"{np.prod(shape, dtype=float):.3g} values are too many to hold at once; ask fewer outcomes"
        )
    values = np.full(shape, np.nan)
    for point, arm, replicate, row in records(table, outcomes):
        values[:, point, arm, replicate] = row
    return values


def paired_interval(
    gaps: Floats, most: npt.ArrayLike = np.inf, confidence: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Return mean differences over patients (the last axis) with Student's interval; missing pairs are left out.

    Where all patients differ by the same there is no spread: the limits are then those of `limits_of_equals`, with `most`
    (of the shape of the means, or one number) as the largest difference that there can be; NaN without such a bound.
    """
    n = np.isfinite(gaps).sum(-1)
    with np.errstate(all="ignore"):
        mean = np.asarray(np.where(n > 0, np.nansum(gaps, -1) / n, np.nan), float)
        centred = np.where(np.isfinite(gaps), gaps - mean[..., None], 0.0)
        se = np.sqrt((centred**2).sum(-1) / np.maximum(n - 1, 1) / n)
        half = np.where(n > 1, stats.t.ppf(0.5 + confidence / 2, np.maximum(n - 1, 1)) * se, np.nan)
    low, high = np.asarray(mean - half, float), np.asarray(mean + half, float)
    bounds = np.broadcast_to(np.asarray(most, float), mean.shape)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # no pair at all: an empty slice
        alike = (n > 1) & (np.nanmax(gaps, -1) == np.nanmin(gaps, -1))
    for at in zip(*np.nonzero(alike), strict=True):
        bound = float(bounds[at])
        low[at], high[at] = limits_of_equals(float(mean[at]), int(n[at]), -bound, bound, confidence)
    return mean, low, high
