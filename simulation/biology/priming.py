"""Priming: host antigen-presenting cells turn alloreactive Tcon into effectors, later memory."""

from math import exp, expm1

from simulation.biology.channels import Channel
from simulation.biology.here import SUPPRESSION, Here
from simulation.biology.places import PlaceKind
from simulation.biology.state import CompiledProcess
from simulation.biology.traits import (
    ALLOREACTIVE,
    CLASS,
    DIVISIONS_LEFT,
    EFFECTOR,
    ENGAGED_TCON,
    HAEMATOPOIETIC,
    MEMORY,
    STAGE,
    TCON,
)
from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import inner
from simulation.engine.population import N_STRATA, Columns, Floats

__all__ = ["Priming", "prime"]


@inner()
def prime(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Advance host APC and add the hazards of alloreactive Tcon."""
    p, x, suppression = here.p[0], here.x[0], here.signal[SUPPRESSION]
    where = max(x.lymphoid, x.well)
    if where < 0:  # a body has lymphoid tissue, a culture a well
        return
    loss = p.rate_apc_decay + p.rate_apc_tolerisation * suppression[where]
    gain = p.rate_apc_damage * (1.0 - x.tissue_integrity)
    span, before = (gain + loss) * dt, x.host_apc
    apc = before  # mean over the step
    if span > 0.0:
        level = (gain + loss * p.fraction_host_apc_persistent) / (gain + loss)
        x.host_apc = level + (before - level) * exp(-span)
        apc = level + (before - level) * -expm1(-span) / span
    priming, deletion = p.rate_priming * apc, p.rate_peripheral_deletion * (1.0 - apc)
    program = p.rate_program_division * x.proliferation_factor
    expansion = p.rate_effector_division * x.proliferation_factor
    for s in range(pop.meta[N_STRATA]):
        code = pop.code[s]
        kind = here.behaviour[value_of(code, CLASS)]
        if (kind != TCON and kind != ENGAGED_TCON) or not value_of(code, ALLOREACTIVE):
            continue
        stage = value_of(code, STAGE)
        deleted = deletion * (p.factor_deletion_haematopoietic if value_of(code, HAEMATOPOIETIC) else 1.0)
        divide, die = hazards[s, Channel.DIVIDE], hazards[s, Channel.DIE]
        for i in range(pop.first[s], pop.end[s]):
            free, place = 1.0 - suppression[i], here.kind[i]
            if stage != EFFECTOR:
                if place == PlaceKind.LYMPHOID or place == PlaceKind.WELL:
                    if stage == MEMORY:
                        hazards[s, Channel.RECALL, i] += priming * p.factor_recall * free
                    else:
                        hazards[s, Channel.PRIME, i] += priming * free
                if place != PlaceKind.BLOOD and place != PlaceKind.WELL:
                    die[i] += deleted
            elif value_of(code, DIVISIONS_LEFT):
                hazards[s, Channel.PROGRAM, i] += program * free
            else:
                if place == PlaceKind.TISSUE:
                    divide[i] += expansion * free
                elif place == PlaceKind.WELL:
                    divide[i] += expansion * apc * free
                die[i] += p.rate_contraction * (1.0 - p.fraction_memory)
                hazards[s, Channel.CONTRACT, i] += p.rate_contraction * p.fraction_memory


class Priming(CompiledProcess):
    """Add priming, programmed and antigen-driven division, and contraction of alloreactive Tcon.

    Priming happens in lymphoid tissue, in proportion to host antigen-presenting cells (APC). APC decay after
    transplant to a persistent share, are tolerised where Treg suppress, and come up again with tissue damage.
    Where they are few, resting and memory alloreactive cells of the tissues meet host antigen without help and
    are deleted (peripheral tolerance). An effector runs through its divisions where it was primed; then it homes
    (trafficking) and divides on the antigen of host tissue. Effectors contract, a part to memory, which host APC
    recall poorly. So cells of the graft become tolerant with time and those of a later infusion are not yet
    (docs/decisions/0009). Treg suppress priming and every division. In a culture well the stimulators are the APC
    and the antigen that effectors meet.
    """

    name = "priming"
    source = (
        "alloreactive share: Suchin 2001 (recalled); division and contraction: mouse GvHD transfers "
        "(recalled); APC kinetics and deletion: assumption"
    )
    reads = (
        "rate_apc_decay", "rate_apc_tolerisation", "rate_apc_damage", "fraction_host_apc_persistent", "rate_priming",
        "rate_program_division", "rate_effector_division", "rate_contraction", "fraction_memory",
        "rate_peripheral_deletion", "factor_recall", "factor_deletion_haematopoietic",
    )  # fmt: skip
    law = prime
