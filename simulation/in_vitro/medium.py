"""What a well has that a body has not: drug in the medium, limited medium, dying stimulators, a division dye."""

from math import exp
from typing import Final

import numpy as np

from simulation.biology.channels import N_CHANNELS, Channel, channels
from simulation.biology.state import State
from simulation.biology.traits import TAG
from simulation.engine.rules import PROGRAM, Channels

__all__ = ["DivisionDye", "Medium", "Stimulators", "dye_channels", "generation_of"]

_DYE_CHANNEL: Final = N_CHANNELS
_GENERATION: Final = TAG.bits(1)


def dye_channels(priming_divisions: int) -> Channels:
    """Return the channels of a body, and one by which a division is written down in the daughters' code.

    The generation stands where a body keeps the tag of cells set apart by hand. A programmed division counts too.
    """
    table = channels(priming_divisions)
    table.operand[Channel.PROGRAM] += _GENERATION
    return table._replace(
        effect=np.append(table.effect, PROGRAM), operand=np.append(table.operand, _GENERATION)
    )


def generation_of(codes: np.ndarray) -> np.ndarray:
    """Return how often the founders of these cells have divided, shape of `codes`."""
    return np.asarray(TAG.of(codes))


class Medium:
    """Show the drug of the medium to the cells, and end the division of engaged cells when the medium is used up.

    The concentration stays as it was pipetted: no clearance, no partition.
    """

    name = "medium"
    source = "replaces blinatumomab_pk and homeostasis, which need a circulation and a body"

    def __init__(self, capacity: float) -> None:
        self.capacity = capacity

    def act(self, state: State, dt: float) -> None:
        """Set the drug and the room for division, 1 - T cells / capacity."""
        for i, engager in enumerate(state.engagers):
            state.signals.drug_pg_ml[i] = state.mean_plasma_pg_ml[engager.name]
        crowding = float(state.census.t_cells.sum()) / self.capacity
        # `activation` reads room as 1 - (1 - lymphopenia) / fold_expansion_max
        state.signals.lymphopenia = 1.0 - state.p.fold_expansion_max * crowding


class Stimulators:
    """Let irradiated stimulators die as host antigen-presenting cells do, and B cells among them be killed with the drug."""

    name = "stimulators"
    source = "rate_apc_decay: assumption; the hazard of B cells is that of `killing`"

    def act(self, state: State, dt: float) -> None:
        """Advance both fields by one step, exactly for constant rates."""
        places, decay = state.places, state.p.rate_apc_decay
        places.normal *= exp(-decay * dt)
        places.normal_b *= np.exp(-(decay + state.signals.normal_b_kill_rate) * dt)


class DivisionDye:
    """Send every division of T cells through the channel that counts generations (CFSE halves with each)."""

    name = "division_dye"
    source = "CFSE dilution"

    def act(self, state: State, dt: float) -> None:
        """Move the hazard of division; must come after all processes that add to it."""
        rows, hazard = state.t_rows, state.pop.hazard
        hazard[rows, _DYE_CHANNEL] = hazard[rows, Channel.DIVIDE]
        hazard[rows, Channel.DIVIDE] = 0.0
