"""Discrete traits of cells, packed into one integer, and the channels through which cells change.

Layout of `code`: bits 0-3 class, 5 alloreactive, 6-7 stage, 8-11 divisions left, 12-15 origin, 16-27 clone,
28 CD19 lost, 29 mismatched HLA haplotype lost, 30-45 tag of a cohort kept apart by hand (0 for all others).
"""

from enum import IntEnum

import numpy as np

from simulation.engine.events import DIE, DIVIDE, GOTO, NEIGHBOUR, PROGRAM, RECODE, Channels

__all__ = [
    "ALLOREACTIVE", "BLAST", "CD19_LOST", "CHANNELS", "CLASS_MASK", "CLONE_SHIFT", "EFFECTOR", "ENGAGED_TCON",
    "ENGAGED_TREG", "EXHAUSTION_REVERSIBLE", "EXHAUSTION_TERMINAL", "FIRST_CUSTOM_CLASS", "HLA_LOST", "LAST_DLI", "MEMORY",
    "N_TRAITS", "ORIGIN_GRAFT", "ORIGIN_SHIFT", "ORIGIN_THYMUS", "PROGRAM_SHIFT", "RESTING", "STAGE_SHIFT", "TAG_SHIFT", "TCON",
    "TREG", "Channel", "channels", "encode",
]  # fmt: skip

BLAST, TCON, TREG, ENGAGED_TCON, ENGAGED_TREG = range(5)
FIRST_CUSTOM_CLASS = 5  # classes 5..15 are a user's own
CLASS_MASK = 15
ENGAGE = ENGAGED_TCON - TCON

ALLOREACTIVE = 1 << 5
STAGE_SHIFT, PROGRAM_SHIFT, ORIGIN_SHIFT, CLONE_SHIFT = 6, 8, 12, 16
CD19_LOST, HLA_LOST = 1 << 28, 1 << 29
TAG_SHIFT = 30

RESTING, EFFECTOR, MEMORY = range(3)  # stages of an alloreactive T cell
ORIGIN_GRAFT, LAST_DLI, ORIGIN_THYMUS = 0, 14, 15  # origins 1..14 number the donor lymphocyte infusions

# Continuous traits (columns of Population.traits).
EXHAUSTION_REVERSIBLE, EXHAUSTION_TERMINAL = range(2)
N_TRAITS = 2


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
    TO_BLOOD = 12
    TO_MARROW = 13
    TO_LYMPHOID = 14
    TO_TISSUE = 15
    TO_EXTRAMEDULLARY = 16


CHANNELS = tuple(channel.name.lower() for channel in Channel)


def encode(
    kind: int,
    *,
    alloreactive: bool = False,
    stage: int = RESTING,
    divisions_left: int = 0,
    origin: int = ORIGIN_GRAFT,
    clone: int = 0,
    cd19_lost: bool = False,
    hla_lost: bool = False,
    tag: int = 0,
) -> int:
    """Pack discrete traits into a code."""
    return (
        kind
        | (ALLOREACTIVE if alloreactive else 0)
        | (stage << STAGE_SHIFT)
        | (divisions_left << PROGRAM_SHIFT)
        | (origin << ORIGIN_SHIFT)
        | (clone << CLONE_SHIFT)
        | (CD19_LOST if cd19_lost else 0)
        | (HLA_LOST if hla_lost else 0)
        | (tag << TAG_SHIFT)
    )


def channels(priming_divisions: int) -> Channels:
    """Return what each channel does; priming starts a program of `priming_divisions` divisions (0..15)."""
    program = priming_divisions << PROGRAM_SHIFT
    stage = 1 << STAGE_SHIFT
    table = {
        Channel.DIVIDE: (DIVIDE, 0),
        Channel.DIE: (DIE, 0),
        Channel.KILLED_BY_ENGAGED: (DIE, 0),
        Channel.KILLED_BY_GVL: (DIE, 0),
        Channel.ACTIVATION_DEATH: (DIE, 0),
        Channel.ENGAGE: (RECODE, ENGAGE),
        Channel.REVERT: (RECODE, -ENGAGE),
        Channel.PRIME: (RECODE, stage + program),  # resting -> effector
        Channel.RECALL: (RECODE, -stage + program),  # memory -> effector
        Channel.CONTRACT: (RECODE, stage),  # effector -> memory, when its program is over
        Channel.PROGRAM: (PROGRAM, -(1 << PROGRAM_SHIFT)),
        Channel.TO_NEIGHBOUR: (NEIGHBOUR, 0),
        Channel.TO_BLOOD: (GOTO, 0),
        Channel.TO_MARROW: (GOTO, 1),
        Channel.TO_LYMPHOID: (GOTO, 2),
        Channel.TO_TISSUE: (GOTO, 3),
        Channel.TO_EXTRAMEDULLARY: (GOTO, 4),
    }
    effect = np.array([table[c][0] for c in Channel], np.int64)
    operand = np.array([table[c][1] for c in Channel], np.int64)
    return Channels(CHANNELS, effect, operand)
