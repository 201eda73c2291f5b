"""The unpaired view of a trial in words: hazard ratios, landmark, states, and the estimands (ICH E9 R1)."""

from collections.abc import Mapping
from typing import Any

from simulation.clinic.outcomes import OUTCOMES
from simulation.number_words import NOTHING
from simulation.results.trial_flow import flow
from simulation.results.trial_states import CURRENT, STATES
from simulation.results.trial_view import TrialView
from simulation.results.words import in_sentence
from simulation.trial.schema import Trial

__all__ = ["NO_CHRONIC_GVHD", "estimands", "hazards", "landmarks", "second_transplant", "states"]

NO_CHRONIC_GVHD = "chronic GvHD is not simulated"
_CURRENT = {
    "leukaemia_free": "Current leukaemia-free survival",
    "agvhd_free_relapse_free": f"Current acute GvHD-free, relapse-free survival ({NO_CHRONIC_GVHD})",
}


def hazards(view: TrialView) -> list[tuple[str, ...]]:
    """Return one row per pair of arms and outcome with an event: hazard ratio, limits, events, log-rank p."""
    labels = {arm.key: arm.label for arm in view.arms}
    rows: list[tuple[str, ...]] = []
    for pair in view.comparison["pairs"]:
        who = f"{labels[pair['arm']]} against {in_sentence(labels[pair['versus']])}"
        for name, row in pair["unpaired"].items():
            ratio = row["hazard_ratio"]
            one, other = ratio["events"]
            rows.append(
                (
                    f"{who}: {in_sentence(OUTCOMES[name].label)}",
                    _ratio(ratio),
                    f"{one} / {other}",
                    _p(row),
                )
            )
    return rows


def _ratio(row: Mapping[str, Any]) -> str:
    """Return a hazard ratio; without limits there is no maximum of the likelihood, and a finite value is no estimate."""
    low, high = row["interval"]
    if low is None:
        return "none: all events in one arm, or no event" if sum(row["events"]) else "no event"
    return f"{row['value']:.2f} ({low:.2f}\N{EN DASH}{high:.2f})"


def _p(row: Mapping[str, Any]) -> str:
    """Return the log-rank test's p; where nothing happened nothing was tested."""
    value = row["log_rank"]["p"]
    if value is None or not sum(row["hazard_ratio"]["events"]):
        return NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def landmarks(view: TrialView) -> list[tuple[str, ...]]:
    """Return one row per arm: who was judged at the landmark, who had responded, and what came after."""
    rows: list[tuple[str, ...]] = []
    for arm in view.arms:
        row = view.comparison["landmark"]["arms"][arm.key]
        if not row["judged"]:
            continue
        against = row["response_against_none"]
        with_response, without = row["events"]
        judged, responded = row["judged"], row["responded"]
        rows.append(
            (
                arm.label,
                f"{judged} of {row['treated']}",
                f"{responded} of {judged}",
                f"{with_response} of {responded}",
                f"{without} of {judged - responded}",
                NOTHING if against is None else _ratio(against["hazard_ratio"]),
                NOTHING if against is None else _p(against),
            )
        )
    return rows


def states(view: TrialView) -> list[tuple[str, list[str]]]:
    """Return one row per state and per sum of states: share at the end and mean days, arm by arm."""
    table = view.comparison["states"]
    rows = [
        (title, [_state(table[arm.key]["states"][name]) for arm in view.arms])
        for name, title in STATES.items()
    ]
    return rows + [
        (_CURRENT[name], [_state(table[arm.key]["current"][name]) for arm in view.arms]) for name in CURRENT
    ]


def _state(row: Mapping[str, Any]) -> str:
    low, high = (100 * limit for limit in row["interval"])
    return f"{100 * row['at_end']:.0f} % ({low:.0f}\N{EN DASH}{high:.0f}); {row['mean_days']:.0f} d"


_STRATEGIES = {
    "current_leukaemia_free_days": (
        "relapse and remission after it: part of the variable (days in relapse do not count, later ones do)",
        "death without relapse: part of the variable (no days count after it)",
        "acute GvHD, stopping or repeating treatment: treatment policy (counted whatever happens)",
    ),
    "relapse_free_days": (
        "death without relapse: composite (an event)",
        "treatment after relapse, and remission by it: not reached, the first event ends the count",
        "acute GvHD, stopping treatment before relapse: treatment policy (counted whatever happens)",
    ),
    "agvhd_free_relapse_free_days": (
        "acute GvHD III\N{EN DASH}IV, death without relapse: composite (events)",
        f"chronic GvHD: {NO_CHRONIC_GVHD}, so this is not GRFS",
        "treatment after the first event: not reached",
    ),
}


def estimands(trial: Trial, view: TrialView) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the five attributes of the primary and of each other survival outcome's estimand (ICH E9 R1, 2019)."""
    one, other = view.main_arms
    names = dict.fromkeys(
        [view.primary, *(name for name in trial.file.outcomes.secondary if name in _STRATEGIES)]
    )
    rows = []
    for name in names:
        declared = OUTCOMES[name]
        summary = (
            f"difference in mean days up to day {trial.follow_up:g} (restricted mean), {one.label} minus "
            f"{in_sentence(other.label)}, between twins"
        )
        if declared.censored:
            summary += "; as if unpaired: hazard ratio and log-rank test"
        kind = "Primary" if name == view.primary else "Secondary"
        rows.append(
            (
                f"{kind}: {in_sentence(declared.label)}",
                [
                    ("Population", f"{trial.cohort.name}: all simulated patients, treated or not"),
                    (
                        "Treatment",
                        f"the strategy {one.name!r} against the strategy {other.name!r}, from transplant on",
                    ),
                    ("Variable", declared.meaning),
                    ("Intercurrent events", "; ".join(_strategies(name, trial, view))),
                    ("Summary", summary),
                ],
            )
        )
    return rows


def _strategies(name: str, trial: Trial, view: TrialView) -> tuple[str, ...]:
    return (
        *_STRATEGIES.get(name, ()),
        second_transplant(trial, view),
        "loss to follow-up does not occur; death from leukaemia is not simulated",
    )


def second_transplant(trial: Trial, view: TrialView) -> str:
    """Return how a second transplant is handled, with the patients whom it concerns."""
    if not trial.transplants_again:
        return "a second transplant is not simulated"
    counts = [(arm.label, flow(arm).second_transplant) for arm in view.arms]
    who = ", ".join(f"{in_sentence(label)} {count}" for label, count in counts)
    if trial.ends_at_transplant:
        return (
            f"second transplant ({who}): hypothetical, what would have been without it. Follow-up ends at it, and days of those "
            "still followed count for those who left (inverse probability of censoring); this takes those transplanted, who had "
            "all responded, to have fared like the others of their arm. Shares of patients and what treatment costs are counted "
            "up to it"
        )
    return (
        f"second transplant ({who}): ignored. What a second graft does is not simulated, so the life goes on as if there had "
        "been none: this is not treatment policy, and days after it are those of a patient who was not transplanted again"
    )
