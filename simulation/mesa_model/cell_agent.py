"""The base of every agent class: a live handle on one of the engine's rows.

An agent is a whole number of like cells in one place. Its attributes are read from the engine's columns and written to them; the
object itself holds nothing but which row it stands for, unless a user gives it attributes of his own.
"""

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from mesa import Agent

from simulation.biology.traits import CLONE, EXHAUSTION_REVERSIBLE, EXHAUSTION_TERMINAL, N_TRAITS, TAG
from simulation.mesa_model.code_columns import Bits, KeptApart, Tag
from simulation.mesa_model.columns import (
    Cells,
    Identity,
    PlaceKindName,
    PlaceNumber,
    Position,
    checked_fraction,
)
from simulation.mesa_model.ledger import Ledger, Place, place_index

if TYPE_CHECKING:
    import pandas as pd

    from simulation.mesa_model.agent_set import CellAgentSet
    from simulation.mesa_model.model import TransplantModel

__all__ = ["AgentGone", "CellAgent"]

_bind = object.__setattr__


class AgentGone(RuntimeError):  # noqa: N818 - it names what is wrong
    """Say that the cells of an agent have died, moved on, or joined a like agent."""


class CellAgent(Agent):
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
        Whether the agent gets a mark of its own, so that it never merges with like ones. Cells that leave it keep the mark. Say
        False when you make many: the cells then join the like agent that is there, as everywhere in this model, and the agent
        stands for all of it.

    A class of the user's own gets a class number (5..15) of its own when the model first meets it.
    """

    __slots__ = ("_ledger", "_row", "_uid", "model")

    class_id: ClassVar[int | None] = None  # number wanted for a class of one's own; None: the next one free
    behaves_like: ClassVar["type[CellAgent] | None"] = None  # built-in class whose rules its cells follow
    current_action: ClassVar[None] = None  # Mesa 4 asks for it

    model: "TransplantModel"
    _ledger: Ledger
    _row: int
    _uid: int

    unique_id = Identity("Number that no other agent of the model ever has.")
    cells = Cells("Number of cells; writing it counts cells as infused or dead, 0 removes the agent.")
    place = PlaceNumber("Number of the place; niches of the marrow come first, row by row.")
    place_kind = PlaceKindName(
        "Kind of place: marrow, blood, lymphoid, tissue, margin, extramedullary, well."
    )
    position = Position("Niche as (row, column); None outside the marrow.")
    clone = Bits(CLONE)
    tag = Tag(TAG)
    kept_apart = KeptApart("Whether like agents may not merge with this one; may be set.")

    def __init__(
        self,
        model: "TransplantModel",
        *,
        place: Place,
        cells: int = 1,
        clone: int = 0,
        kept_apart: bool = True,
    ) -> None:
        self._create(model, 0, place, cells, clone, kept_apart)

    def _create(
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
        """Create the agent; nothing is changed when a value is wrong."""
        cls, ledger = type(self), model.ledger
        where = place_index(ledger.places, place)
        code = model.classes.id_of(cls) | bits | cls.clone.encoded(clone)
        traits = np.zeros(N_TRAITS)
        traits[EXHAUSTION_REVERSIBLE] = checked_fraction(reversible, "exhaustion_reversible")
        traits[EXHAUSTION_TERMINAL] = checked_fraction(terminal, "exhaustion_terminal")
        if kept_apart:
            code |= TAG.bits(ledger.new_tag())
        row = ledger.create(code, where, cells, traits)
        self._attach(model, row, ledger.pop.uid.item(row))
        model.register_agent(self)

    def _attach(self, model: "TransplantModel", row: int, uid: int) -> None:
        _bind(self, "model", model)
        _bind(self, "_ledger", model.ledger)
        _bind(self, "_row", row)
        _bind(self, "_uid", uid)

    def __reduce__(self) -> tuple[Any, ...]:
        """Be pickled and copied with the model, and stand for the same cells there."""
        return object.__new__, (type(self),), (self.model, self._row, self._uid, dict(self.__dict__))

    def __setstate__(self, state: tuple["TransplantModel", int, int, dict[str, Any]]) -> None:
        model, row, uid, own = state
        _bind(self, "model", model)
        _bind(self, "_row", row)
        _bind(self, "_uid", uid)
        self.__dict__.update(own)
        model.welcome(self)

    def _find(self) -> bool:
        """Follow the agent to the row where it is now; False when it is gone."""
        row = self._ledger.now(self._row, self._uid)
        if row is not None and row != self._row:
            _bind(self, "_row", row)
        return row is not None

    @property
    def alive(self) -> bool:
        """Return whether the agent still exists."""
        return self._find()

    def _live_row(self) -> int:
        """Return the row; raise `AgentGone` when it is another's by now."""
        if not self._find():
            raise AgentGone(
                f"{type(self).__name__} {self._uid} is gone: its cells have died, moved on, or joined a like agent "
                "(ask `alive` first; `kept_apart = True` keeps like agents from merging)"
            )
        return self._row

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
    def create_agents(
        cls, model: "TransplantModel", n: int, *args: Any, **kwargs: Any
    ) -> "CellAgentSet[Self]":
        """Make `n` agents; a list or array of length `n` gives each agent its own value."""
        from simulation.mesa_model.agent_set import CellAgentSet

        each = zip(*(_one_each(value, n) for value in args), strict=False) if args else repeat(())
        names = list(kwargs)
        named = (
            zip(*(_one_each(value, n) for value in kwargs.values()), strict=False) if kwargs else repeat(())
        )
        agents = [
            cls(model, *a, **dict(zip(names, k, strict=True)))
            for _, a, k in zip(range(n), each, named, strict=False)
        ]
        return CellAgentSet(agents, model.random)

    @classmethod
    def from_dataframe(
        cls, model: "TransplantModel", df: "pd.DataFrame", **kwargs: Any
    ) -> "CellAgentSet[Self]":
        """Make one agent from each row of a table; keyword arguments hold for all."""
        from simulation.mesa_model.agent_set import CellAgentSet

        records = [
            {str(name): value for name, value in record.items()} for record in df.to_dict(orient="records")
        ]
        return CellAgentSet([cls(model, **record | kwargs) for record in records], model.random)


def _one_each(value: Any, n: int) -> Iterator[Any] | Sequence[Any]:
    """Return `n` values: those of a list of that length, or the same one again and again."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, str | tuple) and hasattr(value, "__iter__") and len(value) == n:
        return list(value)
    return repeat(value, n)
