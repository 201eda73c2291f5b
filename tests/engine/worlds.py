"""Small worlds for the engine's tests: a few channels, six places, and checks of the tables' integrity."""

from dataclasses import dataclass, field

import numpy as np
from numba import njit

from simulation.engine.bit_fields import BitField
from simulation.engine.events import draw_events
from simulation.engine.keyed_random import base_key, step_key
from simulation.engine.moves import MOST_LATE
from simulation.engine.population import (
    N_FREE,
    N_STRATA,
    NEXT_SERIAL,
    NEXT_UID,
    Columns,
    Floats,
    Ints,
    Population,
    stratum_of,
)
from simulation.engine.rules import (
    DIE,
    DIVIDE,
    GOTO,
    NEIGHBOUR,
    PROGRAM,
    RECODE,
    Channels,
    Destinations,
    Variants,
)

KIND = BitField(0, 4, "kind", "class")
LEFT = BitField(8, 4, "left", "programmed divisions left")
CLONE = BitField(16, 12, "clone", "clone")
MUTANT = BitField(28, 1, "mutant", "what a variant sets").mask
TAG = BitField(
    30, 16, "tag", "replicates of one experiment are told apart by a tag, so that one call draws them all"
)
PROGRAM_LENGTH = 4
FLIP = 1 << 5  # the bit that channel RECODE sets
NAMES = ("divide", "die", "recode", "program", "to_neighbour", "to_group_0", "to_group_1")
BIRTH, DEATH, RECODED, PROGRAMMED, TO_NEIGHBOUR, TO_FIRST, TO_SPREAD = range(len(NAMES))
RING = 6  # places 0..5 are a ring; group 0 is place 0; group 1 is the whole ring, unevenly weighted
SPREAD_WEIGHT = np.arange(1.0, RING + 1) / np.arange(1.0, RING + 1).sum()
BUSY = dict(divide=0.4, die=0.4, recode=0.2, program=0.5, to_neighbour=0.3, to_group_1=0.2, to_group_0=0.1)


def channels() -> Channels:
    return Channels(
        np.array([DIVIDE, DIE, RECODE, PROGRAM, NEIGHBOUR, GOTO, GOTO], np.int64),
        np.array([0, 0, FLIP, -LEFT.bits(1), 0, 0, 1], np.int64),
        KIND,
        LEFT,
        CLONE,
        PROGRAM_LENGTH,
    )


def destinations() -> Destinations:
    ring = np.arange(RING)
    near = np.stack([(ring + 1) % RING, (ring - 1) % RING, np.full(RING, -1)], axis=1).astype(np.int32)
    return Destinations.planted(
        near,
        np.array([0, 1, 1 + RING], np.int32),
        np.concatenate([[0], ring]).astype(np.int32),
        np.concatenate([[1.0], SPREAD_WEIGHT]),
    )


def no_variants() -> Variants:
    return Variants(np.zeros(0, np.int64), np.zeros(0), 0, 0)


@dataclass
class World:
    """A population with its rules; hazards are set anew before every step."""

    single_cells: bool = False
    seed: int = 1
    n_traits: int = 2
    variants: Variants = field(default_factory=no_variants)
    capacity: int = 64
    channels: Channels = field(default_factory=channels)

    def __post_init__(self) -> None:
        self.pop = Population(
            RING,
            self.n_traits,
            self.channels.effect.size,
            single_cells=self.single_cells,
            capacity=self.capacity,
        )
        self.where = destinations()
        self.key = base_key(self.seed, 0, "events")
        self.steps = 0

    def step(self, dt: float) -> Ints:
        key = step_key(self.key, self.steps)
        self.steps += 1
        return draw_events(self.pop, self.channels, self.where, self.variants, key, dt)

    def set_hazards(self, **rates: float) -> None:
        """Set the rates of all cells; those that may not change or divide by program (any more) do not."""
        self.pop.clear_hazards()
        rows = self.pop.rows()
        codes = self.pop.codes(rows)
        for name, rate in rates.items():
            able = {"recode": codes & FLIP == 0, "program": LEFT.of(codes) > 0}.get(name, codes >= 0)
            self.pop.hazard[rows[able], NAMES.index(name)] = rate

    def by_tag(self, n: int, select: int = 0, value: int = 0) -> Ints:
        """Return cells per tag of agents whose code has `code & select == value`, shape (n,)."""
        rows = self.pop.rows()
        codes = self.pop.codes(rows)
        keep = (codes & select) == value
        weights = self.pop.cells[rows[keep]].astype(float)
        return np.bincount(TAG.of(codes[keep]), weights=weights, minlength=n).astype(np.int64)


def cells_by(pop: Population) -> dict[tuple[int, int], int]:
    """Return cells by (code, place)."""
    total: dict[tuple[int, int], int] = {}
    for row in pop.rows():
        at = (pop.code_of(row), int(pop.place[row]))
        total[at] = total.get(at, 0) + int(pop.cells[row])
    return total


def traits_by(pop: Population) -> dict[tuple[int, int], Floats]:
    """Return the traits by (code, place), where there is one agent of each."""
    return {(pop.code_of(row), int(pop.place[row])): pop.traits[row].copy() for row in pop.rows()}


def digest(pop: Population) -> bytes:
    """Return every byte of the tables."""
    return b"".join(table.tobytes() for table in pop.columns)


def check_integrity(pop: Population) -> None:
    """Raise AssertionError where counts, bounds, identities or the ways to find a stratum disagree."""
    columns, meta = pop.columns, pop.meta
    n = int(meta[N_STRATA])
    cells, code = columns.cells, columns.code[:n]
    assert pop.top == n * pop.n_places and 0 <= n <= pop.capacity
    assert (cells >= 0).all() and not cells[n:].any()
    rows = pop.rows()
    assert rows.size == pop.n_agents and pop.total_cells() == cells.sum()
    assert (columns.cells[rows // pop.n_places, pop.place[rows]] == pop.cells[rows]).all()
    assert np.shares_memory(pop.cells, cells) and np.shares_memory(pop.traits, columns.traits)
    assert not columns.arrived.any() and not columns.arrived_traits.any() and not columns.arrived_late.any()
    assert (columns.late >= 0.0).all() and (columns.late <= MOST_LATE).all()
    assert np.isfinite(columns.traits).all()
    # The bounds are those of the places with cells.
    places = np.arange(pop.n_places)
    occupied = cells.any(axis=1)
    first = np.where(cells > 0, places, pop.n_places).min(axis=1)
    end = np.where(cells > 0, places + 1, 0).max(axis=1)
    assert (columns.first == np.where(occupied, first, 0)).all() and (columns.end == end).all()
    # Identities.
    uids = pop.uid[rows]
    assert np.unique(uids).size == uids.size
    assert uids.size == 0 or (uids.min() > 0 and uids.max() < meta[NEXT_UID])
    # Strata that may be used again, and those that cannot.
    free = columns.free[: meta[N_FREE]]
    assert np.unique(free).size == free.size and pop.room == free.size + pop.capacity - n
    assert set(free.tolist()) == set(np.flatnonzero(code == -1).tolist())
    assert not occupied[free].any()
    used = np.flatnonzero(code != -1)
    if pop.single_cells:
        living = np.flatnonzero(occupied)
        assert cells.sum(axis=1).max(initial=0) <= 1
        serials = columns.serial[living]
        assert np.unique(serials).size == living.size
        assert living.size == 0 or (serials.min() > 0 and serials.max() < meta[NEXT_SERIAL])
    else:
        assert np.unique(code[used]).size == used.size, "two strata of one code"
        assert not columns.serial.any()
        assert sorted(columns.table[columns.table >= 0].tolist()) == used.tolist()
        assert _rows_of(code[used], columns).tolist() == used.tolist()


@njit(cache=False)
def _rows_of(codes: Ints, columns: Columns) -> Ints:
    return np.array([stratum_of(code, columns) for code in codes], np.int64)
