"""Tell chance from patients: the variance of repeated runs of one patient, and that between patients."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Components", "components"]


@dataclass(frozen=True, slots=True)
class Components:
    """Hold standard deviations: of chance within a patient, of true differences between patients; and their share.

    `chance_share` is the part of one run's variance that is chance. All NaN where there are no repeats.
    """

    patients: int
    repeats: int
    chance_sd: float
    between_sd: float
    chance_share: float


def components(values: npt.ArrayLike) -> Components:
    """Split the variance of a balanced table, shape (patients, repeats), by one-way analysis of variance.

    The estimate of the variance between patients is set to 0 where it comes out negative.
    """
    table = np.asarray(values, float)
    n, k = table.shape if table.ndim == 2 else (0, 0)
    nan = float("nan")
    if n < 2 or k < 2:
        return Components(n, k, nan, nan, nan)
    within = float(table.var(axis=1, ddof=1).mean())
    between = max(float(table.mean(axis=1).var(ddof=1)) - within / k, 0.0)
    total = within + between
    return Components(n, k, within**0.5, between**0.5, within / total if total > 0 else nan)
