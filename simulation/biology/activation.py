"""Activation by T-cell engagers.

T cells become engaged, divide and die with the time engaged, and revert without antigen.
"""

from numba import njit

from simulation.biology.channels import Channel
from simulation.biology.state import State
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
from simulation.engine.population import Floats, Ints, Ints32

__all__ = ["Activation"]


class Activation:
    """Add engagement at the rate of synapses, division and activation-induced death, and reversion.

    Engagement is limited to `rate_activation_max` (half of it where synapses come at that rate).

    Division of engaged cells needs time engaged and room below the expansion limit, and falls with
    exhaustion, Treg suppression and immunosuppressants; activation-induced death rises with time engaged;
    reversion takes the time not engaged. Engaged Treg do all of this too, dividing at a fraction of the
    Tcon's rate.
    """

    name = "activation"
    source = (
        "Hosseini 2020 supplement (activation 9.8/day, division, AICD); Klinger 2012, Blood 119:6226 "
        "(expansion); Duell 2017 (Treg)"
    )
    reads = (
        "fold_expansion_max", "rate_activation_max", "rate_division_engaged", "treg_division_share",
        "rate_activation_death", "rate_reversion",
    )  # fmt: skip

    def act(self, state: State, dt: float) -> None:
        """Add the hazards of T cells."""
        p, pop, signals = state.p, state.pop, state.signals
        # lymphopenia = 1 - N/K; division of engaged cells ends where N reaches fold_expansion_max times K.
        room = max(1.0 - (1.0 - signals.lymphopenia) / p.fold_expansion_max, 0.0)
        _add(
            state.census.t_rows, pop.code, pop.place, pop.traits, pop.hazard, signals.synapse_rate, signals.busy,
            signals.suppression, p.rate_activation_max, p.rate_division_engaged * signals.proliferation_factor * room,
            p.treg_division_share, p.rate_activation_death, p.rate_reversion,
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _add(
    rows: Ints32, codes: Ints, places: Ints32, traits: Floats, hazard: Floats, synapse: Floats, busy: Floats,
    suppression: Floats, fastest: float, division: float, treg_share: float, death: float, reversion: float,
) -> None:  # fmt: skip
    for row in rows:
        kind, place = value_of(codes[row], CLASS), places[row]
        if kind == TCON or kind == TREG:
            x = synapse[place]
            if x > 0.0:
                hazard[row, Channel.ENGAGE] += x * fastest / (x + fastest)
        elif kind == ENGAGED_TCON or kind == ENGAGED_TREG:
            u = busy[place]
            hazard[row, Channel.REVERT] += reversion * (1.0 - u)
            hazard[row, Channel.ACTIVATION_DEATH] += death * u
            fit = max(1.0 - traits[row, EXHAUSTION_REVERSIBLE] - traits[row, EXHAUSTION_TERMINAL], 0.0)
            if kind == ENGAGED_TCON:
                hazard[row, Channel.DIVIDE] += division * u * fit * (1.0 - suppression[place])
            else:
                hazard[row, Channel.DIVIDE] += division * u * fit * treg_share
