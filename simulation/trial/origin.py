"""On what a trial's numbers depend, so that runs of different models are never mixed in one store."""

from typing import Any

from simulation.provenance import model_sha256, provenance
from simulation.store import Design
from simulation.trial.rows import KEYS, columns
from simulation.trial.schema import Trial

__all__ = ["design_of"]


def design_of(trial: Trial) -> Design:
    """Return the design of a trial's store; the number of patients is no part of it, more may be added later."""
    identity: dict[str, Any] = {
        "seed": trial.seed,
        "arms": {arm.key: arm.scenario.to_yaml() for arm in trial.arms},
        "model": model_sha256(),
    }
    if trial.posterior is not None:
        identity["posterior"] = [trial.posterior.digest(), trial.file.patients_per_set]
    return Design("trial", KEYS, columns(trial), identity, provenance(trial=trial.name))
