"""Normal CD19+ B-lineage cells.

They come back after transplant, feed T cells with antigen, and are killed with the drug.
"""

from math import exp

from simulation.biology.here import NORMAL_B_KILL_RATE, Here
from simulation.biology.places import NORMAL, NORMAL_B, PlaceKind
from simulation.biology.state import CompiledProcess
from simulation.engine.compiled import inner
from simulation.engine.population import Columns, Floats

__all__ = ["NormalBCells", "regrow"]


@inner()
def regrow(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Advance the field by one step, exactly for constant rates; B cells recover once the graft has taken."""
    p, x, normal, b_cells = here.p[0], here.x[0], here.place[NORMAL], here.place[NORMAL_B]
    maturity = 1.0 - exp(-max(x.day - p.day_b_cell_return, 0.0) / p.dur_b_cell_recovery)
    for i in range(b_cells.size):
        share = p.fraction_b_marrow if i < x.n_niches else p.fraction_b_periphery
        if here.kind[i] == PlaceKind.LYMPHOID:
            share = p.fraction_b_lymphoid
        aim = normal[i] * (share * maturity)
        total = p.rate_b_cell_regeneration + here.signal[NORMAL_B_KILL_RATE, i]
        if total > 0.0:
            level = aim * p.rate_b_cell_regeneration / total
            b_cells[i] = level + (b_cells[i] - level) * exp(-total * dt)
        if b_cells[i] < 1.0:  # there is none; regeneration starts again from stem cells, which carry no CD19
            b_cells[i] = 0.0


class NormalBCells(CompiledProcess):
    """Advance B-lineage cells per place.

    Regrowth towards a share of normal cells there, minus the hazard of being killed. Lymphoid tissue holds most of them: they
    are what T cells expand on in the first week of an engager (C8).
    """

    name = "normal_b_cells"
    source = "Klinger 2012 (< 1 B cell/uL in 2 days); share of B-lineage cells and regeneration: assumption"
    reads = (
        "day_b_cell_return", "dur_b_cell_recovery", "fraction_b_periphery", "fraction_b_marrow", "fraction_b_lymphoid",
        "rate_b_cell_regeneration",
    )  # fmt: skip
    law = regrow
