"""The working arrays of a draw: made once for a body, used by every stratum of every step."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulation.engine.compiled import Addresses, inner, row, table
from simulation.engine.draws import Row
from simulation.engine.population import Floats, Ints

__all__ = ["N_SCRATCH", "Scratch", "scratch_at"]


class Scratch(NamedTuple):
    """Hold the numbers of one stratum while it draws, shape (n_places,) each unless said.

    `rest` (n_channels, n_places) sums the hazards of the channels that come later, `active` lists the open ones,
    `lowest` and `highest` bound the places where each is open, `node` is the tree of a group and `branch` the
    states of its nodes, `draws` what draws work with.
    """

    state: npt.NDArray[np.uint64]
    rate: Floats
    share: Floats
    stay: Floats
    excess: Floats
    there: Ints
    leavers: Ints
    born: Ints
    taken: Ints
    part: Ints
    node: Ints
    active: Ints
    lowest: Ints
    highest: Ints
    rest: Floats
    branch: npt.NDArray[np.uint64]
    draws: Row

    @classmethod
    def of(cls, n_places: int, n_channels: int) -> "Scratch":
        """Return empty ones."""
        floats = (np.zeros(n_places) for _ in range(4))
        ints = (np.zeros(n_places, np.int64) for _ in range(5))
        lists = (np.zeros(size, np.int64) for size in (2 * n_places + 2, n_channels, n_channels, n_channels))
        rest, branch = np.zeros((n_channels, n_places)), np.zeros(n_places, np.uint64)
        parts = (np.zeros(n_places, np.uint64), *floats, *ints, *lists, rest, branch)
        return cls(*parts, Row.of(n_places))  # type: ignore[arg-type, call-arg]


N_SCRATCH = len(Scratch._fields) - 1 + len(Row._fields)  # addresses: `draws` is a row of arrays itself


@inner(forceinline=True)
def scratch_at(at: Addresses, i: int) -> Scratch:
    """Return the scratch whose addresses begin at number i."""
    return Scratch(
        row(at, i, np.uint64), row(at, i + 1, np.float64), row(at, i + 2, np.float64), row(at, i + 3, np.float64),
        row(at, i + 4, np.float64), row(at, i + 5, np.int64), row(at, i + 6, np.int64), row(at, i + 7, np.int64),
        row(at, i + 8, np.int64), row(at, i + 9, np.int64), row(at, i + 10, np.int64), row(at, i + 11, np.int64),
        row(at, i + 12, np.int64), row(at, i + 13, np.int64), table(at, i + 14, np.float64),
        row(at, i + 15, np.uint64),
        Row(
            row(at, i + 16, np.float64), row(at, i + 17, np.float64), row(at, i + 18, np.float64),
            row(at, i + 19, np.float64), row(at, i + 20, np.float64), row(at, i + 21, np.float64),
            row(at, i + 22, np.int64),
        ),
    )  # fmt: skip
