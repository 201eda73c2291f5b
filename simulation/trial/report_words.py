"""The trial's numbers as a clinician reads them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from simulation.clinic.failure import CAUSES
from simulation.clinic.outcomes import OUTCOMES
from simulation.number_words import NOTHING, number_text, signed
from simulation.parameters.table import ParameterTable
from simulation.posterior.sets import bare_name
from simulation.products.registry import TITLES
from simulation.results.scenario_words import scenario_words
from simulation.results.trial_figures.common import PARAMETERS
from simulation.results.trial_view import TrialView
from simulation.results.words import share_title
from simulation.scenario.schema import Scenario
from simulation.statistics.proportions import LEAST_WHO_DIFFER
from simulation.trial.conduct import ConductedTrial
from simulation.trial.execute import number_of_runs
from simulation.trial.failed_checks import failed_checks
from simulation.trial.printed_words import second_transplant
from simulation.trial.schema import SHARES, SURVIVAL, Trial
from simulation.units import format_number

__all__ = ["arms", "assumptions", "cohort_rows", "common", "concerns", "correlations", "fixed", "incomplete", "limits",
           "not_the_same", "results"]  # fmt: skip

_STRATEGY: Final = ("Treatment starts", *TITLES, "Second transplant", "Transplant", "Disease", "Tests",
                    "Stop rules", "Definitions", "Simulation")  # fmt: skip
_BEGINNING: Final = ("treated", "overt_before_treatment")  # shown whatever a trial lists
_HARMS: Final = ("agvhd_3_4", "crs_3_4", "nrm")  # the same
# contested or assumed, and able to turn the answer (docs/credibility.md)
_ASSUMED: Final = ("phi_bm", "partition_marrow", "p_cd19_loss", "rate_exhaustion", "fraction_sanctuary",
                   "p_recognition_gvl", "rate_death_agvhd_3", "rate_death_agvhd_4", "rate_death_crs_4")  # fmt: skip


def cohort_rows(trial: Trial, view: TrialView) -> list[tuple[str, str, str]]:
    """Return what differs between patients: parameter, its spread among these, and where the distribution is from."""
    table = ParameterTable.load()
    rows = []
    for name, distribution in trial.cohort.varies:
        if not concerns(name, trial):
            continue
        values = view.arms[0].number(name)
        numbers = " / ".join(
            format_number(float(f"{value:.3g}")) for value in np.quantile(values, [0.05, 0.5, 0.95])
        )
        partners = trial.cohort.dependence.partners(name)
        text = distribution.distribution + "".join(
            f", correlation {pair.correlation:g} with {_parameter(other)}" for other, pair in partners
        )
        source = distribution.source or table[name].source
        unit = table[name].unit
        unit = "" if unit in {"1", "dimensionless", ""} else f" ({unit})"
        rows.append((f"{_parameter(name)}{unit}", numbers, f"{text}; {source}"))
    return rows


def concerns(name: str, trial: Trial) -> bool:
    """Return whether a parameter plays a part: a matched donor's alloreactivity does not where no donor is one.

    Nor do residual blasts where the disease is stated.
    """
    if name == "n_residual_blasts":
        return any(arm.scenario.disease is None for arm in trial.arms)
    kind = name.rsplit("_", 1)[-1]
    matches = {arm.scenario.donor.match for arm in trial.arms}
    return kind not in ("sibling", "unrelated") or f"matched_{kind}" in matches


def _parameter(name: str) -> str:
    return PARAMETERS.get(name, name.replace("_", " "))


def fixed(trial: Trial) -> str:
    """Return the parameters that a cohort fixes for all of its patients."""
    table = ParameterTable.load()
    return ", ".join(f"{name} {table[name].written(value)}" for name, value in trial.cohort.fixed)


def _words(scenario: Scenario) -> dict[str, str]:
    return {topic: text for topic, text in scenario_words(scenario) if topic in _STRATEGY}


def common(trial: Trial) -> str:
    """Return what all arms do alike."""
    topics = [_words(arm.scenario) for arm in trial.arms]
    alike = [
        f"{topic}: {text}"
        for topic, text in topics[0].items()
        if all(one.get(topic) == text for one in topics)
    ]
    return " ".join(alike) or "nothing but the patients."


def arms(trial: Trial, view: TrialView) -> list[dict[str, Any]]:
    """Return each arm with what it does differently."""
    topics = {arm.key: _words(arm.scenario) for arm in trial.arms}
    differs = [
        topic for topic in _STRATEGY if len({topics[key].get(topic, "") for key in topics}) > 1
    ]  # fmt: skip
    return [
        {
            "key": arm.key,
            "label": view.arm(arm.key).label,
            "description": arm.scenario.description,
            "words": [(topic, topics[arm.key].get(topic, NOTHING)) for topic in differs],
        }
        for arm in trial.arms
    ]


def results(trial: Trial, view: TrialView) -> list[tuple[str, list[str]]]:
    """Return the table of results: the primary outcome, the secondary ones as the trial lists them, harms, then the rest."""
    table = view.comparison["arms"]
    wanted = dict.fromkeys([view.primary, *trial.file.outcomes.secondary, *_HARMS])
    rows = [
        (title, [cell(table[arm.key]) for arm in view.arms])
        for name in wanted
        for title, cell in _rows_of(name)
    ]
    beginning = (*_BEGINNING, *(("second_transplant",) if trial.transplants_again else ()))
    rows += [
        (OUTCOMES[name].label, [_share(table[arm.key]["shares"][name]) for arm in view.arms])
        for name in beginning
        if name not in wanted
    ]
    rows.append(("Failures by cause", [_causes(table[arm.key]["cause_of_failure"]) for arm in view.arms]))
    return rows


def _rows_of(name: str) -> list[tuple[str, Callable[[Mapping[str, Any]], str]]]:
    """Return the rows of one outcome: title, and what makes a cell of an arm's numbers."""
    declared = OUTCOMES[name]
    if name in SURVIVAL:
        rows = [(f"{declared.label}, mean days", lambda arm: _mean(arm["rmst"][name]))]
        median = (f"{declared.label}, median days", lambda arm: _median(arm["median"][name]))
        return [*rows, median] if declared.censored else rows
    if name in SHARES:
        return [(share_title(declared), lambda arm: _share(arm["shares"][name]))]
    return [(f"{declared.label}, mean ({declared.unit})", lambda arm: number_text(arm["means"][name]))]


def _mean(mean: Mapping[str, Any]) -> str:
    low, high = mean["interval"]
    return f"{mean['value']:.0f} ({low:.0f}\N{EN DASH}{high:.0f})"


def _median(median: Mapping[str, Any]) -> str:
    return "not reached" if median["value"] is None else f"{median['value']:.0f}"


def _share(share: Mapping[str, Any]) -> str:
    if not share["of"]:
        return NOTHING
    low, high = 100 * share["low"], 100 * share["high"]
    return (
        f"{share['count']} of {share['of']} = {100 * share['value']:.0f} % ({low:.0f}\N{EN DASH}{high:.0f})"
    )


def _causes(counts: Mapping[str, int]) -> str:
    return "; ".join(f"{CAUSES[cause]} {count}" for cause, count in counts.items()) or NOTHING


def correlations(view: TrialView, trial: Trial) -> list[tuple[str, str]]:
    """Return the rank correlation of the twins' difference with each thing in which patients differ, interval and n."""
    correlations_of = view.comparison.get("sensitivity", {})
    return [
        (_parameter(name), _correlation(one))
        for name, one in correlations_of.items()
        if concerns(name, trial)
    ]


def _correlation(one: Mapping[str, Any]) -> str:
    low, high = (signed(limit, 2) for limit in one["interval"])
    interval = "no interval" if one["interval"][0] is None else f"{low} to {high}"
    return f"{signed(one['value'], 2)} ({interval}; n = {one['n']})"


def not_the_same(trial: Trial) -> str:
    """Say in what the two arms in question differ, where that is more than one thing."""
    one, other = (_words(trial.arm(key).scenario) for key in trial.main)
    differs = [topic for topic in _STRATEGY if one.get(topic) != other.get(topic)]
    if len(differs) < 2:
        return ""
    named = ", ".join(topic[:1].lower() + topic[1:] for topic in differs)
    text = "; ".join(
        f"{topic}: {one.get(topic, NOTHING).rstrip('.')} against {other.get(topic, NOTHING).rstrip('.')}"
        for topic in differs
        if topic != "Treatment starts"
    )
    return (
        f"The two arms in question differ in more than one thing ({named}), and the difference is that of all together. "
        f"{text}."
    )


def assumptions(trial: Trial) -> list[tuple[str, str, str, str, str]]:
    """Return what is assumed and not varied."""
    table = ParameterTable.load()
    varied = {name for name, _ in trial.cohort.varies}
    if trial.posterior is not None:
        varied |= {bare_name(name) for name in trial.posterior.names}
    changed = dict(trial.arms[0].scenario.parameters)
    rows = []
    for name in _ASSUMED:
        if name in table and name not in varied:
            row = table[name]
            allowed = f"{row.written(row.low)} to {row.written(row.high)}"
            here = row.written(changed.get(name, row.value))
            basis = row.source if row.source.startswith(row.kind) else f"{row.kind}: {row.source}"
            rows.append((_parameter(name), name, here, allowed, basis))
    return rows


def incomplete(trial: Trial, done: ConductedTrial) -> str:
    """Return what is missing, or nothing."""
    if not done.missing:
        return ""
    left_out = done.view.comparison["patients_left_out"]
    return (
        f"Incomplete: {len(done.missing)} of {number_of_runs(trial, done.patients)} runs are missing; {left_out} patients "
        "are left out of all arms. Patients whose runs fail may differ from the others."
    )


def limits(trial: Trial, done: ConductedTrial) -> list[str]:
    """Return what the reader must not conclude."""
    lines = [
        "A model is compared with itself: "
        + (
            "intervals tell the chance of having drawn these patients, not the model's error."
            if trial.posterior is None
            else "the range holds what parameter sets, patients and chance leave open, not whether the model's mechanisms are "
            "right. Intervals of single arms are over patients, as if each had a set of his own."
        ),
        "Arms are compared from transplant on, so treating early wins no time by itself (no lead-time or immortal-time bias).",
        "An arm that waits for overt relapse has the first relapses of no treatment by construction; current "
        "leukaemia-free survival and remissions judge it fairly, first relapses do not.",
        "Treating early also treats patients who would never have relapsed; the price section counts them.",
        "Death without relapse comes from severe GvHD and cytokine release alone, by an assumed hazard; infections, organ "
        "toxicity and death from leukaemia are not simulated.",
        "Several secondary outcomes, pairs of arms and subgroups are shown without correction for their number.",
        f"Differences are called beyond chance only where {LEAST_WHO_DIFFER} patients or more differ. The end of follow-up is "
        "said to decide where the answer would be another if the last quarter of follow-up repeated itself for as long again.",
        *failed_checks(trial),
    ]
    if trial.transplants_again:
        handled = second_transplant(trial, done.view)
        lines.append(f"{handled[:1].upper()}{handled[1:]}.")
    if different := not_the_same(trial):
        lines.insert(0, different)
    if trial.file.precision is not None:
        reached = done.half_width <= trial.file.precision
        end = "was reached" if reached else f"was NOT reached: the half-width is {done.half_width:.1f} days"
        lines.append(
            f"Patients were added until the main interval's half-width fell to {trial.file.precision:g} days, which {end}; "
            "stopping on a look at the data makes the interval slightly too narrow."
        )
    return lines
