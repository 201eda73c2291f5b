"""Graft-versus-leukaemia.

Activated alloreactive T cells kill blasts that carry the mismatched haplotype, without drug or CD19.
"""

from simulation.biology.antigens import ANTIGENS, HLA_HAPLOTYPE
from simulation.biology.census import BLASTS, CARRIERS, GVL_POWER
from simulation.biology.channels import Channel
from simulation.biology.contact import at_hand, time_taken
from simulation.biology.here import GVL_BUSY, GVL_RATE, KILLING_FACTOR, SUPPRESSION, Here
from simulation.biology.places import NORMAL
from simulation.biology.state import CompiledProcess
from simulation.biology.traits import BLAST, CLASS
from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import inner
from simulation.engine.population import N_STRATA, Columns, Floats

__all__ = ["GraftVersusLeukaemia", "attack", "recognise"]


_HAPLOTYPE = CARRIERS + ANTIGENS.index(HLA_HAPLOTYPE)
_LOST = HLA_HAPLOTYPE.lost.mask


@inner()
def recognise(here: Here, seen: Floats) -> None:
    """Set `seen`, shape (n_places,), to the cells that alloreactive T cells see in each place.

    Blasts with the mismatched haplotype (all blasts with a matched donor), and what is left of the host's normal marrow.
    """
    x, normal = here.x[0], here.place[NORMAL]
    blasts = here.counts[_HAPLOTYPE if x.haplotype_mismatch != 0 else BLASTS]
    for i in range(seen.size):
        seen[i] = blasts[i] + (x.host_marrow * normal[i] if i < x.n_niches else 0.0)


@inner()
def attack(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Set the hazard and the time taken per place, and add the hazard to blasts."""
    p, rate, power, busy = here.p[0], here.signal[GVL_RATE], here.counts[GVL_POWER], here.signal[GVL_BUSY]
    any_power = 0.0
    for i in range(rate.size):
        rate[i] = busy[i] = 0.0
        any_power += power[i]
    if any_power == 0.0:
        return
    mismatched = here.x[0].haplotype_mismatch != 0
    carriers = here.work[0]
    recognise(here, carriers)
    per_target = p.rate_contacts * p.p_recognition_gvl
    count, place, signal = here.counts, here.place, here.signal
    for i in range(rate.size):
        n = at_hand(count, place, i)
        demand = per_target * carriers[i] / n
        busy[i] = time_taken(demand, p.rate_kill_max)
        free = 1.0 - p.treg_effect_on_killing * signal[SUPPRESSION, i]
        fitness = p.t_cell_fitness * signal[KILLING_FACTOR, i] * free
        rate[i] = per_target * power[i] / n * (1.0 - busy[i]) * fitness
    for s in range(pop.meta[N_STRATA]):
        code = pop.code[s]
        if here.behaviour[value_of(code, CLASS)] == BLAST and not (mismatched and code & _LOST):
            hazard = hazards[s, Channel.KILLED_BY_GVL]
            for i in range(pop.first[s], pop.end[s]):
                hazard[i] += rate[i]


class GraftVersusLeukaemia(CompiledProcess):
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
    law = attack
