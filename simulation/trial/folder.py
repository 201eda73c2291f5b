"""The folder of a trial's results: claimed before anything runs, never mixed with another trial's."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from simulation.errors import OtherScenario, UserError
from simulation.files.alone import alone
from simulation.files.atomic import write_file
from simulation.files.folder import RESULTS, new_folder, slug
from simulation.files.refusal import refusals
from simulation.scenario.plugins import FOLDER as PLUGINS
from simulation.scenario.plugins import copies
from simulation.store import Store
from simulation.store.design import read_digest
from simulation.trial.conduct import STORE
from simulation.trial.origin import design_of
from simulation.trial.schema import Trial

__all__ = ["folder_of", "prepare", "prepare_part", "write_arms"]


def prepare(trial: Trial, out: Path | None, *, resume: bool, root: Path = RESULTS) -> Path:
    """Return the folder for a trial, made where it is new.

    Raises
    ------
    OtherScenario
        Where the folder holds another trial, or the same made with another model.
    UserError
        Where it holds results and `resume` is not given, or there is nothing to resume.
    """
    name = _name(trial)
    if resume:
        return _resumed(trial, out or _latest(root, name))
    if out is None:
        return _claimed(trial, new_folder(root, name))
    if out.exists() and not out.is_dir():
        raise UserError("is a file; results need a folder", file=str(out))
    if out.is_dir() and any(out.iterdir()):
        if not Store.exists(out / STORE):
            raise UserError("is not empty and holds no trial; choose another folder", file=str(out))
        _same(trial, out)
        raise UserError("holds results of this trial already; --resume completes them", file=str(out))
    return _claimed(trial, out)


def prepare_part(trial: Trial, out: Path) -> Path:
    """Return the folder for a part of a trial; the first job of an array claims it for all.

    Raises as `prepare` does, where the folder holds something else.
    """
    if out.exists() and not out.is_dir():
        raise UserError("is a file; results need a folder", file=str(out))
    with alone(out):
        if Store.exists(out / STORE):
            _same(trial, out)
            return out
        if any(not path.name.startswith(".") for path in out.iterdir()):
            raise UserError("is not empty and holds no trial; choose another folder", file=str(out))
        return _claimed(trial, out)


def _claimed(trial: Trial, out: Path) -> Path:
    """Begin the trial's store, so that whatever fails from here on can be resumed."""
    with refusals(out, "nothing was run"), Store(out / STORE, design_of(trial)):
        return out


def write_arms(trial: Trial, out: Path) -> Trial:
    """Write every arm as a scenario file that `run` takes, so that any patient can be looked at or repeated.

    Return the trial with the plugins that were copied there: where its runs are stored, workers can read them.
    """
    place = out / "arms"
    arms = []
    for arm in trial.arms:
        plugins = arm.scenario.plugin
        write_file(place / f"{arm.key}.yaml", arm.scenario.to_yaml())
        for name, content in copies(plugins).items():
            write_file(place / name, content)
        moved = tuple(plugin.moved(place / PLUGINS) for plugin in plugins)
        arms.append(replace(arm, scenario=arm.scenario.model_copy(update={"plugin": moved})))
    return replace(trial, arms=tuple(arms))


def _resumed(trial: Trial, out: Path) -> Path:
    if not Store.exists(out / STORE):
        raise UserError("holds no trial to resume; leave out --resume to begin one", file=str(out))
    _same(trial, out)
    return out


def _same(trial: Trial, out: Path) -> None:
    stored: tuple[str, Any] | None = read_digest(out / STORE)
    design = design_of(trial)
    if stored is not None and stored[0] != design.digest():
        names = [name for name, value in design.identity.items() if stored[1].get(name) != value]
        others = " and other ".join(names) or "design"
        hint = "; the program has changed since" if names == ["model"] else ""
        raise OtherScenario(f"holds results of another trial (made with other {others}{hint})", file=str(out))


def folder_of(trial: Trial, root: Path = RESULTS) -> Path:
    """Return the newest folder in `root` with results of a trial of this name and seed, whether there is one or not."""
    return _latest(root, _name(trial))


def _name(trial: Trial) -> str:
    return f"{slug(trial.name, 'trial')}-seed{trial.seed}"


def _latest(root: Path, name: str) -> Path:
    """Return the folder of that name with the highest number."""
    pattern = re.compile(re.escape(name) + r"(?:-(\d+))?")
    folders = [
        (int(match[1] or 1), path)
        for path in root.glob(f"{name}*")
        if (match := pattern.fullmatch(path.name))
    ]
    return max(folders)[1] if folders else root / name
