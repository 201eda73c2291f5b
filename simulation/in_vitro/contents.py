"""Every file in the folder of an experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from simulation.figure_formats import Formats
from simulation.files.folder import Content
from simulation.files.tables import columns_csv, json_text
from simulation.in_vitro.words import comparison_rows, finding_rows, plan_rows
from simulation.provenance import provenance_lines
from simulation.results.figures.report_figure import render_all
from simulation.scenario.plugins import copies

if TYPE_CHECKING:
    from simulation.in_vitro.result import ExperimentResult
    from simulation.results.report.page import Panel

__all__ = ["contents"]


def contents(
    result: ExperimentResult, origin: Mapping[str, object], formats: Formats
) -> Mapping[str, Content]:
    """Return every file by name, in the order of writing."""
    files: dict[str, Content] = {"summary.json": json_text(result.summary)}
    files |= {f"{name}.csv": columns_csv(table) for name, table in result.tables.items()}
    files["experiment.resolved.yaml"] = result.experiment.to_yaml()
    files |= copies(result.experiment.plugin)
    panels = render_all(result.experiment.figures(), result, files, formats)
    files["report.html"] = _report(result, panels, origin)
    return files


def _report(result: ExperimentResult, panels: Sequence[Panel], origin: Mapping[str, object]) -> str:
    from simulation.results.report.page import render_page

    e = result.experiment
    header, rows = finding_rows(result)
    return render_page(
        "experiment.html.j2",
        name=e.name,
        description=e.description,
        seed=result.seed,
        size=f"{e.donors} donors, {e.replicates} wells alike of each; {e.n_wells():,} wells",
        comparison=comparison_rows(result),
        header=header,
        rows=rows,
        plan=plan_rows(e),
        figures=panels,
        tables=[f"{name}.csv" for name in result.tables],
        experiment_yaml=e.to_yaml(),
        provenance=provenance_lines(origin),
    )
