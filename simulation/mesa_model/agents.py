"""The four agent classes: live handles on the engine's rows.

An agent is a cohort of like cells in one place. Its attributes are read from the engine's columns and written to them; the object
itself holds nothing but which row it stands for, unless a user gives it attributes of his own.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from mesa import Agent

from simulation.biology.traits import (
    ALLOREACTIVE,
    BLAST,
    CD19_LOST,
    CLONE_SHIFT,
    ENGAGED_TCON,
    ENGAGED_TREG,
    EXHAUSTION_REVERSIBLE,
    EXHAUSTION_TERMINAL,
    HLA_LOST,
    N_TRAITS,
    ORIGIN_GRAFT,
    ORIGIN_SHIFT,
    PROGRAM_SHIFT,
    STAGE_SHIFT,
    TAG_SHIFT,
    TCON,
    TREG,
)
from simulation.mesa_model.columns import (
    Bits,
    Cells,
    Exhaustion,
    Flag,
    Identity,
    KeptApart,
    Lineage,
    Named,
    PlaceKindName,
    PlaceNumber,
    Position,
    Serial,
    Tag,
    Trait,
)
from simulation.mesa_model.ledger import Ledger, Place, place_index

if TYPE_CHECKING:
    import pandas as pd

    from simulation.mesa_model.agent_set import CohortSet
    from simulation.mesa_model.model import TransplantModel

__all__ = ["Cohort", "CohortGone", "DonorTcon", "DonorTreg", "EngagedTCell", "LeukemicBlast", "TCell"]

STAGES = ("resting", "effector", "memory")
_WIDE = (1 << 12) - 1
_bind = object.__setattr__


class CohortGone(RuntimeError):  # noqa: N818 - it names what is wrong
    """Say that the cells of an agent have died, moved on, or joined a like cohort."""


class Cohort(Agent):  # type: ignore[misc]
    """Stand for `cells` like cells in one place; the base of every agent class.

    Parameters
    ----------
    model
        The model whose body the cells are put into.
    place
        Where: number of a place, its kind (`"blood"`), or a niche as (row, column).
    cells
        How many cells, at least 1. They count as infused.
    clone
        Subclone (blasts) or clonotype (T cells), 0..4095.
    kept_apart
        Whether the cohort gets a mark of its own, so that it never merges with like ones. Cells that leave it keep the mark. Say
        False when you make many: like cohorts then merge, as everywhere in this model.

    A class of the user's own gets a class number (5..15) of its own when the model first meets it.
    """

    __slots__ = ("_ledger", "_row", "_uid", "model")

    class_id: ClassVar[int | None] = None  # number wanted for a class of one's own; None: the next one free
    behaves_like: ClassVar["type[Cohort] | None"] = None  # built-in class whose rules its cells follow
    current_action: ClassVar[None] = None  # Mesa 4 asks for it

    model: "TransplantModel"
    _ledger: Ledger
    _row: int
    _uid: int

    unique_id = Identity("Number that no other agent of the model ever has.")
    serial = Serial("Number within the stratum.")
    cells = Cells("Number of cells; writing it counts cells as infused or dead, 0 removes the agent.")
    place = PlaceNumber("Number of the place; niches of the marrow come first, row by row.")
    place_kind = PlaceKindName("Kind of place: marrow, blood, lymphoid, tissue, margin, extramedullary or well.")
    position = Position("Niche as (row, column); None outside the marrow.")
    clone = Bits(CLONE_SHIFT, _WIDE, "Subclone or clonotype.")
    tag = Tag("Mark of a cohort kept apart, and of the cells that came from it; 0 for all others.")
    kept_apart = KeptApart("Whether like cohorts may not merge with this one; may be set.")

    def __init__(
        self,
        model: "TransplantModel",
        *,
        place: Place,
        cells: int = 1,
        clone: int = 0,
        kept_apart: bool = True,
    ) -> None:
        self._found(model, 0, place, cells, clone, kept_apart)

    def _found(
        self,
        model: "TransplantModel",
        bits: int,
        place: Place,
        cells: int,
        clone: int,
        kept_apart: bool,
        reversible: float = 0.0,
        terminal: float = 0.0,
    ) -> None:
        """Found the cohort; nothing is changed when a value is wrong."""
        cls, ledger = type(self), model.ledger
        where = place_index(ledger.places, place)
        code = model.classes.id_of(cls) | bits | cls.clone.encoded(clone)
        traits = np.zeros(N_TRAITS)
        traits[EXHAUSTION_REVERSIBLE] = TCell.exhaustion_reversible.checked(reversible)
        traits[EXHAUSTION_TERMINAL] = TCell.exhaustion_terminal.checked(terminal)
        if kept_apart:
            code |= ledger.new_tag() << TAG_SHIFT
        row = ledger.found(code, where, cells, traits)
        self._attach(model, row, ledger.pop.uid.item(row))
        model.register_agent(self)

    def _attach(self, model: "TransplantModel", row: int, uid: int) -> None:
        _bind(self, "model", model)
        _bind(self, "_ledger", model.ledger)
        _bind(self, "_row", row)
        _bind(self, "_uid", uid)

    @property
    def alive(self) -> bool:
        """Return whether the cohort still exists."""
        pop = self._ledger.pop
        return pop.uid.item(self._row) == self._uid and pop.cells.item(self._row) > 0

    def _live_row(self) -> int:
        """Return the row; raise `CohortGone` when it is another's by now."""
        row, pop = self._row, self._ledger.pop
        if pop.uid.item(row) != self._uid or pop.cells.item(row) == 0:
            raise CohortGone(
                f"{type(self).__name__} {self._uid} is gone: its cells have died, moved on, or joined a like cohort "
                "(ask `alive` first; `kept_apart = True` keeps like cohorts from merging)"
            )
        return row

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if self.__dict__:  # an attribute of the user's own: it would be lost with the handle
            self.model.handles.pin(self)

    def __repr__(self) -> str:
        if not self.alive:
            return f"<{type(self).__name__} {self._uid}: gone>"
        where = self.place_kind if self.position is None else f"{self.place_kind} {self.position}"
        return f"<{type(self).__name__} {self._uid}: {self.cells:.6g} cells in {where}>"

    @classmethod
    def create_agents(cls, model: "TransplantModel", n: int, *args: Any, **kwargs: Any) -> "CohortSet[Self]":
        """Make `n` agents; a list or array of length `n` gives each agent its own value."""
        from simulation.mesa_model.agent_set import CohortSet

        each = zip(*(_one_each(value, n) for value in args), strict=False) if args else repeat(())
        names = list(kwargs)
        named = zip(*(_one_each(value, n) for value in kwargs.values()), strict=False) if kwargs else repeat(())
        made = [
            cls(model, *a, **dict(zip(names, k, strict=True))) for _, a, k in zip(range(n), each, named, strict=False)
        ]
        return CohortSet(made, model.random)

    @classmethod
    def from_dataframe(cls, model: "TransplantModel", df: "pd.DataFrame", **kwargs: Any) -> "CohortSet[Self]":
        """Make one agent from each row of a table; keyword arguments hold for all."""
        from simulation.mesa_model.agent_set import CohortSet

        records: list[Mapping[str, Any]] = df.to_dict(orient="records")
        return CohortSet([cls(model, **{str(k): v for k, v in r.items()} | kwargs) for r in records], model.random)


def _one_each(value: Any, n: int) -> Iterator[Any] | Sequence[Any]:
    """Return `n` values: those of a list of that length, or the same one again and again."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, str | tuple) and hasattr(value, "__iter__") and len(value) == n:
        return list(value)
    return repeat(value, n)


class LeukemicBlast(Cohort):
    """Leukaemic blasts.

    Parameters are those of `Cohort`, and `cd19` and `hla_haplotype`: whether they carry CD19 and the mismatched HLA haplotype.
    """

    __slots__ = ()

    cd19 = Flag(CD19_LOST, "Whether the blasts carry CD19, blinatumomab's target.", stored_as_lost=True)
    hla_haplotype = Flag(
        HLA_LOST, "Whether they carry the mismatched HLA haplotype, the target of alloreactive T cells.", stored_as_lost=True
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
            raise ValueError(f"lineage: all {type(self).__name__} follow the rules of one class, an engaged tcon")
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
