"""Priming in the marrow: clones that see antigens of blood cells only meet them there, where GvHD has no place."""

from simulation.biology.channels import Channel
from simulation.biology.contact import at_hand
from simulation.biology.gvl import recognise
from simulation.biology.here import SUPPRESSION, Here
from simulation.biology.state import CompiledProcess
from simulation.biology.traits import (
    ALLOREACTIVE,
    CLASS,
    DIVISIONS_LEFT,
    EFFECTOR,
    ENGAGED_TCON,
    EXHAUSTION_REVERSIBLE,
    EXHAUSTION_TERMINAL,
    HAEMATOPOIETIC,
    MEMORY,
    STAGE,
    TCON,
)
from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import inner
from simulation.engine.population import N_STRATA, Columns, Floats

__all__ = ["MarrowPriming", "prime_on_blasts"]


@inner()
def prime_on_blasts(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Add the hazards of the restricted clones in the niches."""
    p, x, suppression = here.p[0], here.x[0], here.signal[SUPPRESSION]
    targets, drives = here.work[0], here.work[1]
    recognise(here, targets)
    for i in range(x.n_niches):
        seen = targets[i] / at_hand(here.counts, here.place, i)
        drives[i] = seen / (seen + p.fraction_half_marrow_priming) * (1.0 - suppression[i])
    for s in range(pop.meta[N_STRATA]):
        code = pop.code[s]
        kind = here.behaviour[value_of(code, CLASS)]
        if (kind != TCON and kind != ENGAGED_TCON) or not value_of(code, ALLOREACTIVE):
            continue
        if not value_of(code, HAEMATOPOIETIC):
            continue
        stage = value_of(code, STAGE)
        reversible, terminal = pop.traits[EXHAUSTION_REVERSIBLE, s], pop.traits[EXHAUSTION_TERMINAL, s]
        for i in range(pop.first[s], min(pop.end[s], x.n_niches)):
            drive = drives[i]
            if stage == MEMORY:
                hazards[s, Channel.RECALL, i] += p.rate_priming * p.factor_recall_haematopoietic * drive
            elif stage != EFFECTOR:
                hazards[s, Channel.PRIME, i] += p.rate_priming * drive
            elif not value_of(code, DIVISIONS_LEFT):
                fit = max(1.0 - reversible[i] - terminal[i], 0.0)
                division = p.rate_haematopoietic_division * x.proliferation_factor
                hazards[s, Channel.DIVIDE, i] += division * drive * fit


class MarrowPriming(CompiledProcess):
    """Add priming, recall and division of clones that see antigens of blood cells only, on blasts and on host marrow.

    Drive = B / (B + half) x (1 - suppression), with B the share of cells that they see (gvl.recognise) among those of the niche.
    Most minor antigens that T cells see are not on fibroblasts: such clones cause GvL without GvHD. They do not enter host
    tissue (trafficking), tire while they kill (exhaustion), answer host antigen-presenting cells, which are blood cells, as
    others do, and are deleted in tissues without help (priming), so that residents become tolerant and cells of a fresh
    infusion are not yet.
    """

    name = "marrow_priming"
    source = (
        "12 of 17 minor antigens not on fibroblasts: Blood 1998;91:2197; marrow CD8 as their target: Blood 2014;123:1412; "
        "rates: assumption"
    )
    reads = (
        "rate_priming", "fraction_half_marrow_priming", "factor_recall_haematopoietic", "rate_haematopoietic_division",
    )  # fmt: skip
    law = prime_on_blasts
