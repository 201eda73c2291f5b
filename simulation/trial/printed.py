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
    events = {}
    for name in SURVIVAL:
        if OUTCOMES[name].censored:
            groups = [
                (arm.number(name), ~np.asarray(arm.columns[OUTCOMES[name].censored], bool))
                for arm in (one, other)
            ]
            events[name] = _two_groups(groups[0], groups[1])
    return events


def _two_groups(one: tuple[Any, Any], other: tuple[Any, Any]) -> dict[str, Any]:
    ratio = hazard_ratio(*one, *other)
    chi_square, p = log_rank(*one, *other)
    return {
        "hazard_ratio": {
            "value": ratio.value, "interval": (ratio.low, ratio.high), "log_se": ratio.log_se, "p_wald": ratio.p,
            "events": list(ratio.events),
        },
        "log_rank": {"chi_square": chi_square, "p": p},
    }  # fmt: skip


def _landmark(arm: ArmView, after: float) -> dict[str, Any]:
    analysis = landmark(arm, after)
    response, none = analysis.group(True), analysis.group(False)
    row: dict[str, Any] = {
        "treated": analysis.treated,
        "judged": int(analysis.days.size),
        "responded": int(analysis.responded.sum()),
        "events": [int(response[1].sum()), int(none[1].sum())],
        "response_against_none": None,
        "median_days": [_median(*response), _median(*none)],
    }
    if response[0].size and none[0].size:
        row["response_against_none"] = _two_groups(response, none)
    return row


def _median(days: Any, happened: Any) -> float:
    return kaplan_meier(days, happened).quantile()[0] if days.size else float("nan")


def _states(arm: ArmView, until: float) -> dict[str, Any]:
    whole = occupied(arm)
    last = min(until, whole.until)
    share, low, high = whole.at(last)
    in_state = whole.days_in(last)
    days = np.linspace(0, last, _POINTS + 1)
    over_time = np.array([whole.at(float(day))[0] for day in days])
    states_of: dict[str, Any] = {
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
        estimate = current(arm, name)
        at, floor, ceiling = estimate.at(last)
        sums[name] = {
            "at_end": at[0],
            "interval": (floor[0], ceiling[0]),
            "mean_days": estimate.days_in(last)[0],
        }
    return {"days": days.tolist(), "states": states_of, "current": sums}
