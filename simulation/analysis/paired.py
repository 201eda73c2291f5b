"""The same patients at every point: one value per patient, for differences within patients."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

from simulation.analysis.responses import records
from simulation.errors import UserError
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


def paired_interval(gaps: Floats, confidence: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Return mean differences over patients (the last axis) with Student's interval; missing pairs are left out."""
    n = np.isfinite(gaps).sum(-1)
    with np.errstate(all="ignore"):
        mean = np.where(n > 0, np.nansum(gaps, -1) / n, np.nan)
        centred = np.where(np.isfinite(gaps), gaps - mean[..., None], 0.0)
        se = np.sqrt((centred**2).sum(-1) / np.maximum(n - 1, 1) / n)
        half = np.where(n > 1, stats.t.ppf(0.5 + confidence / 2, np.maximum(n - 1, 1)) * se, np.nan)
    return np.asarray(mean, float), np.asarray(mean - half, float), np.asarray(mean + half, float)
