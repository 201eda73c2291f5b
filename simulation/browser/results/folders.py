"""Which folders hold results, and of which kind."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from simulation.errors import UserError

__all__ = ["KINDS", "Kind", "kind_of", "open_folder", "result_folders", "runs_in"]

type Kind = Literal["run", "runs", "trial", "sweep"]
KINDS: Final = {"run": "one run", "runs": "several runs", "trial": "a comparison", "sweep": "a sweep"}
_MOST: Final = 200
_LONGEST: Final = 80  # of a name that is repeated in a message
_USUAL: Final = (Path("results"),)


def kind_of(folder: Path) -> Kind | None:
    """Return what a folder holds, or None."""
    if (folder / "plan.json").is_file():
        return "sweep"
    if (folder / "comparison.json").is_file() and (folder / "patients.csv").is_file():
        return "trial"
    if (folder / "trajectory.csv").is_file() and (folder / "scenario.resolved.yaml").is_file():
        return "run"
    return "runs" if _runs(folder) else None


def open_folder(text: str, roots: Sequence[Path] = _USUAL) -> tuple[Path, Kind]:
    """Return the folder that a person named and its kind.

    Raises
    ------
    UserError
        Where it holds no results, or lies elsewhere than in `roots` or below one of them. What lies elsewhere is refused before
        it is looked at: the page tells nothing of the rest of the disk.
    """
    if not text.strip():
        raise UserError("got nothing", expected="a folder of results such as results/preemptive-seed0")
    try:
        folder = _expanded(text)
        if folder is None or not _below(folder, roots):
            allowed = " or ".join(str(root) for root in roots)
            raise UserError(
                f"only what is in {allowed} is shown; for other folders start the page with view --results FOLDER"
            )
        if not folder.is_dir():
            raise UserError(f"there is no folder {_cut(text)!r}")
        kind = kind_of(folder)
    except (OSError, ValueError, RuntimeError) as error:  # too long a name, a NUL, a loop of links
        why = getattr(error, "strerror", None) or error
        raise UserError(f"{_cut(text)!r} cannot be read: {why}") from None
    if kind is None:
        raise UserError(f"{_cut(text)!r} holds no results of run, compare or sweep")
    return folder, kind


def _expanded(text: str) -> Path | None:
    try:
        return Path(text.strip()).expanduser()
    except RuntimeError:  # ~somebody, who may have a home here or not: neither is told
        return None


def _below(folder: Path, roots: Sequence[Path]) -> bool:
    real = folder.resolve()
    return any(real.is_relative_to(root.resolve()) for root in roots)


def _cut(text: str) -> str:
    name = text.strip()
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."


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


def result_folders(roots: Sequence[Path] = _USUAL) -> list[Path]:
    """Return folders with results that lie directly in `roots`, the newest first; what cannot be read is left out."""
    inside: list[tuple[float, Path]] = []
    for root in roots:
        try:
            inside += [(path.stat().st_mtime, path) for path in root.iterdir() if path.is_dir()]
        except OSError:
            continue
    newest = [path for _, path in sorted(inside, reverse=True)[:_MOST]]
    return [path for path in newest if _readable_kind(path) is not None]


def _readable_kind(folder: Path) -> Kind | None:
    try:
        return kind_of(folder)
    except OSError:
        return None
