"""The parameter values of one patient: the table, the scenario's changes, and its distributions drawn."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from simulation.parameters.distributions import Distribution
from simulation.parameters.table import ParameterTable, ParameterValues
from simulation.scenario.named_values import PatientMap, drawn
from simulation.scenario.plugins import Plugin

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["names_of_patient", "resolve_parameters", "resolved", "varies", "with_values"]


def resolve_parameters(
    scenario: "Scenario", uniform: Callable[[str], float] | None = None, patient: int = 0
) -> ParameterValues:
    """Return every parameter in canonical units for this scenario's patient.

    `uniform` gives a number in [0, 1) for a parameter's name, keyed by the patient; where parameters depend on one another
    it is mixed into theirs. Without it every parameter has its median. `patient` is his number, for what is listed by it.
    """
    return resolved(scenario.parameters, scenario.patient, scenario.plugin, uniform, patient)


def resolved(
    parameters: Mapping[str, float],
    own: PatientMap,
    plugins: Iterable[Plugin],
    uniform: Callable[[str], float] | None,
    patient: int = 0,
) -> ParameterValues:
    """Return every parameter of a patient, or of a donor of cells, those of plugins included."""
    known = ParameterTable.load().parameter_values({**parameters, **own.drawn(uniform, patient)})
    of_plugins = [drawn(plugin.values, uniform, patient) for plugin in plugins]
    return ParameterValues({name: value for block in (known, *of_plugins) for name, value in block.items()})


def varies(scenario: "Scenario") -> bool:
    """Return whether each patient's number is another person: whether there is a distribution to draw from."""
    blocks = [scenario.patient, *(plugin.values for plugin in scenario.plugin)]
    return any(isinstance(value, Distribution) for block in blocks for value in block.values())


def names_of_patient(scenario: "Scenario") -> tuple[str, ...]:
    """Return what tells one patient from another: the parameters that vary in the table, or that `patient` names."""
    rows = ParameterTable.load().rows
    return tuple(row.name for row in rows if row.between_patients is not None or row.name in scenario.patient)


def with_values(
    scenario: "Scenario", values: Mapping[str, float], names: Iterable[str] | None = None
) -> "Scenario":
    """Return the scenario of one person: under `patient` his values, by default of all that tells him from others.

    What the scenario changes under `parameters` stays there: a name stands in one of the two.
    """
    own = set(names_of_patient(scenario) if names is None else names) - set(scenario.parameters)
    patient = PatientMap({name: values[name] for name in sorted(own)})
    plugins = tuple(plugin.fixed(values) for plugin in scenario.plugin)
    return scenario.model_copy(update={"patient": patient, "plugin": plugins})
