"""The parameter values of one patient: the table, the scenario's changes, and its distributions drawn."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulation.parameters.table import ParameterTable, ParameterValues
from simulation.scenario.named_values import drawn

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["resolve_parameters"]


def resolve_parameters(
    scenario: "Scenario", uniform: Callable[[str], float] | None = None
) -> ParameterValues:
    """Return every parameter in canonical units for this scenario's patient.

    `uniform` gives a number in [0, 1) for a parameter's name, keyed by the patient; where parameters depend on one another
    it is mixed into theirs. Without it every parameter has its median.
    """
    known = ParameterTable.load().parameter_values({**scenario.parameters, **scenario.patient.drawn(uniform)})
    of_plugins = [drawn(plugin.values, uniform) for plugin in scenario.plugin]
    return ParameterValues({name: value for block in (known, *of_plugins) for name, value in block.items()})
