"""Antigens of cells: what blasts carry, may lose, and are recognised by."""

from dataclasses import dataclass

from simulation.engine.bit_fields import BitField

__all__ = ["ANTIGENS", "CD19", "HLA_HAPLOTYPE", "Antigen"]


@dataclass(frozen=True, slots=True)
class Antigen:
    """Declare an antigen that every blast carries unless its code says that it is lost.

    Parameters
    ----------
    name
        Its name, which is also the attribute of blasts.
    lost
        The bit of the code that says it is lost; no other trait or antigen may have it.
    p_loss
        Parameter: probability per division that a newborn blast has lost it; None if it is never lost.
    on_normal_b
        Whether normal B-lineage cells carry it.
    mismatched_only
        Whether its loss has a meaning only where donor and patient differ in an HLA haplotype.
    """

    name: str
    lost: BitField
    p_loss: str | None = None
    on_normal_b: bool = False
    mismatched_only: bool = False


def _lost(bit: int, name: str) -> BitField:
    return BitField(bit, 1, f"{name}_lost", f"Whether {name} is lost.")


CD19 = Antigen("cd19", _lost(28, "CD19"), "p_cd19_loss", on_normal_b=True)
HLA_HAPLOTYPE = Antigen(
    "hla_haplotype", _lost(29, "the mismatched HLA haplotype"), "p_hla_loss", mismatched_only=True
)
ANTIGENS = (CD19, HLA_HAPLOTYPE)
