"""Write what was found: tidy tables, figures, a report; all of it can be made again from the runs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from simulation.analysis.findings import Findings
from simulation.analysis.report import sweep_report
from simulation.analysis.sensitivity import NOT_RESOLVED, is_share
from simulation.figure_formats import Formats
from simulation.files.folder import Content, write_folder
from simulation.files.tables import csv_text
from simulation.provenance import provenance
from simulation.store.rows import fill_rows
from simulation.sweep.factors import Value

__all__ = ["write_analysis"]


def write_analysis(findings: Findings, folder: Path, *, formats: Formats) -> None:
    """Write tables, all runs, figures and the report to a folder, and replace an earlier analysis there."""

    def contents() -> Mapping[str, Content]:
        files = dict(_tables(findings))
        files["runs.parquet"] = fill_rows(
            findings.table.design, findings.table.rows(), about={"plan": findings.plan.to_json()}
        )
        tables = [f"{folder.name}/{name}" for name in files]
        panels = []
        if formats:
            from simulation.analysis.figures import figures_of
            from simulation.results.figures.report_figure import render_all

            panels = render_all(figures_of(findings), findings, files, formats)
        files["report.html"] = sweep_report(findings, panels, tables)
        return files

    write_folder(folder, contents, provenance(sweep=findings.plan.name, runs_missing=findings.missing))


def _tables(findings: Findings) -> Iterator[tuple[str, Content]]:
    """Yield what the parameters' columns mean, and responses, differences, thresholds, indices, front: what there is."""
    factors = [factor.name for factor in findings.plan.factors]
    factor_rows = (
        [one.name, one.mode, one.unit, one.meaning, " ".join(one.paths)] for one in findings.plan.factors
    )
    yield "factors.csv", csv_text(("name", "mode", "unit", "meaning", "paths"), factor_rows)
    for name, header, rows in (
        ("responses", [*_RESPONSES, *factors], _responses(findings)),
        ("differences", [*_DIFFERENCES, *factors], _differences(findings)),
        ("thresholds", _THRESHOLDS, _thresholds(findings)),
        ("indices", _INDICES, _indices(findings)),
        ("pareto", [*_PARETO, *factors], _pareto(findings)),
    ):
        lines = list(rows)
        if lines:
            yield f"{name}.csv", csv_text(header, lines)


_RESPONSES: Final = ("point", "arm", "outcome", "unit", "runs", "defined", "mean", "sd", "low95", "high95")
_DIFFERENCES: Final = ("point", "arm", "versus", "outcome", "unit", "mean", "low95", "high95")
_THRESHOLDS: Final = (
    "along", "unit", "outcome", "better", "than", "value", "where", "at", "low95", "high95", "wins", "agreement", "note",
)  # fmt: skip
_INDICES: Final = (
    "arm", "outcome", "kind", "parameter", "with", "main", "main_half95", "total", "total_half95", "sigma",
    "noise_share", "note",
)  # fmt: skip
_PARETO: Final = ("arm", "point", "one", "other", "one_mean", "other_mean")


def _point(findings: Findings, number: int) -> Sequence[Value]:
    return findings.points[number] if findings.points else [""] * len(findings.plan.factors)


def _responses(findings: Findings) -> Iterator[Sequence[Any]]:
    responses = findings.responses
    for point in range(findings.plan.n_points):
        for arm, name in enumerate(findings.plan.arm_names):
            for i, outcome in enumerate(findings.outcomes):
                at = (point, arm, i)
                yield (
                    point, name, outcome.name, outcome.unit, responses.runs[point, arm], responses.n[at], responses.mean[at],
                    responses.sd[at], responses.low[at], responses.high[at], *_point(findings, point),
                )  # fmt: skip


def _differences(findings: Findings) -> Iterator[Sequence[Any]]:
    for contrast in findings.contrasts:
        for point in range(findings.plan.n_points):
            for i, outcome in enumerate(findings.outcomes):
                at = (point, i)
                yield (
                    point, contrast.arm, contrast.versus, outcome.name, outcome.unit, contrast.mean[at],
                    contrast.low[at], contrast.high[at], *_point(findings, point),
                )  # fmt: skip


def _thresholds(findings: Findings) -> Iterator[Sequence[Any]]:
    units = {factor.name: factor.unit for factor in findings.plan.factors}
    for answer in findings.answers:
        question, threshold = answer.question, answer.threshold
        keys = (
            question.along, units.get(question.along, ""), question.outcome, question.better, question.than,
            question.value, answer.where,
        )  # fmt: skip
        if threshold is None:
            yield (*keys, None, None, None, "", None, answer.refused)
        elif not threshold.crossings:
            yield (*keys, None, None, None, "", threshold.agreement, threshold.verdict)
        else:
            for crossing in threshold.crossings:
                side = "above" if crossing.wins_above else "below"
                yield (*keys, crossing.at, crossing.low, crossing.high, side, threshold.agreement, "")


def _indices(findings: Findings) -> Iterator[Sequence[Any]]:
    for ranking in findings.rankings:
        indices, keys = ranking.indices, (ranking.arm, ranking.outcome.name)
        if indices is None:
            yield (*keys, "", "", "", None, None, None, None, None, ranking.noise_share, ranking.refused)
            continue
        for i, name in enumerate(indices.names):
            yield (
                *keys, indices.kind, name, "", indices.main[i], indices.main_half[i], indices.total[i], indices.total_half[i],
                indices.spread[i], ranking.noise_share, "" if indices.resolved[i] else NOT_RESOLVED,
            )  # fmt: skip
        for i, j, value, half in indices.pairs:
            yield (
                *keys, "sobol_pair", indices.names[i], indices.names[j], value, half, None, None, None, ranking.noise_share,
                "" if is_share(np.array(value), np.array(half)) else NOT_RESOLVED,
            )  # fmt: skip


def _pareto(findings: Findings) -> Iterator[Sequence[Any]]:
    if findings.traded is None:
        return
    one, other = findings.traded
    places = [findings.responses.index(outcome.name) for outcome in (one, other)]
    for arm, name in enumerate(findings.plan.arm_names):
        for point in findings.pareto[name].tolist():
            means = [findings.responses.mean[point, arm, i] for i in places]
            yield (name, point, one.name, other.name, *means, *_point(findings, point))
