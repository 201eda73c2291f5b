"""How such assays are evaluated: specific lysis, EC50, CFSE indices, means of donors."""

from collections.abc import Mapping, Sequence

import numpy as np

__all__ = [
    "division_index", "hill", "hill_fit", "mean_sd", "means_of_donors", "percent_divided", "specific_lysis",
]  # fmt: skip

_LEAST_TOP = 5.0  # percent, of the data and of the fit: below, there is no curve whose middle means anything


def specific_lysis(live: float, control: float) -> float:
    """Return percent specific lysis from live targets and the mean of the controls without drug."""
    return 100.0 * (1.0 - live / control) if control > 0 else float("nan")


def mean_sd(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """Return mean and standard deviation (n - 1; NaN for one value) of what is known."""
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    if not known.size:
        return float("nan"), float("nan")
    return float(known.mean()), float(known.std(ddof=1)) if known.size > 1 else float("nan")


def means_of_donors(table: Mapping[str, np.ndarray], column: str, **conditions: object) -> np.ndarray:
    """Return the mean of a column for each donor over the rows whose columns have these values."""
    here = np.all([table[name] == value for name, value in conditions.items()], axis=0)
    donors = np.unique(table["donor"][here])
    return np.array([table[column][here & (table["donor"] == d)].mean() for d in donors])


def hill(drug: np.ndarray, top: float, log10_ec50: float, slope: float) -> np.ndarray:
    """Return percent lysis on a Hill curve from 0 to `top`; `drug` above 0."""
    return top / (1.0 + 10.0 ** (slope * (log10_ec50 - np.log10(drug))))


def hill_fit(drug: np.ndarray, lysis: np.ndarray) -> tuple[float, float, float]:
    """Return (top in percent, EC50 in the unit of `drug`, slope); NaN where there is no curve to fit.

    Least squares with three parameters, as dose-response curves are usually reported. NaN as well for an EC50 that
    lies outside the concentrations tested, and for a curve whose top is next to nothing.
    """
    from scipy.optimize import curve_fit

    nothing = (float("nan"),) * 3
    if drug.size < 4 or not np.isfinite(lysis).all() or lysis.max() < _LEAST_TOP:
        return nothing
    logs = np.log10(drug)
    start = (float(lysis.max()), float(np.interp(0.5 * lysis.max(), np.maximum.accumulate(lysis), logs)), 1.0)
    low, high = (0.0, logs[0] - 2.0, 0.2), (110.0, logs[-1] + 2.0, 6.0)
    start = tuple(np.clip(start, np.add(low, 1e-6), np.subtract(high, 1e-6)))
    try:
        (top, middle, slope), _ = curve_fit(hill, drug, lysis, p0=start, bounds=(low, high))
    except RuntimeError:
        return nothing
    if top < _LEAST_TOP or not logs[0] <= middle <= logs[-1]:
        return nothing
    return float(top), float(10.0**middle), float(slope)


def percent_divided(generations: np.ndarray) -> float:
    """Return percent of the original cells that divided: each cell of generation k stands for 2^-k original ones."""
    founders = generations * 0.5 ** np.arange(generations.size)
    total = founders.sum()
    return float(100.0 * founders[1:].sum() / total) if total else 0.0


def division_index(generations: np.ndarray) -> float:
    """Return the mean number of divisions per original cell."""
    founders = generations * 0.5 ** np.arange(generations.size)
    total = founders.sum()
    return float((np.arange(generations.size) * founders).sum() / total) if total else 0.0
