"""Parameter sets that the data leave: read, drawn for patients, and put into force in a scenario."""

from simulation.posterior.in_force import in_force
from simulation.posterior.posterior import TABLE, Posterior, load_posterior, posterior_named
from simulation.posterior.sets import ParameterSet
from simulation.posterior.structures import AS_SHIPPED, STRUCTURES, Structure, structure_named
from simulation.posterior.under import fixed_by, under

__all__ = [
    "AS_SHIPPED", "STRUCTURES", "TABLE", "ParameterSet", "Posterior", "Structure", "fixed_by", "in_force", "load_posterior",
    "posterior_named", "structure_named", "under",
]  # fmt: skip
