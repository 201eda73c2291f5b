"""From the patients of every arm to the numbers of `comparison.json`; definitions and denominators in docs/trial.md."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from simulation.clinic.outcomes import OUTCOMES
from simulation.results.trial_view import ArmView, TrialView, while_both_followed
from simulation.statistics.competing import aalen_johansen
from simulation.statistics.correlation import rank_correlation
from simulation.statistics.paired import (
    avoided,
    differing,
    efficiency_of_pairing,
    mean_difference,
    precision,
    ratio_of_means,
    spread,
    tally,
)
from simulation.statistics.proportions import wilson
from simulation.statistics.survival import Estimate, kaplan_meier, rmst, rmst_difference
from simulation.statistics.variance import components
from simulation.trial.over_time import over_time
from simulation.trial.printed import as_printed, unpaired
from simulation.trial.schema import DAYS_ON_DRUG, PRICES, SHARES, SURVIVAL, Trial
from simulation.trial.table import TrialTable
from simulation.trial.uncertainty import judge, uncertainty

__all__ = ["as_json", "compare", "main_half_width", "view_of"]

type Flags = npt.NDArray[np.bool_]


def view_of(trial: Trial, table: TrialTable) -> TrialView:
    """Return the trial's patients with all comparisons made."""
    return TrialView(
        trial.name,
        table.arms,
        trial.follow_up,
        trial.main,
        trial.file.outcomes.primary,
        compare(trial, table),
        trial.file.subgroups,
    )


def compare(trial: Trial, table: TrialTable) -> dict[str, Any]:
    """Return everything that `comparison.json` holds, in plain numbers; None where there is nothing to tell."""
    n = table.arms[0].n
    whole: dict[str, Any] = {
        "trial": trial.name,
        "n_patients": n,
        "patients_left_out": table.incomplete,
        "seed": trial.seed,
        "follow_up_days": trial.follow_up,
        "primary_outcome": trial.file.outcomes.primary,
        "main_comparison": {"arm": trial.main[0], "versus": trial.main[1]},
        "real_trial": trial.file.real_trial.model_dump(mode="json", exclude_none=True),
        **({"second_transplant": trial.file.outcomes.second_transplant} if trial.transplants_again else {}),
        "tie_margin_days": trial.file.tie_margin,
        "confidence": 0.95,
    }
    if n == 0:
        return whole | {"arms": {}, "pairs": []}
    arms = {arm.key: _arm(arm, trial.follow_up) for arm in table.arms}
    # later arms against earlier ones: a trial lists what it is held against first
    pairs = [_pair(late, early, trial) for early, late in combinations(table.arms, 2)]
    main = _main_pair(trial, table, pairs)
    comparison: dict[str, Any] = as_json(
        whole
        | {"arms": arms, "pairs": main + pairs, "chance": _chance(trial, table)}
        | {"sensitivity": _sensitivity(trial, table), "difference_over_time": _over_time(trial, table)}
        | ({} if trial.posterior is None else {"uncertainty": uncertainty(trial, table)})
        | as_printed(table.arms, trial.follow_up, trial.file.landmark)
    )
    return comparison


def main_half_width(trial: Trial, table: TrialTable) -> float:
    """Return half the width of the 95 % interval of the main comparison's primary difference, days; NaN if unknown.

    While too few patients differ it is no less than what so many may hide (`statistics.paired.precision`).
    """
    one, other = _main_arms(trial, table)
    if one.n < 2:
        return math.nan
    primary = trial.file.outcomes.primary
    days, others = (arm.days(primary, trial.follow_up) for arm in (one, other))
    return precision(days, others, trial.follow_up)


def _main_arms(trial: Trial, table: TrialTable) -> tuple[ArmView, ArmView]:
    one, other = (next(arm for arm in table.arms if arm.key == key) for key in trial.main)
    return one, other


def _over_time(trial: Trial, table: TrialTable) -> dict[str, Any]:
    one, other = _main_arms(trial, table)
    known = None if trial.posterior is None else judge(one, trial.posterior)
    return over_time(one, other, trial.file.outcomes.primary, trial.follow_up, known)


def _main_pair(trial: Trial, table: TrialTable, pairs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the main comparison where no pair has it in this direction, in place of the opposite one."""
    names = [(pair["arm"], pair["versus"]) for pair in pairs]
    if trial.main in names:
        return [pairs.pop(names.index(trial.main))]
    pairs.pop(names.index(trial.main[::-1]))
    one, other = _main_arms(trial, table)
    return [_pair(one, other, trial)]


# ---- one arm


def survival(arm: ArmView, outcome: str) -> tuple[npt.NDArray[np.float64], Flags]:
    """Return days and whether the event ended them."""
    days, censored = arm.number(outcome), OUTCOMES[outcome].censored
    if not censored:  # a sum of days has no event that ends it
        return days, np.ones(arm.n, bool)
    return days, ~np.asarray(arm.columns[censored], bool)


def first_event(arm: ArmView) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return the day and cause of the first event: 1 relapse, 2 death without relapse, 0 neither."""
    days, relapse, death = arm.number("relapse_free_days"), arm.number("relapse_day"), arm.number("nrm_day")
    inf = np.inf
    relapse, death = (np.where(np.isnan(x), inf, x) for x in (relapse, death))
    cause = np.where(np.isinf(relapse) & np.isinf(death), 0, np.where(relapse <= death, 1, 2))
    return days, cause.astype(np.int64)


def _arm(arm: ArmView, until: float) -> dict[str, Any]:
    days, cause = first_event(arm)
    incidences = {
        "relapse": aalen_johansen(days, cause, 1).at(until),
        "nrm": aalen_johansen(days, cause, 2).at(until),
    }
    medians = {
        name: kaplan_meier(*survival(arm, name)).quantile() for name in SURVIVAL if OUTCOMES[name].censored
    }
    return {
        "name": arm.name,
        "n": arm.n,
        "shares": {name: _share(arm, name) for name in SHARES},
        "rmst": {name: _interval(_area(arm, name, until)) for name in SURVIVAL},
        "median": {name: {"value": value, "interval": limits} for name, (value, *limits) in medians.items()},
        "means": {name: arm.number(name).mean() for name in PRICES},
        "cumulative_incidence_at_end": {
            name: {"value": value, "interval": limits} for name, (value, *limits) in incidences.items()
        },
        "spread_between_patients": {
            name: dict(zip(("p5", "p50", "p95"), spread(arm.number(name)), strict=True))
            for name in (*SURVIVAL, *PRICES)
        },
        "cause_of_failure": _causes(arm),
    }


def _share(arm: ArmView, name: str) -> dict[str, Any]:
    known = [value for value in arm.outcome(name) if value is not None]
    return asdict(wilson(sum(known), len(known)))


def _area(arm: ArmView, outcome: str, until: float) -> Estimate:
    if arm.left.any() and not OUTCOMES[outcome].censored:
        return mean_difference(arm.days(outcome, until), np.zeros(arm.n), most=until)
    return rmst(*survival(arm, outcome), until)


def _causes(arm: ArmView) -> dict[str, int]:
    causes = [cause for cause in arm.text("cause_of_failure") if cause]
    return {cause: causes.count(cause) for cause in sorted(set(causes))}


# ---- two arms


def _pair(one: ArmView, other: ArmView, trial: Trial) -> dict[str, Any]:
    return {
        "arm": one.key,
        "versus": other.key,
        "differences": {name: _difference(one, other, name, trial) for name in (*SURVIVAL, *PRICES)},
        "unpaired": unpaired(one, other),
        **_price(one, other),
    }


def _difference(one: ArmView, other: ArmView, name: str, trial: Trial) -> dict[str, Any]:
    """Return a difference of means: how well it is known, and how patients differ in it."""
    a, b = (arm.days(name, trial.follow_up) for arm in (one, other))
    bounded = name in SURVIVAL or name in DAYS_ON_DRUG
    known = mean_difference(a, b, most=trial.follow_up if bounded else math.inf)
    counted = tally(*while_both_followed(one, other, name), trial.file.tie_margin)
    difference: dict[str, Any] = {
        "value": known.value,
        "interval_paired": (known.low, known.high),
        "monte_carlo_se": known.se,
        "spread_between_patients": dict(zip(("p5", "p50", "p95"), spread(a - b), strict=True)),
        "sd_between_patients": float(np.std(a - b, ddof=1)) if a.size > 1 else math.nan,
        "precision_gain_from_pairing": efficiency_of_pairing(a, b),
        "differing": differing(*while_both_followed(one, other, name)),
        "win": counted.win, "tie": counted.tie, "loss": counted.loss,
    }  # fmt: skip
    if name in SURVIVAL:
        unpaired = rmst_difference(_area(one, name, trial.follow_up), _area(other, name, trial.follow_up))
        difference["interval_unpaired"] = (unpaired.low, unpaired.high)
        if trial.posterior is not None:
            whole, _ = judge(one, trial.posterior)(a - b, trial.follow_up)
            difference["range_with_parameters"] = (whole.low, whole.high)
    return difference


def _price(one: ArmView, other: ArmView) -> dict[str, Any]:
    """Return relapses avoided by the first arm, patients per relapse avoided, and what each one costs."""
    relapsed, spared = (arm.happened("relapse_day").astype(float) for arm in (other, one))
    gain, needed = avoided(relapsed, spared)
    saved = relapsed - spared

    def per_relapse(name: str) -> dict[str, Any]:
        more = [np.array(arm.outcome(name), float) for arm in (one, other)]
        return _interval(ratio_of_means(more[0] - more[1], saved))

    return {
        "relapses_avoided_per_patient": _interval(gain),
        "number_needed_to_treat": _interval(needed),
        "extra_per_relapse_avoided": {name: per_relapse(name) for name in ("treated", "agvhd_2_4", *PRICES)},
    }


# ---- chance and patients


def _chance(trial: Trial, table: TrialTable) -> dict[str, Any] | None:
    """Return how much of the spread is chance, from patients who were run several times; None without repeats."""
    repeats = trial.file.repeats
    if repeats is None:
        return None
    n = min(repeats.patients, trial.patients)
    one, other = (table.repeats[key] for key in trial.main)
    whole = [p for p in range(n) if all(len(runs.get(p, {})) >= repeats.times for runs in (one, other))]
    first = [[one[p][k] for k in range(repeats.times)] for p in whole]
    second = [[other[p][k] for k in range(repeats.times)] for p in whole]
    parts: dict[str, Any] = {"outcome": trial.file.outcomes.primary}
    parts[trial.main[0]] = asdict(components(first))
    parts[trial.main[1]] = asdict(components(second))
    parts["difference"] = asdict(components(np.subtract(first, second))) if whole else asdict(components([]))
    return parts


def _sensitivity(trial: Trial, table: TrialTable) -> dict[str, dict[str, Any]]:
    """Return Spearman's rank correlation of the main difference with everything in which patients differ, strongest first."""
    one, other = _main_arms(trial, table)
    primary = trial.file.outcomes.primary
    gap = one.days(primary, trial.follow_up) - other.days(primary, trial.follow_up)
    correlations = {}
    for name, _ in trial.cohort.varies:
        values = one.number(name)
        if one.n > 2 and np.ptp(values) > 0 and np.ptp(gap) > 0:
            correlations[name] = _interval(rank_correlation(values, gap)) | {"n": one.n}
    return dict(sorted(correlations.items(), key=lambda item: -abs(item[1]["value"])))


def _interval(estimate: Estimate) -> dict[str, Any]:
    return {"value": estimate.value, "se": estimate.se, "interval": (estimate.low, estimate.high)}


def as_json(value: Any) -> Any:
    """Return what JSON can hold: no NaN, no infinity, no NumPy; numbers to ten digits, the same on every machine."""
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.10g}") if math.isfinite(value) else None
    return value
