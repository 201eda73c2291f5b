"""Graft-versus-leukaemia.

Activated alloreactive T cells kill blasts that carry the mismatched haplotype, without drug or CD19.
"""

from numba import njit

from simulation.biology.antigens import HLA_HAPLOTYPE
from simulation.biology.channels import Channel
from simulation.biology.contact import neighbours_at_hand
from simulation.biology.state import State
from simulation.engine.population import Floats, Ints, Ints32

__all__ = ["GraftVersusLeukaemia"]


class GraftVersusLeukaemia:
    """Add the hazard of blasts that still carry the mismatched haplotype.

    CD19 loss does not escape it, HLA loss does.

    Same contacts, Holling limit and Treg effect as for the drug; no drug term. With a matched donor the
    targets are minor antigens that every blast carries, so HLA loss does not help them.
    """

    name = "gvl"
    source = (
        "assumption: kills as a synapse with drug does; HLA loss: Vago 2009, Crucitti 2015 (recalled); "
        "Noviello 2019, doi 10.1038/s41467-019-08871-1"
    )
    reads = (
        "rate_contacts", "p_recognition_gvl", "t_cell_fitness", "treg_effect_on_killing", "rate_kill_max",
    )  # fmt: skip

    def act(self, state: State, dt: float) -> None:
        """Set the hazard per place and add it to blasts."""
        p, signals, census, pop = state.p, state.signals, state.census, state.pop
        if not census.gvl_power.any():
            signals.gvl_rate[:] = 0.0
            return
        n = neighbours_at_hand(state)
        targets = census.blasts_with(HLA_HAPLOTYPE) if state.haplotype_mismatch else census.blasts
        per_target = p.rate_contacts * p.p_recognition_gvl
        demand = per_target * targets / n
        fitness = (
            p.t_cell_fitness * signals.killing_factor * (1.0 - p.treg_effect_on_killing * signals.suppression)
        )
        signals.gvl_rate[:] = per_target * census.gvl_power / n / (1.0 + demand / p.rate_kill_max) * fitness
        escaped = HLA_HAPLOTYPE.lost.mask if state.haplotype_mismatch else 0
        _add(census.blast_rows, pop.code, pop.place, pop.hazard, signals.gvl_rate, escaped)


@njit(cache=True, error_model="numpy")
def _add(rows: Ints32, codes: Ints, places: Ints32, hazard: Floats, rate: Floats, escaped: int) -> None:
    for row in rows:
        if not codes[row] & escaped:
            hazard[row, Channel.KILLED_BY_GVL] += rate[places[row]]
