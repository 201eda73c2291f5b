"""The parameter values of one patient: the table, the scenario's changes, and its distributions drawn."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from simulation.parameters.distributions import Distribution
from simulation.parameters.table import ParameterTable, ParameterValues

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["resolve_parameters"]


def resolve_parameters(
    scenario: "Scenario", uniform: Callable[[str], float] | None = None
) -> ParameterValues:
    """Return every parameter in canonical units for this scenario's patient.

    `uniform` gives a number in [0, 1) for a parameter's name, keyed by the patient; without it the median
    patient is returned.
    """

    def drawn(values: Mapping[str, float | Distribution]) -> dict[str, float]:
        return {
            name: value.sample(uniform(name) if uniform is not None else 0.5)
            if isinstance(value, Distribution)
            else value
            for name, value in values.items()
        }

    known = ParameterTable.load().parameter_values({**scenario.parameters, **drawn(scenario.patient)})
    of_plugins = [drawn(plugin.values) for plugin in scenario.plugin]
    return ParameterValues({name: value for block in (known, *of_plugins) for name, value in block.items()})
