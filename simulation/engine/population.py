"""Columns of cohorts, and the strata that hold them.

A cohort is one row: an integer number of like cells in one place. Rows never move, so a handle may keep its row
number; a row is free when its `cells` are 0. Rows of equal place and discrete traits (`code`) form a stratum: a
doubly linked chain found through an open-addressing hash table. `deposit_parcels` lets each parcel of cells join
the cohort most like it, or found one.
"""

from dataclasses import dataclass, field, fields
from typing import Self

import numpy as np
import numpy.typing as npt
from numba import njit

from simulation.engine.keyed_random import mix

__all__ = ["Parcels", "Population", "Resolution", "deposit_parcels", "unlink"]

# Slots of `Population.meta`.
FREE, TOP, N_STRATA, NEXT_UID, N_AGENTS, NEXT_CLONE = range(6)
_META = 8

Ints = npt.NDArray[np.int64]
Ints32 = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Resolution:
    """Say how finely cohorts resolve continuous traits; results may not depend on it."""

    agents_per_stratum: int = 3
    max_cells: int = 0  # cells per agent; 0 = no limit, 1 = every agent is one cell
    trait_tolerance: float = 0.01  # cohorts closer than this in every trait are one cohort


@dataclass(slots=True)
class Parcels:
    """Buffer the cells that leave their cohort in a step, until all draws are made."""

    code: Ints
    place: Ints32
    cells: Ints
    traits: Floats
    stratum: Ints32  # where it goes; found for all parcels at once
    count: Ints = field(default_factory=lambda: np.zeros(1, np.int64))

    @classmethod
    def empty(cls, capacity: int, n_traits: int) -> Self:
        """Return a buffer for `capacity` parcels."""
        return cls(
            np.zeros(capacity, np.int64),
            np.zeros(capacity, np.int32),
            np.zeros(capacity, np.int64),
            np.zeros((capacity, n_traits)),
            np.zeros(capacity, np.int32),
        )


@dataclass(slots=True)
class Population:
    """Hold all cohorts of one simulated patient in columns.

    Attributes have shape (capacity,) unless said: `traits` is (capacity, n_traits), `hazard` is (capacity,
    n_channels), per cell per day. Strata have columns of their own (`s_*`), and `table` is the hash table from
    (place, code) to stratum.
    """

    n_traits: int
    n_channels: int
    resolution: Resolution
    capacity: int = 1024
    cells: Ints = field(init=False)
    code: Ints = field(init=False)
    place: Ints32 = field(init=False)
    uid: Ints = field(init=False)
    serial: Ints = field(init=False)
    stratum: Ints32 = field(init=False)
    following: Ints32 = field(init=False)
    previous: Ints32 = field(init=False)
    traits: Floats = field(init=False)
    hazard: Floats = field(init=False)
    s_code: Ints = field(init=False)
    s_place: Ints32 = field(init=False)
    s_head: Ints32 = field(init=False)
    s_count: Ints32 = field(init=False)
    s_serial: Ints = field(init=False)
    table: Ints32 = field(init=False)
    meta: Ints = field(init=False)
    parcels: Parcels = field(init=False)

    def __post_init__(self) -> None:
        n = self.capacity
        self.cells, self.code = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self.uid, self.serial = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self.place, self.stratum = np.zeros(n, np.int32), np.zeros(n, np.int32)
        self.following, self.previous = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
        self.traits = np.zeros((n, self.n_traits))
        self.hazard = np.zeros((n, self.n_channels))
        self.s_code, self.s_place = np.zeros(n, np.int64), np.zeros(n, np.int32)
        self.s_head, self.s_count = np.full(n, -1, np.int32), np.zeros(n, np.int32)
        self.s_serial = np.zeros(n, np.int64)
        self.table = _empty_table(n)
        self.meta = np.zeros(_META, np.int64)
        self.meta[FREE] = -1
        self.meta[NEXT_UID] = 1
        self.meta[NEXT_CLONE] = 1
        self.parcels = Parcels.empty(4096, self.n_traits)

    @property
    def top(self) -> int:
        """Return the number of rows ever used; rows below it may be free."""
        return int(self.meta[TOP])

    @property
    def n_agents(self) -> int:
        """Return the number of cohorts alive."""
        return int(self.meta[N_AGENTS])

    def rows(self) -> npt.NDArray[np.intp]:
        """Return the rows of living cohorts, ascending, shape (n_agents,)."""
        return np.flatnonzero(self.cells[: self.top])

    def total_cells(self) -> int:
        """Return all cells of all cohorts."""
        return int(self.cells[: self.top].sum())

    def add(self, code: int, place: int, cells: int, traits: Floats | None = None) -> None:
        """Put `cells` cells into a place; they join a like cohort or found one.

        Raises
        ------
        ValueError
            If `cells` is negative.
        """
        if cells < 0:
            raise ValueError(f"cells must be >= 0, got {cells}")
        if cells == 0:
            return
        parcels, at = self.parcels, int(self.parcels.count[0])
        if at >= parcels.code.size:
            self.settle()
            at = 0
        parcels.code[at], parcels.place[at], parcels.cells[at] = code, place, cells
        parcels.traits[at] = 0.0 if traits is None else traits
        parcels.count[0] = at + 1
        self.settle()

    def settle(self) -> None:
        """Deposit every waiting parcel, growing the columns when they are full."""
        parcels, start, in_parcel = self.parcels, 0, 0
        while True:
            start, in_parcel = deposit_parcels(
                start, in_parcel, parcels.code, parcels.place, parcels.cells, parcels.traits, parcels.stratum, parcels.count,
                self.cells, self.code, self.place, self.uid, self.serial, self.stratum, self.following,
                self.previous, self.traits, self.s_code, self.s_place, self.s_head, self.s_count, self.s_serial,
                self.table, self.meta, self.resolution.agents_per_stratum, self.resolution.max_cells,
                self.resolution.trait_tolerance,
            )  # fmt: skip
            if start >= parcels.count[0]:
                break
            self._grow()
        parcels.count[0] = 0

    def consolidate(self) -> None:
        """Merge cohorts of a stratum that have become alike within the tolerance; nothing to do with one cell an agent."""
        if self.resolution.max_cells == 0:
            _consolidate(
                self.cells, self.stratum, self.following, self.previous, self.traits, self.s_head, self.s_count,
                self.meta, self.resolution.trait_tolerance,
            )  # fmt: skip

    def found(self, code: int, place: int, cells: int, traits: Floats) -> int:
        """Found a cohort of its own whatever its stratum holds, and return its row."""
        while self.meta[FREE] < 0 and self.meta[TOP] >= self.capacity - 1:
            self._grow()
        if self.meta[N_STRATA] >= self.s_code.size - 1:
            self._grow()
        stratum = int(_find_stratum(code, place, self.table, self.s_code, self.s_place, self.meta))
        row = _found(
            stratum, code, place, cells, self.cells, self.code, self.place, self.uid, self.serial,
            self.stratum, self.following, self.previous, self.s_head, self.s_count, self.s_serial, self.meta,
        )  # fmt: skip
        self.traits[row] = traits
        return int(row)

    def remove(self, row: int) -> None:
        """Take a cohort out; its row becomes free."""
        unlink(
            row, self.cells, self.stratum, self.following, self.previous, self.s_head, self.s_count, self.meta
        )

    def clear_hazards(self) -> None:
        """Set every hazard to zero before the processes of a step add theirs."""
        self.hazard[: self.top] = 0.0

    def _grow(self) -> None:
        """Double the columns; rebuild the hash table over strata that still hold cohorts."""
        old, self.capacity = self.capacity, 2 * self.capacity
        for name in ("cells", "code", "uid", "serial", "place", "stratum", "following", "previous"):
            column = getattr(self, name)
            grown = np.zeros(self.capacity, column.dtype)
            grown[:old] = column
            setattr(self, name, grown)
        for name in ("traits", "hazard"):
            matrix = getattr(self, name)
            grown = np.zeros((self.capacity, matrix.shape[1]))
            grown[:old] = matrix
            setattr(self, name, grown)
        for name in ("s_code", "s_place", "s_head", "s_count", "s_serial"):
            column = getattr(self, name)
            grown = np.full(2 * column.size, -1 if name == "s_head" else 0, column.dtype)
            grown[: column.size] = column
            setattr(self, name, grown)
        self.table = _empty_table(self.s_code.size)
        _rehash(self.table, self.s_code, self.s_place, self.meta)

    def ensure_parcel_room(self, room: int) -> None:
        """Grow the parcel buffer to hold `room` parcels."""
        if self.parcels.code.size < room:
            old = self.parcels
            grown = Parcels.empty(2 * room, self.n_traits)
            n = int(old.count[0])
            grown.code[:n], grown.place[:n] = old.code[:n], old.place[:n]
            grown.cells[:n], grown.traits[:n] = old.cells[:n], old.traits[:n]
            grown.count[0] = n
            self.parcels = grown

    def copy(self) -> "Population":
        """Return an independent copy: both go on with the same bytes."""
        twin = Population.__new__(Population)
        for f in fields(self):
            value = getattr(self, f.name)
            setattr(twin, f.name, value.copy() if isinstance(value, np.ndarray) else value)
        twin.parcels = Parcels.empty(self.parcels.code.size, self.n_traits)
        return twin


def _empty_table(strata: int) -> Ints32:
    """Return a hash table with room for so many strata at most half full; its size is a power of two."""
    return np.full(1 << (2 * strata - 1).bit_length(), -1, np.int32)


@njit(cache=True, error_model="numpy", forceinline=True)
def _slot_of(code: int, place: int, size: int) -> np.int64:
    h = mix(np.uint64(code) + np.uint64(place) * np.uint64(0x9E3779B97F4A7C15))
    return np.int64(h & np.uint64(size - 1))


@njit(cache=True, error_model="numpy")
def _find_stratum(
    code: int, place: int, table: Ints32, s_code: Ints, s_place: Ints32, meta: Ints
) -> np.int64:
    """Return the stratum of (place, code), making it when there is none."""
    slot = _slot_of(code, place, table.size)
    while True:
        stratum = table[slot]
        if stratum < 0:
            break
        if s_code[stratum] == code and s_place[stratum] == place:
            return np.int64(stratum)
        slot = (slot + 1) & (table.size - 1)
    made = np.int64(meta[N_STRATA])
    meta[N_STRATA] = made + 1
    s_code[made] = code
    s_place[made] = place
    table[slot] = made
    return made


@njit(cache=True, error_model="numpy")
def _rehash(table: Ints32, s_code: Ints, s_place: Ints32, meta: Ints) -> None:
    for stratum in range(meta[N_STRATA]):
        slot = _slot_of(s_code[stratum], s_place[stratum], table.size)
        while table[slot] >= 0:
            slot = (slot + 1) & (table.size - 1)
        table[slot] = stratum


@njit(cache=True, error_model="numpy")
def unlink(
    row: int, cells: Ints, stratum: Ints32, following: Ints32, previous: Ints32,
    s_head: Ints32, s_count: Ints32, meta: Ints,
) -> None:  # fmt: skip
    """Take a row out of its stratum and onto the list of free rows."""
    s = stratum[row]
    after, before = following[row], previous[row]
    if before >= 0:
        following[before] = after
    else:
        s_head[s] = after
    if after >= 0:
        previous[after] = before
    s_count[s] -= 1
    cells[row] = 0
    following[row] = meta[FREE]
    meta[FREE] = row
    meta[N_AGENTS] -= 1


@njit(cache=True, error_model="numpy")
def _found(
    s: int, code: int, place: int, n: int, cells: Ints, codes: Ints, places: Ints32, uid: Ints, serial: Ints,
    stratum: Ints32, following: Ints32, previous: Ints32, s_head: Ints32, s_count: Ints32, s_serial: Ints,
    meta: Ints,
) -> int:  # fmt: skip
    """Make a cohort at the head of stratum `s` and return its row; the caller has seen to the room."""
    row = meta[FREE]
    if row >= 0:
        meta[FREE] = following[row]
    else:
        row = meta[TOP]
        meta[TOP] = row + 1
    head = s_head[s]
    cells[row], codes[row], places[row] = n, code, place
    uid[row] = meta[NEXT_UID]
    meta[NEXT_UID] += 1
    serial[row] = s_serial[s]
    s_serial[s] += 1
    stratum[row] = s
    following[row], previous[row] = head, -1
    if head >= 0:
        previous[head] = row
    s_head[s] = row
    s_count[s] += 1
    meta[N_AGENTS] += 1
    return row


@njit(cache=True, error_model="numpy", forceinline=True)
def _distance(a: Floats, i: int, b: Floats, j: int) -> float:
    # Rows are named by index throughout: a view of a row costs more than the arithmetic on it.
    worst = 0.0
    for t in range(a.shape[1]):
        worst = max(worst, abs(a[i, t] - b[j, t]))
    return worst


@njit(cache=True, error_model="numpy", forceinline=True)
def _join(row: int, n: int, values: Floats, at: int, cells: Ints, traits: Floats) -> None:
    """Add cells to a cohort, averaging continuous traits by cells."""
    total = cells[row] + n
    share = n / total
    for t in range(values.shape[1]):
        traits[row, t] += share * (values[at, t] - traits[row, t])
    cells[row] = total


@njit(cache=True, error_model="numpy")
def _consolidate(
    cells: Ints, stratum: Ints32, following: Ints32, previous: Ints32, traits: Floats, s_head: Ints32, s_count: Ints32,
    meta: Ints, tolerance: float,
) -> None:  # fmt: skip
    for s in range(meta[N_STRATA]):
        if s_count[s] < 2:
            continue
        a = s_head[s]
        while a >= 0:
            b = following[a]
            while b >= 0:
                after = following[b]
                if _distance(traits, a, traits, b) <= tolerance:
                    _join(a, cells[b], traits, b, cells, traits)
                    unlink(b, cells, stratum, following, previous, s_head, s_count, meta)
                b = after
            a = following[a]


@njit(cache=True, error_model="numpy")
def deposit_parcels(
    start: int, done: int, p_code: Ints, p_place: Ints32, p_cells: Ints, p_traits: Floats, p_stratum: Ints32,
    p_count: Ints, cells: Ints, codes: Ints, places: Ints32, uid: Ints, serial: Ints, stratum: Ints32, following: Ints32,
    previous: Ints32, traits: Floats, s_code: Ints, s_place: Ints32, s_head: Ints32, s_count: Ints32,
    s_serial: Ints, table: Ints32, meta: Ints, cap: int, max_cells: int, tolerance: float,
) -> tuple[int, int]:  # fmt: skip
    """Let parcels from index `start` on join or found cohorts; conserve cells exactly.

    Returns
    -------
    (next parcel, cells of it already placed)
        The next parcel equals the count when all is done; otherwise the columns are full and must grow.
    """
    # Strata first, in a loop of its own: these look-ups do not wait for each other.
    found = start
    while found < p_count[0] and meta[N_STRATA] < s_code.size - 1:
        p_stratum[found] = _find_stratum(p_code[found], p_place[found], table, s_code, s_place, meta)
        found += 1
    for i in range(start, found):
        code, place, s = p_code[i], p_place[i], p_stratum[i]
        left = p_cells[i] - done
        if max_cells > 0:
            while left > 0:
                if meta[FREE] < 0 and meta[TOP] >= cells.size - 1:
                    return i, p_cells[i] - left
                n = min(left, max_cells)
                row = _found(
                    s, code, place, n, cells, codes, places, uid, serial, stratum, following, previous,
                    s_head, s_count, s_serial, meta,
                )  # fmt: skip
                for t in range(traits.shape[1]):
                    traits[row, t] = p_traits[i, t]
                left -= n
            done = 0
            continue
        nearest, near = -1, np.inf
        row = s_head[s]
        while row >= 0:
            d = _distance(traits, row, p_traits, i)
            if d < near:
                nearest, near = row, d
            row = following[row]
        if nearest >= 0 and near <= tolerance:
            _join(nearest, left, p_traits, i, cells, traits)
            continue
        if s_count[s] >= cap:
            # Above the cap the two most alike are merged: either the parcel with its nearest, or two residents.
            first, second, closest = -1, -1, near
            a = s_head[s]
            while a >= 0:
                b = following[a]
                while b >= 0:
                    d = _distance(traits, a, traits, b)
                    if d < closest:
                        first, second, closest = a, b, d
                    b = following[b]
                a = following[a]
            if first < 0:
                _join(nearest, left, p_traits, i, cells, traits)
                continue
            _join(first, cells[second], traits, second, cells, traits)
            unlink(second, cells, stratum, following, previous, s_head, s_count, meta)
        elif meta[FREE] < 0 and meta[TOP] >= cells.size - 1:
            return i, 0
        row = _found(
            s, code, place, left, cells, codes, places, uid, serial, stratum, following, previous, s_head,
            s_count, s_serial, meta,
        )  # fmt: skip
        for t in range(traits.shape[1]):
            traits[row, t] = p_traits[i, t]
    return found, done if found == start else 0
