"""Experiments in wells, with the same rules and the same parameter table as the patient.

>>> from simulation.in_vitro import load_experiment, run_experiment
>>> result = run_experiment(load_experiment("scenarios/in_vitro/cytotoxicity.yaml"), seed=1)
>>> result.summary["ec50_pg_per_ml"]
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulation.in_vitro.load import is_experiment, load_experiment
    from simulation.in_vitro.run import run_experiment

__all__ = ["is_experiment", "load_experiment", "run_experiment"]

_HOMES = {
    "is_experiment": "simulation.in_vitro.load",
    "load_experiment": "simulation.in_vitro.load",
    "run_experiment": "simulation.in_vitro.run",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: reading a file needs no kernels."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
