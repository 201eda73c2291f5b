"""Virtual patients after stem-cell transplant, treated with blinatumomab and donor lymphocytes.

>>> from simulation import load_scenario, run
>>> result = run(load_scenario("scenarios/preemptive.yaml"), seed=1)
>>> result.outcomes["relapse_day"]

The names below are imported when first used, so that ``import simulation`` stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from simulation.engine_cache import use_engine_cache

if TYPE_CHECKING:
    from simulation.errors import UserError
    from simulation.life import Life, Record, simulate
    from simulation.mesa_model import TransplantModel
    from simulation.results.result import Result
    from simulation.runner import run
    from simulation.scenario.load import load_scenario
    from simulation.scenario.schema import Scenario

__all__ = [
    "Life", "Record", "Result", "Scenario", "TransplantModel", "UserError", "__version__", "load_scenario", "run", "simulate",
]  # fmt: skip

__version__ = "0.2.0"

_HOMES = {
    "Life": "simulation.life",
    "Record": "simulation.life",
    "Result": "simulation.results.result",
    "Scenario": "simulation.scenario.schema",
    "TransplantModel": "simulation.mesa_model",
    "UserError": "simulation.errors",
    "load_scenario": "simulation.scenario.load",
    "run": "simulation.runner",
    "simulate": "simulation.life",
}

# Numba reads its settings when it is imported, so the place of the compiled kernels is fixed before that.
use_engine_cache()


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
