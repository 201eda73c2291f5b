"""The parameter table and the names of the processes."""

from simulation.parameters.dependence import Dependence, Pair
from simulation.parameters.distributions import Distribution
from simulation.parameters.processes import PROCESS_NAMES
from simulation.parameters.table import Parameter, ParameterTable, ParameterValues, render_parameter_table

__all__ = [
    "PROCESS_NAMES",
    "Dependence",
    "Distribution",
    "Pair",
    "Parameter",
    "ParameterTable",
    "ParameterValues",
    "render_parameter_table",
]
