"""Means per design point with their Monte-Carlo intervals, added up while the store is read: memory per point, not per run.

An interval says how well the MEAN over virtual patients is known from so many of them (95 %); how patients differ
from each other is the standard deviation beside it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from simulation.clinic.outcomes import EVERYONE, OUTCOMES
from simulation.statistics.proportions import limits_of_equals
from simulation.sweep.outcomes import NumericOutcome, outcome_value
from simulation.sweep.table import Table

__all__ = ["Responses", "collect", "t_interval", "wilson_interval", "within"]

type Floats = npt.NDArray[np.float64]
type Record = tuple[int, int, int, Sequence[float]]  # point, arm, replicate, one value per outcome
_CHUNK: Final = 8192
_CONFIDENCE: Final = 0.95


@dataclass(frozen=True, eq=False)
class Responses:
    """Hold means per point, arm and outcome: arrays of shape (n_points, n_arms, n_outcomes).

    `n` counts runs in which the outcome is defined, `runs` all that are done, shape (n_points, n_arms).
    `noise_share` per arm and outcome is the part of the variance between points' means that is chance.
    """

    outcomes: tuple[NumericOutcome, ...]
    runs: npt.NDArray[np.int64]
    n: npt.NDArray[np.int64]
    mean: Floats
    sd: Floats
    low: Floats
    high: Floats
    noise_share: Floats

    def index(self, name: str) -> int:
        """Return the place of an outcome."""
        return [outcome.name for outcome in self.outcomes].index(name)


def collect(table: Table, outcomes: Sequence[NumericOutcome]) -> Responses:
    """Read the store once and return the responses of these outcomes."""
    plan = table.plan
    return accumulate(records(table, outcomes), outcomes, plan.n_points, len(plan.arms), plan.n_replicates)


def records(table: Table, outcomes: Sequence[NumericOutcome]) -> Iterator[Record]:
    """Yield every run's values; an outcome that was stored is read, another is derived from what was."""
    stored = {column.name for column in table.design.columns}
    sources = {name for outcome in outcomes for name in _sources(outcome, stored)}
    for point, arm, replicate, raw in table.values(sorted(sources)):
        yield point, arm, replicate, [_value(outcome, raw, stored) for outcome in outcomes]


def _sources(outcome: NumericOutcome, stored: set[str]) -> tuple[str, ...]:
    if outcome.name in stored:
        return (outcome.name,)
    if outcome.of_whom == EVERYONE and outcome.of in stored:
        return (outcome.of, str(outcome.argument)) if outcome.rule == "minus" else (outcome.of,)
    return tuple(name for name in OUTCOMES if name in stored)  # what a share is worked out from


def _value(outcome: NumericOutcome, raw: dict[str, Any], stored: set[str]) -> float:
    if outcome.name in stored:
        value = raw.get(outcome.name)
        return np.nan if value is None else float(value)
    return outcome_value(outcome, raw)


def accumulate(
    rows: Iterable[Record], outcomes: Sequence[NumericOutcome], n_points: int, n_arms: int, n_replicates: int
) -> Responses:
    """Add records up and return the responses."""
    cells, k = n_points * n_arms, len(outcomes)
    runs = np.zeros(cells, np.int64)
    n = np.zeros((k, cells), np.int64)
    sums, squares = np.zeros((k, cells)), np.zeros((k, cells))
    # against the loss of digits when squares are added up; counts of shares are exact as they are
    shift = np.array([0.0 if outcome.share else np.nan for outcome in outcomes])
    by_patient = np.zeros((k, n_arms * n_replicates, 2))
    stream = iter(rows)
    while chunk := list(islice(stream, _CHUNK)):
        point, arm, replicate = (np.array([row[i] for row in chunk]) for i in range(3))
        values = np.array([row[3] for row in chunk], float).T.reshape(k, len(chunk))
        cell, patient = point * n_arms + arm, arm * n_replicates + replicate
        runs += np.bincount(cell, minlength=cells)
        for i in range(k):
            known = np.isfinite(values[i])
            if not known.any():
                continue
            if np.isnan(shift[i]):
                shift[i] = values[i][known].mean()
            centred = values[i][known] - shift[i]
            n[i] += np.bincount(cell[known], minlength=cells)
            sums[i] += np.bincount(cell[known], centred, cells)
            squares[i] += np.bincount(cell[known], centred**2, cells)
            by_patient[i, :, 0] += np.bincount(patient[known], minlength=n_arms * n_replicates)
            by_patient[i, :, 1] += np.bincount(patient[known], centred, n_arms * n_replicates)
    return _responses(tuple(outcomes), (n_points, n_arms), runs, n, sums, squares, shift, by_patient)


def _responses(
    outcomes: tuple[NumericOutcome, ...], shape: tuple[int, int], runs: npt.NDArray[np.int64], n: npt.NDArray[np.int64],
    sums: Floats, squares: Floats, shift: Floats, by_patient: Floats,
) -> Responses:  # fmt: skip
    with np.errstate(all="ignore"):
        centred = sums / n
        variance = np.where(n > 1, np.maximum(squares - n * centred**2, 0.0) / (n - 1), np.nan)
    mean = centred + shift[:, None]
    sd = np.sqrt(variance)
    low, high = np.empty_like(mean), np.empty_like(mean)
    noise = np.full((shape[1], len(outcomes)), np.nan)
    for i, outcome in enumerate(outcomes):
        interval = wilson_interval if outcome.share else t_interval
        low[i], high[i] = interval(n[i], mean[i], sd[i])
        for arm in range(shape[1]):
            at = slice(arm, None, shape[1])
            patients = by_patient[i, arm * (by_patient.shape[1] // shape[1]) :][
                : by_patient.shape[1] // shape[1]
            ]
            noise[arm, i] = _noise_share(n[i][at], sums[i][at], squares[i][at], patients)

    def shaped(table: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.moveaxis(table.reshape(len(outcomes), *shape), 0, -1)

    return Responses(
        outcomes, runs.reshape(shape), shaped(n), shaped(mean), shaped(sd), shaped(low), shaped(high), noise
    )


def _noise_share(n: npt.NDArray[np.int64], sums: Floats, squares: Floats, patients: Floats) -> float:
    """Return the share of chance in the variance between points' means, with the same patients at every point.

    What a patient has at every point alike does not blur differences between points, so it is taken out: the residual
    of the two-way layout points x patients. NaN unless the layout is complete.
    """
    points, replicates = n.size, patients.shape[0]
    if points < 2 or replicates < 2 or (n != replicates).any() or (patients[:, 0] != points).any():
        return float("nan")
    total, grand = float(squares.sum()), float(sums.sum()) / (points * replicates)
    of_points = float((sums**2).sum()) / replicates - points * replicates * grand**2
    of_patients = float((patients[:, 1] ** 2).sum()) / points - points * replicates * grand**2
    residual = max(total - points * replicates * grand**2 - of_points - of_patients, 0.0)
    chance = residual / ((points - 1) * (replicates - 1)) / replicates
    between = of_points / replicates / (points - 1)
    return min(chance / between, 1.0) if between > 0 else float("nan")


def within(responses: Responses, limits: Sequence[tuple[float, float] | None]) -> Responses:
    """Return the responses with each outcome's intervals cut at what is possible, such as 0 and the end of follow-up.

    Where all patients of a point are alike, the interval is what so many exclude within those limits.
    """
    low, high = responses.low.copy(), responses.high.copy()
    for i, limit in enumerate(limits):
        if limit is None:
            continue
        low[..., i], high[..., i] = np.maximum(low[..., i], limit[0]), np.minimum(high[..., i], limit[1])
        if responses.outcomes[i].share:
            continue
        for point, arm in zip(
            *np.nonzero((responses.n[..., i] > 1) & (responses.sd[..., i] == 0)), strict=True
        ):
            at = (point, arm, i)
            low[at], high[at] = limits_of_equals(float(responses.mean[at]), int(responses.n[at]), *limit)
    return replace(responses, low=low, high=high)


def t_interval(n: npt.NDArray[np.int64], mean: Floats, sd: Floats) -> tuple[Floats, Floats]:
    """Return Student's 95 % interval of a mean; NaN with fewer than two runs, and where they do not differ."""
    with np.errstate(all="ignore"):
        t = stats.t.ppf(0.5 + _CONFIDENCE / 2, np.maximum(n - 1, 1))
        half = np.where((n > 1) & (sd > 0), t * sd / np.sqrt(n), np.nan)
    return np.asarray(mean - half, float), np.asarray(mean + half, float)


def wilson_interval(n: npt.NDArray[np.int64], mean: Floats, sd: Floats) -> tuple[Floats, Floats]:
    """Return Wilson's 95 % score interval of a share (1927), which also holds for 0 of n."""
    z = float(stats.norm.ppf(0.5 + _CONFIDENCE / 2))
    with np.errstate(all="ignore"):
        centre = (mean + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(mean * (1 - mean) / n + z**2 / (4 * n**2))
        low, high = np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)
    return np.where(n > 0, np.minimum(low, mean), np.nan), np.where(n > 0, np.maximum(high, mean), np.nan)
