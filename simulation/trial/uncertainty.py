"""How sure the main difference is: chance, patients and parameters told apart, what moves it, and what would narrow it."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from simulation.clinic.outcomes import OUTCOMES
from simulation.posterior import Posterior, fixed_by
from simulation.results.trial_view import ArmView
from simulation.statistics.nested import Covariance, NestedEstimate, Part, covariances, nested
from simulation.statistics.paired import mean_difference
from simulation.statistics.survival import Estimate
from simulation.trial.rows import SET
from simulation.trial.schema import Trial
from simulation.trial.table import TrialTable

__all__ = ["NEW_STUDY", "Judge", "judge", "uncertainty"]

type Floats = npt.NDArray[np.float64]
type Judge = Callable[[Floats, float], tuple[Estimate, Estimate]]
NEW_STUDY: Final = 50  # patients of an imagined study of one arm
# what such a study would count: known of every patient, whatever was done to him
_COUNTED: Final = ("relapse", "in_remission_at_end", "agvhd_2_4", "nrm")
_FEWEST_SETS: Final = 8  # fewer say nothing of which parameter it is


def judge(arm: ArmView, posterior: Posterior) -> Judge:
    """Return what makes of differences (and the largest there can be) their range with parameters, and that without.

    No range is narrower than the bootstrap interval over patients: where few differ, that knows what they may hide.
    """
    sets = arm.number(SET).astype(int)
    recombined = _recombined(posterior, sets)

    def known(gap: Floats, most: float) -> tuple[Estimate, Estimate]:
        sampled = mean_difference(gap, np.zeros(gap.size), most=most)
        whole = nested(gap, sets, recombined=recombined)
        low, high = np.fmin(whole.low, sampled.low), np.fmax(whole.high, sampled.high)
        inner = Estimate(
            sampled.value, sampled.se, np.fmax(whole.sampled_low, low), np.fmin(whole.sampled_high, high)
        )
        return Estimate(sampled.value, sampled.se, float(low), float(high)), inner

    return known


def uncertainty(trial: Trial, table: TrialTable) -> dict[str, Any] | None:
    """Return what `comparison.json` says under `uncertainty`; None for a trial at one set of values."""
    posterior = trial.posterior
    if posterior is None:
        return None
    primary = trial.file.outcomes.primary
    one, other = (next(arm for arm in table.arms if arm.key == key) for key in trial.main)
    gap = one.days(primary, trial.follow_up) - other.days(primary, trial.follow_up)
    sets = one.number(SET).astype(int)
    reruns = _reruns(trial, table, one.number("patient").astype(int))
    spread = nested(gap, sets, reruns, _recombined(posterior, sets))
    whole, inner = judge(one, posterior)(gap, trial.follow_up)
    fixed = sorted({name for arm in trial.arms for name in fixed_by(arm.scenario, posterior.names)})
    answer: dict[str, Any] = {
        "outcome": primary,
        "parameter_sets": posterior.name,
        "sets_in_file": len(posterior),
        "fits": [dict(fit) for fit in posterior.fits],
        "sets": spread.sets,
        "patients": spread.patients,
        "patients_run_again": spread.rerun,
        "held_by_the_trial": fixed,
        "value": spread.mean,
        "range": (whole.low, whole.high),
        "range_of_patients_and_chance": (inner.low, inner.high),
        "p_better": spread.above,
        "parts": _parts(spread),
    }
    if spread.sets < _FEWEST_SETS:
        return answer | {"parameters": [], "data": []}
    moving = [name for name in posterior.names if name not in fixed]
    return answer | {
        "parameters": _parameters(posterior, moving, gap, sets, spread),
        "data": _data(trial, table, posterior, gap, sets, spread, (whole.high - whole.low) / 2)
        if math.isfinite(spread.variance_of_mean)
        else [],
    }


def _recombined(
    posterior: Posterior, sets: npt.NDArray[np.int64]
) -> list[tuple[npt.NDArray[np.int64], float]]:
    """Return for every fit which of its sets each patient lived under, and how many of its sets count."""
    return [(np.array(kept)[sets], count) for kept, count in posterior.recombined()]


def _reruns(trial: Trial, table: TrialTable, patients: npt.NDArray[np.int64]) -> dict[int, list[float]]:
    """Return the differences of those who were run again, by their place in the table."""
    runs = [table.repeats[key] for key in trial.main]
    again: dict[int, list[float]] = {}
    for index, patient in enumerate(patients.tolist()):
        one, other = (arm.get(patient, {}) for arm in runs)
        both = sorted((one.keys() & other.keys()) - {0})
        if both:
            again[index] = [one[repeat] - other[repeat] for repeat in both]
    return again


def _parts(spread: NestedEstimate) -> dict[str, Any]:
    whole = spread.variance_of_mean

    def part(one: Part, of_mean: float) -> dict[str, Any]:
        return {
            "variance": one.variance,
            "variance_interval": (one.low, one.high),
            "sd": math.sqrt(max(one.variance, 0.0)) if math.isfinite(one.variance) else math.nan,
            "sd_at_most": math.sqrt(max(one.high, 0.0)) if math.isfinite(one.high) else math.nan,
            "share_of_answer": of_mean / whole if whole > 0 and math.isfinite(one.variance) else math.nan,
        }

    names = ("parameters", "patients", "chance")
    each = (spread.parameters, spread.of_patients, spread.chance)
    return {name: part(one, share) for name, one, share in zip(names, each, spread.of_mean, strict=True)}


def _parameters(
    posterior: Posterior,
    names: Sequence[str],
    gap: Floats,
    sets: npt.NDArray[np.int64],
    spread: NestedEstimate,
) -> list[dict[str, Any]]:
    """Return by how much the difference changes across each parameter's own range, what moves it most first."""
    columns = {name: np.array([row[posterior.names.index(name)] for row in posterior.rows]) for name in names}
    columns = {name: column for name, column in columns.items() if np.ptp(column[sets]) > 0}
    if not columns:
        return []
    scaled = [np.log(column) if column.min() > 0 else column for column in columns.values()]
    moved = covariances(np.stack([column[sets] for column in scaled], axis=1), gap, sets)
    wide = float(stats.t.ppf(0.975, spread.sets - 2))
    rows = []
    for (name, column), scale, one in zip(columns.items(), scaled, moved, strict=True):
        low, high = _quantiles(scale, posterior.weights)
        per = (high - low) / one.variance
        effect, se = one.covariance * per, one.se * per
        low, high = _quantiles(column, posterior.weights)
        rows.append(
            {
                "name": name,
                "from": low,
                "to": high,
                "effect": effect,
                "interval": (effect - wide * se, effect + wide * se),
                "share_of_parameters": _share(one.explained(one.variance), spread),
            }
        )
    return sorted(rows, key=lambda row: -abs(row["effect"]))


def _quantiles(values: Floats, weights: Sequence[float]) -> tuple[float, float]:
    """Return the 10th and 90th percentile of weighted values."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(np.array(weights)[order])
    low, high = (values[order][np.searchsorted(reached, share * reached[-1])] for share in (0.1, 0.9))
    return float(low), float(high)


def _share(explained: float, spread: NestedEstimate) -> float:
    variance = spread.parameters.variance
    return min(explained / variance, 1.0) if variance > 0 else math.nan


def _data(
    trial: Trial, table: TrialTable, posterior: Posterior, gap: Floats, sets: npt.NDArray[np.int64], spread: NestedEstimate,
    half: float,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return by how much each measurement would narrow the answer, most first.

    Measurements are the published ones of the fits, made once more in as many patients, and new ones: what a study of
    `NEW_STUDY` patients would count in one arm.
    """
    rows: list[tuple[dict[str, Any], Covariance, float]] = []
    for name, datum in posterior.data.items():
        values = np.array(posterior.statistics[name])[sets]
        good = np.isfinite(values)
        if np.unique(sets[good]).size < _FEWEST_SETS or np.ptp(values[good]) == 0:
            continue
        (one,) = covariances(values[good, None], gap[good], sets[good])
        measured = max(one.variance - datum.noise**2, 0.0) + datum.se**2
        rows.append(
            (
                {"id": name, "what": datum.what, "where": datum.fit, "n": datum.n, "of_an_arm": False},
                one,
                measured,
            )
        )
    for arm in table.arms:
        columns = {name: _counted(arm, name) for name in _COUNTED}
        columns = {name: column for name, column in columns.items() if np.ptp(column) > 0}
        if not columns:
            continue
        for name, one in zip(columns, covariances(np.stack([*columns.values()], 1), gap, sets), strict=True):
            measured = max(one.variance, 0.0) + one.within / NEW_STUDY
            entry = {
                "id": f"{arm.key}.{name}",
                "what": OUTCOMES[name].label,
                "where": arm.label,
                "n": NEW_STUDY,
                "of_an_arm": True,
            }
            rows.append((entry, one, measured))
    whole = spread.variance_of_mean
    return sorted(
        (
            entry
            | {
                "share_of_parameters": _share(one.explained(measured), spread),
                "half_range_now": half,
                "half_range_then": half * math.sqrt(max(1.0 - min(one.explained(measured), spread.of_mean[0]) / whole, 0.0))
                if whole > 0
                else half,
                "stands_out": bool(abs(one.covariance) > stats.t.ppf(0.975, spread.sets - 2) * one.se),
            }
            for entry, one, measured in rows
        ),
        key=lambda row: (row["half_range_then"], row["id"]),
    )  # fmt: skip


def _counted(arm: ArmView, name: str) -> Floats:
    return np.array([bool(value) for value in arm.outcome(name)], float)
