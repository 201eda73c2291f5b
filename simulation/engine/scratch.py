"""The working arrays of a draw: made once for a body, used by every stratum of every step."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulation.engine.population import Floats, Ints
from simulation.engine.row_draws import Row
from simulation.engine.views import FLOATS, FLOATS2, INTS, KEYS, View

__all__ = ["SCRATCH", "Scratch"]


class Scratch(NamedTuple):
    """Hold the numbers of one stratum while it draws, shape (n_places,) each unless said.

    `rest` (n_channels, n_places) sums the hazards of the channels that come later, `active` lists the open ones,
    `lowest` and `highest` bound the places where each is open, `node` is the tree of a group, `expected` the means of its nodes
    and `branch` their states, `late` how much of the step those that leave have left by their mean, `draws` what draws
    work with.
    """

    state: npt.NDArray[np.uint64]
    rate: Floats
    share: Floats
    stay: Floats
    excess: Floats
    late: Floats
    there: Ints
    leavers: Ints
    born: Ints
    taken: Ints
    part: Ints
    node: Ints
    expected: Floats
    active: Ints
    lowest: Ints
    highest: Ints
    rest: Floats
    branch: npt.NDArray[np.uint64]
    draws: Row

    @classmethod
    def of(cls, n_places: int, n_channels: int) -> "Scratch":
        """Return empty ones."""
        floats = (np.zeros(n_places) for _ in range(5))
        ints = (np.zeros(n_places, np.int64) for _ in range(5))
        trees = np.zeros(2 * n_places + 2, np.int64), np.zeros(2 * n_places + 2)
        lists = (np.zeros(n_channels, np.int64) for _ in range(3))
        rest, branch = np.zeros((n_channels, n_places)), np.zeros(n_places, np.uint64)
        parts = (np.zeros(n_places, np.uint64), *floats, *ints, *trees, *lists, rest, branch)
        return cls(*parts, Row.of(n_places))  # type: ignore[arg-type, call-arg]

    def arrays(self) -> list[npt.NDArray[Any]]:
        """Return all of them, as `SCRATCH` finds them."""
        return [*self[:-1], *self.draws]


_ROW = View(Row, *[FLOATS] * 6, INTS)
SCRATCH = View(Scratch, KEYS, *[FLOATS] * 5, *[INTS] * 6, FLOATS, *[INTS] * 3, FLOATS2, KEYS, _ROW)
