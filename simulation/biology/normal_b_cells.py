"""Normal CD19+ B-lineage cells.

They come back after transplant, feed T cells with antigen, and are killed with the drug.
"""

from math import exp

import numpy as np

from simulation.biology.state import State

__all__ = ["NormalBCells"]


class NormalBCells:
    """Advance B-lineage cells per place.

    Regrowth towards a share of normal cells there, minus the hazard of being killed.
    """

    name = "normal_b_cells"
    source = "Klinger 2012 (< 1 B cell/uL in 2 days); share of B-lineage cells and regeneration: assumption"
    reads = (
        "day_b_cell_return", "dur_b_cell_recovery", "fraction_b_periphery", "fraction_b_marrow",
        "rate_b_cell_regeneration",
    )  # fmt: skip

    def act(self, state: State, dt: float) -> None:
        """Advance the field by one step, exactly for constant rates.

        B cells recover once the graft has taken.
        """
        p, places = state.p, state.places
        maturity = 1.0 - exp(-max(state.day - p.day_b_cell_return, 0.0) / p.dur_b_cell_recovery)
        aim = places.normal * (p.fraction_b_periphery * maturity)
        aim[places.marrow] = places.normal[places.marrow] * (p.fraction_b_marrow * maturity)
        total = p.rate_b_cell_regeneration + state.signals.normal_b_kill_rate
        level = aim * p.rate_b_cell_regeneration / total
        places.normal_b[:] = level + (places.normal_b - level) * np.exp(-total * dt)
        # Below one cell there is none; regeneration starts again from stem cells, which carry no CD19.
        places.normal_b[places.normal_b < 1.0] = 0.0
