"""Write what was found: tidy tables, figures, a report; all of it can be made again from the runs."""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from simulation.analysis.findings import Findings
from simulation.results.folder import write_file
from simulation.store.atomic import write_lines
from simulation.store.rows import write_rows
from simulation.sweep.factors import Value

__all__ = ["write_figures", "write_runs", "write_tables"]


def write_tables(findings: Findings, folder: Path) -> list[Path]:
    """Write responses, differences, thresholds, indices and the Pareto front as CSV files, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    tables: list[tuple[str, Sequence[str], Iterable[Sequence[Any]]]] = [
        ("responses.csv", _RESPONSES, _responses(findings)),
        ("differences.csv", _DIFFERENCES, _differences(findings)),
        ("thresholds.csv", _THRESHOLDS, _thresholds(findings)),
        ("indices.csv", _INDICES, _indices(findings)),
        ("pareto.csv", _PARETO, _pareto(findings)),
    ]
    factors = [factor.name for factor in findings.plan.factors]
    written = []
    for name, header, rows in tables:
        whole = [*header, *factors] if name in ("responses.csv", "differences.csv", "pareto.csv") else header
        first = next(iter(rows := iter(rows)), None)
        path = folder / name
        if first is None:
            path.unlink(missing_ok=True)  # of an earlier analysis
            continue
        write_lines(path, _csv(whole, first, rows))
        written.append(path)
    return written


def write_figures(findings: Findings, folder: Path) -> list[Any]:
    """Write every figure as PNG and SVG, and return the panels of the report."""
    from simulation.analysis.draw import drawings
    from simulation.results.figures.style import paper, render
    from simulation.results.report.page import figure_panel

    place = folder / "figures"
    place.mkdir(parents=True, exist_ok=True)
    panels = []
    names = set()
    with paper():
        for drawing in drawings(findings):
            rendered = render(drawing.figure)
            write_file(place / f"{drawing.name}.png", rendered.png)
            write_file(place / f"{drawing.name}.svg", rendered.svg)
            names.add(drawing.name)
            panels.append(figure_panel(drawing.name, drawing.title, drawing.caption, rendered))
    for path in place.iterdir():
        if path.suffix in (".png", ".svg") and path.stem not in names:
            path.unlink()
    return panels


def write_runs(findings: Findings, path: Path) -> None:
    """Write all runs as one Parquet file, each finished run exactly once, piece by piece."""
    write_rows(path, findings.table.design, findings.table.rows(), about={"plan": findings.plan.to_json()})


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
    found = findings.responses
    for point in range(findings.plan.n_points):
        for arm, name in enumerate(findings.plan.arm_names):
            for i, outcome in enumerate(findings.outcomes):
                at = (point, arm, i)
                yield (
                    point, name, outcome.name, outcome.unit, found.runs[point, arm], found.n[at], found.mean[at],
                    found.sd[at], found.low[at], found.high[at], *_point(findings, point),
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
        question, found = answer.question, answer.found
        keys = (
            question.along, units.get(question.along, ""), question.outcome, question.better, question.than,
            question.value, answer.where,
        )  # fmt: skip
        if found is None:
            yield (*keys, None, None, None, "", None, answer.refused)
        elif not found.crossings:
            yield (*keys, None, None, None, "", found.agreement, found.verdict)
        else:
            for crossing in found.crossings:
                side = "above" if crossing.wins_above else "below"
                yield (*keys, crossing.at, crossing.low, crossing.high, side, found.agreement, "")


def _indices(findings: Findings) -> Iterator[Sequence[Any]]:
    for ranking in findings.rankings:
        found, keys = ranking.indices, (ranking.arm, ranking.outcome.name)
        if found is None:
            yield (*keys, "", "", "", None, None, None, None, None, ranking.noise_share, ranking.refused)
            continue
        for i, name in enumerate(found.names):
            yield (
                *keys, found.kind, name, "", found.main[i], found.main_half[i], found.total[i], found.total_half[i],
                found.spread[i], ranking.noise_share, "",
            )  # fmt: skip
        for i, j, value, half in found.pairs:
            yield (
                *keys, "sobol_pair", found.names[i], found.names[j], value, half, None, None, None, ranking.noise_share, "",
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


def _csv(header: Sequence[str], first: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    for fields in (header, first):
        yield _row(fields)
    for fields in rows:
        yield _row(fields)


def _row(fields: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([_text(field) for field in fields])
    return text.getvalue()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):  # numpy's floats are floats as well
        return "" if math.isnan(value) else repr(float(value))
    return str(value)
