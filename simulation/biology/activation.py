"""Activation by T-cell engagers.

T cells become engaged, divide and die with the time engaged, and revert without antigen.
"""

from simulation.biology.channels import Channel
from simulation.biology.here import BUSY, SUPPRESSION, SYNAPSE_RATE, Here
from simulation.biology.state import CompiledProcess
from simulation.biology.traits import (
    CLASS,
    ENGAGED_TCON,
    ENGAGED_TREG,
    EXHAUSTION_REVERSIBLE,
    EXHAUSTION_TERMINAL,
    TCON,
    TREG,
)
from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import inner
from simulation.engine.population import N_STRATA, Columns, Floats

__all__ = ["Activation", "activate"]


@inner()
def activate(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Add the hazards of T cells."""
    p, x = here.p[0], here.x[0]
    synapse, busy, suppression = here.signal[SYNAPSE_RATE], here.signal[BUSY], here.signal[SUPPRESSION]
    fastest = p.rate_activation_max
    # lymphopenia = 1 - N/K; division of engaged cells ends where N reaches fold_expansion_max times K.
    room = max(1.0 - (1.0 - x.lymphopenia) / p.fold_expansion_max, 0.0)
    division = p.rate_division_engaged * x.proliferation_factor * room
    for s in range(pop.meta[N_STRATA]):
        kind, first, end = value_of(pop.code[s], CLASS), pop.first[s], pop.end[s]
        if kind == TCON or kind == TREG:
            engage = hazards[s, Channel.ENGAGE]
            for i in range(first, end):
                if synapse[i] > 0.0:
                    engage[i] += synapse[i] * fastest / (synapse[i] + fastest)
        elif kind == ENGAGED_TCON or kind == ENGAGED_TREG:
            reversible, terminal = pop.traits[EXHAUSTION_REVERSIBLE, s], pop.traits[EXHAUSTION_TERMINAL, s]
            revert, die = hazards[s, Channel.REVERT], hazards[s, Channel.ACTIVATION_DEATH]
            divide = hazards[s, Channel.DIVIDE]
            for i in range(first, end):
                u = busy[i]
                revert[i] += p.rate_reversion * (1.0 - u)
                die[i] += p.rate_activation_death * u
                fit = max(1.0 - reversible[i] - terminal[i], 0.0)
                free = 1.0 - suppression[i] if kind == ENGAGED_TCON else p.treg_division_share
                divide[i] += division * (u + p.fraction_division_programmed * (1.0 - u)) * fit * free


class Activation(CompiledProcess):
    """Add engagement at the rate of synapses, division and activation-induced death, and reversion.

    Engagement is limited to `rate_activation_max` (half of it where synapses come at that rate).

    Engaged cells divide while they are bound to a target and, at `fraction_division_programmed` of that rate, until they
    revert: a T cell once activated divides some times more without antigen, which is how a few B cells feed the overshoot of
    the first week (C8). Division needs room below the expansion limit, and falls with
    exhaustion, Treg suppression and immunosuppressants; activation-induced death rises with time engaged;
    reversion takes the time not engaged. Engaged Treg do all of this too, dividing at a fraction of the
    Tcon's rate.
    """

    name = "activation"
    source = (
        "Hosseini 2020 supplement (activation 9.8/day, division, AICD); Klinger 2012, Blood 119:6226 "
        "(expansion); Duell 2017 (Treg); program after brief contact: van Stipdonk 2001, Nat Immunol 2:423 (recalled)"
    )
    reads = (
        "fold_expansion_max", "rate_activation_max", "rate_division_engaged", "fraction_division_programmed",
        "treg_division_share", "rate_activation_death", "rate_reversion",
    )  # fmt: skip
    law = activate
