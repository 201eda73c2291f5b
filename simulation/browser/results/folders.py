"""Which folders hold results, and of which kind."""

from pathlib import Path
from typing import Final, Literal

from simulation.errors import UserError

__all__ = ["KINDS", "Kind", "found_folders", "kind_of", "open_folder"]

type Kind = Literal["run", "runs", "trial", "sweep"]
KINDS: Final = {"run": "one run", "runs": "several runs", "trial": "a comparison", "sweep": "a sweep"}
_MOST: Final = 200


def kind_of(folder: Path) -> Kind | None:
    """Return what a folder holds, or None."""
    if (folder / "plan.json").is_file():
        return "sweep"
    if (folder / "comparison.json").is_file() and (folder / "patients.csv").is_file():
        return "trial"
    if (folder / "trajectory.csv").is_file() and (folder / "scenario.resolved.yaml").is_file():
        return "run"
    return "runs" if _runs(folder) else None


def open_folder(text: str) -> tuple[Path, Kind]:
    """Return the folder that a person named and its kind; raise `UserError` where it holds no results."""
    if not text.strip():
        raise UserError("got nothing", expected="a folder of results such as results/preemptive-seed0")
    folder = Path(text.strip()).expanduser()
    if not folder.is_dir():
        raise UserError(f"there is no folder {text.strip()!r}")
    try:
        kind = kind_of(folder)
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}") from None
    if kind is None:
        raise UserError(f"{text.strip()!r} holds no results of run, compare or sweep")
    return folder, kind


def runs_in(folder: Path) -> list[Path]:
    """Return the folders of single runs in a folder, or the folder itself where it is one."""
    return [folder] if kind_of(folder) == "run" else _runs(folder)


def _runs(folder: Path) -> list[Path]:
    inside = [path for path in sorted(folder.iterdir()) if path.is_dir()]
    return [
        path
        for path in inside
        if (path / "trajectory.csv").is_file() and (path / "scenario.resolved.yaml").is_file()
    ]


def found_folders(root: Path = Path("results")) -> list[Path]:
    """Return folders with results in the usual place, the newest first."""
    if not root.is_dir():
        return []
    inside = sorted(
        (path for path in root.iterdir() if path.is_dir()),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    return [path for path in inside[:_MOST] if kind_of(path) is not None]
