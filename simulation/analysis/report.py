"""The report of a sweep: what was asked, how much was run, the answers, figures, tables, and how to go on."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from simulation.analysis.findings import Findings
from simulation.analysis.words import (
    answer_sentence,
    headline,
    ranking_sentence,
    span_sentences,
    unchanged,
)
from simulation.results.report.page import Panel, render_page
from simulation.sweep.factors import Factor, short_number
from simulation.sweep.outcomes import find_outcome

__all__ = ["sweep_report"]

_MOST_ROWS: Final = 120
_DESIGNS: Final = {
    "grid": "full grid", "zip": "list of points (zip)", "random": "random points", "latin_hypercube": "Latin hypercube",
    "sobol": "Saltelli's design for Sobol indices", "morris": "Morris' trajectories",
    "one_at_a_time": "one parameter at a time", "csv": "points from a file",
}  # fmt: skip


def sweep_report(findings: Findings, panels: Sequence[Panel], files: Sequence[str]) -> str:
    """Return the report as one HTML page that needs nothing else."""
    plan = findings.plan
    labels = {factor.name: factor.label or factor.name for factor in plan.factors}
    header, rows, cut = _table(findings)
    return render_page(
        "sweep.html.j2",
        name=plan.name,
        description=plan.description,
        headline=headline(findings),
        design=_DESIGNS.get(str(plan.design.get("kind")), str(plan.design.get("kind"))),
        missing=findings.missing,
        n_failed=findings.n_failed,
        failures=findings.failures[:8],
        factors=[
            (factor.title, _span(findings, i, factor), ", ".join(factor.paths))
            for i, factor in enumerate(plan.factors)
        ],
        arms=list(plan.arm_names),
        many_arms=len(plan.arms) > 1,
        outcomes=[
            (o.title, "less is better" if o.less_is_better else "more is better") for o in findings.outcomes
        ],
        spans=span_sentences(findings),
        answers=[answer_sentence(findings, answer) for answer in findings.answers],
        rankings=[ranking_sentence(ranking, labels) for ranking in findings.rankings],
        notes=findings.notes,
        not_drawn=[find_outcome(name, findings.outcomes).title for name in unchanged(findings)],
        figures=panels,
        header=header,
        rows=rows,
        cut=cut,
        files=files,
        seed=plan.seed,
        common=plan.random_numbers == "common",
        scenarios=list(plan.written_arms.items()),
        about=[(key.replace("_", " "), _text(value)) for key, value in plan.about.items() if key != "asked"],
    )


def _span(findings: Findings, index: int, factor: Factor) -> str:
    """Return the values of a factor in words."""
    if findings.points:
        values = list(dict.fromkeys(point[index] for point in findings.points))
        if len(values) <= 12:
            text = "; ".join(factor.level_text(value) for value in values)
            return f"{text} {factor.unit}".strip()
        if factor.numeric:
            numbers = [float(value) for value in values]
            scale = ", logarithmic" if factor.scale == "log" else ""
            low, high = factor.level_text(min(numbers)), factor.level_text(max(numbers))
            return f"{low} to {high} {factor.unit}".strip() + f"{scale} ({len(values)} values)"
        return f"{len(values)} values"
    return f"{factor.level_text(factor.low)} to {factor.level_text(factor.high)} {factor.unit}".strip()


def _table(findings: Findings) -> tuple[list[str], list[list[str]], int]:
    """Return the response table in words: a row per point and arm; how many rows are left out."""
    plan, responses = findings.plan, findings.responses
    shown = [i for i in range(len(plan.factors))][:6]
    header = [plan.factors[i].title for i in shown]
    header += ["arm"] if len(plan.arms) > 1 else []
    header += [outcome.title for outcome in findings.outcomes]
    rows = []
    total = plan.n_points * len(plan.arms)
    for point in range(min(plan.n_points, _MOST_ROWS // len(plan.arms))):
        for arm, name in enumerate(plan.arm_names):
            values = [
                plan.factors[i].level_text(findings.points[point][i]) if findings.points else str(point)
                for i in shown
            ]
            row = [*values, *([name] if len(plan.arms) > 1 else [])]
            for i in range(len(findings.outcomes)):
                row.append(
                    _mean(
                        responses.mean[point, arm, i],
                        responses.low[point, arm, i],
                        responses.high[point, arm, i],
                    )
                )
            rows.append(row)
    return header, rows, total - len(rows)


def _mean(mean: float, low: float, high: float) -> str:
    if not np.isfinite(mean):
        return "–"
    if not np.isfinite(low):
        return short_number(float(mean))
    return f"{short_number(float(mean))} ({short_number(float(low))} to {short_number(float(high))})"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return str(value)
