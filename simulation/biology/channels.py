"""The event channels: what may happen to a cell in a step, each a column of the hazard table."""

from enum import IntEnum
from typing import Final

import numpy as np

from simulation.biology.places import PlaceKind
from simulation.biology.traits import (
    CLASS,
    CLONE,
    DIVISIONS_LEFT,
    EFFECTOR,
    ENGAGED_TCON,
    MEMORY,
    RESTING,
    STAGE,
    TCON,
)
from simulation.engine.rules import DIE, DIVIDE, GOTO, NEIGHBOUR, PROGRAM, RECODE, Channels

__all__ = ["N_CHANNELS", "TO_KIND", "Channel", "channels"]


class Channel(IntEnum):
    """Number the event channels (columns of Population.hazard)."""

    DIVIDE = 0
    DIE = 1
    KILLED_BY_ENGAGED = 2
    KILLED_BY_GVL = 3
    ACTIVATION_DEATH = 4
    ENGAGE = 5
    REVERT = 6
    PRIME = 7
    RECALL = 8
    CONTRACT = 9
    PROGRAM = 10
    TO_NEIGHBOUR = 11


# The channel that leads to the places of each kind, by kind, after all others; none leads into a culture well: -1.
_AIMS = [kind for kind in PlaceKind if kind is not PlaceKind.WELL]
N_CHANNELS: Final = len(Channel) + len(_AIMS)
TO_KIND: Final = np.array(
    [len(Channel) + _AIMS.index(kind) if kind in _AIMS else -1 for kind in PlaceKind], np.int64
)


def channels(priming_divisions: int) -> Channels:
    """Return what each channel does; priming starts a program of `priming_divisions` divisions."""
    engaged = CLASS.bits(ENGAGED_TCON) - CLASS.bits(TCON)  # the same for Treg
    resting, effector, memory = STAGE.bits(RESTING), STAGE.bits(EFFECTOR), STAGE.bits(MEMORY)
    program = DIVISIONS_LEFT.bits(priming_divisions)
    table = {
        Channel.DIVIDE: (DIVIDE, 0),
        Channel.DIE: (DIE, 0),
        Channel.KILLED_BY_ENGAGED: (DIE, 0),
        Channel.KILLED_BY_GVL: (DIE, 0),
        Channel.ACTIVATION_DEATH: (DIE, 0),
        Channel.ENGAGE: (RECODE, engaged),
        Channel.REVERT: (RECODE, -engaged),
        Channel.PRIME: (RECODE, effector - resting + program),
        Channel.RECALL: (RECODE, effector - memory + program),
        Channel.CONTRACT: (RECODE, memory - effector),  # when its program is over
        Channel.PROGRAM: (PROGRAM, -DIVISIONS_LEFT.bits(1)),
        Channel.TO_NEIGHBOUR: (NEIGHBOUR, 0),
    }
    rows = [table[channel] for channel in Channel] + [(GOTO, kind) for kind in _AIMS]
    effect, operand = np.array(rows, np.int64).T.copy()
    return Channels(effect, operand, CLASS, DIVISIONS_LEFT, CLONE, priming_divisions)
