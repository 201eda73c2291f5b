"""The results folder of one run, or of one experiment in wells: never overwritten silently, whole or not there."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from simulation.errors import OtherScenario, UserError
from simulation.figure_formats import ONE_FORMAT, Formats
from simulation.files.folder import (
    RESULTS,
    Content,
    new_folder,
    read_manifest,
    release_folder,
    slug,
    write_folder,
)
from simulation.files.refusal import refusals
from simulation.provenance import provenance

if TYPE_CHECKING:
    from simulation.scenario.plugins import Plugin

__all__ = ["prepare_folder", "release_folder", "write_result"]


class PlannedRun(Protocol):
    """Describe a scenario or an experiment as the folder knows it: by its name, its digest and its rules."""

    @property
    def name(self) -> str:
        """Return what the folder is named after."""

    @property
    def plugin(self) -> Sequence[Plugin]:
        """Return the user's own rules."""

    def digest(self) -> str:
        """Return what tells it from others."""


class WritableResult(Protocol):
    """Describe what can be written: a run or an experiment, which know their own files."""

    @property
    def scenario(self) -> PlannedRun:
        """Return what was simulated."""

    @property
    def seed(self) -> int:
        """Return the seed of all random numbers."""

    @property
    def patient(self) -> int:
        """Return the number of the virtual patient."""

    @property
    def interrupted(self) -> bool:
        """Return whether it was stopped before its end."""

    @property
    def provenance(self) -> Mapping[str, object]:
        """Return what only the runner knows: start, duration."""

    def contents(self, origin: Mapping[str, object], formats: Formats) -> Mapping[str, Content]:
        """Return every file by name, in the order of writing."""


def prepare_folder(
    scenario: PlannedRun,
    seed: int,
    patient: int = 0,
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
    root: str | Path = RESULTS,
) -> Path:
    """Make the folder for a run before it starts, so that a bad place is told at once, and return its path.

    Without `out` it is a new folder `root/<scenario>-seed<seed>`, with -2, -3 ... where that name is taken.
    Raise `OtherScenario` where `out` holds another scenario's results, `UserError` where it is not empty
    (unless `overwrite` and it holds this scenario's) or cannot be written to.
    """
    if out is None:
        name = f"{slug(scenario.name, 'scenario')}-seed{seed}" + (f"-patient{patient}" if patient else "")
        return new_folder(Path(root), name)
    folder = Path(out)
    _check(folder, scenario, overwrite)
    with refusals(folder, "nothing was written"):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # whether one may write here is best known by writing
            pass
    return folder


def write_result(
    result: WritableResult,
    out_dir: str | Path | None = None,
    *,
    provenance_extra: Mapping[str, object] | None = None,
    overwrite: bool = False,
    formats: Formats = ONE_FORMAT,
) -> Path:
    """Write everything about one run, or one experiment in wells, and return the folder.

    `out_dir` may be absent, empty, or (with `overwrite`) hold results of the same scenario; None chooses
    `results/<scenario>-seed<seed>`. `formats` are those of the figures; without any
    there are none, in the report either. Raise `UserError` as
    `prepare_folder` does, and on a full disk; then nothing is left.
    """
    if out_dir is None:
        folder = prepare_folder(result.scenario, result.seed, result.patient)
    else:
        folder = Path(out_dir)
        _check(folder, result.scenario, overwrite)
    origin = _provenance(result, provenance_extra or {})
    try:
        write_folder(folder, lambda: result.contents(origin, formats), origin)
    except BaseException:
        if out_dir is None:
            release_folder(folder)
        raise
    return folder


def _provenance(result: WritableResult, extra: Mapping[str, object]) -> dict[str, object]:
    """Return where a result comes from; `extra` wins over the result's own `provenance`."""
    from simulation.plugins import described

    about: dict[str, object] = {
        "scenario": result.scenario.name,
        "scenario_sha256": result.scenario.digest(),
        "seed": result.seed,
        "patient": result.patient,
        "interrupted": result.interrupted,
        "started": None,
        "duration_s": None,
    }
    if result.scenario.plugin:
        about["plugins"] = described(result.scenario.plugin)
    return provenance(**about | dict(result.provenance) | dict(extra))


def _check(folder: Path, scenario: PlannedRun, overwrite: bool) -> None:
    with refusals(folder, "nothing was written"):
        if not folder.exists():
            return
        if not folder.is_dir():
            raise UserError("is a file; results need a folder", file=str(folder))
        if not any(folder.iterdir()):
            return
    before = read_manifest(folder)
    if before is None:
        raise UserError("is not empty and holds no results of a run; choose another folder", file=str(folder))
    if before.get("scenario_sha256") != scenario.digest():
        same_name = before.get("scenario") == scenario.name
        of = "this scenario with other settings" if same_name else "another scenario"
        raise OtherScenario(f"holds results of {of} ({before.get('scenario')!r})", file=str(folder))
    if not overwrite:
        raise UserError("holds results already; use --overwrite to replace them", file=str(folder))
