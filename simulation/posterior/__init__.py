"""Parameter sets that the data leave: read, drawn for patients, and put into force in a scenario."""

from simulation.posterior.posterior import OUT_OF_DATE, TABLE, Posterior, load_posterior
from simulation.posterior.sets import ParameterSet
from simulation.posterior.under import held, under

__all__ = ["OUT_OF_DATE", "TABLE", "ParameterSet", "Posterior", "held", "load_posterior", "under"]
