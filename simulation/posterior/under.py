"""Put a parameter set into force in a scenario; what a person has written there stays as he wrote it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from simulation.blocks.fields import FrozenMap
from simulation.parameters.distributions import Distribution, numbers_of
from simulation.parameters.table import ParameterTable
from simulation.posterior.sets import ParameterSet, bare_name, recentred
from simulation.scenario.named_values import PatientMap

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["fixed_by", "under"]


def fixed_by(scenario: "Scenario", names: Iterable[str]) -> tuple[str, ...]:
    """Return which of a set's names a scenario holds: written under `parameters`, or a patient that is not the table's."""
    return tuple(name for name in names if _is_fixed(scenario, bare_name(name)))


def under(scenario: "Scenario", chosen: ParameterSet) -> "Scenario":
    """Return the scenario under a set.

    A parameter that varies between these patients as in the table keeps each patient's place in its distribution, which is
    moved (`simulation.posterior.sets.recentred`); any other takes the set's value. So patient 7 of a seed is the same
    person under every set, as far as sets can tell. What the scenario itself says of a parameter is stronger than the set.
    """
    table = ParameterTable.load()
    names = dict.fromkeys((*chosen.values, *chosen.spreads, *chosen.shares))
    patient, parameters = dict(scenario.patient), dict(scenario.parameters)
    for name in names:
        if _is_fixed(scenario, name):
            continue
        if name in patient:
            patient[name] = recentred(name, chosen, table[name].between_patients)
        elif name in chosen.values:
            parameters[name] = chosen.values[name]
    changed = {
        name: value for block in (patient, parameters) for name, value in block.items() if name in names
    }
    outside = any(
        not table[name].low <= number <= table[name].high
        for name, value in changed.items()
        for number in numbers_of(value)
    )
    return scenario.model_copy(
        update={
            "patient": PatientMap(patient, scenario.patient.dependence),
            "parameters": FrozenMap(dict(sorted(parameters.items()))),
            "allow_out_of_range": scenario.allow_out_of_range or outside,
        }
    )


def _is_fixed(scenario: "Scenario", name: str) -> bool:
    if name in scenario.parameters:
        return True
    if name not in scenario.patient:
        return False
    own, usual = scenario.patient[name], ParameterTable.load()[name].between_patients
    return not (isinstance(own, Distribution) and usual is not None and own.to_plain() == usual.to_plain())
