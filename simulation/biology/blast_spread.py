"""Spread of blasts to neighbour niches and through the blood."""

from simulation.biology.channels import Channel
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
    p, has_site = here.p[0], here.x[0].extramedullary >= 0
    for s in range(pop.meta[N_STRATA]):
        if here.behaviour[value_of(pop.code[s], CLASS)] != BLAST:
            continue
        neighbour, blood = hazards[s, Channel.TO_NEIGHBOUR], hazards[s, Channel.TO_BLOOD]
        for i in range(pop.first[s], pop.end[s]):
            kind = here.kind[i]
            if kind == PlaceKind.MARROW:
                neighbour[i] += p.rate_blast_to_neighbour
                blood[i] += p.rate_blast_to_blood
            elif kind == PlaceKind.BLOOD:
                hazards[s, Channel.TO_MARROW, i] += p.rate_blast_blood_to_marrow
                if has_site:
                    hazards[s, Channel.TO_EXTRAMEDULLARY, i] += p.rate_blast_blood_to_extramedullary
            elif kind == PlaceKind.EXTRAMEDULLARY:
                blood[i] += p.rate_blast_to_blood


class BlastSpread(CompiledProcess):
    """Move blasts between neighbour niches, into the blood, and from there back or to another site."""

    name = "blast_spread"
    source = (
        "assumption: ALL is a systemic disease; rates chosen so that overt disease shows circulating blasts"
    )
    reads = (
        "rate_blast_blood_to_extramedullary", "rate_blast_to_neighbour", "rate_blast_to_blood",
        "rate_blast_blood_to_marrow",
    )  # fmt: skip
    law = spread
