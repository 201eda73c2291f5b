"""Immunosuppressants as named effects on T-cell division and killing.

Post-transplant cyclophosphamide as a hazard of dividing cells.
"""

import numpy as np
from numba import njit

from simulation.biology.channels import Channel
from simulation.biology.drugs import PLAIN_DRUGS
from simulation.biology.engagers import targets
from simulation.biology.state import State
from simulation.biology.traits import EFFECTOR, STAGE
from simulation.engine.bit_kernels import value_of
from simulation.engine.population import Floats, Ints, Ints32

__all__ = ["Immunosuppression"]


class Immunosuppression:
    """Set the factors by which drugs slow T-cell division and killing.

    A drug at `level` multiplies by 1 - level x (1 - factor). The corticosteroid's effect on killing depends
    on the local E:T ratio: large when targets outnumber killers, hardly any when killers abound, which
    reconciles Brandl 2007 with Kauer 2020.
    """

    name = "immunosuppression"
    source = (
        "Brandl 2007, doi 10.1007/s00262-007-0298-z; Kauer 2020, doi 10.1136/jitc-2020-000621; "
        "CNI, MMF, PTCy recalled"
    )
    reads = (
        "factor_proliferation_corticosteroid", "et_ratio_half_steroid", "factor_killing_corticosteroid_low_et",
        "factor_killing_corticosteroid_high_et", "rate_death_ptcy", "factor_proliferation_ciclosporin",
        "factor_killing_ciclosporin", "factor_proliferation_tacrolimus", "factor_killing_tacrolimus",
        "factor_proliferation_mycophenolate", "factor_killing_mycophenolate",
    )  # fmt: skip

    def act(self, state: State, dt: float) -> None:
        """Set the factors of this step and the hazards of cyclophosphamide."""
        p, signals, exposure = state.p, state.signals, state.exposure
        proliferation = killing = 1.0
        for drug in PLAIN_DRUGS:
            level = exposure.get(drug, 0.0)
            proliferation *= 1.0 - level * (1.0 - getattr(p, f"factor_proliferation_{drug}"))
            killing *= 1.0 - level * (1.0 - getattr(p, f"factor_killing_{drug}"))
        steroid = exposure.get("corticosteroid", 0.0)
        proliferation *= 1.0 - steroid * (1.0 - p.factor_proliferation_corticosteroid)
        signals.proliferation_factor = max(proliferation, 0.0)
        signals.killing_factor[:] = max(killing, 0.0)
        if steroid > 0.0:
            at_hand = np.ones(state.places.n)
            for engager in state.engagers:
                np.maximum(at_hand, targets(state, engager), out=at_hand)
            et_ratio = state.census.t_cells / at_hand
            spared = et_ratio / (et_ratio + p.et_ratio_half_steroid)
            low, high = p.factor_killing_corticosteroid_low_et, p.factor_killing_corticosteroid_high_et
            signals.killing_factor *= 1.0 - steroid * (1.0 - (low + (high - low) * spared))
        ptcy = exposure.get("ptcy", 0.0)
        if ptcy > 0.0:
            pop = state.pop
            _kill_dividing(state.census.alloreactive_rows, pop.code, pop.hazard, ptcy * p.rate_death_ptcy)


@njit(cache=True, error_model="numpy")
def _kill_dividing(rows: Ints32, codes: Ints, hazard: Floats, rate: float) -> None:
    for row in rows:
        if value_of(codes[row], STAGE) == EFFECTOR:
            hazard[row, Channel.DIE] += rate
