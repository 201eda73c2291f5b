"""What a paper prints of a trial besides twins: hazard ratios, landmark, states, flow; definitions in docs/statistics.md."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from simulation.clinic.outcomes import OUTCOMES
from simulation.results.trial_flow import flow
from simulation.results.trial_landmark import landmark
from simulation.results.trial_states import CURRENT, STATES, current, occupied
from simulation.results.trial_view import ArmView
from simulation.statistics.hazard import hazard_ratio
from simulation.statistics.survival import kaplan_meier, log_rank
from simulation.trial.schema import SURVIVAL

__all__ = ["as_printed", "unpaired"]

_POINTS = 24  # days at which the states are told


def as_printed(arms: Sequence[ArmView], until: float, after: float) -> dict[str, Any]:
    """Return landmark analysis (`after` days from the first dose), states and flow of every arm, for `comparison.json`."""
    return {
        "landmark": {
            "days_after_first_dose": after,
            "arms": {arm.key: _landmark(arm, after) for arm in arms},
        },
        "states": {arm.key: _states(arm, until) for arm in arms},
        "flow": {arm.key: asdict(flow(arm)) for arm in arms},
    }


def unpaired(one: ArmView, other: ArmView) -> dict[str, Any]:
    """Return hazard ratio and log-rank test of two arms as if they were different patients, by outcome with an event."""
    told = {}
    for name in SURVIVAL:
        if OUTCOMES[name].censored:
            groups = [
                (arm.number(name), ~np.asarray(arm.columns[OUTCOMES[name].censored], bool))
                for arm in (one, other)
            ]
            told[name] = _two_groups(groups[0], groups[1])
    return told


def _two_groups(one: tuple[Any, Any], other: tuple[Any, Any]) -> dict[str, Any]:
    found = hazard_ratio(*one, *other)
    chi_square, p = log_rank(*one, *other)
    return {
        "hazard_ratio": {
            "value": found.value, "interval": (found.low, found.high), "log_se": found.log_se, "p_wald": found.p,
            "events": list(found.events),
        },
        "log_rank": {"chi_square": chi_square, "p": p},
    }  # fmt: skip


def _landmark(arm: ArmView, after: float) -> dict[str, Any]:
    found = landmark(arm, after)
    response, none = found.group(True), found.group(False)
    told: dict[str, Any] = {
        "treated": found.treated,
        "judged": int(found.days.size),
        "responded": int(found.responded.sum()),
        "events": [int(response[1].sum()), int(none[1].sum())],
        "response_against_none": None,
        "median_days": [_median(*response), _median(*none)],
    }
    if response[0].size and none[0].size:
        told["response_against_none"] = _two_groups(response, none)
    return told


def _median(days: Any, happened: Any) -> float:
    return kaplan_meier(days, happened).quantile()[0] if days.size else float("nan")


def _states(arm: ArmView, until: float) -> dict[str, Any]:
    whole = occupied(arm)
    last = min(until, whole.until)
    share, low, high = whole.at(last)
    in_state = whole.days_in(last)
    days = np.linspace(0, last, _POINTS + 1)
    over_time = np.array([whole.at(float(day))[0] for day in days])
    told: dict[str, Any] = {
        name: {
            "at_end": share[k],
            "interval": (low[k], high[k]),
            "mean_days": in_state[k],
            "share": over_time[:, k].tolist(),
        }
        for k, name in enumerate(STATES)
    }
    sums: dict[str, Any] = {}
    for name in CURRENT:
        found = current(arm, name)
        at, floor, ceiling = found.at(last)
        sums[name] = {
            "at_end": at[0],
            "interval": (floor[0], ceiling[0]),
            "mean_days": found.days_in(last)[0],
        }
    return {"days": days.tolist(), "states": told, "current": sums}
