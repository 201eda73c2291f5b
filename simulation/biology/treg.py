"""Regulatory T cells: local suppression by the Treg:Tcon ratio, and survival that depends on IL-2 from Tcon."""

from simulation.biology.census import ENGAGED_TREGS, TCONS, TREGS
from simulation.biology.channels import Channel
from simulation.biology.here import SUPPRESSION, Here
from simulation.biology.state import CompiledProcess
from simulation.biology.traits import CLASS, ENGAGED_TREG, TREG
from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import inner
from simulation.engine.population import N_STRATA, Columns, Floats

__all__ = ["TregSuppression", "regulate"]


@inner()
def regulate(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Set suppression from the census and add the hazards of Treg."""
    p, suppression = here.p[0], here.signal[SUPPRESSION]
    tcon = treg = 0.0
    for i in range(suppression.size):
        power = here.counts[TREGS, i] + (p.treg_engaged_weight - 1.0) * here.counts[ENGAGED_TREGS, i]
        ratio = power / max(here.counts[TCONS, i], 1.0)
        suppression[i] = ratio / (ratio + p.treg_ratio_half)
        tcon += here.counts[TCONS, i]
        treg += here.counts[TREGS, i]
    if treg <= 0.0:
        return
    supported = p.treg_share_supported * tcon / treg
    death = p.rate_treg_death * max(1.0 - supported, 0.0)
    division = p.rate_treg_expansion * max(1.0 - 1.0 / supported, 0.0) if supported > 0.0 else 0.0
    division *= here.x[0].proliferation_factor
    for s in range(pop.meta[N_STRATA]):
        kind = here.behaviour[value_of(pop.code[s], CLASS)]
        if kind == TREG or kind == ENGAGED_TREG:
            die, divide = hazards[s, Channel.DIE], hazards[s, Channel.DIVIDE]
            for i in range(pop.first[s], pop.end[s]):
                die[i] += death
                divide[i] += division


class TregSuppression(CompiledProcess):
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
    law = regulate
