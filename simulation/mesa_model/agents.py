"""The four agent classes, and what all T cells have in common."""

from typing import TYPE_CHECKING, Any

from simulation.biology.traits import (
    ALLOREACTIVE,
    BLAST,
    CD19_LOST,
    ENGAGED_TCON,
    ENGAGED_TREG,
    EXHAUSTION_REVERSIBLE,
    EXHAUSTION_TERMINAL,
    HLA_LOST,
    ORIGIN_GRAFT,
    ORIGIN_SHIFT,
    PROGRAM_SHIFT,
    STAGE_SHIFT,
    TCON,
    TREG,
)
from simulation.mesa_model.code_columns import Bits, Flag, Named
from simulation.mesa_model.cohort import Cohort
from simulation.mesa_model.columns import Exhaustion, Lineage, Trait
from simulation.mesa_model.ledger import Place

if TYPE_CHECKING:
    from simulation.mesa_model.model import TransplantModel

__all__ = ["BUILT_IN", "DonorTcon", "DonorTreg", "EngagedTCell", "LeukemicBlast", "TCell"]

STAGES = ("resting", "effector", "memory")


class LeukemicBlast(Cohort):
    """Leukaemic blasts.

    Parameters are those of `Cohort`, and `cd19` and `hla_haplotype`: whether they carry CD19 and the mismatched HLA haplotype.
    """

    __slots__ = ()

    cd19 = Flag(CD19_LOST, "Whether the blasts carry CD19, blinatumomab's target.", stored_as_lost=True)
    hla_haplotype = Flag(
        HLA_LOST,
        "Whether they carry the mismatched HLA haplotype, the target of alloreactive T cells.",
        stored_as_lost=True,
    )

    def __init__(
        self,
        model: "TransplantModel",
        *,
        place: Place,
        cells: int = 1,
        cd19: bool = True,
        hla_haplotype: bool = True,
        clone: int = 0,
        kept_apart: bool = True,
    ) -> None:
        cls = type(self)
        bits = cls.cd19.encoded(cd19) | cls.hla_haplotype.encoded(hla_haplotype)
        self._found(model, bits, place, cells, clone, kept_apart)


class TCell(Cohort):
    """What all T cells have in common; not used by itself.

    Parameters are those of `Cohort`, and the attributes below; exhaustion is given as its reversible and terminal part.
    """

    __slots__ = ()

    alloreactive = Flag(ALLOREACTIVE, "Whether the T cells recognise the mismatched HLA haplotype.")
    stage = Named(STAGE_SHIFT, STAGES, "Stage of alloreactive T cells: resting, effector or memory.")
    divisions_left = Bits(PROGRAM_SHIFT, 15, "Divisions still programmed after priming.")
    origin = Bits(ORIGIN_SHIFT, 15, "0 the graft, 1..14 the number of the DLI, 15 thymus and homeostasis.")
    exhaustion_reversible = Trait(EXHAUSTION_REVERSIBLE, "Reversible part of exhaustion, 0..1.")
    exhaustion_terminal = Trait(EXHAUSTION_TERMINAL, "Terminal part of exhaustion, 0..1.")
    exhaustion = Exhaustion("Sum of reversible and terminal exhaustion.")
    lineage = Lineage("Lineage, tcon or treg.")

    def __init__(
        self,
        model: "TransplantModel",
        *,
        place: Place,
        cells: int = 1,
        alloreactive: bool = False,
        stage: str = "resting",
        divisions_left: int = 0,
        origin: int = ORIGIN_GRAFT,
        clone: int = 0,
        exhaustion_reversible: float = 0.0,
        exhaustion_terminal: float = 0.0,
        kept_apart: bool = True,
    ) -> None:
        cls = type(self)
        bits = (
            cls.alloreactive.encoded(alloreactive)
            | cls.stage.encoded(stage)
            | cls.divisions_left.encoded(divisions_left)
            | cls.origin.encoded(origin)
        )
        self._found(model, bits, place, cells, clone, kept_apart, exhaustion_reversible, exhaustion_terminal)


class DonorTcon(TCell):
    """Conventional T cells of the donor."""

    __slots__ = ()


class DonorTreg(TCell):
    """Regulatory T cells of the donor."""

    __slots__ = ()


class EngagedTCell(TCell):
    """T cells that blinatumomab has bridged to a CD19+ cell; they keep their `lineage`, and revert without drug or antigen."""

    __slots__ = ()

    def __init__(self, model: "TransplantModel", *, lineage: str = "tcon", **traits: Any) -> None:
        if lineage not in _ENGAGED:
            raise ValueError(f"lineage must be tcon or treg, got {lineage!r}")
        if lineage == "treg" and type(self) is not EngagedTCell:
            raise ValueError(
                f"lineage: all {type(self).__name__} follow the rules of one class, an engaged tcon"
            )
        super().__init__(model, **traits)
        code = self._ledger.pop.code.item(self._row)
        self._ledger.recode(self._row, code + _ENGAGED[lineage] - ENGAGED_TCON, self.place)


_ENGAGED = {"tcon": ENGAGED_TCON, "treg": ENGAGED_TREG}

# Class of each built-in class number.
BUILT_IN: dict[int, type[Cohort]] = {
    BLAST: LeukemicBlast,
    TCON: DonorTcon,
    TREG: DonorTreg,
    ENGAGED_TCON: EngagedTCell,
    ENGAGED_TREG: EngagedTCell,
}
