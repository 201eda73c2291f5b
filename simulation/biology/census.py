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
    table, lost, p = here.counts[:, first : first + cells.size], here.lost, here.p[0]
    if kind == BLAST:
        for i in range(cells.size):
            table[BLASTS, i] += cells[i]
        for a in range(lost.size):
            if not code & lost[a]:
                for i in range(cells.size):
                    table[CARRIERS + a, i] += cells[i]
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
    effector = not treg and value_of(code, ALLOREACTIVE) != 0 and value_of(code, STAGE) == EFFECTOR
    restricted = value_of(code, HAEMATOPOIETIC) != 0
    lineage = TREGS if treg else TCONS
    for i in range(cells.size):
        n, exhausted = float(cells[i]), reversible[i] + terminal[i]
        fit = n * max(1.0 - exhausted, 0.0)
        table[lineage, i] += n
        table[EXHAUSTION, i] += n * exhausted
        table[KILLER_POWER, i] += fit * potency
        if engaged:
            table[ENGAGED, i] += n
            if treg:
                table[ENGAGED_TREGS, i] += n
        if effector:
            table[EFFECTORS, i] += n
            if restricted:
                table[RESTRICTED, i] += n
            table[GVL_POWER, i] += fit
