"""The four agent classes, and what all T cells have in common."""

from typing import TYPE_CHECKING, Any, Final

from simulation.biology.antigens import ANTIGENS
from simulation.biology.traits import (
    ALLOREACTIVE,
    BLAST,
    CLASS,
    DIVISIONS_LEFT,
    ENGAGED_TCON,
    ENGAGED_TREG,
    EXHAUSTION_REVERSIBLE,
    EXHAUSTION_TERMINAL,
    HAEMATOPOIETIC,
    ORIGIN,
    ORIGIN_GRAFT,
    STAGE,
    TCON,
    TREG,
)
from simulation.mesa_model.cell_agent import CellAgent
from simulation.mesa_model.code_columns import Bits, Flag, Named
from simulation.mesa_model.columns import Exhaustion, Lineage, Trait
from simulation.mesa_model.ledger import Place
from simulation.products.registry import ENGAGERS

if TYPE_CHECKING:
    from simulation.mesa_model.model import TransplantModel

__all__ = ["BUILT_IN", "DonorTcon", "DonorTreg", "EngagedTCell", "LeukemicBlast", "TCell"]

_ANTIGENS: Final = dict.fromkeys((*ANTIGENS, *(engager.target for engager in ENGAGERS)))


class LeukemicBlast(CellAgent):
    """Leukaemic blasts.

    Parameters are those of `CellAgent`, and the antigens by name (`cd19`, `hla_haplotype`): whether the blasts carry them. They
    are attributes as well.
    """

    __slots__ = ()

    def __init__(
        self,
        model: "TransplantModel",
        *,
        place: Place,
        cells: int = 1,
        clone: int = 0,
        kept_apart: bool = True,
        **antigens: bool,
    ) -> None:
        bits = 0
        for name, carried in antigens.items():
            flag = getattr(type(self), name, None)
            if not isinstance(flag, Flag):
                names = ", ".join(antigen.name for antigen in _ANTIGENS)
                raise TypeError(f"{type(self).__name__}: no antigen {name!r}; there are {names}")
            bits |= flag.encoded(carried)
        self._create(model, bits, place, cells, clone, kept_apart)


for _antigen in _ANTIGENS:
    _flag = Flag(_antigen.lost, f"Whether the blasts carry {_antigen.name}.", stored_as_lost=True)
    _flag.__set_name__(LeukemicBlast, _antigen.name)
    setattr(LeukemicBlast, _antigen.name, _flag)


class TCell(CellAgent):
    """What all T cells have in common; not used by itself.

    Parameters are those of `CellAgent`, and the attributes below; exhaustion is given as its reversible and terminal part.
    """

    __slots__ = ()

    alloreactive = Flag(ALLOREACTIVE)
    haematopoietic = Flag(HAEMATOPOIETIC)
    stage = Named(STAGE)
    divisions_left = Bits(DIVISIONS_LEFT)
    origin = Bits(ORIGIN)
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
        haematopoietic: bool = False,
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
            | cls.haematopoietic.encoded(haematopoietic)
            | cls.stage.encoded(stage)
            | cls.divisions_left.encoded(divisions_left)
            | cls.origin.encoded(origin)
        )
        self._create(model, bits, place, cells, clone, kept_apart, exhaustion_reversible, exhaustion_terminal)


class DonorTcon(TCell):
    """Conventional T cells of the donor."""

    __slots__ = ()


class DonorTreg(TCell):
    """Regulatory T cells of the donor."""

    __slots__ = ()


class EngagedTCell(TCell):
    """T cells that an engager has bridged to a target cell; they keep their `lineage`, and revert without drug or antigen."""

    __slots__ = ()

    def __init__(self, model: "TransplantModel", *, lineage: str = "tcon", **traits: Any) -> None:
        if lineage not in _ENGAGED:
            raise ValueError(f"lineage must be tcon or treg, got {lineage!r}")
        if lineage == "treg" and type(self) is not EngagedTCell:
            raise ValueError(
                f"lineage: all {type(self).__name__} follow the rules of one class, an engaged tcon"
            )
        super().__init__(model, **traits)
        code = self._ledger.pop.code_of(self._row)
        self._ledger.recode(self._row, CLASS.put(code, _ENGAGED[lineage]), self.place)


_ENGAGED = {"tcon": ENGAGED_TCON, "treg": ENGAGED_TREG}

# Class of each built-in class number.
BUILT_IN: dict[int, type[CellAgent]] = {
    BLAST: LeukemicBlast,
    TCON: DonorTcon,
    TREG: DonorTreg,
    ENGAGED_TCON: EngagedTCell,
    ENGAGED_TREG: EngagedTCell,
}
