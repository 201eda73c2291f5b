"""Write what a trial leaves for people: the tidy table, comparison.json, figures, the report, and where it comes from."""

import csv
import io
import json
import platform
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import simulation
from simulation.results.folder import write_file
from simulation.results.trial_view import TrialView
from simulation.store.atomic import write_lines
from simulation.trial.conduct import Conducted
from simulation.trial.origin import design_of, model_sha256
from simulation.trial.rows import COURSE
from simulation.trial.schema import Trial

__all__ = ["provenance", "write_outputs"]

_LIBRARIES: Final = (
    "numpy",
    "numba",
    "scipy",
    "pandas",
    "matplotlib",
    "pydantic",
    "jinja2",
    "pyarrow",
    "distributed",
)


def write_outputs(trial: Trial, done: Conducted, out: Path, *, figures: bool = True) -> None:
    """Write everything but the store; each file is whole or absent, and replaces that of an earlier attempt."""
    view = done.view
    write_file(
        out / "comparison.json",
        json.dumps(view.comparison, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
    )
    write_lines(out / "patients.csv", _patients(trial, view))
    _write_parquet(out)
    known = provenance(trial, done)
    write_file(out / "provenance.json", json.dumps(known, indent=2, ensure_ascii=False) + "\n")
    if view.arms and view.arms[0].n:
        from simulation.trial.report import write_report

        write_report(trial, done, known, out, figures=figures)


def _patients(trial: Trial, view: TrialView) -> Iterator[str]:
    """Yield the tidy table: one line per patient and arm, patients in order, of all who are in every arm."""
    names = [name for name in view.arms[0].columns if name not in {"patient", COURSE}] if view.arms else []
    kinds = design_of(trial).kinds()
    yield _line(["patient", "arm", *names])
    for index in range(view.arms[0].n if view.arms else 0):
        for arm in view.arms:
            yield _line(
                [str(int(arm.columns["patient"][index])), arm.key]
                + [_field(arm.columns[name][index], kinds[name]) for name in names]
            )


def _field(value: Any, kind: str) -> str:
    if kind == "text":
        return str(value)
    if kind == "bool":
        return "true" if value else "false"
    number = float(value)
    if number != number:
        return ""
    return str(int(number)) if kind == "int" else repr(number)


def _line(fields: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue()


def _write_parquet(out: Path) -> None:
    """Write the tidy table as Parquet as well."""
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pc.read_csv(out / "patients.csv"), sink)
    write_file(out / "patients.parquet", sink.getvalue())


def provenance(trial: Trial, done: Conducted) -> Mapping[str, Any]:
    """Return what is needed to repeat the trial, and how complete it is."""
    libraries = {}
    for name in _LIBRARIES:
        try:
            libraries[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "program": f"transplant-twin {simulation.__version__}",
        "trial": trial.name,
        "seed": trial.seed,
        "patients": done.patients,
        "arms": {arm.key: arm.scenario.digest() for arm in trial.arms},
        "design_sha256": design_of(trial).digest(),
        "model_sha256": model_sha256(),
        "runs_missing": len(done.missing),
        "interrupted": done.state.stopped,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": libraries,
    }
