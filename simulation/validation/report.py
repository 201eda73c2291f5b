"""The validation report: `docs/validation.md` for people, `validation.json` for machines."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import simulation
from simulation.calibration.targets import load_targets
from simulation.files.atomic import write_file
from simulation.files.tables import json_text
from simulation.parameters import ParameterTable
from simulation.provenance import provenance
from simulation.results.figures.style import render
from simulation.validation.check import FULL, Effort, MeasuredNumber
from simulation.validation.figure import predictive_checks
from simulation.validation.run import PARTS, Result

__all__ = ["document", "markdown", "write_report"]

PICTURE: Final = "predictive_checks.png"
_SIGNS: Final = {"pass": "pass", "fail": "**FAIL**", "unclear": "unclear", "error": "**ERROR**"}
_INTRO: Final = """\
Written by `python run_sim.py validate`; do not edit. Every line is a check that was run with the shipped parameters. What fails
is shown as failing. *Unclear*: the Monte-Carlo interval allows both; more patients (without `--quick`) decide.

Intervals in brackets are 95 % Monte-Carlo intervals: how well the number is known from so many virtual patients. They say nothing
about how wrong the model may be. Observed values carry the study's own (Wilson) interval, or the range that was accepted
beforehand, as `simulation/data/targets.yaml` says for each.
"""


def document(results: Sequence[Result], effort: Effort) -> dict[str, Any]:
    """Return the machine-readable report."""
    counts: Counter[str] = Counter(result.finding.status for result in results)
    return {
        "provenance": provenance(effort=effort.factor, seed=effort.seed),
        "counts": {status: counts.get(status, 0) for status in _SIGNS},
        "checks": [result.plain() for result in results],
    }


def markdown(results: Sequence[Result], effort: Effort) -> str:
    """Return the report as Markdown."""
    counts: Counter[str] = Counter(result.finding.status for result in results)
    summary = ", ".join(f"{counts[status]} {status}" for status in _SIGNS if counts[status])
    quick = (
        ""
        if effort.factor >= FULL
        else f" Quick form: {effort.factor / FULL:.1%} of the full numbers of patients."
    )
    digest = ParameterTable.load().parameter_values().digest()[:12]
    lines = [
        "# Validation report", "",
        "Here you look up which facts and laws the model meets, and which it does not.", "",
        _INTRO,
        f"Version {simulation.__version__}, parameter table `{digest}`, seed {effort.seed}.{quick}", "",
        f"**{len(results)} checks: {summary}.**", "",
    ]  # fmt: skip
    failing = [r for r in results if r.finding.status in ("fail", "error")]
    if failing:
        lines += ["## What fails", ""]
        lines += [f"* **{r.id}** {r.claim}: {_in_words(r)}" for r in failing]
        lines.append("")
    if any(len(r.finding.measured) >= 2 for r in results if r.part == "targets"):
        lines += [f"![Every target beside what is simulated]({PICTURE})", ""]
    for part, title in PARTS.items():
        rows = [r for r in results if r.part == part]
        if rows:
            lines += [f"## {title}", "", *(_targets(rows) if part == "targets" else _table(rows)), ""]
    lines += ["## Targets that are not used", ""]
    lines += [f"* {t.id} {t.what}: {t.reason}" for t in load_targets().values() if t.use == "not_used"]
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[Result]) -> list[str]:
    head = ["| id | claim | expected | found | result | source |", "|---|---|---|---|---|---|"]
    return head + [
        f"| {r.id} | {r.claim} | {r.expected} | {_in_words(r)} | {_SIGNS[r.finding.status]} | {r.source} |"
        for r in rows
    ]


def _targets(rows: Sequence[Result]) -> list[str]:
    head = [
        "| id | observation | observed (limits) | simulated (Monte Carlo) | n | use | result | source |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        if len(r.finding.measured) < 2:
            head.append(
                f"| {r.id} | {r.claim} | {r.expected} | {_in_words(r)} | | | {_SIGNS[r.finding.status]} | {r.source} |"
            )
            continue
        seen, observed = r.finding.measured[:2]
        head.append(
            f"| {r.id} | {r.claim} | {_bare(observed)} | {_bare(seen)} | {seen.n} | {r.finding.note} "
            f"| {_SIGNS[r.finding.status]} | {r.source} |"
        )
    return head


def _bare(measured: MeasuredNumber) -> str:
    return str(MeasuredNumber("", measured.value, measured.low, measured.high)).strip()


def _in_words(result: Result) -> str:
    parts = [str(m) for m in result.finding.measured]
    if result.finding.note:
        parts.append(result.finding.note)
    return "; ".join(parts)


def write_report(results: Sequence[Result], effort: Effort, folder: Path) -> None:
    """Write validation.md, validation.json and, where targets were simulated, the picture; each file is whole or absent."""
    write_file(folder / "validation.md", markdown(results, effort))
    write_file(folder / "validation.json", json_text(document(results, effort)))
    figure = predictive_checks(results)
    if figure is not None:
        write_file(folder / PICTURE, render(figure)["png"])
