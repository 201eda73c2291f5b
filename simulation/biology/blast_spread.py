"""Spread of blasts to neighbour niches and through the blood."""

from simulation.biology.channels import TO_KIND, Channel
from simulation.biology.exchange import BLASTS, KINDS, exchange, rates_of
from simulation.biology.here import Here
from simulation.biology.places import PlaceKind
from simulation.biology.state import CompiledProcess
from simulation.biology.traits import BLAST, CLASS
from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import inner
from simulation.engine.population import N_STRATA, Columns, Floats

__all__ = ["BlastSpread", "spread"]


@inner()
def spread(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Add the movement hazards of all blasts."""
    exchange(here, BLASTS)
    p, enter, leave = here.p[0], here.exchanged[0], here.exchanged[1]
    for s in range(pop.meta[N_STRATA]):
        if here.behaviour[value_of(pop.code[s], CLASS)] != BLAST:
            continue
        neighbour, blood = hazards[s, Channel.TO_NEIGHBOUR], hazards[s, TO_KIND[PlaceKind.BLOOD]]
        for i in range(pop.first[s], pop.end[s]):
            kind = here.kind[i]
            if kind == PlaceKind.MARROW:
                neighbour[i] += p.rate_blast_to_neighbour
            if kind == PlaceKind.BLOOD:
                for k in range(KINDS):
                    if TO_KIND[k] >= 0:
                        hazards[s, TO_KIND[k], i] += enter[k]
            else:
                blood[i] += leave[kind]


class BlastSpread(CompiledProcess):
    """Move blasts between neighbour niches, into the blood, and from there back or to another site."""

    name = "blast_spread"
    source = (
        "assumption: ALL is a systemic disease; rates chosen so that overt disease shows circulating blasts"
    )
    reads = (*rates_of("blasts"), "rate_blast_to_neighbour")
    law = spread
