"""Parameter sets that the data leave: read, drawn for patients, and put into force in a scenario."""

from simulation.posterior.posterior import TABLE, Posterior, load_posterior, posterior_named
from simulation.posterior.sets import ParameterSet
from simulation.posterior.under import held, under

__all__ = ["TABLE", "ParameterSet", "Posterior", "held", "load_posterior", "posterior_named", "under"]
