"""One simulated patient: places, initial state, what can be measured, what can be done to him."""

from simulation.body.body import Body

__all__ = ["Body"]
