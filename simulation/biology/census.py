"""Count cells by place once per step.

Interactions depend on these counts only, never on the number of agents.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

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
    STAGE,
    TCON,
    TREG,
)
from simulation.engine.bit_kernels import value_of
from simulation.engine.population import Floats, Ints, Ints32, Population

__all__ = ["Census", "Counts", "lost_masks"]


class Counts[T: (float, Floats)](NamedTuple):
    """Hold the counts of a census: arrays of shape (n_places,), or their sums over some places.

    `tcon` and `treg` count by lineage, engaged cells included; `engaged` counts both lineages. `killer_power`
    is the sum of cells times potency for drug-mediated killing, `gvl_power` that of activated alloreactive cells
    (`effectors`) times their fitness; `exhaustion` is the sum over T cells.
    """

    blasts: T
    tcon: T
    treg: T
    engaged: T
    engaged_treg: T
    killer_power: T
    gvl_power: T
    effectors: T
    exhaustion: T

    @property
    def t_cells(self) -> T:
        """Return all T cells."""
        return self.tcon + self.treg


_BLASTS, _TCON, _TREG, _ENGAGED, _ENGAGED_TREG, _KILLER_POWER, _GVL_POWER, _EFFECTORS, _EXHAUSTION = range(
    len(Counts._fields)
)
_BLAST_ROWS, _T_ROWS, _TREG_ROWS, _ALLO_ROWS = range(4)


class Census:
    """Hold cell counts by place, each of shape (n_places,): the fields of `Counts` are attributes.

    The `*_rows` are the population's rows of each kind of cell, so that a process visits only its own.
    """

    blasts: Floats
    tcon: Floats
    treg: Floats
    engaged: Floats
    engaged_treg: Floats
    killer_power: Floats
    gvl_power: Floats
    effectors: Floats
    exhaustion: Floats

    def __init__(self, n_places: int, antigens: Sequence[Antigen]) -> None:
        self._antigens = antigens
        self._row_of = {antigen.name: i for i, antigen in enumerate(antigens)}
        self._lost = lost_masks(antigens)
        n_counts = len(Counts._fields)
        self._all = np.zeros((n_counts + len(self._antigens), n_places))
        self._table, self._carriers = self._all[:n_counts], self._all[n_counts:]
        self.__dict__.update(zip(Counts._fields, self._table, strict=True))
        self._rows = np.zeros((4, 0), np.int32)
        self._n_rows = np.zeros(4, np.int64)

    def take(self, pop: Population, behaviour: Ints, potency_resting: float, potency_treg: float) -> None:
        """Count all cohorts."""
        if self._rows.shape[1] < pop.capacity:
            self._rows = np.zeros((4, pop.capacity), np.int32)
        _count(
            pop.top, pop.cells, pop.code, pop.place, pop.traits, behaviour, potency_resting, potency_treg, self._lost,
            self._all, self._rows, self._n_rows,
        )  # fmt: skip

    def sums(self, places: slice = slice(None)) -> Counts[float]:
        """Return the sums over some places, by default all of them."""
        return Counts(*self._table[:, places].sum(axis=1).tolist())

    def blasts_with(self, antigen: Antigen) -> Floats:
        """Return blasts that carry an antigen, shape (n_places,)."""
        return self._carriers[self._row_of[antigen.name]]

    def copy(self) -> "Census":
        """Return an independent copy."""
        twin = Census(self.blasts.size, self._antigens)
        twin._all[:] = self._all
        twin._rows, twin._n_rows = self._rows.copy(), self._n_rows.copy()
        return twin

    @property
    def t_cells(self) -> Floats:
        """Return all T cells."""
        return self.tcon + self.treg

    @property
    def blast_rows(self) -> Ints32:
        """Return the rows of blasts."""
        return self._rows[_BLAST_ROWS, : self._n_rows[_BLAST_ROWS]]

    @property
    def t_rows(self) -> Ints32:
        """Return the rows of all T cells."""
        return self._rows[_T_ROWS, : self._n_rows[_T_ROWS]]

    @property
    def treg_rows(self) -> Ints32:
        """Return the rows of Treg, engaged or not."""
        return self._rows[_TREG_ROWS, : self._n_rows[_TREG_ROWS]]

    @property
    def alloreactive_rows(self) -> Ints32:
        """Return the rows of alloreactive Tcon, engaged or not."""
        return self._rows[_ALLO_ROWS, : self._n_rows[_ALLO_ROWS]]


@njit(cache=True, error_model="numpy")
def _count(
    top: int, cells: Ints, codes: Ints, places: Ints32, traits: Floats, behaviour: Ints, potency_resting: float,
    potency_treg: float, lost: Ints, table: Floats, rows: Ints32, n_rows: Ints,
) -> None:  # fmt: skip
    table[:] = 0.0
    carriers = table.shape[0] - lost.size  # first row of the blasts by antigen
    n_blast = n_t = n_treg = n_allo = 0
    for row in range(top):
        n = cells[row]
        if n == 0:
            continue
        w = float(n)
        code, place = codes[row], places[row]
        kind = behaviour[value_of(code, CLASS)]
        if kind < 0:  # an own class that takes part in no rule
            continue
        if kind == BLAST:
            rows[_BLAST_ROWS, n_blast] = row
            n_blast += 1
            table[_BLASTS, place] += w
            for a in range(lost.size):
                if not code & lost[a]:
                    table[carriers + a, place] += w
            continue
        rows[_T_ROWS, n_t] = row
        n_t += 1
        exhaustion = traits[row, EXHAUSTION_REVERSIBLE] + traits[row, EXHAUSTION_TERMINAL]
        fit = max(1.0 - exhaustion, 0.0)
        table[_EXHAUSTION, place] += w * exhaustion
        if kind == TREG or kind == ENGAGED_TREG:
            rows[_TREG_ROWS, n_treg] = row
            n_treg += 1
            table[_TREG, place] += w
            if kind == ENGAGED_TREG:
                table[_ENGAGED, place] += w
                table[_ENGAGED_TREG, place] += w
                table[_KILLER_POWER, place] += w * fit * potency_treg
            continue
        table[_TCON, place] += w
        if kind == ENGAGED_TCON:
            table[_ENGAGED, place] += w
            table[_KILLER_POWER, place] += w * fit
        elif kind == TCON:
            table[_KILLER_POWER, place] += w * fit * potency_resting
        if value_of(code, ALLOREACTIVE):
            rows[_ALLO_ROWS, n_allo] = row
            n_allo += 1
            if value_of(code, STAGE) == EFFECTOR:
                table[_EFFECTORS, place] += w
                table[_GVL_POWER, place] += w * fit
    n_rows[_BLAST_ROWS], n_rows[_T_ROWS], n_rows[_TREG_ROWS], n_rows[_ALLO_ROWS] = (
        n_blast,
        n_t,
        n_treg,
        n_allo,
    )


def lost_masks(antigens: Iterable[Antigen]) -> Ints:
    """Return the bit by which each antigen is lost, shape (n_antigens,)."""
    return np.array([antigen.lost.mask for antigen in antigens], np.int64)
