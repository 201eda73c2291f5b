"""Scenario files: strict YAML -> a frozen `Scenario`.

The names below are imported when first used: reading a scenario needs pydantic, importing this package
does not.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulation.scenario.load import load_scenario, parse_scenario
    from simulation.scenario.resolve import resolve_parameters
    from simulation.scenario.schema import Scenario


__all__ = ["Scenario", "load_scenario", "parse_scenario", "resolve_parameters"]

_HOMES = {
    "Scenario": "schema",
    "load_scenario": "load",
    "parse_scenario": "load",
    "resolve_parameters": "resolve",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
