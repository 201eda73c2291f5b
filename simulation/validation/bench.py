"""A bare world for the event kernel: one place, one class, rates set by hand; replicates are told apart by a tag."""

import numpy as np
import numpy.typing as npt

from simulation.biology.antigens import CD19
from simulation.biology.traits import CLASS, CLONE, DIVISIONS_LEFT, TAG
from simulation.engine.compiled import alone
from simulation.engine.events import draw_events
from simulation.engine.keyed_random import base_key, step_key
from simulation.engine.population import Population
from simulation.engine.rules import DIE, DIVIDE, Channels, Destinations, Variants, births_and_deaths

__all__ = ["Cultures"]

type Ints = npt.NDArray[np.int64]
_MUTANT = CD19.lost


class Cultures:
    """Hold replicate cultures of `founders` cells each, drawn together.

    Parameters
    ----------
    mutation
        Probability per division of founding a mutant.
    """

    def __init__(self, founders: int, replicates: int, seed: int, mutation: float = 0.0) -> None:
        self.replicates = replicates
        self.pop = Population(1, 1, 2, capacity=2 * replicates)
        for tag in range(replicates):
            self.pop.add(TAG.bits(tag), 0, founders)
        effects = np.array([DIVIDE, DIE], np.int64)
        self._channels = Channels(effects, np.zeros_like(effects), CLASS, DIVISIONS_LEFT, CLONE, 0)
        alone = np.full((1, 2), -1, np.int32)
        self._where = Destinations.planted(alone, np.zeros(1, np.int32), np.zeros(0, np.int32), np.zeros(0))
        self._variants = Variants(np.array([_MUTANT.mask]), np.array([mutation]), 0, 0)
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
            births, deaths = alone(births_and_deaths)(tally, self._channels.effect)
            self.births += births
            self.deaths += deaths
            self._steps += 1

    def cells(self, *, mutants_only: bool = False) -> Ints:
        """Return cells per replicate, shape (replicates,)."""
        top = self.pop.top
        code, cells = self.pop.code[:top], self.pop.cells[:top].astype(float)
        if mutants_only:
            cells = np.where(_MUTANT.of(code), cells, 0.0)
        return np.bincount(TAG.of(code), cells, self.replicates).astype(np.int64)
