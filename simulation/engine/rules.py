"""What may happen to cells and where they may go, declared by whoever owns the meaning; the engine knows no more."""

from typing import NamedTuple

import numpy as np

from simulation.engine.bit_fields import BitField
from simulation.engine.compiled import inner
from simulation.engine.population import Floats, Ints, Ints32
from simulation.engine.views import FLOATS, INTS, INTS32, INTS32_2, View

__all__ = [
    "DIE", "DIVIDE", "GOTO", "MAX_CLONES", "NEIGHBOUR", "OF_CLASS", "PROGRAM", "PROGRAM_LENGTH", "RECODE", "RULES", "Channels",
    "Destinations", "Rules", "Variants", "births_and_deaths",
]  # fmt: skip

# What a channel does to the cells it draws. Channel 0 is always DIVIDE.
DIVIDE, DIE, RECODE, PROGRAM, NEIGHBOUR, GOTO = range(6)

OF_CLASS, MAX_CLONES, PROGRAM_LENGTH = range(3)  # slots of `Rules.numbers`


class Channels(NamedTuple):
    """Describe the event channels: what each does (`effect`) and with which operand (`operand`), both shape (n_channels,).

    RECODE adds the operand to the cell's code; PROGRAM does so to both daughters of a programmed division; GOTO moves to
    the group of places numbered by the operand. The rest are the fields of the code that the engine reads: the class by which
    events are counted, the programmed divisions left, and the clone, which a mutant founds. A program begins with
    `program_length` divisions.
    """

    effect: Ints
    operand: Ints
    kind: BitField
    program: BitField
    clone: BitField
    program_length: int


class Destinations(NamedTuple):
    """Hold where cells may go: `neighbours` (n_places, k), -1 padded; groups of places with weights summing to 1.

    The members of group g are `member[group_start[g]:group_start[g + 1]]`; `to_left` is filled in by `planted`.
    """

    neighbours: Ints32
    group_start: Ints32
    member: Ints32
    to_left: Floats

    @classmethod
    def planted(
        cls, neighbours: Ints32, group_start: Ints32, member: Ints32, weight: Floats
    ) -> "Destinations":
        """Return the destinations: a group is drawn from down a tree that knows of each node the share to its left.

        Node i of a group's tree has the children 2i and 2i + 1; the leaves size..2*size - 1 are the members.
        """
        to_left = np.zeros(2 * weight.size + 2)
        for first, end in zip(group_start.tolist(), group_start.tolist()[1:], strict=False):
            size = end - first
            node = np.zeros(2 * size)
            node[size:] = weight[first:end]
            for i in range(size - 1, 0, -1):
                node[i] = node[2 * i] + node[2 * i + 1]
                to_left[2 * first + i] = node[2 * i] / node[i] if node[i] > 0.0 else 1.0
        return cls(neighbours, group_start, member, to_left)


class Variants(NamedTuple):
    """Describe heritable changes at division: each new cell of class `of_class` gets `bit` with `probability`."""

    bit: Ints
    probability: Floats
    of_class: int
    max_clones: int  # a mutant founds a clone of its own, until so many are there


class Rules(NamedTuple):
    """Hold for compiled code what Channels, Destinations and Variants say; bit fields as (shift, width)."""

    effect: Ints
    operand: Ints
    kind: Ints
    program: Ints
    clone: Ints
    neighbours: Ints32
    group_start: Ints32
    member: Ints32
    to_left: Floats
    bit: Ints
    probability: Floats
    numbers: Ints

    @classmethod
    def of(cls, channels: Channels, where: Destinations, variants: Variants) -> "Rules":
        """Return them as one tuple."""
        kind, program, clone = (
            np.array([field.shift, field.width])
            for field in (channels.kind, channels.program, channels.clone)
        )
        return cls(
            channels.effect, channels.operand, kind, program, clone, where.neighbours, where.group_start, where.member,
            where.to_left, variants.bit, variants.probability, 
            np.array([variants.of_class, variants.max_clones, channels.program_length]),
        )  # fmt: skip


RULES = View(Rules, *[INTS] * 5, INTS32_2, INTS32, INTS32, FLOATS, INTS, FLOATS, INTS)


@inner()
def births_and_deaths(tally: Ints, effect: Ints) -> tuple[int, int]:
    """Return how many cells of all classes were born, and how many died by whatever channel (`tally`: classes by channels)."""
    births = deaths = 0
    for kind in range(tally.shape[0]):
        births += tally[kind, DIVIDE]
        for c in range(1, tally.shape[1]):
            if effect[c] == DIE:
                deaths += tally[kind, c]
    return births, deaths
