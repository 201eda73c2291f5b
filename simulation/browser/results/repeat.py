"""Commands that give the stored results again, each with the version that gave them."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulation.browser.catalogue import Source
from simulation.browser.reproduce import command_of, with_version
from simulation.browser.results.damage import record_of
from simulation.browser.results.sweep_folder import SweepFolder
from simulation.browser.results.trial_folder import TrialFolder
from simulation.browser.snapshot import Snapshot
from simulation.files.folder import MANIFEST
from simulation.scenario.cohort import NONE
from simulation.shipped import PROGRAM

__all__ = ["run_again", "sweep_again", "trial_again"]


def run_again(folder: Path, shot: Snapshot) -> str:
    """Return the command that simulates a stored run again."""
    scenario = shot.scenario
    source = Source(folder / "scenario.resolved.yaml", cohort=NONE)
    command = command_of(source, scenario, shot.seed, shot.patient, shot.day)
    return with_version(command, _version(folder))


def trial_again(trial: TrialFolder) -> str:
    """Return the command that follows the same patients in the same arms; what a trial file says besides is not in it."""
    arms = [str(trial.folder / "arms" / f"{arm}.yaml") for arm in trial.arms]
    manifest = record_of(trial.folder / MANIFEST)
    about = [
        "--patients",
        str(trial.comparison["n_patients"]),
        "--seed",
        str(trial.comparison["seed"]),
        "--cohort",
        NONE,
    ]
    sets = ["--posterior"] if manifest.get("parameter_sets") else []
    return with_version(_words("compare", *arms, *about, *sets), _of(manifest))


def sweep_again(sweep: SweepFolder) -> str:
    """Return the command that runs the sweep's file again; empty where the plan does not name it."""
    plan, about = sweep.plan, sweep.plan.about
    if not about.get("file"):
        return ""
    command = _words(
        "sweep", str(about["file"]), "--seed", str(plan.seed), "--replicates", str(plan.n_replicates)
    )
    return with_version(command, _of(about))


def _words(*words: str) -> str:
    return shlex.join([*PROGRAM.split(), *words])


def _version(folder: Path) -> str:
    return _of(record_of(folder / MANIFEST))


def _of(about: Mapping[str, Any]) -> str:
    return str(about.get("version", "unknown"))
