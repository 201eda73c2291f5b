"""A virtual patient: the parameter table, what the scenario changes in it, and this patient's own draws."""

from simulation.body.keyed import Keyed
from simulation.errors import UserError
from simulation.parameters import ParameterValues
from simulation.scenario.resolve import resolve_parameters
from simulation.scenario.schema import Scenario

__all__ = ["patient_values"]


def patient_values(scenario: Scenario, seed: int, patient: int) -> ParameterValues:
    """Return one patient's parameters in canonical units.

    Every distribution is sampled with a number keyed by (seed, patient, parameter name): a patient is the
    same in every arm, and stays the same when another parameter is made to vary. What is listed is taken by his number;
    raises `UserError` for one who is not in the list.
    """
    draw = Keyed(seed, patient)
    try:
        return resolve_parameters(scenario, lambda name: draw.uniform(f"patient {name}"), patient)
    except ValueError as error:
        raise UserError(str(error), file=scenario.name, key="patient") from None
