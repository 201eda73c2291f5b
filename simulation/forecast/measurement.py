"""The measurement model: how likely a measured value is where the simulated truth is known.

Every error is stated here, with its source or as an assumption, and can be stated otherwise in the file of the course (`error`).
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr

__all__ = ["ABOUT", "USUAL", "Errors", "MeasuredValue", "fit"]

_LEAST_MRD: Final = (
    1e-12  # one blast in a whole marrow: where there is none, the logarithm has to stop somewhere
)
_LEAST_CD3: Final = 1e-2  # /uL
_LIMITS: Final = {"mrd": (0.05, 2.0), "cd3": (0.05, 2.0), "agvhd": (0.0, 0.8)}
ABOUT: Final = {  # what each error is, for reports
    "mrd": (
        "MRD: log-normal, standard deviation {:g} powers of ten, for the assay and the place of the marrow that was aspirated "
        "(assumption: a factor of 2.5)"
    ),
    "cd3": (
        "CD3: log-normal, standard deviation {:g} of the natural logarithm, for counting and for the variation from week to week "
        "(assumption, after CD4 counts in HIV: within a patient 25 % and more, n = 1020, J Infect Dis 1994;169:28)"
    ),
    "agvhd": (
        "Acute GvHD: graded wrongly by one grade in {:.0%} of patients, by two in the square of that, and so on (assumption)"
    ),
}


@dataclass(frozen=True, slots=True)
class Errors:
    """Hold the errors: `mrd` in powers of ten, `cd3` of the natural logarithm, `agvhd` the share graded wrongly by one."""

    mrd: float = 0.4
    cd3: float = 0.3
    agvhd: float = 0.2

    @staticmethod
    def limits(what: str) -> tuple[float, float]:
        """Return between which numbers an error may be."""
        return _LIMITS[what]

    def words(self, measured: "frozenset[str] | set[str]") -> tuple[str, ...]:
        """Say what is taken of each kind of measurement that there is."""
        return tuple(ABOUT[what].format(getattr(self, what)) for what in ABOUT if what in measured)


USUAL: Final = Errors()


@dataclass(frozen=True, slots=True)
class MeasuredValue:
    """Hold one measurement: `what` is mrd (a fraction), cd3 (/uL) or agvhd (a grade).

    `below`: nothing was found, and `value` is the limit of detection. `line` is where it stands in its file.
    """

    day: float
    what: str
    value: float
    below: bool = False
    line: int | None = None


def fit(one: MeasuredValue, truth: npt.ArrayLike, errors: Errors) -> npt.NDArray[np.float64]:
    """Return the log-likelihood of a measurement for true values, less that of the value which fits it best.

    So it is 0 at best, and the same constant is left out for all patients. Below the limit of detection it is the logarithm
    of the probability to find nothing. NaN, a patient who has died, is -inf: she was alive when it was measured.
    """
    true = np.asarray(truth, float)
    if one.what == "agvhd":
        terms = _graded(one.value, true, errors.agvhd)
    else:
        scale, least, sd = (
            (math.log(10.0), _LEAST_MRD, errors.mrd) if one.what == "mrd" else (1.0, _LEAST_CD3, errors.cd3)
        )
        z = (math.log(one.value) - np.log(np.maximum(true, least))) / (scale * sd)
        terms = log_ndtr(z) if one.below else -0.5 * z * z
    return np.where(np.isnan(true), -np.inf, terms)


def _graded(grade: float, true: npt.NDArray[np.float64], wrong: float) -> npt.NDArray[np.float64]:
    distance = np.abs(true - grade)
    with np.errstate(divide="ignore", invalid="ignore"):
        away = distance * np.log(wrong) if wrong > 0 else np.where(distance > 0, -np.inf, 0.0)
    return np.where(distance == 0, 0.0, away)
