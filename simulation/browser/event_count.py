"""How much there is to tell of a life: what one runs to the next of."""

from simulation.life import Life
from simulation.results.words import timeline
from simulation.runner import result_of

__all__ = ["EventCount"]


class EventCount:
    """Count what a life has to tell; anew only where there is something new."""

    def __init__(self) -> None:
        self._n_events, self._n_shown = -1, 0

    def of(self, life: Life) -> int:
        """Return how many sentences the log of a life has."""
        n = len(life.clinic.events)
        if n != self._n_events:
            self._n_events, self._n_shown = n, len(timeline(result_of(life)))
        return self._n_shown
