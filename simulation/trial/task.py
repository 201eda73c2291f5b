"""The work of one batch, the same on this machine and on a cluster: simulate, write one shard, say little.

Loaded in worker processes: neither Mesa nor pandas nor matplotlib.
"""

import hashlib
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from simulation.body.virtual_patient import patient_values
from simulation.errors import reason_of
from simulation.life import NOTHING, attempt
from simulation.posterior import under
from simulation.scenario.resolve import with_values
from simulation.store import Design, write_shard
from simulation.trial.rows import failed_row, row_of
from simulation.trial.schema import Arm, Trial

__all__ = ["Report", "RunKey", "TrialWork", "arm_of", "repeated_arm", "seed_of"]

type RunKey = tuple[int, int, tuple[str, ...]]  # patient, repeat, keys of the arms that are still to be run
_LARGEST_SEED: Final = 2**63


@dataclass(frozen=True, slots=True)
class Report:
    """Tell what a batch came to: the runs that failed with their reasons, and the time it took."""

    patients: int
    failed: tuple[tuple[int, int, str, str], ...]  # patient, repeat, arm, reason
    seconds: float


@dataclass(frozen=True, slots=True)
class TrialWork:
    """Be the function that a pool calls with a batch of runs; it travels to the workers."""

    trial: Trial
    folder: Path
    design: Design

    def __call__(self, runs: tuple[RunKey, ...]) -> Report:
        """Simulate the patients of a batch in every arm and write their rows.

        Raises
        ------
        NotWritten
            Where the rows cannot be written.
        """
        began = time.perf_counter()
        rows = [row for run in runs for row in self.rows(*run)]
        write_shard(self.folder, self.design, rows)
        failed = tuple(
            (row["patient"], row["repeat"], row["arm"], row["error"])
            for row in rows
            if row["status"] == "failed"
        )
        return Report(len(runs), failed, time.perf_counter() - began)

    def rows(self, patient: int, repeat: int, keys: tuple[str, ...]) -> list[dict[str, Any]]:
        """Return one row per arm; an arm that raises costs only itself."""
        began = time.perf_counter()
        chosen = self.trial.set_of(patient)
        arms = [arm_of(self.trial, key, patient, repeat) for key in keys]
        scenarios = [arm.scenario for arm in arms]
        lives = attempt(scenarios, seed=seed_of(self.trial.seed, repeat), patient=patient, record=NOTHING)
        each = (time.perf_counter() - began) / len(arms)
        return [
            failed_row(patient, repeat, arm.key, reason_of(life))
            if isinstance(life, Exception)
            else row_of(life, arm.key, repeat, each, chosen)
            for arm, life in zip(arms, lives, strict=True)
        ]


def seed_of(seed: int, repeat: int) -> int:
    """Return the seed of chance events: the trial's own, and for repeats one made from it."""
    if repeat == 0:
        return seed
    return int.from_bytes(hashlib.sha256(f"{seed} repeat {repeat}".encode()).digest()[:8]) % _LARGEST_SEED


def arm_of(trial: Trial, key: str, patient: int, repeat: int = 0) -> Arm:
    """Return an arm as a patient meets it, under his parameter set; for a repeat see `repeated_arm`."""
    arm, chosen = trial.arm(key), trial.set_of(patient)
    if trial.posterior is not None and chosen is not None:
        arm = replace(arm, scenario=under(arm.scenario, trial.posterior.set(chosen)))
    return repeated_arm(arm, trial.seed, patient, repeat)


def repeated_arm(arm: Arm, seed: int, patient: int, repeat: int) -> Arm:
    """Return the arm, for a repeat with the patient's own values fixed: the same person, other chance events."""
    if repeat == 0:
        return arm
    values = patient_values(arm.scenario, seed, patient)
    return replace(arm, scenario=with_values(arm.scenario, values, arm.scenario.patient))
