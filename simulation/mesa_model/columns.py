"""Attributes of agents as descriptors on the engine's columns: read one, read many, write.

A descriptor lies on the class and holds no data, so that any number of models can live at once.
"""

import math
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast, overload

import numpy as np
import numpy.typing as npt

from simulation.biology.places import PlaceKind
from simulation.biology.traits import CLASS, ENGAGED_TREG, TREG, exhaustion_of
from simulation.mesa_model.ledger import Ledger, Place, Rows, place_index, position_of

if TYPE_CHECKING:
    from simulation.mesa_model.cell_agent import CellAgent

__all__ = [
    "Cells", "Column", "Exhaustion", "Identity", "Lineage", "PlaceKindName", "PlaceNumber", "Position", "Trait",
    "Values", "checked_fraction", "column_of",
]  # fmt: skip

Values = npt.NDArray[Any]
_KIND_NAMES = tuple(kind.name.lower() for kind in PlaceKind)


class Column[T, S]:
    """Read (as `T`) and write (from `S`) one attribute of an agent; read-only unless `put` is overridden."""

    name: str

    def __init__(self, doc: str) -> None:
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, agent: None, owner: type) -> Self: ...
    @overload
    def __get__(self, agent: "CellAgent", owner: type) -> T: ...
    def __get__(self, agent: "CellAgent | None", owner: type) -> Self | T:
        if agent is None:
            return self
        return self.item(agent._ledger, agent._live_row())

    def __set__(self, agent: "CellAgent", value: S) -> None:
        self.put(agent._ledger, agent._live_row(), value)

    def item(self, ledger: Ledger, row: int) -> T:
        """Return the value of one row as a Python scalar."""
        return cast(T, self.array(ledger, np.array([row])).tolist()[0])

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return the values of many rows, shape (rows,)."""
        raise NotImplementedError

    def values(self, ledger: Ledger, rows: Rows) -> list[T]:
        """Return the values of many rows as Python scalars."""
        return cast("list[T]", self.array(ledger, rows).tolist())

    def put(self, ledger: Ledger, row: int, value: S) -> None:
        """Write one row."""
        raise AttributeError(f"{self.name} cannot be set")

    def put_all(self, ledger: Ledger, rows: Rows, value: S) -> None:
        """Write the same value into many rows."""
        for row in rows.tolist():
            self.put(ledger, row, value)


class Cells(Column[int, int]):
    """Number of cells that the agent stands for."""

    def item(self, ledger: Ledger, row: int) -> int:
        """Return the cells of one row."""
        return ledger.pop.cells.item(row)

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return the cells of many rows."""
        return ledger.pop.cells[rows]

    def put(self, ledger: Ledger, row: int, value: int) -> None:
        """Add or take out cells."""
        ledger.resize(np.array([row]), value)

    def put_all(self, ledger: Ledger, rows: Rows, value: int) -> None:
        """Give many agents the same number of cells."""
        ledger.resize(rows, value)


class Trait(Column[float, float]):
    """Continuous trait in [0, 1]."""

    def __init__(self, index: int, doc: str) -> None:
        super().__init__(doc)
        self.index = index

    def item(self, ledger: Ledger, row: int) -> float:
        """Return the trait of one row."""
        return ledger.pop.traits.item(row, self.index)

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return the trait of many rows."""
        return ledger.pop.traits[rows, self.index]

    def put(self, ledger: Ledger, row: int, value: float) -> None:
        """Write one row."""
        ledger.pop.traits[row, self.index] = checked_fraction(value, self.name)
        ledger.changed()

    def put_all(self, ledger: Ledger, rows: Rows, value: float) -> None:
        """Write many rows at once."""
        ledger.pop.traits[rows, self.index] = checked_fraction(value, self.name)
        ledger.changed()


class Exhaustion(Column[float, float]):
    """Sum of reversible and terminal exhaustion."""

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return the sums."""
        return exhaustion_of(ledger.pop.traits[rows])


class Lineage(Column[str, str]):
    """`tcon` or `treg`."""

    _names: ClassVar[Values] = np.array(["tcon", "treg"])

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return lineages."""
        kind = ledger.state.behaviour[CLASS.of(ledger.pop.codes(rows))]
        return self._names[((kind == TREG) | (kind == ENGAGED_TREG)).astype(np.intp)]


class PlaceNumber(Column[int, Place]):
    """Number of the place; write a number, a kind such as `"blood"`, or a niche (row, column)."""

    def item(self, ledger: Ledger, row: int) -> int:
        """Return the place of one row."""
        return ledger.pop.place.item(row)

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return the places of many rows."""
        return ledger.pop.place[rows]

    def put(self, ledger: Ledger, row: int, value: Place) -> None:
        """Move one agent."""
        ledger.recode(row, ledger.pop.code_of(row), place_index(ledger.places, value))


class PlaceKindName(Column[str, Place]):
    """Name of the kind of place; writing it moves the agent to the only place of that kind."""

    _names: ClassVar[Values] = np.array(_KIND_NAMES)

    def item(self, ledger: Ledger, row: int) -> str:
        """Return the kind of one row's place."""
        return _KIND_NAMES[ledger.places.kind.item(ledger.pop.place.item(row))]

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return the kinds of many rows' places."""
        return self._names[ledger.places.kind[ledger.pop.place[rows]]]

    def put(self, ledger: Ledger, row: int, value: Place) -> None:
        """Move one agent."""
        ledger.recode(row, ledger.pop.code_of(row), place_index(ledger.places, value))


class Position(Column[tuple[int, int] | None, tuple[int, int]]):
    """Niche as (row, column), None outside the marrow."""

    def item(self, ledger: Ledger, row: int) -> tuple[int, int] | None:
        """Return the niche of one row."""
        return position_of(ledger.places, ledger.pop.place.item(row))

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return the niches of many rows, as objects."""
        places = ledger.pop.place[rows].tolist()
        out = np.empty(len(places), object)
        for i, place in enumerate(places):
            out[i] = position_of(ledger.places, place)
        return out

    def put(self, ledger: Ledger, row: int, value: tuple[int, int]) -> None:
        """Move one agent to a niche."""
        if not (isinstance(value, tuple) and len(value) == 2):
            raise TypeError(f"position must be (row, column), got {value!r}")
        ledger.recode(row, ledger.pop.code_of(row), place_index(ledger.places, value))


class Identity(Column[int, int]):
    """Number that no other agent of the model ever has; also of agents that are gone."""

    @overload
    def __get__(self, agent: None, owner: type) -> Self: ...
    @overload
    def __get__(self, agent: "CellAgent", owner: type) -> int: ...
    def __get__(self, agent: "CellAgent | None", owner: type) -> Self | int:
        return self if agent is None else agent._uid

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return unique ids."""
        return ledger.pop.uid[rows]


def column_of(cls: type, name: str) -> Column[Any, Any] | None:
    """Return the column behind an attribute of a class, or None when a subclass or instance defines it otherwise."""
    for base in cls.__mro__:
        if name in base.__dict__:
            column = base.__dict__[name]
            return column if isinstance(column, Column) else None
    return None


def checked_fraction(value: float, name: str) -> float:
    """Return the value as `float`; raise `ValueError` outside [0, 1]."""
    if not (math.isfinite(value) and 0.0 <= value <= 1.0):
        raise ValueError(f"{name} must lie in [0, 1], got {value}")
    return float(value)
