"""Every file in the folder of an experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from simulation.results import provenance as origin
from simulation.results import tables
from simulation.results.in_vitro.words import comparison_rows, finding_rows, plan_rows

if TYPE_CHECKING:
    from simulation.in_vitro.result import ExperimentResult
    from simulation.results.report.page import Panel

__all__ = ["OWN_FILES", "contents"]

_TABLES = ("wells", "curves", "tests")
_FIGURE_NAMES = (
    "dose_response", "et_titration", "potency", "lysis", "culture", "cfse", "divided", "alloreactivity", "treg", "suppression",
)  # fmt: skip
OWN_FILES = (
    "experiment.resolved.yaml",
    *(f"{name}.csv" for name in _TABLES),
    *(f"figures/{name}.{ending}" for name in _FIGURE_NAMES for ending in ("png", "svg")),
)


def contents(result: ExperimentResult, extra: Mapping[str, object], figures: bool) -> dict[str, str | bytes]:
    """Return every file by name, in the order of writing; `provenance.json` is the last."""
    known = origin.provenance(result, extra)
    files: dict[str, str | bytes] = {"summary.json": tables.json_text(result.summary)}
    for name, table in result.tables.items():
        files[f"{name}.csv"] = tables.trajectory_csv(
            {key: np.asarray(values) for key, values in table.items()}
        )
    files["experiment.resolved.yaml"] = result.experiment.to_yaml()
    panels: list[Panel] = []
    if figures:
        from simulation.results.figures.style import render
        from simulation.results.in_vitro.catalogue import FIGURES
        from simulation.results.report.page import figure_panel

        for spec in FIGURES[result.experiment.experiment]:
            drawn = render(spec.draw(result))
            files[f"figures/{spec.name}.png"] = drawn.png
            files[f"figures/{spec.name}.svg"] = drawn.svg
            panels.append(figure_panel(spec.name, spec.title, spec.caption, drawn))
    files["report.html"] = _report(result, panels, known)
    files["provenance.json"] = tables.json_text(known)
    return files


def _report(result: ExperimentResult, panels: Sequence[Panel], known: Mapping[str, object]) -> str:
    from simulation.results.report.page import render_page
    from simulation.results.report.run_report import provenance_lines

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
        provenance=provenance_lines(known),
    )
