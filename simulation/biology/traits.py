"""Traits of cells: the discrete ones, packed into one integer (`code`), and the continuous ones.

Each bit field is declared here once; masks, packing and the attributes of agents follow from it. The bits of
`biology/antigens.py` say which antigens a blast has lost. Bits 46-62 are free.
"""

from collections.abc import Iterable

from simulation.biology.antigens import Antigen
from simulation.engine.bit_fields import BitField
from simulation.engine.population import Floats

__all__ = [
    "ALLOREACTIVE", "BLAST", "CLASS", "CLONE", "DIVISIONS_LEFT", "EFFECTOR", "ENGAGED_TCON", "ENGAGED_TREG",
    "EXHAUSTION_REVERSIBLE", "EXHAUSTION_TERMINAL", "FIRST_CUSTOM_CLASS", "HAEMATOPOIETIC", "MEMORY", "N_TRAITS",
    "ORIGIN",
    "ORIGIN_GRAFT", "ORIGIN_THYMUS", "RESTING", "STAGE", "TAG", "TCON", "TREG", "encode", "exhaustion_of",
]  # fmt: skip

CLASS = BitField(0, 4, "kind", "Agent class.", ("blast", "tcon", "treg", "engaged_tcon", "engaged_treg"))
HAEMATOPOIETIC = BitField(
    4, 1, "haematopoietic", "Whether an alloreactive T cell sees antigens of blood cells only."
)
ALLOREACTIVE = BitField(5, 1, "alloreactive", "Whether the T cells recognise the mismatched HLA haplotype.")
STAGE = BitField(
    6, 2, "stage", "Stage of alloreactive T cells: resting, effector or memory.", ("resting", "effector", "memory")
)  # fmt: skip
DIVISIONS_LEFT = BitField(8, 4, "divisions_left", "Divisions still programmed after priming.")
ORIGIN = BitField(12, 4, "origin", "0 the graft, 1..14 the number of the DLI, 15 thymus and homeostasis.")
CLONE = BitField(16, 12, "clone", "Subclone or clonotype.")
TAG = BitField(
    30, 16, "tag", "Mark of an agent kept apart, and of the cells that came from it; 0 for all others."
)

_FIELDS = {
    field.name: field
    for field in (CLASS, HAEMATOPOIETIC, ALLOREACTIVE, STAGE, DIVISIONS_LEFT, ORIGIN, CLONE, TAG)
}

BLAST, TCON, TREG, ENGAGED_TCON, ENGAGED_TREG = range(len(CLASS.values))
FIRST_CUSTOM_CLASS = len(CLASS.values)  # this and higher ones are a user's own
RESTING, EFFECTOR, MEMORY = range(len(STAGE.values))
ORIGIN_GRAFT, ORIGIN_THYMUS = 0, ORIGIN.largest  # those between number the donor lymphocyte infusions

# Continuous traits (columns of Population.traits).
EXHAUSTION_REVERSIBLE, EXHAUSTION_TERMINAL = range(2)
N_TRAITS = 2


def encode(kind: int, *, lost: Iterable[Antigen] = (), **fields: int) -> int:
    """Pack discrete traits into a code.

    Parameters
    ----------
    kind
        Agent class.
    lost
        Antigens that the cells have lost.
    fields
        Fields of this module by name; those left out are 0.
    """
    code = CLASS.bits(kind)
    for name, value in fields.items():
        if name not in _FIELDS:
            raise TypeError(f"no trait {name!r}; there are {', '.join(_FIELDS)}")
        code |= _FIELDS[name].bits(value)
    for antigen in lost:
        code |= antigen.lost.mask
    return code


def exhaustion_of(traits: Floats) -> Floats:
    """Return reversible + terminal exhaustion of rows of continuous traits, shape (n, n_traits) -> (n,)."""
    return traits[:, EXHAUSTION_REVERSIBLE] + traits[:, EXHAUSTION_TERMINAL]
