"""Columns of cohorts, and the strata that hold them.

A cohort is one row: an integer number of like cells in one place. Rows never move, so a handle may keep its row
number; a row is free when its `cells` are 0. Rows of equal place and discrete traits (`code`) form a stratum: a
doubly linked chain found through an open-addressing hash table. `deposit_parcels` lets each parcel of cells join
the cohort most like it, or found one.
"""

from collections.abc import Callable
from copy import copy
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from numba import njit

from simulation.engine.keyed_random import mix

__all__ = ["Columns", "Parcels", "Population", "Resolution", "Strata", "deposit_parcels", "plain", "unlink"]

# Slots of `Population.meta`.
FREE, TOP, N_STRATA, NEXT_UID, N_AGENTS, NEXT_CLONE = range(6)
_META = 8
_PARCELS = 4096  # room for so many at first

Ints = npt.NDArray[np.int64]
Ints32 = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


def _int64(n: int) -> Ints:
    return np.zeros(n, np.int64)


def _int32(n: int) -> Ints32:
    return np.zeros(n, np.int32)


class Resolution(NamedTuple):
    """Say how finely cohorts resolve continuous traits; results may not depend on it."""

    agents_per_stratum: int = 3
    max_cells: int = 0  # cells per agent; 0 = no limit, 1 = every agent is one cell
    trait_tolerance: float = 0.01  # cohorts closer than this in every trait are one cohort


class Columns(NamedTuple):
    """Hold one row per cohort, shape (capacity,); `traits` (capacity, n_traits); `hazard` (capacity, n_channels), per day."""

    cells: Ints
    code: Ints
    place: Ints32
    uid: Ints
    serial: Ints
    stratum: Ints32
    following: Ints32
    previous: Ints32
    traits: Floats
    hazard: Floats


class Strata(NamedTuple):
    """Hold one row per stratum, shape (strata,) each, and the hash table from (place, code) to stratum."""

    code: Ints
    place: Ints32
    head: Ints32
    size: Ints32  # cohorts
    serial: Ints
    table: Ints32


class Parcels(NamedTuple):
    """Buffer the cells that leave their cohort in a step, until all draws are made; shape (capacity,) each."""

    code: Ints
    place: Ints32
    cells: Ints
    stratum: Ints32  # where it goes; looked up for all parcels at once
    traits: Floats  # shape (capacity, n_traits)
    waiting: Ints  # shape (1,): how many there are

    @classmethod
    def empty(cls, capacity: int, n_traits: int) -> Self:
        """Return a buffer for `capacity` parcels."""
        n = capacity
        return cls(_int64(n), _int32(n), _int64(n), _int32(n), np.zeros((n, n_traits)), _int64(1))


class Population:
    """Hold all cohorts of one simulated patient.

    The columns are attributes as well: `pop.cells` is `pop.columns.cells`. They are other arrays after a step in which they grew.
    """

    cells: Ints
    code: Ints
    place: Ints32
    uid: Ints
    serial: Ints
    traits: Floats
    hazard: Floats
    columns: Columns

    def __init__(self, n_traits: int, n_channels: int, resolution: Resolution, capacity: int = 1024) -> None:
        self.resolution = resolution
        n = capacity
        self._use(
            Columns(
                _int64(n), _int64(n), _int32(n), _int64(n), _int64(n), _int32(n), _int32(n), _int32(n), np.zeros((n, n_traits)),
                np.zeros((n, n_channels)),
            )
        )  # fmt: skip
        self.strata = Strata(_int64(n), _int32(n), _int32(n), _int32(n), _int64(n), _empty_table(n))
        self.meta = _int64(_META)
        self.meta[FREE] = -1
        self.meta[NEXT_UID] = self.meta[NEXT_CLONE] = 1
        self.parcels = Parcels.empty(_PARCELS, n_traits)

    def _use(self, columns: Columns) -> None:
        self.columns = columns
        self.__dict__.update(columns._asdict())

    @property
    def capacity(self) -> int:
        """Return the number of rows that there is room for."""
        return self.cells.size

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
        parcels, at = self.parcels, int(self.parcels.waiting[0])
        if at >= parcels.code.size:
            self.settle()
            at = 0
        parcels.code[at], parcels.place[at], parcels.cells[at] = code, place, cells
        parcels.traits[at] = 0.0 if traits is None else traits
        parcels.waiting[0] = at + 1
        self.settle()

    def settle(self, *, consolidate: bool = False) -> None:
        """Deposit every waiting parcel, growing the columns when they are full.

        Then merge, if asked, cohorts of a stratum that have become alike; nothing to do with one cell an agent.
        """
        start = placed = 0
        cap, max_cells, tolerance = self.resolution
        merge = consolidate and max_cells == 0
        while True:
            start, placed = deposit_parcels(
                start, placed, plain(self.parcels), plain(self.columns), plain(self.strata), self.meta, cap, max_cells,
                tolerance, merge,
            )  # fmt: skip
            if start >= self.parcels.waiting[0]:
                break
            self._grow()
        self.parcels.waiting[0] = 0

    def found(self, code: int, place: int, cells: int, traits: Floats) -> int:
        """Found a cohort of its own whatever its stratum holds, and return its row."""
        while self.meta[FREE] < 0 and self.meta[TOP] >= self.capacity - 1:
            self._grow()
        if self.meta[N_STRATA] >= self.strata.code.size - 1:
            self._grow()
        c, s = self.columns, self.strata
        stratum = int(_find_stratum(code, place, s.code, s.place, s.head, s.table, self.meta))
        row = int(
            _new_cohort(
                stratum, code, place, cells, c.cells, c.code, c.place, c.uid, c.serial, c.stratum, c.following, c.previous,
                s.head, s.size, s.serial, self.meta,
            )
        )  # fmt: skip
        self.traits[row] = traits
        return row

    def remove(self, row: int) -> None:
        """Take a cohort out; its row becomes free."""
        c, s = self.columns, self.strata
        unlink(row, c.cells, c.stratum, c.following, c.previous, s.head, s.size, self.meta)

    def clear_hazards(self) -> None:
        """Set every hazard to zero before the processes of a step add theirs."""
        self.hazard[: self.top] = 0.0

    def _grow(self) -> None:
        """Double the columns; rebuild the hash table over strata that still hold cohorts."""
        self._use(_each(self.columns, _twice))
        self.strata = _each(self.strata, _twice)._replace(table=_empty_table(2 * self.strata.code.size))
        _rehash(self.strata.code, self.strata.place, self.strata.table, self.meta)

    def ensure_parcel_room(self, room: int) -> None:
        """Grow the parcel buffer to hold `room` parcels."""
        while self.parcels.code.size < room:
            self.parcels = _each(self.parcels, _twice)._replace(waiting=self.parcels.waiting)

    def copy(self) -> "Population":
        """Return an independent copy: both go on with the same bytes."""
        twin = copy(self)
        twin._use(_each(self.columns, np.copy))
        twin.strata = _each(self.strata, np.copy)
        twin.meta = self.meta.copy()
        twin.parcels = Parcels.empty(self.parcels.code.size, self.traits.shape[1])
        return twin


def plain[T: tuple[Any, ...]](named: T) -> T:
    """Return a NamedTuple as the plain tuple that kernels take.

    Looking up the type of a NamedTuple costs 2 us a call, and in a kernel each use of one of its arrays counts references.
    """
    return tuple(named)  # type: ignore[return-value]


def _each[T: tuple[Any, ...]](named: T, change: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> T:
    """Return the NamedTuple of what each of its arrays becomes."""
    return type(named)(*map(change, named))


def _twice(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a copy with as many rows of zeros after it."""
    return np.concatenate([column, np.zeros_like(column)])


def _empty_table(strata: int) -> Ints32:
    """Return a hash table with room for so many strata at most half full; its size is a power of two."""
    return np.full(1 << (2 * strata - 1).bit_length(), -1, np.int32)


@njit(cache=True, error_model="numpy", forceinline=True)
def _slot_of(code: int, place: int, size: int) -> np.int64:
    h = mix(np.uint64(code) + np.uint64(place) * np.uint64(0x9E3779B97F4A7C15))
    return np.int64(h & np.uint64(size - 1))


@njit(cache=True, error_model="numpy")
def _find_stratum(
    code: int, place: int, s_code: Ints, s_place: Ints32, s_head: Ints32, table: Ints32, meta: Ints
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
    new = np.int64(meta[N_STRATA])
    meta[N_STRATA] = new + 1
    s_code[new] = code
    s_place[new] = place
    s_head[new] = -1
    table[slot] = new
    return new


@njit(cache=True, error_model="numpy")
def _rehash(s_code: Ints, s_place: Ints32, table: Ints32, meta: Ints) -> None:
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
def _new_cohort(
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
    start: int, placed: int, parcels: Parcels, cohorts: Columns, strata: Strata, meta: Ints, cap: int, max_cells: int,
    tolerance: float, consolidate: bool,
) -> tuple[int, int]:  # fmt: skip
    """Let parcels from index `start` on join or found cohorts, then merge like cohorts if asked; conserve cells exactly.

    Returns
    -------
    (next parcel, cells of it already placed)
        The next parcel equals the count when all is done; otherwise the columns are full and must grow.
    """
    p_code, p_place, p_cells, p_stratum, p_traits, p_count = parcels
    cells, codes, places, uid, serial, stratum, following, previous, traits, _ = cohorts
    s_code, s_place, s_head, s_count, s_serial, table = strata
    # Strata first, in a loop of its own: these look-ups do not wait for each other.
    end = start
    while end < p_count[0] and meta[N_STRATA] < s_code.size - 1:
        p_stratum[end] = _find_stratum(p_code[end], p_place[end], s_code, s_place, s_head, table, meta)
        end += 1
    for i in range(start, end):
        code, place, s = p_code[i], p_place[i], p_stratum[i]
        left = p_cells[i] - placed
        if max_cells > 0:
            while left > 0:
                if meta[FREE] < 0 and meta[TOP] >= cells.size - 1:
                    return i, p_cells[i] - left
                n = min(left, max_cells)
                row = _new_cohort(
                    s, code, place, n, cells, codes, places, uid, serial, stratum, following, previous,
                    s_head, s_count, s_serial, meta,
                )  # fmt: skip
                for t in range(traits.shape[1]):
                    traits[row, t] = p_traits[i, t]
                left -= n
            placed = 0
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
        row = _new_cohort(
            s, code, place, left, cells, codes, places, uid, serial, stratum, following, previous, s_head,
            s_count, s_serial, meta,
        )  # fmt: skip
        for t in range(traits.shape[1]):
            traits[row, t] = p_traits[i, t]
    if consolidate and end == p_count[0]:
        _consolidate(cells, stratum, following, previous, traits, s_head, s_count, meta, tolerance)
    return end, placed if end == start else 0
