"""Write what a trial leaves for people: the tidy table, comparison.json, figures, the report, and where it comes from."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from simulation.figure_formats import ONE_FORMAT, Formats
from simulation.files.folder import Content, write_folder
from simulation.files.tables import csv_lines, json_text
from simulation.plugins import described
from simulation.posterior import Posterior
from simulation.provenance import provenance
from simulation.results.trial_view import TrialView
from simulation.store import Column
from simulation.store.rows import fill_table
from simulation.trial.conduct import ConductedTrial
from simulation.trial.origin import design_of
from simulation.trial.rows import HISTORY, SET, UNTIL
from simulation.trial.schema import Trial

__all__ = ["write_outputs"]


def write_outputs(trial: Trial, done: ConductedTrial, out: Path, *, formats: Formats = ONE_FORMAT) -> None:
    """Write everything but the store, and replace what an earlier attempt left."""
    view, columns = done.view, _columns(trial, done.view)
    plugins = {arm.key: described(arm.scenario.plugin) for arm in trial.arms if arm.scenario.plugin}
    origin = provenance(
        trial=trial.name,
        seed=trial.seed,
        patients=done.patients,
        arms={arm.key: arm.scenario.digest() for arm in trial.arms},
        design_sha256=design_of(trial).digest(),
        runs_missing=len(done.missing),
        interrupted=done.state.stopped,
        **({"plugins": plugins} if plugins else {}),
        **_origin(trial.posterior),
    )

    def contents() -> Mapping[str, Content]:
        names = [column.name for column in columns]
        files: dict[str, Content] = {
            "comparison.json": json_text(view.comparison),
            "patients.csv": csv_lines(names, (row.values() for row in _patients(view, names))),
            "patients.parquet": fill_table(columns, _patients(view, names)),
        }
        if trial.posterior is not None and view.arms and view.arms[0].n:
            files["parameter_sets.csv"] = _sets(trial.posterior, view)
        if view.arms and view.arms[0].n:
            from simulation.trial.report import report_files

            files |= report_files(trial, done, origin, formats=formats)
        return files

    write_folder(out, contents, origin)


def _origin(posterior: Posterior | None) -> dict[str, object]:
    """Return which parameter sets these were, for the manifest."""
    if posterior is None:
        return {}
    origin = {"name": posterior.name, "sha256": posterior.sha256, "made_for_table": posterior.table}
    return {"parameter_sets": origin | {"fits": [dict(fit) for fit in posterior.fits]}}


def _sets(posterior: Posterior, view: TrialView) -> Iterator[str]:
    """Return the parameter sets that patients lived under, in canonical units: number, patients, then every parameter."""
    numbers = view.arms[0].number(SET).astype(int).tolist()
    rows = ((k, numbers.count(k), *posterior.rows[k]) for k in sorted(set(numbers)))
    return csv_lines([SET, "patients", *posterior.names], rows)


def _columns(trial: Trial, view: TrialView) -> list[Column]:
    """Return the columns of the tidy table: who, then what the arms have."""
    known = {column.name: column for column in design_of(trial).described}
    first = [known["patient"], known["arm"]]
    shown = view.arms[0].columns if view.arms else {}
    return first + [known[name] for name in shown if name not in {"patient", HISTORY, UNTIL}]


def _patients(view: TrialView, names: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the tidy table: patients in order, of all who are in every arm, one row per arm."""
    for index in range(view.arms[0].n if view.arms else 0):
        for arm in view.arms:
            yield {name: arm.key if name == "arm" else arm.columns[name][index] for name in names}
