"""A forecast in words and tables, for report, terminal and page."""

import math
from typing import Final

from scipy import stats

from simulation.clinic.outcomes import OUTCOMES
from simulation.forecast.answer import PRIMARY, Forecast, Share
from simulation.forecast.measurement import MeasuredValue
from simulation.number_words import number_text

__all__ = [
    "RESEARCH_ONLY", "SHOWN", "answer", "course_rows", "fit_words", "how_sure", "limits", "measured_words", "outcome_rows",
    "share_text",
]  # fmt: skip

RESEARCH_ONLY: Final = (
    "For research only: a forecast for virtual patients who resemble a measured course. It is not validated for any single "
    "patient and must not be used for decisions about one."
)
SHOWN: Final = (
    "relapse", "mrd_negative", "complete_remission", "agvhd_2_4", "agvhd_3_4", "crs_3_4", "nrm", "cd19_negative_relapse",
    "eradicated",
)  # fmt: skip
_POOR: Final = 0.001  # chance that true patients fit as badly as these do


def share_text(share: Share, *, percent: bool = True) -> str:
    """Return a share, or a number of days, with its interval."""
    if math.isnan(share.value):
        return "\N{EN DASH}"
    if math.isnan(share.low):
        return f"{share.value:.0%}" if percent else f"{share.value:.0f}"
    if percent:
        return f"{share.value:.0%} ({100 * share.low:.0f}\N{EN DASH}{100 * share.high:.0f})"
    return f"{share.value:.0f} ({share.low:.0f} to {share.high:.0f})"


def measured_words(one: MeasuredValue) -> str:
    """Return a measurement with its unit."""
    if one.what == "agvhd":
        return f"acute GvHD grade {one.value:.0f}"
    sign = "<" if one.below else ""
    return (
        f"MRD {sign}{number_text(one.value, 2)}"
        if one.what == "mrd"
        else f"CD3 {sign}{one.value:g} /\N{MICRO SIGN}L"
    )


def course_rows(forecast: Forecast) -> list[list[str]]:
    """Return the measured course beside what the weighted patients had on those days; the first row is the header."""
    from simulation.forecast.follow import QUANTITIES

    rows = [
        [
            "Day",
            "Measured",
            "These patients, median (5\N{EN DASH}95 %)",
            "All virtual patients within two errors",
        ]
    ]
    fans = {what: forecast.fan(0, what) for what in QUANTITIES}
    for one, (_, near) in zip(forecast.question.series.measured, forecast.misfit(), strict=True):
        low, middle, high = fans[one.what].levels[:, forecast.question.days.index(max(one.day, 0.25))]
        text = (
            f"{middle:.0f} ({low:.0f}\N{EN DASH}{high:.0f})" if one.what != "mrd"
            else f"{_mrd(middle)} ({_mrd(low)} to {_mrd(high)})"
        )  # fmt: skip
        rows.append([f"{one.day:g}", measured_words(one), text, f"{near:.0%}"])
    return rows


def _mrd(value: float) -> str:
    if math.isnan(value):
        return "\N{EN DASH}"
    return "none" if value == 0 else f"{value:.1e}"


def outcome_rows(forecast: Forecast) -> list[list[str]]:
    """Return weighted outcomes until the end of follow-up, one column per strategy; the first row is the header."""
    arms = forecast.question.arms
    rows = [["Until day " + f"{forecast.question.until:g}", *(arm.scenario.name for arm in arms)]]
    for name in SHOWN:
        if name in OUTCOMES:
            rows.append(
                [OUTCOMES[name].label, *(share_text(forecast.share(i, name)) for i in range(len(arms)))]
            )
    label = OUTCOMES[PRIMARY].label
    rows.append(
        [f"{label}, days", *(share_text(forecast.mean(i, PRIMARY), percent=False) for i in range(len(arms)))]
    )
    return rows


def how_sure(forecast: Forecast) -> list[str]:
    """Say on how many patients it rests, and how well they fit."""
    n, gone = len(forecast.followed), sum(one.pruned for one in forecast.followed)
    if not forecast.conditioned:
        return [f"{n:,} virtual patients, all of the same weight; nothing measured conditions them."]
    chosen = f", chosen from {forecast.drawn:,.0f} by their parameters" if forecast.drawn > 1.5 * n else ""
    lines = [
        f"It rests on {n:,} virtual patients{chosen}, weighted by how well they fit the measured course; "
        f"effectively on {forecast.effective:.0f} "
        f"(the heaviest weighs {forecast.heaviest:.0%}). {gone:,} were followed no further, "
        "as nothing like this course had been theirs."
    ]
    return lines + fit_words(forecast)


def fit_words(forecast: Forecast) -> list[str]:
    """Say where even those who fit best do not fit; nothing where they do."""
    terms = [one.log_likelihood for one in forecast.followed]
    weights = forecast.weights
    mean = sum(w * t for w, t in zip(weights, terms, strict=True) if w > 0)
    n = len(forecast.question.series.measured)
    if n and float(stats.chi2.sf(-2.0 * mean, n)) < _POOR:
        worst, share = min(forecast.misfit(), key=lambda one: one[1])
        return [
            f"Even these patients do not fit: on average they miss the {n} measurements by more than the stated errors "
            f"explain. Something of her is not in these patients, or in the model. Fewest come near {worst} ({share:.0%} of all)."
        ]
    return []


def answer(forecast: Forecast) -> list[str]:
    """Return the forecast in sentences: the first two strategies held against each other, or the one alone."""
    arms = forecast.question.arms
    label = OUTCOMES[PRIMARY].label.lower()
    names = [arm.scenario.name for arm in arms]
    whom = "patients with such a course" if forecast.conditioned else "these patients"
    until = f"until day {forecast.question.until:g}"
    if len(arms) == 1:
        return [f"{names[0]}: relapse {until} in {share_text(forecast.share(0, 'relapse'))} of {whom}."]
    sentences = []
    for index in range(1, len(arms)):
        gain, better = forecast.difference(index, 0), forecast.better(index, 0)
        known = not math.isnan(gain.low)
        interval = f" (95 % interval {_signed(gain.low)} to {_signed(gain.high)})" if known else ""
        sentences.append(
            f"{names[index]} against {names[0]}: {_signed(gain.value)} days of {label}{interval} {until}; "
            f"{share_text(better)} of {whom} do better."
        )
    return sentences


def _signed(days: float) -> str:
    return f"{round(days) + 0:+d}"


def limits(forecast: Forecast) -> list[str]:
    """Say what the forecast assumes."""
    series, posterior = forecast.question.series, forecast.question.posterior
    sentences = [f"{words}." for words in series.errors.words({one.what for one in series.measured})]
    if series.measured:
        sentences.append(
            f"Until day {series.today:g} nothing is done in any strategy but what the measured course says was given; from then "
            "on only what is found counts. Every virtual patient was alive on the days of measurement."
        )
    sentences.append(
        "The interval of a share or a mean is that of chance and of how patients differ, for the effective number of patients"
        + (
            ", and of the parameter sets."
            if posterior is not None
            else ", at one set of parameter values: --posterior adds others."
        )
    )
    return [*sentences, "The fan is of those alive; how many are stands in fan.csv."]
