"""The table of places: the same rules in all of them; only the fields differ."""

from copy import copy
from enum import IntEnum

import numpy as np

from simulation.engine.population import Floats, Ints32
from simulation.engine.rules import Destinations

__all__ = ["FIELDS", "PlaceKind", "Places"]


class PlaceKind(IntEnum):
    """Name the kinds of place; the places of a kind are also a group that cells move to (`Channel.TO_*`)."""

    MARROW = 0
    BLOOD = 1
    LYMPHOID = 2
    TISSUE = 3
    EXTRAMEDULLARY = 4
    WELL = 5


# Rows of `Places.table`.
FIELDS = ("access", "room", "blast_capacity", "normal", "normal_b", "drug_partition")
ACCESS, ROOM, BLAST_CAPACITY, NORMAL, NORMAL_B, DRUG_PARTITION = range(len(FIELDS))


class Places:
    """Hold the fields of every place, shape (n_places,) each; `table` (fields, n_places) holds them all.

    Niches of the marrow come first, in row-major order.

    Parameters
    ----------
    rows, columns
        The grid of niches.
    kind
        The kind of every place.
    access
        Access of T cells and drug relative to a typical place (perfusion; low in a sanctuary).
    room
        Nucleated cells that a healthy place holds.
    blast_capacity
        Blasts at which net growth ends; 0: blasts do not grow there.
    normal, normal_b
        Healthy nucleated cells and CD19+ normal B-lineage cells (fields, not agents).
    drug_partition
        Drug here relative to plasma.
    """

    access: Floats
    room: Floats
    blast_capacity: Floats
    normal: Floats
    normal_b: Floats
    drug_partition: Floats

    def __init__(
        self, rows: int, columns: int, kind: Ints32, access: Floats, room: Floats, blast_capacity: Floats,
        normal: Floats, normal_b: Floats, drug_partition: Floats,
    ) -> None:  # fmt: skip
        self.rows, self.columns, self.kind = rows, columns, kind
        self._use(np.array([access, room, blast_capacity, normal, normal_b, drug_partition], float))
        kinds = kind.tolist()
        self._first = {k: kinds.index(k) for k in set(kinds)}
        self.destinations = _destinations(rows, columns, kind, access)

    def _use(self, table: Floats) -> None:
        self.table = table
        self.__dict__.update(zip(FIELDS, table, strict=True))

    @property
    def n(self) -> int:
        """Return the number of places."""
        return int(self.kind.size)

    @property
    def n_niches(self) -> int:
        """Return the number of marrow niches."""
        return self.rows * self.columns

    def index(self, kind: PlaceKind) -> int:
        """Return the first place of a kind, or -1 when there is none."""
        return self._first.get(kind, -1)

    @property
    def marrow(self) -> slice:
        """Return the slice of the marrow niches in every field."""
        return slice(0, self.rows * self.columns)

    def copy(self) -> "Places":
        """Return a copy whose fields change independently (the geometry is shared: it never changes)."""
        twin = copy(self)
        twin._use(self.table.copy())
        return twin


def _destinations(rows: int, columns: int, kind: Ints32, access: Floats) -> Destinations:
    """Return where cells may go: to a neighbour niche, or to the places of a kind, by their access."""
    members = [np.flatnonzero(kind == group) for group in PlaceKind]
    weights = [access[m] / (access[m].sum() or 1.0) for m in members]
    start = np.concatenate([[0], np.cumsum([m.size for m in members])]).astype(np.int32)
    member = np.concatenate(members).astype(np.int32)
    near = _torus_neighbours(rows, columns, kind.size)
    return Destinations.planted(near, start, member, np.concatenate(weights))


def _torus_neighbours(rows: int, columns: int, n_places: int) -> Ints32:
    """Return the four neighbours of every niche on a torus, shape (n_places, 4), -1 where there is none."""
    table = np.full((n_places, 4), -1, np.int32)
    index = np.arange(rows * columns).reshape(rows, columns)
    shifted = [
        np.roll(index, s, axis=a).ravel()
        for a, size in ((0, rows), (1, columns))
        for s in (1, -1)
        if size > 1
    ]
    for k, column in enumerate(shifted):
        table[: index.size, k] = column
    return table
