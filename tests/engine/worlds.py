"""Small worlds for the engine's tests: a few channels, two places, and checks of the columns' integrity."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from simulation.engine import population
from simulation.engine.bit_fields import BitField
from simulation.engine.events import (
    DIE,
    DIVIDE,
    GOTO,
    NEIGHBOUR,
    PROGRAM,
    RECODE,
    Channels,
    Destinations,
    Variants,
    draw_events,
)
from simulation.engine.keyed_random import base_key, step_key
from simulation.engine.population import Population, Resolution

KIND = BitField(0, 4, "kind", "class")
LEFT = BitField(8, 4, "left", "programmed divisions left")
CLONE = BitField(16, 12, "clone", "clone")
MUTANT = BitField(28, 1, "mutant", "what a variant sets").mask
TAG = BitField(
    30, 16, "tag", "replicates of one experiment are told apart by a tag, so that one call draws them all"
)
FLIP = 1 << 5  # the bit that channel RECODE sets
NAMES = ("divide", "die", "recode", "program", "to_neighbour", "to_group_0", "to_group_1")
BIRTH, DEATH, RECODED, PROGRAMMED, TO_NEIGHBOUR, TO_FIRST, TO_SPREAD = range(len(NAMES))
RING = 6  # places 0..5 are a ring; group 0 is place 0; group 1 is the whole ring, unevenly weighted
SPREAD_WEIGHT = np.arange(1.0, RING + 1) / np.arange(1.0, RING + 1).sum()


def channels() -> Channels:
    return Channels(
        np.array([DIVIDE, DIE, RECODE, PROGRAM, NEIGHBOUR, GOTO, GOTO], np.int64),
        np.array([0, 0, FLIP, -LEFT.bits(1), 0, 0, 1], np.int64),
        KIND,
        LEFT,
        CLONE,
    )


def destinations() -> Destinations:
    ring = np.arange(RING)
    near = np.stack([(ring + 1) % RING, (ring - 1) % RING, np.full(RING, -1)], axis=1).astype(np.int32)
    return Destinations(
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

    resolution: Resolution = field(default_factory=Resolution)
    seed: int = 1
    n_traits: int = 2
    variants: Variants = field(default_factory=no_variants)
    capacity: int = 64

    def __post_init__(self) -> None:
        self.pop = Population(self.n_traits, len(NAMES), self.resolution, capacity=self.capacity)
        self.channels, self.where = channels(), destinations()
        self.key = base_key(self.seed, 0, "events")
        self.steps = 0

    def step(self, dt: float) -> npt.NDArray[np.int64]:
        tally = draw_events(
            self.pop, self.channels, self.where, self.variants, step_key(self.key, self.steps), dt
        )
        self.steps += 1
        return tally

    def set_hazards(self, **rates: float) -> None:
        self.pop.clear_hazards()
        rows = self.pop.rows()
        for name, rate in rates.items():
            self.pop.hazard[rows, NAMES.index(name)] = rate

    def by_tag(self, n: int, select: int = 0, value: int = 0) -> npt.NDArray[np.int64]:
        """Return cells per tag of cohorts whose code has `code & select == value`, shape (n,)."""
        top = self.pop.top
        codes, cells = self.pop.code[:top], self.pop.cells[:top]
        keep = (codes & select) == value
        weights = cells[keep].astype(float)
        return np.bincount(TAG.of(codes[keep]), weights=weights, minlength=n).astype(np.int64)


def cells_by(pop: Population) -> dict[tuple[int, int], int]:
    """Return cells by (code, place)."""
    total: dict[tuple[int, int], int] = {}
    for row in pop.rows():
        at = (int(pop.codes(row)), int(pop.place[row]))
        total[at] = total.get(at, 0) + int(pop.cells[row])
    return total


def digest(pop: Population) -> bytes:
    """Return every byte of the living state."""
    top = pop.top
    return b"".join(c[:top].tobytes() for c in pop.columns[:-1]) + pop.meta.tobytes()


def check_integrity(pop: Population) -> None:
    """Raise AssertionError where chains, counts or identities of the columns disagree."""
    rows = pop.rows()
    assert rows.size == pop.n_agents
    assert (pop.cells[: pop.top] >= 0).all()
    uids = pop.uid[rows]
    assert np.unique(uids).size == uids.size
    assert uids.size == 0 or uids.max() < pop.meta[population.NEXT_UID]
    seen: set[int] = set()
    keys: set[tuple[int, int]] = set()
    for s in range(int(pop.meta[population.N_STRATA])):
        key = (int(pop.strata.code[s]), int(pop.strata.place[s]))
        assert key not in keys, "two strata of one (code, place)"
        keys.add(key)
        row, before, count = int(pop.strata.head[s]) if pop.strata.size[s] else -1, -1, 0
        while row >= 0:
            assert pop.columns.stratum[row] == s and (int(pop.codes(row)), int(pop.place[row])) == key
            assert pop.columns.previous[row] == before and pop.cells[row] > 0 and row not in seen
            seen.add(row)
            before, row, count = row, int(pop.columns.following[row]), count + 1
        assert count == pop.strata.size[s]
        if pop.resolution.max_cells == 0:
            assert count <= max(pop.resolution.agents_per_stratum, 1)
    assert seen == set(rows.tolist())
    if pop.resolution.max_cells > 0:
        assert rows.size == 0 or pop.cells[rows].max() <= pop.resolution.max_cells
    free, n_free = int(pop.meta[population.FREE]), 0
    while free >= 0:
        assert pop.cells[free] == 0
        free, n_free = int(pop.columns.following[free]), n_free + 1
    assert n_free == pop.top - rows.size
