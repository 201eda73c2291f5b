"""Birth and death of leukaemic blasts: logistic by niche."""

from numba import njit

from simulation.biology.channels import Channel
from simulation.biology.state import State
from simulation.biology.traits import CLONE
from simulation.engine.bit_kernels import value_of
from simulation.engine.population import Floats, Ints, Ints32

__all__ = ["BlastGrowth"]


class BlastGrowth:
    """Add division and death: death at a constant rate, net growth falling to zero as the niche fills.

    Blasts divide only where there is room for them (marrow, extramedullary site, culture well).
    """

    name = "blast_growth"
    source = (
        "Br J Haematol 1997;98:999, doi 10.1046/j.1365-2141.1997.d01-3571.x (birth 10-11 %, death 4 %, net "
        "6.9 +/- 7.3 % a day)"
    )
    reads = ("rate_blast_net_growth", "rate_blast_death")

    def act(self, state: State, dt: float) -> None:
        """Add the hazards of every blast cohort."""
        p, pop, census = state.p, state.pop, state.census
        _add(
            census.blast_rows, pop.code, pop.place, pop.hazard, census.blasts, state.places.blast_capacity, state.clone_growth,
            p.rate_blast_net_growth, p.rate_blast_death,
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _add(
    rows: Ints32, codes: Ints, places: Ints32, hazard: Floats, blasts: Floats, capacity: Floats, clone_growth: Floats,
    net: float, death: float,
) -> None:  # fmt: skip
    for row in rows:
        place = places[row]
        hazard[row, Channel.DIE] += death
        if capacity[place] > 0.0:
            growth = net * clone_growth[value_of(codes[row], CLONE)]
            birth = death + growth * (1.0 - blasts[place] / capacity[place])
            if birth >= 0.0:
                hazard[row, Channel.DIVIDE] += birth
            else:  # overfull: what cannot be a negative birth rate is death
                hazard[row, Channel.DIE] -= birth
