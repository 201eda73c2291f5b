"""A virtual patient: the parameter table, what the scenario changes in it, and this patient's own draws."""

from simulation.body.keyed import Keyed
from simulation.parameters import ParameterTable, ParameterValues
from simulation.parameters.distributions import Distribution
from simulation.scenario.schema import Scenario

__all__ = ["patient_values"]


def patient_values(scenario: Scenario, seed: int, patient: int) -> ParameterValues:
    """Return one patient's parameters in canonical units.

    Every distribution is sampled with a number keyed by (seed, patient, parameter name): a patient is the same in every arm, and
    stays the same when another parameter is made to vary.
    """
    draw = Keyed(seed, patient)
    values = ParameterTable.load().values() | dict(scenario.parameters)
    for name, value in scenario.patient.items():
        values[name] = value.sample(draw.uniform(f"patient {name}")) if isinstance(value, Distribution) else value
    return ParameterValues(values)
