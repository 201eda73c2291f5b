"""Cells by stratum and place.

A stratum is what cells of equal discrete traits (`code`) have in common; in each place its cells are one agent, an integer
number of like cells. Counts are a dense table, so that cells which move are added where they arrive. An agent's row is
`stratum * n_places + place`: it never changes, and a row whose `cells` are 0 is free. With one cell an agent, every cell is a
stratum of its own.
"""

from collections.abc import Sequence
from copy import copy
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simulation.engine.compiled import Addresses, addresses, alone, inner, kernel
from simulation.engine.keyed_random import mix
from simulation.engine.views import FLOATS2, FLOATS3, INTS, INTS2, INTS32, View

__all__ = ["COLUMNS", "MOST_BYTES", "Columns", "Population", "bounds", "clear", "stratum_of"]

# Slots of `Population.meta`.
N_STRATA, N_FREE, NEXT_UID, NEXT_CLONE, NEXT_SERIAL, SINGLE_CELLS = range(6)
_META = 8
MOST_BYTES = 8 << 30  # that the tables may take
_FREE = -1  # the code of a stratum that may be used for another

Ints = npt.NDArray[np.int64]
Ints32 = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Int = int | np.int64  # Python's where nothing is compiled


class Columns(NamedTuple):
    """Hold the tables; `arrived` and `arrived_traits` buffer what moves in a step, until all draws are made.

    Shapes: `cells`, `uid`, `arrived` (strata, places); `traits` and `arrived_traits`, the latter summed over cells,
    (n_traits, strata, places); `first`, `end`, the range of places that hold cells, `code`, `serial` and `free` (strata,).
    `traits_before` is where traits wait that are advanced to the middle of a step for a while, `traits_came` those, by their
    mean, of the cells that came in the last step: they are the ones that are owed time.
    `late` and `arrived_late`, the latter summed over cells, are of shape (strata, places), in steps: how much of the step in
    which they arrived the cells of an agent have still to live, by their mean.
    """

    cells: Ints
    code: Ints
    first: Ints
    end: Ints
    traits: Floats
    arrived: Ints
    arrived_traits: Floats
    traits_before: Floats
    traits_came: Floats
    late: Floats
    arrived_late: Floats
    uid: Ints
    serial: Ints
    free: Ints
    table: Ints32
    meta: Ints


COLUMNS = View(
    Columns, INTS2, INTS, INTS, INTS, FLOATS3, INTS2, *[FLOATS3] * 3, FLOATS2, FLOATS2, INTS2, INTS, INTS, INTS32, INTS,
)  # fmt: skip


class Population:
    """Hold all cells of one simulated patient.

    Parameters
    ----------
    n_places, n_traits, n_channels
        How many places there are, continuous traits of a cell, and channels of events.
    single_cells
        Whether every cell is an agent of its own.
    capacity
        Room for so many strata at first.

    `cells`, `code`, `place`, `uid` (rows,), `traits` (rows, n_traits) and `hazard` (rows, n_channels; per day) show the
    tables by row; after the tables have grown they are other arrays.
    """

    cells: Ints
    place: Ints32
    uid: Ints
    traits: Floats

    def __init__(
        self, n_places: int, n_traits: int, n_channels: int, *, single_cells: bool = False, capacity: int = 32
    ) -> None:
        self.n_places, self.n_channels = n_places, n_channels
        n, shape = capacity, (capacity, n_places)
        meta = np.zeros(_META, np.int64)
        meta[NEXT_UID] = meta[NEXT_CLONE] = meta[NEXT_SERIAL] = 1
        meta[SINGLE_CELLS] = single_cells
        self._use(
            Columns(
                cells=np.zeros(shape, np.int64),
                code=np.zeros(n, np.int64),
                first=np.zeros(n, np.int64),
                end=np.zeros(n, np.int64),
                traits=np.zeros((n_traits, *shape)),
                arrived=np.zeros(shape, np.int64),
                arrived_traits=np.zeros((n_traits, *shape)),
                traits_before=np.zeros((n_traits, *shape)),
                traits_came=np.zeros((n_traits, *shape)),
                late=np.zeros(shape),
                arrived_late=np.zeros(shape),
                uid=np.zeros(shape, np.int64),
                serial=np.zeros(n, np.int64),
                free=np.zeros(n, np.int64),
                table=_empty_table(n),
                meta=meta,
            )
        )

    def _use(self, columns: Columns) -> None:
        self.columns, self.meta, self._at = columns, columns.meta, addresses(columns)
        n_traits, strata, places = columns.traits.shape
        self.cells, self.uid = columns.cells.reshape(-1), columns.uid.reshape(-1)
        self.traits = columns.traits.reshape(n_traits, -1).T
        self.place = np.tile(np.arange(places, dtype=np.int32), strata)
        self._hazards: Floats | None = None
        self._by_row: Floats | None = None

    @property
    def code(self) -> Ints:
        """Return the code of every row, shape (rows,)."""
        return np.repeat(self.columns.code, self.n_places)

    @property
    def hazards(self) -> Floats:
        """Return the hazards per day, shape (strata, n_channels, places); made when first asked for."""
        if self._hazards is None:
            self._hazards = np.zeros((self.capacity, self.n_channels, self.n_places))
        if self._by_row is not None:  # what was written there
            self._hazards[:] = self._by_row.reshape(self.capacity, self.n_places, self.n_channels).swapaxes(
                1, 2
            )
            self._by_row = None
        return self._hazards

    @property
    def hazard(self) -> Floats:
        """Return the hazards per day by row, shape (rows, n_channels); what is written there counts from the next draw on."""
        if self._by_row is None:
            self._by_row = np.ascontiguousarray(self.hazards.swapaxes(1, 2)).reshape(-1, self.n_channels)
        return self._by_row

    @property
    def single_cells(self) -> bool:
        """Return whether every cell is an agent of its own."""
        return bool(self.meta.item(SINGLE_CELLS))

    @property
    def capacity(self) -> int:
        """Return the number of strata that there is room for."""
        return self.columns.code.size

    @property
    def top(self) -> int:
        """Return the number of rows ever used; rows below it may be free."""
        return int(self.meta[N_STRATA]) * self.n_places

    @property
    def n_agents(self) -> int:
        """Return the number of agents alive."""
        return int(np.count_nonzero(self.cells[: self.top]))

    def rows(self) -> npt.NDArray[np.intp]:
        """Return the rows of living agents, ascending, shape (n_agents,)."""
        return np.flatnonzero(self.cells[: self.top])

    def codes(self, rows: npt.NDArray[np.intp]) -> Ints:
        """Return the codes of some rows."""
        return self.columns.code[rows // self.n_places]

    def code_of(self, row: int) -> int:
        """Return the code of one row."""
        return self.columns.code.item(row // self.n_places)

    def total_cells(self) -> int:
        """Return all cells of all agents."""
        return int(self.cells[: self.top].sum())

    def add(self, code: int, place: int, cells: int, traits: Floats | None = None) -> int:
        """Put cells into a place; return the row they are in (of the last of them, with one cell an agent), or -1 for none.

        Raises
        ------
        ValueError
            If `cells` is negative.
        """
        if cells < 0:
            raise ValueError(f"cells must be >= 0, got {cells}")
        row = -1
        for _ in range(cells if self.single_cells else min(cells, 1)):
            row = self._put(code, place, np.array([1 if self.single_cells else cells]), traits)
        return row

    def add_along(self, code: int, cells: Sequence[int]) -> None:
        """Put cells without traits into the places from the first on, as `add` would one by one."""
        if self.single_cells:
            for place, n in enumerate(cells):
                self.add(code, place, n)
        elif any(cells):
            self._put(code, 0, np.array(cells, np.int64), None)

    def _put(self, code: int, place: int, cells: Ints, traits: Floats | None) -> int:
        """Put cells of one stratum into the places from `place` on, and return the row of the first."""
        self.reserve(1)
        stratum = int(_find(self._at, code))
        row = stratum * self.n_places + place
        if self._hazards is not None:  # what stands where no cells were is of an earlier step
            own = self._hazards[stratum]
            if self._by_row is not None:  # a rule may hold on to it
                own = self._by_row[row - place : row - place + self.n_places].T
            first, end = self.columns.first[stratum], self.columns.end[stratum]
            for i in (
                np.flatnonzero((cells > 0) & (self.cells[row : row + cells.size] == 0)) + place
            ).tolist():
                own[:, i] = own[:, i:first] = own[:, end:i] = 0.0
        values = np.zeros(self.traits.shape[1]) if traits is None else traits
        _add(self._at, stratum, place, cells, values)
        return row

    def new_uid(self) -> int:
        """Return a number that no agent ever had."""
        self.meta[NEXT_UID] += 1
        return int(self.meta[NEXT_UID]) - 1

    def remove(self, row: int) -> None:
        """Take an agent out; its row becomes free."""
        self.cells[row] = 0
        self.traits[row] = 0.0
        _find_bounds(self._at, row // self.n_places)

    def clear_hazards(self) -> None:
        """Set every hazard to zero before the processes of a step add theirs."""
        alone(clear)(self.hazards, self.columns)

    def reserve(self, strata: int) -> None:
        """See to it that so many new strata fit in: those without cells are used again, then the tables grow."""
        if self.room < strata:
            _free(self._at)
            while self.room < max(strata, self.capacity // 4):
                self._grow()

    @property
    def room(self) -> int:
        """Return how many new strata fit in."""
        return self.meta.item(N_FREE) + self.columns.code.size - self.meta.item(N_STRATA)

    @property
    def bytes_per_stratum(self) -> int:
        """Return what one more stratum takes in memory."""
        n_traits = self.traits.shape[1]
        return (
            self.n_places * (44 + 24 * n_traits + 16 * self.n_channels) + 60
        )  # hazards twice: they are shown by row, too

    def _grow(self) -> None:
        """Double the tables.

        Raises
        ------
        MemoryError
            If they would take more than `MOST_BYTES`.
        """
        if 2 * self.capacity * self.bytes_per_stratum > MOST_BYTES:
            raise MemoryError(
                f"{self.capacity:,} agents in {self.n_places} places: more would take over {MOST_BYTES >> 30} GiB"
            )
        wider = {
            name: _twice(column, -2 if column.ndim > 1 else 0)
            for name, column in self.columns._asdict().items()
            if name not in ("table", "meta")
        }
        hazards = None if self._hazards is None else self.hazards
        self._use(Columns(**wider, table=_empty_table(2 * self.capacity), meta=self.meta))
        self._hazards = None if hazards is None else _twice(hazards, 0)
        if not self.single_cells:
            _find_anew(self._at)

    def copy(self) -> "Population":
        """Return an independent copy: both go on with the same bytes."""
        twin = copy(self)
        twin._use(Columns(**{name: table.copy() for name, table in self.columns._asdict().items()}))
        return twin


def _twice(column: npt.NDArray[Any], axis: int) -> npt.NDArray[Any]:
    """Return a copy with as many strata of zeros after it."""
    return np.concatenate([column, np.zeros_like(column)], axis=axis)


def _empty_table(strata: int) -> Ints32:
    """Return a hash table with room for so many strata at most half full; its size is a power of two."""
    return np.full(1 << (2 * strata - 1).bit_length(), -1, np.int32)


@inner()
def _slot(code: int, code_of: Ints, table: Ints32) -> Int:
    """Return where in the hash table a code's stratum stands, or would stand."""
    mask = table.size - 1
    slot = np.int64(mix(np.uint64(code)) & np.uint64(mask))
    while table[slot] >= 0 and code_of[table[slot]] != code:
        slot = (slot + 1) & mask
    return slot


@inner()
def stratum_of(code: int, pop: Columns) -> Int:
    """Return the stratum of a code, making it when there is none; the caller has seen to the room."""
    meta = pop.meta
    slot: Int = 0
    if not meta[SINGLE_CELLS]:
        slot = _slot(code, pop.code, pop.table)
        if pop.table[slot] >= 0:
            return np.int64(pop.table[slot])
    if meta[N_FREE] > 0:
        meta[N_FREE] -= 1
        new = pop.free[meta[N_FREE]]
    else:
        new = meta[N_STRATA]
        meta[N_STRATA] = new + 1
    pop.code[new] = code
    if meta[SINGLE_CELLS]:
        pop.serial[new] = meta[NEXT_SERIAL]
        meta[NEXT_SERIAL] += 1
    else:
        pop.table[slot] = new
    return np.int64(new)


@inner()
def _rehash(pop: Columns) -> None:
    for slot in range(pop.table.size):
        pop.table[slot] = -1
    for stratum in range(pop.meta[N_STRATA]):
        code = pop.code[stratum]
        if code != _FREE:
            pop.table[_slot(code, pop.code, pop.table)] = stratum


@inner()
def _release(pop: Columns) -> None:
    """Let the strata without cells, now and after this step, be used for other codes."""
    n = 0
    for stratum in range(pop.meta[N_STRATA]):
        empty, arrived = pop.first[stratum] == pop.end[stratum], pop.arrived[stratum]
        for i in range(arrived.size):
            empty &= arrived[i] == 0
        if empty:
            pop.code[stratum] = _FREE
            pop.free[n] = stratum
            n += 1
    pop.meta[N_FREE] = n
    if not pop.meta[SINGLE_CELLS]:
        _rehash(pop)


@inner()
def bounds(stratum: int, pop: Columns) -> None:
    """Find the range of places in which a stratum holds cells; (0, 0) where it holds none."""
    cells = pop.cells[stratum]
    first, end = 0, cells.size
    while first < end and cells[first] == 0:
        first += 1
    while end > first and cells[end - 1] == 0:
        end -= 1
    if first == end:
        first = end = 0
    pop.first[stratum], pop.end[stratum] = first, end


@inner()
def clear(hazards: Floats, pop: Columns) -> None:
    """Set the hazards to zero wherever there are cells."""
    for s in range(pop.meta[N_STRATA]):
        for c in range(hazards.shape[1]):
            hazard = hazards[s, c, pop.first[s] : pop.end[s]]
            for i in range(hazard.size):
                hazard[i] = 0.0


@inner()
def _join(stratum: int, first: int, cells: Ints, values: Floats, pop: Columns) -> None:
    """Add cells to the agents from a place on, averaging continuous traits by cells."""
    for i in range(cells.size):
        n, place = cells[i], first + i
        if n == 0:
            continue
        before = pop.cells[stratum, place]
        if before == 0:
            pop.uid[stratum, place] = pop.meta[NEXT_UID]
            pop.meta[NEXT_UID] += 1
        total = before + n
        for t in range(values.size):
            own = pop.traits[t, stratum, place] if before else 0.0
            pop.traits[t, stratum, place] = own + n / total * (values[t] - own)
        pop.late[stratum, place] *= before / total
        pop.cells[stratum, place] = total
    bounds(stratum, pop)


# The same for Python, by the tables' addresses, as a step has them: each is compiled once for both.
_tables: Final = COLUMNS.reader()


@kernel()
def _find(at: Addresses, code: int) -> Int:
    return stratum_of(code, _tables(at))


@kernel()
def _add(at: Addresses, stratum: int, first: int, cells: Ints, values: Floats) -> None:
    _join(stratum, first, cells, values, _tables(at))


@kernel()
def _find_bounds(at: Addresses, stratum: int) -> None:
    bounds(stratum, _tables(at))


@kernel()
def _find_anew(at: Addresses) -> None:
    _rehash(_tables(at))


@kernel()
def _free(at: Addresses) -> None:
    _release(_tables(at))
