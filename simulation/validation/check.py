"""A check: what is claimed, how it is tested, and what came of it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from simulation.statistics.proportions import wilson

__all__ = [
    "FULL", "REPORT", "Check", "Effort", "Finding", "MeasuredNumber", "Status", "check", "difference",
    "mean_of", "share_of", "verdict",
]  # fmt: skip

Status = Literal["pass", "fail", "unclear", "error"]
FULL: Final = (
    4.0  # with the numbers at the checks alone, another order of draws moved four of seventy results
)
REPORT: Final = "Int J Mol Sci 2023;24(22):16105"  # the clinical report behind the question


@dataclass(frozen=True)
class Effort:
    """Say how much is simulated: `factor` multiplies the numbers of patients that stand at the checks; at least two remain."""

    factor: float = FULL
    seed: int = 1

    def patients(self, usual: int) -> int:
        """Return how many patients to simulate where `usual` is the number at a factor of 1."""
        return max(round(usual * self.factor), 2)


@dataclass(frozen=True)
class MeasuredNumber:
    """Hold one measured number with its 95 % Monte-Carlo interval; `n` patients or replicates."""

    name: str
    value: float
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    unit: str = ""

    def __str__(self) -> str:
        """Return it in words."""
        unit = f" {self.unit}" if self.unit else ""
        if math.isnan(self.low):
            return f"{self.name} {self.value:.3g}{unit}"
        return f"{self.name} {self.value:.3g} ({self.low:.3g}–{self.high:.3g}){unit}"


@dataclass(frozen=True)
class Finding:
    """Hold what a check found; `unclear` means that chance could have made it either way."""

    status: Status
    measured: tuple[MeasuredNumber, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Check:
    """Describe a check; `run` does it."""

    id: str
    part: str  # theory, targets, facts, source
    claim: str
    expected: str
    source: str
    run: Callable[[Effort], Finding] = field(repr=False)


def check(
    part: str, key: str, claim: str, expected: str, source: str
) -> Callable[[Callable[[Effort], Finding]], Check]:
    """Make the function below a check of a part of the report."""
    return lambda run: Check(key, part, claim, expected, source, run)


def verdict(passed: bool, clear: bool = True) -> Status:
    """Return pass, fail, or unclear where the interval allows both."""
    if not clear:
        return "unclear"
    return "pass" if passed else "fail"


def share_of(name: str, hits: Sequence[bool] | np.ndarray) -> MeasuredNumber:
    """Return a share with Wilson's interval."""
    share = wilson(int(np.sum(hits)), len(hits))
    nan = math.nan
    if share.value is None or share.low is None or share.high is None:
        return MeasuredNumber(name, nan, nan, nan, 0)
    return MeasuredNumber(name, share.value, share.low, share.high, share.of)


def mean_of(name: str, values: Sequence[float] | np.ndarray, unit: str = "") -> MeasuredNumber:
    """Return a mean with its 95 % interval over patients (normal); none with fewer than two."""
    x = np.asarray(values, float)
    x = x[np.isfinite(x)]
    if not x.size:
        return MeasuredNumber(name, math.nan, n=0, unit=unit)
    half = 1.96 * float(x.std(ddof=1)) / math.sqrt(x.size) if x.size > 1 else math.nan
    return MeasuredNumber(name, float(x.mean()), float(x.mean()) - half, float(x.mean()) + half, x.size, unit)


def difference(
    name: str, one: Sequence[float] | np.ndarray, other: Sequence[float] | np.ndarray, unit: str = ""
) -> MeasuredNumber:
    """Return the mean of `one` minus `other` over the same patients (twins), with its interval."""
    return mean_of(name, np.asarray(one, float) - np.asarray(other, float), unit)
