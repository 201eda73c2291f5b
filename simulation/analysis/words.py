"""Findings in sentences."""

import math

import numpy as np

from simulation.analysis.findings import Answer, Findings, Ranking
from simulation.analysis.sensitivity import NOT_RESOLVED
from simulation.analysis.threshold import Crossing, Threshold
from simulation.sweep.factors import Factor, short_number
from simulation.sweep.outcomes import NumericOutcome, find_outcome

__all__ = ["answer_sentence", "headline", "ranking_sentence", "span_sentences", "unchanged"]

_MOST_SPANS = 12
_NEARLY = 1e-9
_POINT_BY_POINT = ("grid", "zip", "csv")


def headline(findings: Findings) -> str:
    """Return how much was run."""
    plan = findings.plan
    arms = f" x {len(plan.arms)} arms" if len(plan.arms) > 1 else ""
    return f"{plan.n_points:,} points{arms} x {plan.n_replicates:,} virtual patients = {plan.n_runs:,} runs"


def span_sentences(findings: Findings) -> list[str]:
    """Return between which points the mean of each outcome lies, arm by arm; nothing for designs drawn at random."""
    if findings.plan.design.get("kind") not in _POINT_BY_POINT or not findings.points:
        return []
    sentences = []
    for i, outcome in enumerate(findings.outcomes):
        for arm, name in enumerate(findings.plan.arm_names):
            means = findings.responses.mean[:, arm, i]
            if not np.isfinite(means).all():
                continue
            who = f", {name}" if len(findings.plan.arms) > 1 else ""
            first, last = int(np.argmin(means)), int(np.argmax(means))
            if len(means) > 1 and means[last] - means[first] <= _NEARLY * max(abs(float(means[last])), 1.0):
                sentences.append(
                    f"{_plain_title(outcome)}{who}: {_mean(findings, first, arm, i)} at every point; what was varied "
                    "does not change it."
                )
                continue
            sentences.append(
                f"{_plain_title(outcome)}{who}: from {_mean(findings, first, arm, i)} ({findings.title(first)}) "
                f"to {_mean(findings, last, arm, i)} ({findings.title(last)})."
            )
    return sentences[:_MOST_SPANS]


def unchanged(findings: Findings) -> list[str]:
    """Return the outcomes that have one mean at every point and in every arm: there is nothing to draw of them."""
    names = []
    for i, outcome in enumerate(findings.outcomes):
        means = findings.responses.mean[:, :, i]
        known = means[np.isfinite(means)]
        if not known.size or np.ptp(known) <= _NEARLY * max(abs(float(known.max())), 1.0):
            names.append(outcome.name)
    return names


def _plain_title(outcome: NumericOutcome) -> str:
    return outcome.label or outcome.name.replace("_", " ")


def _mean(findings: Findings, point: int, arm: int, index: int) -> str:
    """Return a mean with its interval, shares in percent."""
    responses, outcome = findings.responses, findings.outcomes[index]
    values = [float(table[point, arm, index]) for table in (responses.mean, responses.low, responses.high)]
    unit = " %" if outcome.share else f" {outcome.unit}" if outcome.unit else ""
    mean, low, high = (
        "?" if not math.isfinite(value) else f"{100 * value:.0f}" if outcome.share else _three(value)
        for value in values
    )
    return f"{mean}{unit}" if low == high == "?" else f"{mean}{unit} [{low} to {high}]"


def answer_sentence(findings: Findings, answer: Answer) -> str:
    """Return the answer to a question about a threshold as one sentence."""
    question = answer.question
    factor = next(factor for factor in findings.plan.factors if factor.name == question.along)
    outcome = find_outcome(question.outcome, findings.outcomes)
    label = (outcome.label or outcome.name.replace("_", " ")).lower()
    if question.than is not None:
        wins = f"{question.better} is better than {question.than} ({label})"
    else:
        side = "below" if outcome.less_is_better else "above"
        arm = f"{question.better}: " if len(findings.plan.arms) > 1 else ""
        wins = f"{arm}{label} is {side} {short_number(question.value or 0.0)}"
    where = f"With {answer.where}: " if answer.where else ""
    if answer.threshold is None:
        return f"{where}no answer, because {answer.refused}."
    return f"{where}{wins} {_where(factor, answer.threshold)}."


def _where(factor: Factor, threshold: Threshold) -> str:
    name = factor.label or factor.name
    first, last = (_with_unit(factor, float(threshold.levels[i])) for i in (0, -1))
    span = f"from {first} to {last}"
    each = f"{name}, {span},"
    if not threshold.crossings:
        if threshold.verdict == "always":
            return f"at every {each} beyond chance"
        if (threshold.gain > 0).all():
            return f"at every {each} on average, but not everywhere beyond chance"
        return f"at no {name} {span}" + ("" if threshold.verdict == "never" else ", on average")
    parts = [_part(factor, crossing) for crossing in threshold.crossings]
    agree = (
        ""
        if not math.isfinite(threshold.agreement) or threshold.agreement >= 0.8
        else f"; only {threshold.agreement:.0%} of resampled cohorts show this pattern, so it is not settled"
    )
    return f"where {name} is {' and '.join(parts)}{agree}"


def _part(factor: Factor, crossing: Crossing) -> str:
    side = "above" if crossing.wins_above else "below"
    text = f"{side} {_with_unit(factor, crossing.at)}"
    if math.isfinite(crossing.low):
        return f"{text} (95 % interval {_three(crossing.low)} to {_three(crossing.high)})"
    return f"{text} (no interval: too few patients, or too few that agree)"


def _with_unit(factor: Factor, value: float) -> str:
    return f"{_three(value)} {factor.unit}".strip()


def _three(value: float) -> str:
    """Return a number with three digits: more are not known."""
    return short_number(float(f"{value:.3g}"))


def ranking_sentence(ranking: Ranking, labels: dict[str, str]) -> str:
    """Return what matters most for one outcome, or why that cannot be said."""
    title = ranking.outcome.label or ranking.outcome.name.replace("_", " ")
    indices = ranking.indices
    if indices is None:
        return f"{title}, {ranking.arm}: no indices. {ranking.refused[:1].upper()}{ranking.refused[1:]}."
    order = sorted(range(len(indices.names)), key=lambda i: -indices.total[i])
    halves = indices.main_half if indices.kind == "rank" else indices.total_half
    sure = [i for i in order if indices.total[i] > halves[i]][:5]
    what = {"sobol": "total effect", "morris": "µ*", "rank": "rank correlation"}[indices.kind]
    values = indices.main if indices.kind == "rank" else indices.total
    top = ", ".join(
        f"{labels.get(indices.names[i], indices.names[i])} ({values[i]:.2g}{'' if indices.resolved[i] else ', not resolved'})"
        for i in sure
    )
    missed = int((~indices.resolved).sum())
    if missed:
        widest = float(np.nanmax(halves)) if np.isfinite(halves).any() else math.nan
        top = f"{top or 'nothing stands out from chance'}; {missed} of {len(order)} {NOT_RESOLVED}"
        top += f" (intervals up to ±{widest:.2g})"
    noise = (
        f" Chance makes {ranking.noise_share:.0%} of the variance between points."
        if math.isfinite(ranking.noise_share)
        else ""
    )
    return f"{title}, {ranking.arm}: by {what}, {top or 'nothing stands out from chance'}.{noise}"
