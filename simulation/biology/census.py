"""Count cells by place once per step.

Interactions depend on these counts only, never on the number of agents.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simulation.biology.antigens import Antigen
from simulation.biology.traits import (
    ALLOREACTIVE,
    BLAST,
    CLASS,
    EFFECTOR,
    ENGAGED_TCON,
    ENGAGED_TREG,
    EXHAUSTION_REVERSIBLE,
    EXHAUSTION_TERMINAL,
    HAEMATOPOIETIC,
    STAGE,
    TCON,
    TREG,
)
from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import inner
from simulation.engine.population import N_STRATA, Columns, Floats, Ints

if TYPE_CHECKING:
    from simulation.biology.here import Here

__all__ = ["COUNTS", "Census", "Counts", "count", "lost_masks"]


class Counts[T: (float, Floats)](NamedTuple):
    """Hold the counts of a census: arrays of shape (n_places,), or their sums over some places.

    `tcon` and `treg` count by lineage, engaged cells included; `engaged` counts both lineages. `killer_power`
    is the sum of cells times potency for drug-mediated killing, `gvl_power` that of activated alloreactive cells
    (`effectors`) times their fitness; `restricted_effectors` are those of them that see antigens of blood cells only;
    `exhaustion` is the sum over T cells.
    """

    blasts: T
    tcon: T
    treg: T
    engaged: T
    engaged_treg: T
    killer_power: T
    gvl_power: T
    effectors: T
    restricted_effectors: T
    exhaustion: T

    @property
    def t_cells(self) -> T:
        """Return all T cells."""
        return self.tcon + self.treg


# Rows of `Census.table`; the blasts that carry each antigen follow.
BLASTS, TCONS, TREGS, ENGAGED, ENGAGED_TREGS, KILLER_POWER, GVL_POWER, EFFECTORS, RESTRICTED, EXHAUSTION = (
    range(len(Counts._fields))
)
CARRIERS = COUNTS = len(Counts._fields)


class Census:
    """Hold cell counts by place, each of shape (n_places,): the fields of `Counts` are attributes.

    `table` (counts and antigens, n_places) holds them all.
    """

    blasts: Floats
    tcon: Floats
    treg: Floats
    engaged: Floats
    engaged_treg: Floats
    killer_power: Floats
    gvl_power: Floats
    effectors: Floats
    restricted_effectors: Floats
    exhaustion: Floats

    def __init__(self, n_places: int, antigens: Sequence[Antigen]) -> None:
        self._antigens = antigens
        self._row_of = {antigen.name: i for i, antigen in enumerate(antigens)}
        self.table = np.zeros((COUNTS + len(antigens), n_places))
        self.__dict__.update(zip(Counts._fields, self.table, strict=False))

    def sums(self, places: slice = slice(None)) -> Counts[float]:
        """Return the sums over some places, by default all of them."""
        return Counts(*self.table[:COUNTS, places].sum(axis=1).tolist())

    def blasts_with(self, antigen: Antigen) -> Floats:
        """Return blasts that carry an antigen, shape (n_places,)."""
        return self.table[COUNTS + self._row_of[antigen.name]]

    def copy(self) -> "Census":
        """Return an independent copy."""
        twin = Census(self.blasts.size, self._antigens)
        twin.table[:] = self.table
        return twin

    @property
    def t_cells(self) -> Floats:
        """Return all T cells."""
        return self.tcon + self.treg


def lost_masks(antigens: Iterable[Antigen]) -> Ints:
    """Return the bit by which each antigen is lost, shape (n_antigens,)."""
    return np.array([antigen.lost.mask for antigen in antigens], np.int64)


@inner()
def count(here: "Here", pop: Columns) -> None:
    """Count all cells anew into `here.counts`."""
    clear_counts(here)
    for s in range(pop.meta[N_STRATA]):
        first, end = pop.first[s], pop.end[s]
        if end > 0:
            cells = pop.cells[s, first:end]
            reversible, terminal = pop.traits[EXHAUSTION_REVERSIBLE, s], pop.traits[EXHAUSTION_TERMINAL, s]
            enter(here, pop.code[s], first, cells, reversible[first:end], terminal[first:end])


@inner()
def clear_counts(here: "Here") -> None:
    """Set all counts to zero."""
    table = here.counts
    for row in range(table.shape[0]):
        for i in range(table.shape[1]):
            table[row, i] = 0.0


@inner()
def enter(
    here: "Here", code: int, first: int, cells: Any, reversible: Floats, terminal: Floats
) -> None:  # fmt: skip
    """Add cells of one code, in the places from `first` on, to the counts: their numbers and both parts of exhaustion."""
    kind = here.behaviour[value_of(code, CLASS)]
    if kind < 0:  # an own class that takes part in no rule
        return
    size, table, lost, p = cells.size, here.counts, here.lost, here.p[0]
    end = first + size
    # Row by row: only then does the compiler make vectors.
    if kind == BLAST:
        _add(cells, table[BLASTS, first:end])
        for a in range(lost.size):
            if not code & lost[a]:
                _add(cells, table[CARRIERS + a, first:end])
        return
    treg = kind == TREG or kind == ENGAGED_TREG
    engaged = kind == ENGAGED_TCON or kind == ENGAGED_TREG
    potency = 0.0
    if kind == ENGAGED_TCON:
        potency = 1.0
    elif kind == TCON:
        potency = p.potency_resting
    elif kind == ENGAGED_TREG:
        potency = p.potency_treg
    _add(cells, table[TREGS if treg else TCONS, first:end])
    _add_exhausted(cells, reversible, terminal, table[EXHAUSTION, first:end])
    if potency > 0.0:
        _add_fit(cells, reversible, terminal, potency, table[KILLER_POWER, first:end])
    if engaged:
        _add(cells, table[ENGAGED, first:end])
        if treg:
            _add(cells, table[ENGAGED_TREGS, first:end])
    if not treg and value_of(code, ALLOREACTIVE) != 0 and value_of(code, STAGE) == EFFECTOR:
        _add(cells, table[EFFECTORS, first:end])
        if value_of(code, HAEMATOPOIETIC) != 0:
            _add(cells, table[RESTRICTED, first:end])
        _add_fit(cells, reversible, terminal, 1.0, table[GVL_POWER, first:end])


@inner()
def _add(cells: Any, row: Floats) -> None:
    for i in range(row.size):
        row[i] += cells[i]


@inner()
def _add_exhausted(cells: Any, reversible: Floats, terminal: Floats, row: Floats) -> None:
    for i in range(row.size):
        row[i] += cells[i] * (reversible[i] + terminal[i])


@inner()
def _add_fit(cells: Any, reversible: Floats, terminal: Floats, potency: float, row: Floats) -> None:
    for i in range(row.size):
        row[i] += cells[i] * max(1.0 - (reversible[i] + terminal[i]), 0.0) * potency
