"""How sure the answer is, as a reader needs it: its range, what the range consists of, and what would narrow it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from simulation.number_words import NOTHING, number_text, signed
from simulation.parameters.table import ParameterTable
from simulation.posterior.sets import bare_name
from simulation.results.trial_figures.common import parameter_name
from simulation.results.trial_figures.unknowns import narrowing
from simulation.statistics.paired import beyond_chance
from simulation.statistics.proportions import LEAST_WHO_DIFFER

__all__ = [
    "POINT", "data", "data_note", "few_differ", "in_short", "over_structures", "parameters", "parameters_note", "parts",
    "structures", "structures_note", "unseen", "verdict",
]  # fmt: skip

POINT: Final = (
    "This is the answer at one set of parameter values, a point estimate: other sets that fit the published data as well may "
    "answer otherwise, and no interval here knows it. --posterior puts them into the range (docs/uncertainty.md)."
)
_SHOWN: Final = 12
_PART: Final = {"parameters": "parameters", "patients": "patients", "chance": "chance"}


def in_short(sure: Mapping[str, Any], arm: str, differing: int) -> str:
    """Return what the range consists of, how probable it is that `arm` is better, and the verdict: the end of a sentence."""
    shares = _composition(sure)
    if not _parameters_known(sure):
        return f"{shares}: {verdict(sure, differing)}."
    if differing < LEAST_WHO_DIFFER:  # a probability of so few would be a claim
        return f"{shares}: {verdict(sure, differing)}."
    better = f"{arm} is better with a probability of {_probability(sure['p_better'])}"
    return f"{shares}; {better}: {verdict(sure, differing)}."


def _composition(sure: Mapping[str, Any]) -> str:
    """Return of what the range consists; where the estimate of the parameters' variance is negative, how much may hide."""
    if not _separable(sure):
        return ""
    shares = [f"{_PART[name]} {_percent(sure['parts'][name]['share_of_answer'])}" for name in _PART]
    if _shown(sure):
        return f", of whose variance {shares[0]}, {shares[1]} and {shares[2]}"
    hidden = sure["parts"]["parameters"]["sd_at_most"]
    may = f" (a standard deviation of up to {_days(hidden)} days may hide)" if hidden else ""
    return f", of whose variance {shares[1]}, {shares[2]} and parameters nothing that {sure['sets']} sets show{may}"


def verdict(uncertainty: Mapping[str, Any], differing: int) -> str:
    """Return what the range says of the sign; 'beyond chance' only where parameters agree, of which something must be known."""
    if not _parameters_known(uncertainty):
        low, high = uncertainty["range_of_patients_and_chance"]
        sure = beyond_chance(low, high, differing)
        words = (
            "more than chance"
            if sure > 0
            else "fewer than chance"
            if sure
            else "no more than chance explains"
        )
        return f"for these sets that is {words}; what parameters leave open cannot be told"
    if differing < LEAST_WHO_DIFFER:
        return few_differ(differing)
    low, high = uncertainty["range"]
    sure = beyond_chance(low, high, differing)
    if sure:
        return f"that is {'more' if sure > 0 else 'fewer'}, beyond chance and whatever else these parameter sets leave open"
    low, high = uncertainty["range_of_patients_and_chance"]
    if beyond_chance(low, high, differing):
        what = (
            "the parameters alone can turn its sign"
            if _shown(uncertainty)
            else "what parameters may do can turn its sign"
        )
        return f"for these sets that is more than chance, but {what}, so the data do not settle it"
    return "so parameter sets that fit the data do not settle which is better"


def few_differ(differing: int) -> str:
    """Say that too few patients differ for any word about chance, as the end of a sentence."""
    return f"only {differing} patients differ, and below {LEAST_WHO_DIFFER} nothing is said about chance"


def unseen(sure: Mapping[str, Any]) -> str:
    """Say what this trial cannot tell apart; nothing where it can."""
    parts, n, sets = sure["parts"], sure["patients"], sure["sets"]
    if not _parameters_known(sure):
        return f"Parameters and patients are not told apart: {sets} sets for {n} patients (patients_per_set)."
    if parts["chance"]["variance"] is None:
        return "Patients and chance are not told apart, as nobody was run again."
    return ""


def _shown(sure: Mapping[str, Any]) -> bool:
    """Return whether the runs show anything of what parameters do: an unbiased estimate of little may be negative."""
    return bool((sure["parts"]["parameters"]["variance"] or 0.0) > 0)


def _parameters_known(sure: Mapping[str, Any]) -> bool:
    variance = sure["parts"]["parameters"]["variance"]
    return variance is not None and math.isfinite(variance)


def _separable(sure: Mapping[str, Any]) -> bool:
    return all(sure["parts"][name]["share_of_answer"] is not None for name in _PART)


def over_structures(comparison: Mapping[str, Any]) -> str:
    """Return the answer's range over structures in a sentence or two; nothing where none was asked for."""
    study = comparison.get("structures")
    if not study:
        return ""
    rows = study["rows"]
    low, high = (_signed(value) for value in study["values"])
    fits = [row["distance"] for row in rows]
    text = (
        f"Over {len(rows)} structures of the model (as shipped, and with a contested mechanism switched off, its parameter sets "
        f"weighed anew) the difference goes from {low} to {high} days, {_whole_range(study['range'])}"
        f"at a distance from the data of {min(fits):.2f} to {max(fits):.2f} ({rows[0]['distance']:.2f} as shipped)."
    )
    return f"{text}{_sign_over(rows)}"


def _sign_over(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say where the sign is another under another structure, and whether that is more than chance."""
    above, below = ([row for row in rows if row["value"] * side > 0] for side in (1, -1))
    if not above or not below:
        return ""
    few, side = (below, "below") if len(below) <= len(above) else (above, "above")
    names = _listed([row["name"] for row in few])
    if any(row["sign"] > 0 for row in above) and any(row["sign"] < 0 for row in below):
        return f" The structure alone turns the sign: it is {side} 0 with {names}."
    return f" The sign is not the same: it is {side} 0 with {names}; what is uncertain under each structure could explain that."


def _whole_range(limits: tuple[float | None, float | None]) -> str:
    low, high = limits
    return (
        "" if low is None or high is None else f"its ranges together from {_signed(low)} to {_signed(high)}, "
    )


def _listed(names: list[str]) -> str:
    return "; ".join(f"\N{LEFT SINGLE QUOTATION MARK}{name}\N{RIGHT SINGLE QUOTATION MARK}" for name in names)


def structures(study: Mapping[str, Any]) -> list[tuple[str, str, str, str, str, str]]:
    """Return a row per structure: name, why contested, distance, what it misses more, sets that count, the answer."""
    rows = []
    for row in study["rows"]:
        low, high = row["range"]
        limits = "" if low is None else f" ({_signed(low)} to {_signed(high)})"
        missed = ", ".join(f"{one['id']} ({signed(one['z'], 1)})" for one in row["misses_more"])
        sets = (
            f"{row['effective_sets']:.1f} of {study['parameter_sets']} ({row['effective_by_likelihood']:.1f})"
            if study["parameter_sets"]
            else NOTHING
        )
        rows.append(
            (
                row["name"],
                row["contested"],
                f"{row['distance']:.2f}{_farther(row['farther'])}",
                missed or NOTHING,
                sets,
                f"{_signed(row['value'])}{limits}",
            )
        )
    return rows


def _farther(distance: Mapping[str, Any]) -> str:
    """Return by how much farther than as shipped at the same sets; nothing for the shipped structure itself."""
    low, high = distance["interval"]
    if not distance["value"]:
        return ""
    return f" ({distance['value']:+.2f}" + (")" if low is None else f", {low:+.2f} to {high:+.2f})")


def structures_note(study: Mapping[str, Any]) -> str:
    """Say how to read the table of structures."""
    return (
        f"Distance: of {study['observations']} fitted observations, in their standard errors, weighted as in the fits, mean over "
        "the sets that count; in brackets by how much farther than as shipped at the same sets, with a 95 % interval over sets. "
        f"{study['study_patients']} virtual patients per arm of each study, the same for all structures, so small differences "
        "are chance. Sets that count: weights are tempered until half of them do; in brackets how many would by the likelihood "
        "alone, which would hang the answer on those. Misses more: observations that lie farther off than as shipped, with z. "
        "Only sets that fit the shipped structure are tried: fitted for itself a structure may fit better and answer otherwise."
    )


def parts(sure: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return a row per part: name, its standard deviation in one patient, interval, share of the answer's variance."""
    meaning = {
        "parameters": "Parameters: which of the sets that fit the data is true",
        "patients": "Patients: how they differ under one set",
        "chance": "Chance: the same patient under the same set again",
    }
    rows = []
    for name, words in meaning.items():
        part = sure["parts"][name]
        low, high = (None if v is None else math.sqrt(max(v, 0.0)) for v in part["variance_interval"])
        sd = "0 (negative estimate)" if (part["variance"] or 0.0) < 0 else _days(part["sd"])
        interval = NOTHING if low is None or high is None else f"{_days(low)} to {_days(high)}"
        rows.append((words, sd, interval, _percent(part["share_of_answer"])))
    return rows


def parameters(sure: Mapping[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Return the parameters that move the answer most: name, key, range, change of the difference, share."""
    table, rows = ParameterTable.load(), []
    for one in sure["parameters"][:_SHOWN]:
        name = one["name"]
        written = number_text if bare_name(name) != name else table[name].written
        low, high = (written(float(f"{one[end]:.3g}")) for end in ("from", "to"))
        change = f"{_signed(one['effect'])} ({_signed(one['interval'][0])} to {_signed(one['interval'][1])})"
        rows.append(
            (parameter_name(name), name, f"{low} to {high}", change, _percent(one["share_of_parameters"]))
        )
    return rows


def parameters_note(sure: Mapping[str, Any]) -> str:
    """Say how to read the table of parameters."""
    n = len(sure["parameters"])
    out = sum(1 for one in sure["parameters"] if one["interval"][0] * one["interval"][1] > 0)
    fixed = sure["held_by_the_trial"]
    return (
        "How the difference changes from the 10th to the 90th percentile of the parameter, the others going with it as in the "
        f"sets (regression on {sure['sets']} sets; 95 % interval). Of {n} parameters about {_one_in_twenty(n)} would exclude 0 "
        f"by chance; here {out} {'does' if out == 1 else 'do'}. The last column: the share of what parameters do to the answer "
        "that would go if this one were known."
        + (f" Held by the trial's own files: {', '.join(fixed)}." if fixed else "")
    )


def data(sure: Mapping[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Return the measurements that would narrow the answer most: what, where, patients, half the range then, sign."""
    return [
        (
            f"{one['what']} ({one['id']})",
            one["where"],
            str(one["n"] or NOTHING),
            f"{_days(one['half_range_now'])} \N{RIGHTWARDS ARROW} {_days(one['half_range_then'])}",
            "yes" if one["stands_out"] else "no",
        )
        for one in narrowing(sure)[:_SHOWN]
    ]


def data_note(sure: Mapping[str, Any]) -> str:
    """Say how to read the table of measurements."""
    n = len(sure["data"])
    if not _parameters_known(sure):
        return "Which measurement would narrow the answer cannot be said: parameters and patients are not told apart."
    if not narrowing(sure):
        return (
            f"None of the {n} measurements that were looked at would narrow the answer, as far as {sure['sets']} parameter sets "
            "tell: it goes with no more than patients and chance do. More patients, and so more sets, tell more."
        )
    return (
        "By how much half the answer's range would shrink, on average over what may be found, if this were measured (once more) "
        "in so many patients: linear Bayes on the parameter sets, each of which says what it expects. Nothing shrinks where the "
        "sets do not tell parameters from patients and chance. "
        f"Of {n} measurements about {_one_in_twenty(n)} would stand out by chance."
    )


def _one_in_twenty(n: int) -> int:
    return max(round(0.05 * n), 1)


def _days(value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}"


def _signed(value: float) -> str:
    return signed(value, 0 if abs(value) >= 10 else 1)


def _percent(share: float | None) -> str:
    if share is None:
        return NOTHING
    return f"{100 * share:.0f} %" if share == 0 or share >= 0.01 else "below 1 %"


def _probability(share: float | None) -> str:
    if share is None:
        return NOTHING
    return "more than 0.99" if share > 0.99 else "less than 0.01" if share < 0.01 else f"{share:.2f}"
