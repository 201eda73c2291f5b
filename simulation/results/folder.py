"""The results folder: one per run, never overwritten silently, and either whole or not there.

Everything is first written to a hidden folder inside the target (same disk), each file flushed to the disk;
then the files are moved to their names, `provenance.json` last. So a folder with `provenance.json` is
complete, and a full disk or a missing permission leaves nothing behind.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from simulation.errors import ExitStatus, UserError
from simulation.results import provenance as origin
from simulation.results import tables

if TYPE_CHECKING:
    from simulation.in_vitro.result import ExperimentResult
    from simulation.in_vitro.schema import Experiment
    from simulation.results.result import Result
    from simulation.scenario.schema import Scenario

__all__ = ["DEFAULT_ROOT", "OtherScenario", "prepare_folder", "release_folder", "write_file", "write_result"]

DEFAULT_ROOT = Path("results")
PROVENANCE = "provenance.json"
_FIGURES = ("burden", "t_cells", "blood", "drug", "gvhd", "marrow_maps")
_OWN_FILES = (
    "summary.json",
    "trajectory.csv",
    "trajectory.parquet",
    "events.csv",
    "scenario.resolved.yaml",
    "report.html",
    *(f"figures/{name}.{ending}" for name in _FIGURES for ending in ("png", "svg")),
)
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


class OtherScenario(UserError):  # noqa: N818 - its base says that it is an error
    """Say that a folder holds the results of another scenario; they are never mixed."""

    exit_status = ExitStatus.OTHER_SCENARIO


def prepare_folder(
    scenario: Scenario | Experiment,
    seed: int,
    patient: int = 0,
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
    root: str | Path = DEFAULT_ROOT,
) -> Path:
    """Make the folder for a run before it starts, so that a bad place is told at once, and return its path.

    Without `out` it is a new folder `root/<scenario>-seed<seed>`, with -2, -3 ... where that name is taken.
    Raise `OtherScenario` where `out` holds another scenario's results, `UserError` where it is not empty
    (unless `overwrite` and it holds this scenario's) or cannot be written to.
    """
    if out is not None:
        folder = Path(out)
        _check(folder, scenario, overwrite)
        with _told(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):  # whether one may write here is best known by writing
                pass
        return folder
    name = f"{_slug(scenario.name)}-seed{seed}" + (f"-patient{patient}" if patient else "")
    with _told(Path(root)):
        Path(root).mkdir(parents=True, exist_ok=True)
        for number in range(1, 100_000):
            folder = Path(root) / (name if number == 1 else f"{name}-{number}")
            with suppress(FileExistsError):  # mkdir is the claim: two runs at once get two folders
                folder.mkdir()
                return folder
    raise UserError(f"too many folders named {name}", file=str(root))


def release_folder(folder: Path) -> None:
    """Remove a prepared folder again if nothing was written to it."""
    with suppress(OSError):
        folder.rmdir()


def write_result(
    result: Result | ExperimentResult,
    out_dir: str | Path | None = None,
    *,
    provenance_extra: Mapping[str, object] | None = None,
    overwrite: bool = False,
    figures: bool = True,
) -> Path:
    """Write everything about one run, or one experiment in wells, and return the folder.

    `out_dir` may be absent, empty, or (with `overwrite`) hold results of the same scenario; None chooses
    `results/<scenario>-seed<seed>`. Without `figures` the report has none either. Raise `UserError` as
    `prepare_folder` does, and on a full disk; then nothing is left.
    """
    if out_dir is None:
        folder = prepare_folder(result.scenario, result.seed, result.patient)
        fresh = [folder]
    else:
        folder = Path(out_dir)
        _check(folder, result.scenario, overwrite)
        fresh = [path for path in (folder, *folder.parents) if not path.exists()]
    with _told(folder):
        _write_all(folder, fresh, lambda: _files(result, provenance_extra or {}, figures))
    return folder


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file so that it is whole or absent: temporary file beside it, flushed to disk, then renamed."""
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())  # mkstemp's files are for their owner's eyes only
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _write_all(folder: Path, fresh: list[Path], contents: Callable[[], dict[str, str | bytes]]) -> None:
    moved: list[Path] = []
    stage: Path | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(dir=folder, prefix=".writing-"))
        files = contents()
        for name, content in files.items():
            (stage / name).parent.mkdir(exist_ok=True)
            write_file(stage / name, content)
        with suppress(
            FileNotFoundError
        ):  # while files of two runs are in the folder, it is not a complete one
            (folder / PROVENANCE).unlink()
        for name in [*(name for name in files if name != PROVENANCE), PROVENANCE]:
            (folder / name).parent.mkdir(exist_ok=True)
            os.replace(stage / name, folder / name)
            moved.append(folder / name)
        _remove_stale(folder, files)
    except BaseException:
        # an interrupt, too, must leave no half of a folder
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)
        for path in moved:
            path.unlink(missing_ok=True)
        for path in (folder / "figures", *fresh):
            release_folder(path)
        raise
    shutil.rmtree(stage, ignore_errors=True)


def _files(
    result: Result | ExperimentResult, extra: Mapping[str, object], figures: bool
) -> dict[str, str | bytes]:
    from simulation.results.result import Result

    if isinstance(result, Result):
        return _contents(result, extra, figures)
    from simulation.results.in_vitro.contents import contents

    return contents(result, extra, figures)


def _contents(result: Result, extra: Mapping[str, object], figures: bool) -> dict[str, str | bytes]:
    """Return every file of the folder by name, in the order of writing."""
    from simulation.results.report.run_report import run_report

    known = origin.provenance(result, extra)
    files: dict[str, str | bytes] = {
        "summary.json": tables.json_text(result.summary),
        "trajectory.csv": tables.trajectory_csv(result.columns),
        "trajectory.parquet": tables.parquet_bytes(result.columns),
        "events.csv": tables.events_csv(result.events),
        "scenario.resolved.yaml": result.scenario.to_yaml(),
    }
    panels = []
    if figures:
        from simulation.results.figures.catalogue import FIGURES
        from simulation.results.figures.style import render
        from simulation.results.report.page import figure_panel

        for spec in FIGURES:
            drawn = render(spec.draw(result))
            files[f"figures/{spec.name}.png"] = drawn.png
            files[f"figures/{spec.name}.svg"] = drawn.svg
            panels.append(figure_panel(spec.name, spec.title, spec.caption(result), drawn))
    files["report.html"] = run_report(result, panels, known)
    files[PROVENANCE] = tables.json_text(known)
    return files


def _remove_stale(folder: Path, files: Mapping[str, object]) -> None:
    """Remove what an earlier run of the same scenario left and this one has not replaced."""
    from simulation.results.in_vitro.contents import OWN_FILES

    for name in (*_OWN_FILES, *OWN_FILES):
        if name not in files:
            (folder / name).unlink(missing_ok=True)
    with suppress(OSError):
        (folder / "figures").rmdir()


def _check(folder: Path, scenario: Scenario | Experiment, overwrite: bool) -> None:
    with _told(folder):
        if not folder.exists():
            return
        if not folder.is_dir():
            raise UserError("is a file; results need a folder", file=str(folder))
        if not any(folder.iterdir()):
            return
        before = _read_provenance(folder)
    if before is None:
        raise UserError("is not empty and holds no results of a run; choose another folder", file=str(folder))
    if before.get("scenario_sha256") != scenario.digest():
        raise OtherScenario(
            f"holds results of another scenario ({before.get('scenario')!r})", file=str(folder)
        )
    if not overwrite:
        raise UserError("holds results already; use --overwrite to replace them", file=str(folder))


def _read_provenance(folder: Path) -> Mapping[str, object] | None:
    try:
        found = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) else None


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Turn the operating system's refusal into a sentence for the person who can do something about it."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            message = "the disk is full; nothing was written"
        elif error.errno in _DENIED:
            message = "permission denied; nothing was written"
        else:
            message = f"cannot be written to ({error.strerror or error}); nothing was written"
        raise UserError(message, file=str(folder)) from error


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80] or "scenario"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
