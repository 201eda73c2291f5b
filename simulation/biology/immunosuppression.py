"""Immunosuppressants as named effects on T-cell division and killing."""

from simulation.biology.census import TCONS, TREGS
from simulation.biology.contact import targets_at
from simulation.biology.drugs import DRUGS, EFFECTS, PLAIN_DRUGS
from simulation.biology.here import KILLING_FACTOR, Here
from simulation.biology.state import CompiledProcess
from simulation.engine.compiled import inner
from simulation.engine.population import Columns, Floats

__all__ = ["Immunosuppression", "suppress"]


_PLAIN = len(PLAIN_DRUGS)  # the first of DRUGS
_STEROID = DRUGS.index("corticosteroid")


@inner()
def suppress(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Set the factors of this step."""
    p, x, factor = here.p[0], here.x[0], here.signal[KILLING_FACTOR]
    count, place = here.counts, here.place
    proliferation = killing = homeostasis = 1.0
    for drug in range(_PLAIN):
        level = here.exposure[drug]
        proliferation *= 1.0 - level * (1.0 - here.values[here.factors[drug, 0]])
        killing *= 1.0 - level * (1.0 - here.values[here.factors[drug, 1]])
        homeostasis *= 1.0 - level * (1.0 - here.values[here.factors[drug, 2]])
    steroid = here.exposure[_STEROID]
    proliferation *= 1.0 - steroid * (1.0 - p.factor_proliferation_corticosteroid)
    homeostasis *= 1.0 - steroid * (1.0 - p.factor_homeostasis_corticosteroid)
    x.proliferation_factor, x.homeostatic_factor = max(proliferation, 0.0), max(homeostasis, 0.0)
    for i in range(factor.size):
        factor[i] = max(killing, 0.0)
    if steroid > 0.0:
        low, high = p.factor_killing_corticosteroid_low_et, p.factor_killing_corticosteroid_high_et
        for i in range(factor.size):
            targets = 1.0
            for e in range(here.engagers.size):
                targets = max(targets, targets_at(count, place, here.engagers[e], i))
            et_ratio = (count[TCONS, i] + count[TREGS, i]) / targets
            spared = et_ratio / (et_ratio + p.et_ratio_half_steroid)
            factor[i] *= 1.0 - steroid * (1.0 - (low + (high - low) * spared))


class Immunosuppression(CompiledProcess):
    """Set the factors by which drugs slow T-cell division, on antigen and homeostatic, and killing.

    A drug at `level` multiplies by 1 - level x (1 - factor). The corticosteroid's effect on killing depends
    on the local E:T ratio: large when targets outnumber killers, hardly any when killers abound, which
    reconciles Brandl 2007 with Kauer 2020. Calcineurin inhibitors leave homeostatic (IL-7 driven) division alone.
    """

    name = "immunosuppression"
    source = (
        "Brandl 2007, doi 10.1007/s00262-007-0298-z; Kauer 2020, doi 10.1136/jitc-2020-000621; "
        "homeostatic division: J Immunol Res 2013:217934; CNI, MMF otherwise recalled"
    )
    reads = (
        *(f"factor_{effect}_{drug}" for drug in PLAIN_DRUGS for effect in EFFECTS),
        "factor_proliferation_corticosteroid", "factor_homeostasis_corticosteroid", "et_ratio_half_steroid",
        "factor_killing_corticosteroid_low_et", "factor_killing_corticosteroid_high_et",
    )  # fmt: skip
    law = suppress
