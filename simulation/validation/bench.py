"""A bare world for the event kernel: one place, one class, rates set by hand; replicates are told apart by a tag."""

import numpy as np
import numpy.typing as npt

from simulation.biology.traits import TAG_SHIFT
from simulation.engine.events import DIE, DIVIDE, Channels, Destinations, Variants, draw_events
from simulation.engine.keyed_random import base_key, step_key
from simulation.engine.population import Population, Resolution

__all__ = ["MUTANT", "Cultures"]

type Ints = npt.NDArray[np.int64]
MUTANT = 1 << 28  # the bit that a mutant's code carries


class Cultures:
    """Hold replicate cultures of `founders` cells each, drawn together.

    Parameters
    ----------
    mutation
        Probability per division of founding a mutant.
    """

    def __init__(self, founders: int, replicates: int, seed: int, mutation: float = 0.0) -> None:
        self.replicates = replicates
        self.pop = Population(1, 2, Resolution(), capacity=2 * replicates)
        for tag in range(replicates):
            self.pop.add(tag << TAG_SHIFT, 0, founders)
        self._channels = Channels(("divide", "die"), np.array([DIVIDE, DIE], np.int64), np.zeros(2, np.int64))
        alone = np.full((1, 2), -1, np.int32)
        self._where = Destinations(alone, np.zeros(1, np.int32), np.zeros(0, np.int32), np.zeros(0))
        bits, chance = (
            (np.array([MUTANT]), np.array([mutation])) if mutation else (np.zeros(0, np.int64), np.zeros(0))
        )
        self._variants = Variants(bits, chance, 0, 16, 0)
        self._key, self._steps = base_key(seed, 0, "events"), 0
        self.births = self.deaths = 0

    def grow(self, days: float, dt: float, birth: float, death: float = 0.0) -> None:
        """Let every cell divide and die at these rates per day."""
        for _ in range(round(days / dt)):
            self.pop.clear_hazards()
            rows = self.pop.rows()
            self.pop.hazard[rows, 0], self.pop.hazard[rows, 1] = birth, death
            key = step_key(self._key, self._steps)
            tally = draw_events(self.pop, self._channels, self._where, self._variants, key, dt)
            self.births += int(tally[:, 0].sum())
            self.deaths += int(tally[:, 1].sum())
            self._steps += 1

    def cells(self, *, mutants_only: bool = False) -> Ints:
        """Return cells per replicate, shape (replicates,)."""
        top = self.pop.top
        code, cells = self.pop.code[:top], self.pop.cells[:top].astype(float)
        if mutants_only:
            cells = np.where(code & MUTANT, cells, 0.0)
        return np.bincount((code >> TAG_SHIFT).astype(np.int64), cells, self.replicates).astype(np.int64)
