"""The report of several runs of one patient: outcomes beside each other, the overview, the way to each run's own report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulation.results.report.page import Panel, render_page
from simulation.results.words import outcome_rows, verdict

if TYPE_CHECKING:
    from simulation.results.result import Result

__all__ = ["joint_report"]


def joint_report(
    results: Sequence[Result], folders: Sequence[str], figures: Sequence[Panel], *, interrupted: bool
) -> str:
    """Return the page; `folders` are the places of the runs' own reports, seen from this one."""
    header, *rows = outcome_rows(results)
    names = [result.scenario.name for result in results]
    return render_page(
        "joint.html.j2",
        names=names,
        seed=results[0].seed,
        patient=results[0].patient,
        interrupted=interrupted,
        runs=list(zip(names, folders, map(verdict, results), strict=True)),
        figures=figures,
        header=header,
        rows=rows,
    )
