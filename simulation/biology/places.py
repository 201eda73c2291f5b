"""The kinds of place, and the table of a body's places: the same rules in all of them; only the fields differ."""

from copy import copy
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Self

import numpy as np

from simulation.engine.population import Floats, Ints32
from simulation.engine.rules import Destinations

__all__ = ["FIELDS", "PlaceKind", "Places", "Site"]


@dataclass(frozen=True, slots=True)
class Site:
    """Declare a kind of place by the names of its parameters; an empty name is none.

    Parameters
    ----------
    cells
        The nucleated cells that it holds in a healthy body.
    access
        Access of T cells and drug relative to a typical place; empty: as there.
    drug
        Drug relative to plasma; empty: as in plasma.
    t_cells, blasts
        Rates per day at which they come from the blood and go back into it.
    by_size
        Whether T cells come at the rate of the marrow's, for its size and access.
    blasts_grow
        Whether blasts grow there, up to the number of its healthy cells.
    optional
        Whether a body does without it where a scenario says so, or where it would hold less than one cell.
    """

    cells: str = ""
    access: str = ""
    drug: str = ""
    t_cells: tuple[str, str] = ("", "")
    blasts: tuple[str, str] = ("", "")
    by_size: bool = False
    blasts_grow: bool = False
    optional: bool = False


class PlaceKind(IntEnum):
    """Declare the kinds of place; the places of a kind are also a group that cells move to (`channels.TO_KIND`)."""

    _value_: int
    site: Site

    def __new__(cls, site: Site) -> Self:
        """Give a kind its number: they stand in their order."""
        kind = int.__new__(cls, len(cls.__members__))
        kind._value_, kind.site = int(kind), site
        return kind

    BLOOD = Site(cells="n_blood_cells")  # the hub: all others exchange cells with it
    # A grid of niches, which differ in access; its room goes with the body's weight (`body/anatomy.py`).
    MARROW = Site(
        drug="partition_marrow",
        t_cells=("rate_blood_to_marrow", "rate_marrow_to_blood"),
        blasts=("rate_blast_blood_to_marrow", "rate_blast_to_blood"),
    )
    LYMPHOID = Site(
        cells="n_lymphoid_cells",
        drug="partition_lymphoid",
        t_cells=("rate_blood_to_lymphoid", "rate_lymphoid_to_blood"),
    )
    TISSUE = Site(drug="partition_tissue", t_cells=("rate_blood_to_tissue", "rate_tissue_to_blood"))
    EXTRAMEDULLARY = Site(
        cells="n_extramedullary_cells",
        access="access_extramedullary",
        drug="partition_marrow",
        t_cells=("rate_blood_to_marrow", "rate_marrow_to_blood"),
        blasts=("rate_blast_blood_to_extramedullary", "rate_blast_to_blood"),
        by_size=True,
        blasts_grow=True,
        optional=True,
    )
    WELL = Site()  # of a culture: no part of a body


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


@cache
def _torus_neighbours(rows: int, columns: int, n_places: int) -> Ints32:
    """Return the four neighbours of every niche on a torus, shape (n_places, 4), -1 where there is none; one table for all."""
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
