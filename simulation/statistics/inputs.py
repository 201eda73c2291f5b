"""Strict reading of what statistics are made from: no missing value, no text and no code passes for an event."""

import numpy as np
import numpy.typing as npt

__all__ = ["causes_of", "flags_of", "numbers_of", "times_of"]

type Floats = npt.NDArray[np.float64]


def numbers_of(values: npt.ArrayLike, what: str) -> Floats:
    """Return one finite number per patient, shape (n,); ValueError without patients, for text and for gaps."""
    given = np.asarray(values)
    if given.dtype.kind not in "biuf" and given.size:
        raise ValueError(f"{what} must be numbers, not text or objects")
    array = np.asarray(given, float)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{what}: one value per patient is needed, and at least one patient")
    if not np.isfinite(array).all():
        raise ValueError(f"{what} must be finite: {int((~np.isfinite(array)).sum())} are missing or infinite")
    return array


def times_of(days: npt.ArrayLike) -> Floats:
    """Return follow-up times, finite and not negative, days."""
    times = numbers_of(days, "follow-up times")
    if (times < 0).any():
        raise ValueError("follow-up times must be finite and not negative")
    return times


def flags_of(values: npt.ArrayLike, what: str = "events") -> npt.NDArray[np.bool_]:
    """Return whether something happened to each patient: true or false, 1 or 0, and nothing else."""
    flags = numbers_of(values, what)
    if not np.isin(flags, (0, 1)).all():
        raise ValueError(f"{what} must be true or false, or 1 or 0; a status of 1 and 2 has to be recoded")
    return flags.astype(bool)


def causes_of(values: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return the cause that ended each patient's follow-up: 0 for censored, else a whole number above 0."""
    causes = numbers_of(values, "causes")
    if (causes < 0).any() or (causes != np.round(causes)).any():
        raise ValueError("causes must be whole numbers: 0 for censored, 1, 2 ... for a cause")
    return causes.astype(np.int64)
