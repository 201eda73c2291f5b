"""The folder of a trial's results: claimed before anything runs, never mixed with another trial's."""

import re
import unicodedata
from pathlib import Path
from typing import Any, Final

from simulation.errors import UserError
from simulation.store import OtherDesign, Store
from simulation.store.atomic import write_text
from simulation.store.design import read_digest
from simulation.trial.conduct import STORE
from simulation.trial.origin import design_of
from simulation.trial.schema import Trial

__all__ = ["prepare", "write_arms"]

DEFAULT_ROOT: Final = Path("results")


def prepare(trial: Trial, out: Path | None, *, resume: bool, root: Path = DEFAULT_ROOT) -> Path:
    """Return the folder for a trial, made where it is new.

    Raises
    ------
    OtherDesign
        Where the folder holds another trial, or the same made with another model.
    UserError
        Where it holds results and `resume` is not given, or there is nothing to resume.
    """
    name = f"{_slug(trial.name)}-seed{trial.seed}"
    if resume:
        return _resumed(trial, out or _latest(root, name))
    if out is None:
        number = 1
        while True:
            folder = root / (name if number == 1 else f"{name}-{number}")
            try:
                folder.mkdir(parents=True)  # this is the claim: two commands at once get two folders
                return folder
            except FileExistsError:
                number += 1
    if out.exists() and not out.is_dir():
        raise UserError("is a file; results need a folder", file=str(out))
    if out.is_dir() and any(out.iterdir()):
        if not Store.exists(out / STORE):
            raise UserError("is not empty and holds no trial; choose another folder", file=str(out))
        _same(trial, out)
        raise UserError("holds results of this trial already; --resume completes them", file=str(out))
    out.mkdir(parents=True, exist_ok=True)
    return out


def write_arms(trial: Trial, out: Path) -> None:
    """Write every arm as a scenario file that `run` takes, so that any patient can be looked at or repeated."""
    (out / "arms").mkdir(exist_ok=True)
    for arm in trial.arms:
        write_text(out / "arms" / f"{arm.key}.yaml", arm.scenario.to_yaml())


def _resumed(trial: Trial, out: Path) -> Path:
    if not Store.exists(out / STORE):
        raise UserError("holds no trial to resume; leave out --resume to begin one", file=str(out))
    _same(trial, out)
    return out


def _same(trial: Trial, out: Path) -> None:
    found: tuple[str, Any] | None = read_digest(out / STORE)
    design = design_of(trial)
    if found is not None and found[0] != design.digest():
        names = [name for name, value in design.identity.items() if found[1].get(name) != value]
        told = " and other ".join(names) or "design"
        hint = "; the program has changed since" if names == ["model"] else ""
        raise OtherDesign(f"holds results of another trial (made with other {told}{hint})", file=str(out))


def _latest(root: Path, name: str) -> Path:
    """Return the folder of that name with the highest number."""
    pattern = re.compile(re.escape(name) + r"(?:-(\d+))?")
    found = [
        (int(match[1] or 1), path)
        for path in root.glob(f"{name}*")
        if (match := pattern.fullmatch(path.name))
    ]
    return max(found)[1] if found else root / name


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "trial"
