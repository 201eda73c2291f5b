"""Regulatory T cells: local suppression by the Treg:Tcon ratio, and survival that depends on IL-2 from Tcon."""

import numpy as np
from numba import njit

from simulation.biology.channels import Channel
from simulation.biology.state import State
from simulation.engine.population import Floats, Ints32

__all__ = ["TregSuppression"]


class TregSuppression:
    """Set suppression R / (R + K), with R the local Treg:Tcon ratio, and let unsupported Treg die.

    Engaged Treg count `treg_engaged_weight` times (drug-activated Treg suppress more: Duell 2017). Treg live
    on IL-2 from Tcon: the body's Tcon support `treg_share_supported` Treg each; those above it die, below it
    Treg expand (assumption). The access of Treg to the marrow (phi_BM) acts on their homing, in trafficking.
    """

    name = "treg"
    source = (
        "Brunstein 2011 (86 % suppression at 1:4, 14 d detectable); Duell 2017, doi 10.1038/leu.2017.41; "
        "Blood 2016;127:1044 (IL-2)"
    )
    reads = (
        "treg_engaged_weight", "treg_ratio_half", "treg_share_supported", "rate_treg_death", "rate_treg_expansion",
    )  # fmt: skip

    def act(self, state: State, dt: float) -> None:
        """Set suppression from the census and add the hazards of Treg."""
        p, census, pop = state.p, state.census, state.pop
        power = census.treg + (p.treg_engaged_weight - 1.0) * census.engaged_treg
        ratio = power / np.maximum(census.tcon, 1.0)
        state.signals.suppression[:] = ratio / (ratio + p.treg_ratio_half)
        tcon, treg = float(census.tcon.sum()), float(census.treg.sum())
        if treg > 0.0:
            supported = p.treg_share_supported * tcon / treg
            death = p.rate_treg_death * max(1.0 - supported, 0.0)
            division = p.rate_treg_expansion * max(1.0 - 1.0 / supported, 0.0) if supported > 0.0 else 0.0
            division *= state.signals.proliferation_factor
            _add(census.treg_rows, pop.hazard, death, division)


@njit(cache=True, error_model="numpy")
def _add(rows: Ints32, hazard: Floats, death: float, division: float) -> None:
    for row in rows:
        hazard[row, Channel.DIE] += death
        hazard[row, Channel.DIVIDE] += division
