"""Birth and death of leukaemic blasts: logistic by niche."""

from simulation.biology.census import BLASTS
from simulation.biology.channels import Channel
from simulation.biology.here import Here
from simulation.biology.places import BLAST_CAPACITY
from simulation.biology.state import CompiledProcess
from simulation.biology.traits import BLAST, CLASS, CLONE
from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import inner
from simulation.engine.population import N_STRATA, Columns, Floats

__all__ = ["BlastGrowth", "grow"]


@inner()
def grow(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Add the hazards of all blasts."""
    p, blasts, capacity = here.p[0], here.counts[BLASTS], here.place[BLAST_CAPACITY]
    for s in range(pop.meta[N_STRATA]):
        if here.behaviour[value_of(pop.code[s], CLASS)] != BLAST:
            continue
        die, divide = hazards[s, Channel.DIE], hazards[s, Channel.DIVIDE]
        net = p.rate_blast_net_growth * here.clone_growth[value_of(pop.code[s], CLONE)]
        for i in range(pop.first[s], pop.end[s]):
            die[i] += p.rate_blast_death
            room = 1.0  # decline needs none: it is what a drug does, in a full niche and in blood, too
            if net > 0.0:
                room = 1.0 - blasts[i] / capacity[i] if capacity[i] > 0.0 else 0.0
            birth = p.rate_blast_death + net * room
            if birth < 0.0:  # overfull, or in decline: what cannot be a negative birth rate is death
                die[i] -= birth
            elif capacity[i] > 0.0:
                divide[i] += birth


class BlastGrowth(CompiledProcess):
    """Add division and death: death at a constant rate, net growth falling to zero as the niche fills.

    Net growth below zero (on an inhibitor) is the same however full the niche is. Blasts divide only where there is room for them
    (marrow, extramedullary site, culture well); elsewhere they die at their own rate, or as fast as they decline.
    """

    name = "blast_growth"
    source = (
        "Br J Haematol 1997;98:999, doi 10.1046/j.1365-2141.1997.d01-3571.x (birth 10-11 %, death 4 %, net "
        "6.9 +/- 7.3 % a day)"
    )
    reads = ("rate_blast_net_growth", "rate_blast_death")
    law = grow
