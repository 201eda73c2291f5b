"""Count cells by place once per step.

Interactions depend on these counts only, never on the number of agents.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from simulation.biology.traits import (
    ALLOREACTIVE,
    BLAST,
    CD19_LOST,
    EFFECTOR,
    ENGAGED_TCON,
    ENGAGED_TREG,
    EXHAUSTION_REVERSIBLE,
    EXHAUSTION_TERMINAL,
    HLA_LOST,
    RESTING,
    STAGE_SHIFT,
    TCON,
    TREG,
)
from simulation.engine.population import Floats, Ints, Ints32, Population

__all__ = ["Census", "Counts"]

_N_COLUMNS = 13
(
    _BLASTS, _BLASTS_CD19, _BLASTS_HAPLOTYPE, _TCON, _TREG, _ENGAGED, _ENGAGED_TREG, _KILLER_POWER, _GVL_POWER, _EFFECTORS,
    _NAIVE_ALLO, _EXHAUSTION, _BLASTS_HLA_LOST,
) = range(_N_COLUMNS)  # fmt: skip
_LISTS = 4


class Counts(NamedTuple):
    """Hold the sums of a census over some places, named as its columns."""

    blasts: float
    blasts_cd19: float
    blasts_haplotype: float
    tcon: float
    treg: float
    engaged: float
    engaged_treg: float
    killer_power: float
    gvl_power: float
    effectors: float
    naive_allo: float
    exhaustion: float
    blasts_hla_lost: float

    @property
    def t_cells(self) -> float:
        """Return all T cells."""
        return self.tcon + self.treg


_BLAST_ROWS, _T_ROWS, _TREG_ROWS, _ALLO_ROWS = range(_LISTS)


class Census:
    """Hold cell counts by place, each of shape (n_places,).

    `tcon` and `treg` count by lineage, engaged cells included; `engaged` counts both lineages. `killer_power`
    is the sum of cells times potency for drug-mediated killing, `gvl_power` for graft-versus-leukaemia;
    `exhaustion` is the sum over T cells. The `*_rows` are the population's rows of each kind of cell, so that
    a process visits only its own.
    """

    __slots__ = ("_counts", "_rows", "table")

    def __init__(self, n_places: int) -> None:
        self.table = np.zeros((_N_COLUMNS, n_places))
        self._rows = np.zeros((_LISTS, 0), np.int32)
        self._counts = np.zeros(_LISTS, np.int64)

    def take(self, pop: Population, behaviour: Ints, potency_resting: float, potency_treg: float) -> None:
        """Count all cohorts."""
        if self._rows.shape[1] < pop.capacity:
            self._rows = np.zeros((_LISTS, pop.capacity), np.int32)
        _count(
            pop.top, pop.cells, pop.code, pop.place, pop.traits, behaviour, potency_resting, potency_treg, self.table,
            self._rows, self._counts,
        )  # fmt: skip

    def sums(self, places: slice = slice(None)) -> Counts:
        """Return the sums over some places, all of them unless said."""
        return Counts(*self.table[:, places].sum(axis=1).tolist())

    def copy(self) -> "Census":
        """Return an independent copy."""
        twin = Census(self.table.shape[1])
        twin.table[:] = self.table
        twin._rows, twin._counts = self._rows.copy(), self._counts.copy()
        return twin

    @property
    def blast_rows(self) -> Ints32:
        """Return the rows of blasts."""
        return self._rows[_BLAST_ROWS, : self._counts[_BLAST_ROWS]]

    @property
    def t_rows(self) -> Ints32:
        """Return the rows of all T cells."""
        return self._rows[_T_ROWS, : self._counts[_T_ROWS]]

    @property
    def treg_rows(self) -> Ints32:
        """Return the rows of Treg, engaged or not."""
        return self._rows[_TREG_ROWS, : self._counts[_TREG_ROWS]]

    @property
    def alloreactive_rows(self) -> Ints32:
        """Return the rows of alloreactive Tcon, engaged or not."""
        return self._rows[_ALLO_ROWS, : self._counts[_ALLO_ROWS]]

    @property
    def blasts(self) -> Floats:
        """Return all blasts."""
        return self.table[_BLASTS]

    @property
    def blasts_cd19(self) -> Floats:
        """Return blasts that carry CD19."""
        return self.table[_BLASTS_CD19]

    @property
    def blasts_haplotype(self) -> Floats:
        """Return blasts that carry the mismatched HLA haplotype."""
        return self.table[_BLASTS_HAPLOTYPE]

    @property
    def blasts_hla_lost(self) -> Floats:
        """Return blasts that lost the mismatched HLA haplotype."""
        return self.table[_BLASTS_HLA_LOST]

    @property
    def tcon(self) -> Floats:
        """Return conventional T cells, engaged or not."""
        return self.table[_TCON]

    @property
    def treg(self) -> Floats:
        """Return regulatory T cells, engaged or not."""
        return self.table[_TREG]

    @property
    def engaged(self) -> Floats:
        """Return engaged T cells of both lineages."""
        return self.table[_ENGAGED]

    @property
    def engaged_treg(self) -> Floats:
        """Return engaged regulatory T cells."""
        return self.table[_ENGAGED_TREG]

    @property
    def killer_power(self) -> Floats:
        """Return the sum of cells times potency for drug-mediated killing."""
        return self.table[_KILLER_POWER]

    @property
    def gvl_power(self) -> Floats:
        """Return the sum of activated alloreactive cells times their fitness."""
        return self.table[_GVL_POWER]

    @property
    def effectors(self) -> Floats:
        """Return activated alloreactive T cells."""
        return self.table[_EFFECTORS]

    @property
    def naive_allo(self) -> Floats:
        """Return alloreactive T cells not yet primed."""
        return self.table[_NAIVE_ALLO]

    @property
    def exhaustion(self) -> Floats:
        """Return the sum of exhaustion over T cells."""
        return self.table[_EXHAUSTION]

    @property
    def t_cells(self) -> Floats:
        """Return all T cells."""
        return self.table[_TCON] + self.table[_TREG]


@njit(cache=True, error_model="numpy")
def _count(
    top: int, cells: Ints, codes: Ints, places: Ints32, traits: Floats, behaviour: Ints, potency_resting: float,
    potency_treg: float, table: Floats, rows: Ints32, counts: Ints,
) -> None:  # fmt: skip
    table[:] = 0.0
    n_blast = n_t = n_treg = n_allo = 0
    for row in range(top):
        n = cells[row]
        if n == 0:
            continue
        w = float(n)
        code, place = codes[row], places[row]
        kind = behaviour[code & 15]
        if kind < 0:  # an own class that takes part in no rule
            continue
        if kind == BLAST:
            rows[_BLAST_ROWS, n_blast] = row
            n_blast += 1
            table[_BLASTS, place] += w
            if not code & CD19_LOST:
                table[_BLASTS_CD19, place] += w
            if code & HLA_LOST:
                table[_BLASTS_HLA_LOST, place] += w
            else:
                table[_BLASTS_HAPLOTYPE, place] += w
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
        if code & ALLOREACTIVE:
            rows[_ALLO_ROWS, n_allo] = row
            n_allo += 1
            stage = (code >> STAGE_SHIFT) & 3
            if stage == EFFECTOR:
                table[_EFFECTORS, place] += w
                table[_GVL_POWER, place] += w * fit
            elif stage == RESTING:
                table[_NAIVE_ALLO, place] += w
    counts[_BLAST_ROWS], counts[_T_ROWS], counts[_TREG_ROWS], counts[_ALLO_ROWS] = (
        n_blast,
        n_t,
        n_treg,
        n_allo,
    )
