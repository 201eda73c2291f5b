"""Count cells by place once per step; interactions depend on these counts only, never on the number of agents."""

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

__all__ = ["Census"]

_COLUMNS = (
    "blasts", "blasts_cd19", "blasts_haplotype", "tcon", "treg", "engaged", "engaged_treg", "killer_power", "gvl_power",
    "effectors", "naive_allo", "exhaustion", "blasts_hla_lost",
)  # fmt: skip
(
    _BLASTS, _BLASTS_CD19, _BLASTS_HAPLOTYPE, _TCON, _TREG, _ENGAGED, _ENGAGED_TREG, _KILLER_POWER, _GVL_POWER, _EFFECTORS,
    _NAIVE_ALLO, _EXHAUSTION, _BLASTS_HLA_LOST,
) = range(len(_COLUMNS))  # fmt: skip


class Census:
    """Hold cell counts by place, each of shape (n_places,).

    `tcon` and `treg` count by lineage, engaged cells included; `engaged` counts both lineages. `killer_power` is the sum of
    cells times potency for drug-mediated killing, `gvl_power` for graft-versus-leukaemia; `exhaustion` is the sum over T cells.
    """

    __slots__ = ("table",)

    def __init__(self, n_places: int) -> None:
        self.table: Floats = np.zeros((len(_COLUMNS), n_places))

    def take(self, pop: Population, behaviour: Ints, potency_resting: float, potency_treg: float) -> None:
        """Count all cohorts."""
        _count(
            pop.top, pop.cells, pop.code, pop.place, pop.traits, behaviour, potency_resting, potency_treg, self.table
        )

    def copy(self) -> "Census":
        """Return an independent copy."""
        twin = Census(self.table.shape[1])
        twin.table[:] = self.table
        return twin

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


@njit(cache=True)
def _count(
    top: int, cells: Ints, codes: Ints, places: Ints32, traits: Floats, behaviour: Ints, potency_resting: float,
    potency_treg: float, table: Floats,
) -> None:  # fmt: skip
    table[:] = 0.0
    for row in range(top):
        n = cells[row]
        if n == 0:
            continue
        w = float(n)
        code, place = codes[row], places[row]
        kind = behaviour[code & 15]
        if kind == BLAST:
            table[_BLASTS, place] += w
            if not code & CD19_LOST:
                table[_BLASTS_CD19, place] += w
            if code & HLA_LOST:
                table[_BLASTS_HLA_LOST, place] += w
            else:
                table[_BLASTS_HAPLOTYPE, place] += w
            continue
        exhaustion = traits[row, EXHAUSTION_REVERSIBLE] + traits[row, EXHAUSTION_TERMINAL]
        fit = max(1.0 - exhaustion, 0.0)
        table[_EXHAUSTION, place] += w * exhaustion
        if kind == TREG or kind == ENGAGED_TREG:
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
            stage = (code >> STAGE_SHIFT) & 3
            if stage == EFFECTOR:
                table[_EFFECTORS, place] += w
                table[_GVL_POWER, place] += w * fit
            elif stage == RESTING:
                table[_NAIVE_ALLO, place] += w
