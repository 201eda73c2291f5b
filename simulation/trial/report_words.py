"""The trial's numbers as a clinician reads them."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from simulation.parameters.table import ParameterTable
from simulation.results.scenario_words import scenario_words
from simulation.results.trial_figures.common import CAUSES, TIMES
from simulation.results.trial_view import TrialView
from simulation.results.words import NOTHING
from simulation.scenario.schema import Scenario
from simulation.trial.conduct import Conducted
from simulation.trial.schema import Trial

__all__ = ["answer", "arms", "assumptions", "chance", "cohort_rows", "common", "correlations", "findings", "fixed",
           "incomplete", "limits", "pairing", "pairs", "price", "price_note", "results", "time_words"]  # fmt: skip

_STRATEGY: Final = ("Treatment starts", "Blinatumomab", "Donor lymphocytes", "Other drugs", "Transplant", "Tests",
                    "Stop rules", "Definitions", "Simulation")  # fmt: skip
# contested or assumed, and able to turn the answer (EVIDENCE, "Critical opinion")
_ASSUMED: Final = ("phi_bm", "partition_marrow", "p_cd19_loss", "rate_exhaustion", "fraction_sanctuary",
                   "p_recognition_gvl", "rate_death_agvhd_3", "rate_death_agvhd_4", "rate_death_crs_4")  # fmt: skip
_SHARES: Final = {
    "relapse": "Overt relapse",
    "complete_remission": "Complete remission, of those with overt relapse",
    "mrd_negative": "MRD-negative, of those treated",
    "agvhd_2_4": "Acute GvHD II\N{EN DASH}IV",
    "agvhd_3_4": "Acute GvHD III\N{EN DASH}IV",
    "cd19_negative_relapse": "CD19-negative at last relapse, of those with relapse",
    "extinct": "Leukaemia extinct at the end",
}


def time_words(name: str) -> str:
    """Return what a time outcome counts."""
    return TIMES[name]


def _pair(view: TrialView) -> Any:
    return view.comparison["pairs"][0]


def _signed(value: float | None, digits: int = 0) -> str:
    return NOTHING if value is None else f"{value:+.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _range(limits: Any, digits: int = 0) -> str:
    low, high = limits
    return NOTHING if low is None and high is None else f"{_signed(low, digits)} to {_signed(high, digits)}"


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.0f} %"


def answer(view: TrialView) -> str:
    """Return the main comparison in one or two sentences."""
    pair = _pair(view)
    main = pair["differences"][view.primary]
    one, other = (arm.name for arm in view.main_arms)
    low, high = main["interval_paired"]
    told = f"{one} against {other}: {_signed(main['value'])} {time_words(view.primary)} per patient"
    if low is None:
        return f"{told}. One patient says what can happen, not how often."
    sure = "more" if low > 0 else "fewer" if high < 0 else None
    verdict = f"that is {sure}, beyond chance" if sure else "so these patients do not settle which is better"
    return (
        f"{told} (95 % interval of the mean {_range((low, high))}): {verdict}. "
        f"{main['win']} patients did better, {main['tie']} the same, {main['loss']} worse."
    )


def findings(view: TrialView) -> list[str]:
    """Return the secondary findings of the main comparison, one sentence each."""
    pair, arms = _pair(view), view.comparison["arms"]
    one, other = arms[pair["arm"]], arms[pair["versus"]]
    names = [arm.label for arm in view.main_arms]
    lines = []
    for key, words in (
        ("relapse_fraction", "Overt relapse"),
        ("in_remission_at_end_fraction", "Alive without overt leukaemia at the end"),
        ("agvhd_2_4_fraction", "Acute GvHD II\N{EN DASH}IV"),
        ("extinct_fraction", "Leukaemia extinct"),
    ):
        lines.append(f"{words}: {_percent(one[key])} ({names[0]}) against {_percent(other[key])} ({names[1]}).")
    drug = pair["differences"]["blinatumomab_days"]["value"]
    lines.append(f"Blinatumomab: {_signed(drug)} days per patient.")
    if view.primary != "relapse_free_days":
        lines.append(
            f"Relapse-free days: {_signed(pair['rmst_difference_days'])} per patient "
            f"({_range(pair['rmst_difference_interval_paired'])}). An arm that waits for relapse cannot prevent the first one."
        )
    return lines


def cohort_rows(trial: Trial, view: TrialView) -> list[tuple[str, str, str]]:
    """Return what differs between patients: parameter, its spread among these, and where the distribution is from."""
    table = ParameterTable.load()
    rows = []
    for name, distribution in trial.cohort.varies:
        values = view.arms[0].number(name)
        numbers = " / ".join(f"{value:.3g}" for value in np.quantile(values, [0.05, 0.5, 0.95]))
        told = ", ".join(str(item) for key, item in distribution.to_plain().items() if key == "distribution")
        source = distribution.source or table[name].source
        unit = table[name].unit
        unit = "" if unit in {"1", "dimensionless", ""} else f" ({unit})"
        rows.append((f"{name.replace('_', ' ')}{unit}", numbers, f"{told}; {source}"))
    return rows


def fixed(trial: Trial) -> str:
    """Return the parameters that a cohort fixes for all of its patients."""
    table = ParameterTable.load()
    return ", ".join(f"{name} {table[name].written(value)}" for name, value in trial.cohort.fixed)


def _words(scenario: Scenario) -> dict[str, str]:
    return {topic: text for topic, text in scenario_words(scenario) if topic in _STRATEGY}


def common(trial: Trial) -> str:
    """Return what all arms do alike."""
    told = [_words(arm.scenario) for arm in trial.arms]
    alike = [f"{topic}: {text}" for topic, text in told[0].items() if all(one.get(topic) == text for one in told)]
    return " ".join(alike) or "nothing but the patients."


def arms(trial: Trial, view: TrialView) -> list[dict[str, Any]]:
    """Return each arm with what it does differently."""
    told = {arm.key: _words(arm.scenario) for arm in trial.arms}
    differs = [
        topic for topic in _STRATEGY if len({told[key].get(topic, "") for key in told}) > 1
    ]  # fmt: skip
    return [
        {
            "key": arm.key,
            "label": view.arm(arm.key).label,
            "description": arm.scenario.description,
            "words": [(topic, told[arm.key].get(topic, NOTHING)) for topic in differs],
        }
        for arm in trial.arms
    ]


def results(trial: Trial, view: TrialView) -> list[tuple[str, list[str]]]:
    """Return the table of results: outcome and one cell per arm."""
    found = view.comparison["arms"]
    rows: list[tuple[str, list[str]]] = []
    for name in TIMES:
        cells = []
        for arm in view.arms:
            mean = found[arm.key]["rmst"][name]
            low, high = mean["interval"]
            cells.append(f"{mean['value']:.0f} ({low:.0f}\N{EN DASH}{high:.0f})")
        rows.append((f"Mean {time_words(name)}", cells))
    medians = [found[arm.key]["median_relapse_free_days"] for arm in view.arms]
    rows.append(("Median relapse-free days", ["not reached" if m is None else f"{m:.0f}" for m in medians]))
    for name, title in _SHARES.items():
        rows.append((title, [_share(found[arm.key]["shares"][name]) for arm in view.arms]))
    rows.append(("Blinatumomab, mean days", [f"{found[arm.key]['mean_blinatumomab_days']:.0f}" for arm in view.arms]))
    rows.append(("Treated", [_share(found[arm.key]["shares"]["treated"]) for arm in view.arms]))
    rows.append(("Failures by cause", [_causes(found[arm.key]["cause_of_failure"]) for arm in view.arms]))
    return rows


def _share(share: Mapping[str, Any]) -> str:
    if not share["of"]:
        return NOTHING
    low, high = 100 * share["low"], 100 * share["high"]
    return f"{share['count']} of {share['of']} = {100 * share['value']:.0f} % ({low:.0f}\N{EN DASH}{high:.0f})"


def _causes(counts: Mapping[str, int]) -> str:
    return "; ".join(f"{CAUSES[cause][0]} {count}" for cause, count in counts.items()) or NOTHING


def pairing(view: TrialView) -> str:
    """Return what pairing gains, in patients."""
    gain = _pair(view)["differences"][view.primary]["precision_gain_from_pairing"]
    if gain is None:
        return ""
    return f"Without twins, {gain:.1f} times as many patients would be needed for an equally precise main difference."


def pairs(view: TrialView) -> list[tuple[str, ...]]:
    """Return one row per pair of arms in the primary outcome."""
    rows: list[tuple[str, ...]] = []
    labels = {arm.key: arm.label for arm in view.arms}
    for pair in view.comparison["pairs"]:
        found = pair["differences"][view.primary]
        spread = found["spread_between_patients"]
        rows.append(
            (
                f"{labels[pair['arm']]} \N{MINUS SIGN} {labels[pair['versus']]}",
                _signed(found["value"]),
                _range(found["interval_paired"]),
                _range(found["interval_unpaired"]),
                f"{found['win']} / {found['tie']} / {found['loss']}",
                _range((spread["p5"], spread["p95"])),
            )
        )
    return rows


def chance(view: TrialView) -> str:
    """Return how much of the spread is chance, where patients were repeated."""
    found = view.comparison.get("chance")
    if not found or found["difference"]["chance_share"] is None:
        return ""
    parts = found["difference"]
    return (
        f"Run again with other chance events ({parts['patients']} patients, {parts['repeats']} times each), one patient's "
        f"difference varies with a standard deviation of {parts['chance_sd']:.0f} days; patients truly differ by "
        f"{parts['between_sd']:.0f} days. So {_percent(parts['chance_share'])} of the variance seen between patients is chance."
    )


def price(view: TrialView) -> list[tuple[str, str]]:
    """Return what a relapse avoided costs in the main comparison."""
    pair = _pair(view)

    def per(name: str, unit: str) -> str:
        found = pair[name]
        if found["value"] is None:
            return "no relapse is avoided"
        low, high = found["interval"]
        limits = f" ({low:.1f} to {'infinity' if high is None else f'{high:.1f}'})" if low is not None else ""
        return f"{found['value']:.1f} {unit}{limits}".rstrip()

    gain = pair["relapses_avoided_per_patient"]
    low, high = (None if limit is None else 100 * limit for limit in gain["interval"])
    return [
        ("Relapses avoided per 100 patients", f"{100 * gain['value']:.0f} ({_range((low, high))})"),
        ("Patients to manage this way per relapse avoided", per("number_needed_to_treat", "")),
        ("Patients more who are treated, per relapse avoided", per("extra_treated_per_relapse_avoided", "")),
        ("Blinatumomab, days more per relapse avoided", per("extra_blinatumomab_days_per_relapse_avoided", "")),
        ("Acute GvHD II\N{EN DASH}IV, cases more per relapse avoided", per("extra_agvhd_2_4_per_relapse_avoided", "")),
    ]


def price_note(view: TrialView) -> str:
    """Say who is in the denominator."""
    one, other = view.main_arms
    return (
        f"{one.label} against {other.label.lower()}, over all patients, also those who would never have relapsed. In brackets: "
        "95 % bootstrap intervals over patients; infinity: no such relapse may be avoided at all."
    )


def correlations(view: TrialView, trial: Trial) -> list[tuple[str, str]]:
    """Return the rank correlation of the twins' difference with each thing in which patients differ."""
    found = view.comparison.get("sensitivity", {})
    return [(name.replace("_", " "), _signed(value, 2)) for name, value in found.items()]


def assumptions(trial: Trial) -> list[tuple[str, str, str, str]]:
    """Return what is assumed and not varied."""
    table = ParameterTable.load()
    varied = {name for name, _ in trial.cohort.varies}
    changed = dict(trial.arms[0].scenario.parameters)
    rows = []
    for name in _ASSUMED:
        if name in table and name not in varied:
            row = table[name]
            allowed = f"{row.written(row.low)} to {row.written(row.high)}"
            rows.append((name, row.written(changed.get(name, row.value)), allowed, f"{row.kind}: {row.source}"))
    return rows


def incomplete(trial: Trial, done: Conducted) -> str:
    """Return what is missing, or nothing."""
    if not done.missing:
        return ""
    left_out = done.view.comparison["patients_left_out"]
    return (
        f"Incomplete: {len(done.missing)} of {done.patients * len(trial.arms)} runs are missing; {left_out} patients "
        "are left out of all arms. Patients whose runs fail may differ from the others."
    )


def limits(trial: Trial, done: Conducted) -> list[str]:
    """Return what the reader must not conclude."""
    told = [
        "A model is compared with itself: the intervals tell the chance of having drawn these patients, not the model's error.",
        "Arms are compared from transplant on, so treating early wins no time by itself (no lead-time or immortal-time bias).",
        "An arm that waits for overt relapse has the first relapses of no treatment by construction; leukaemia-free days "
        "and remissions judge it fairly, first relapses do not.",
        "Treating early also treats patients who would never have relapsed; the price section counts them.",
        "Death without relapse comes from severe GvHD and cytokine release alone, by an assumed hazard; infections, organ "
        "toxicity and death from leukaemia are not simulated.",
        "Several secondary outcomes, pairs of arms and subgroups are shown without correction for their number.",
    ]
    if trial.file.precision is not None:
        reached = done.half_width <= trial.file.precision
        end = "was reached" if reached else f"was NOT reached: the half-width is {done.half_width:.1f} days"
        told.append(
            f"Patients were added until the main interval's half-width fell to {trial.file.precision:g} days, which {end}; "
            "stopping on a look at the data makes the interval slightly too narrow."
        )
    return told
