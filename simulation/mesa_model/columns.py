"""Attributes of agents as descriptors on the engine's columns: read one, read many, write.

A descriptor lies on the class and holds no data, so that any number of models can live at once.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast, overload

import numpy as np
import numpy.typing as npt

from simulation.biology.places import PlaceKind
from simulation.biology.traits import CLASS_MASK, ENGAGED_TREG, TAG_SHIFT, TREG
from simulation.mesa_model.ledger import TAG_MASK, Ledger, Place, Rows, place_index, position_of, whole

if TYPE_CHECKING:
    from simulation.mesa_model.agents import Cohort

__all__ = [
    "Bits", "Cells", "Column", "Exhaustion", "Flag", "Identity", "KeptApart", "Lineage", "Named", "PlaceKindName",
    "PlaceNumber", "Position", "Serial", "Tag", "Trait", "column_of",
]  # fmt: skip

Values = npt.NDArray[Any]
_KIND_NAMES = tuple(kind.name.lower() for kind in PlaceKind)


class Column[T, S]:
    """Read (as `T`) and write (from `S`) one attribute of a cohort; read-only unless `put` is overridden."""

    name: str

    def __init__(self, doc: str) -> None:
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, agent: None, owner: type) -> Self: ...
    @overload
    def __get__(self, agent: "Cohort", owner: type) -> T: ...
    def __get__(self, agent: "Cohort | None", owner: type) -> Self | T:
        if agent is None:
            return self
        return self.item(agent._ledger, agent._live_row())

    def __set__(self, agent: "Cohort", value: S) -> None:
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
        ledger.resize(row, value)


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

    def checked(self, value: float) -> float:
        """Return the value; raise `ValueError` outside [0, 1]."""
        if not (math.isfinite(value) and 0.0 <= value <= 1.0):
            raise ValueError(f"{self.name} must lie in [0, 1], got {value}")
        return float(value)

    def put(self, ledger: Ledger, row: int, value: float) -> None:
        """Write one row."""
        ledger.pop.traits[row, self.index] = self.checked(value)
        ledger.changed()

    def put_all(self, ledger: Ledger, rows: Rows, value: float) -> None:
        """Write many rows at once."""
        ledger.pop.traits[rows, self.index] = self.checked(value)
        ledger.changed()


class Exhaustion(Column[float, float]):
    """Sum of reversible and terminal exhaustion."""

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return the sums."""
        return ledger.pop.traits[rows].sum(axis=1)


class Bits(Column[int, int]):
    """Whole number in some bits of the code; writing it moves the cohort to the other stratum."""

    def __init__(self, shift: int, mask: int, doc: str) -> None:
        super().__init__(doc)
        self.shift, self.mask = shift, mask

    def item(self, ledger: Ledger, row: int) -> int:
        """Return the number of one row."""
        return (ledger.pop.code.item(row) >> self.shift) & self.mask

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return the numbers of many rows."""
        return cast(Values, (ledger.pop.code[rows] >> self.shift) & self.mask)

    def encoded(self, value: int) -> int:
        """Return the bits of a value, in place; raise `ValueError` when it does not fit."""
        number = whole(value, self.name)
        if not 0 <= number <= self.mask:
            raise ValueError(f"{self.name} must lie in 0..{self.mask}, got {value}")
        return number << self.shift

    def put(self, ledger: Ledger, row: int, value: int) -> None:
        """Write one row."""
        code = ledger.pop.code.item(row) & ~(self.mask << self.shift)
        ledger.recode(row, code | self.encoded(value), ledger.pop.place.item(row))


class Tag(Bits):
    """Mark of a cohort kept apart by hand; cells that leave it bear it too; 0 for all others."""

    def __init__(self, doc: str) -> None:
        super().__init__(TAG_SHIFT, TAG_MASK, doc)

    def put(self, ledger: Ledger, row: int, value: int) -> None:
        """Refuse: `kept_apart` gives and takes marks."""
        raise AttributeError("tag cannot be set; set kept_apart to True or False")


class _Coded[T, S](Column[T, S]):
    """Base of traits in the code that are no plain numbers."""

    def bits(self, value: S) -> tuple[int, int]:
        """Return (mask, bits) to put into the code; raise `ValueError` when it is no such value."""
        raise NotImplementedError

    def encoded(self, value: S) -> int:
        """Return the bits of a value, in place."""
        return self.bits(value)[1]

    def put(self, ledger: Ledger, row: int, value: S) -> None:
        """Write one row."""
        mask, bits = self.bits(value)
        ledger.recode(row, ledger.pop.code.item(row) & ~mask | bits, ledger.pop.place.item(row))


class Flag(_Coded[bool, bool]):
    """Yes or no in one bit of the code; `lost` flags are stored the other way round."""

    def __init__(self, bit: int, doc: str, *, stored_as_lost: bool = False) -> None:
        super().__init__(doc)
        self.bit, self.stored_as_lost = bit, stored_as_lost

    def item(self, ledger: Ledger, row: int) -> bool:
        """Return the flag of one row."""
        return bool(ledger.pop.code.item(row) & self.bit) != self.stored_as_lost

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return the flags of many rows."""
        return cast(Values, ((ledger.pop.code[rows] & self.bit) != 0) != self.stored_as_lost)

    def bits(self, value: bool) -> tuple[int, int]:
        """Return (mask, bits)."""
        if not isinstance(value, bool | np.bool_):
            raise TypeError(f"{self.name} must be True or False, got {value!r}")
        return self.bit, (self.bit if bool(value) != self.stored_as_lost else 0)


class Named(_Coded[str, str]):
    """One of some names, numbered in the code."""

    def __init__(self, shift: int, names: Sequence[str], doc: str) -> None:
        super().__init__(doc)
        self.shift, self.names = shift, tuple(names)
        self._mask = (1 << (len(self.names) - 1).bit_length()) - 1
        self._table = np.array(self.names + ("?",) * (self._mask + 1 - len(self.names)))

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return the names of many rows."""
        return cast(Values, self._table[(ledger.pop.code[rows] >> self.shift) & self._mask])

    def bits(self, value: str) -> tuple[int, int]:
        """Return (mask, bits)."""
        if value not in self.names:
            raise ValueError(f"{self.name} must be one of {', '.join(self.names)}, got {value!r}")
        return self._mask << self.shift, self.names.index(value) << self.shift


class KeptApart(_Coded[bool, bool]):
    """Whether like cohorts may not merge with this one (it bears a mark of its own)."""

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return whether rows bear a mark."""
        return cast(Values, (ledger.pop.code[rows] >> TAG_SHIFT) & TAG_MASK != 0)

    def put(self, ledger: Ledger, row: int, value: bool) -> None:
        """Give a new mark, unless it bears one, or take it away."""
        code = ledger.pop.code.item(row)
        tag = (code >> TAG_SHIFT) & TAG_MASK
        if bool(value) == (tag != 0):
            return
        tag = ledger.new_tag() if value else 0
        code = code & ~(TAG_MASK << TAG_SHIFT) | tag << TAG_SHIFT
        ledger.recode(row, code, ledger.pop.place.item(row))


class Lineage(Column[str, str]):
    """`tcon` or `treg`."""

    _names: ClassVar[Values] = np.array(["tcon", "treg"])

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return lineages."""
        kind = ledger.state.behaviour[ledger.pop.code[rows] & CLASS_MASK]
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
        """Move one cohort."""
        ledger.recode(row, ledger.pop.code.item(row), place_index(ledger.places, value))


class PlaceKindName(Column[str, Place]):
    """Name of the kind of place; writing it moves the cohort to the only place of that kind."""

    _names: ClassVar[Values] = np.array(_KIND_NAMES)

    def item(self, ledger: Ledger, row: int) -> str:
        """Return the kind of one row's place."""
        return _KIND_NAMES[ledger.places.kind.item(ledger.pop.place.item(row))]

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return the kinds of many rows' places."""
        return cast(Values, self._names[ledger.places.kind[ledger.pop.place[rows]]])

    def put(self, ledger: Ledger, row: int, value: Place) -> None:
        """Move one cohort."""
        ledger.recode(row, ledger.pop.code.item(row), place_index(ledger.places, value))


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
        """Move one cohort to a niche."""
        if not (isinstance(value, tuple) and len(value) == 2):
            raise TypeError(f"position must be (row, column), got {value!r}")
        ledger.recode(row, ledger.pop.code.item(row), place_index(ledger.places, value))


class Serial(Column[int, int]):
    """Number within the stratum, the agent's own part of its random-number key."""

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return serials."""
        return ledger.pop.serial[rows]


class Identity(Column[int, int]):
    """Number that no other agent of the model ever has; also of agents that are gone."""

    @overload
    def __get__(self, agent: None, owner: type) -> Self: ...
    @overload
    def __get__(self, agent: "Cohort", owner: type) -> int: ...
    def __get__(self, agent: "Cohort | None", owner: type) -> Self | int:
        return self if agent is None else agent._uid

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return unique ids."""
        return ledger.pop.uid[rows]


def column_of(cls: type, name: str) -> Column[Any, Any] | None:
    """Return the column behind an attribute of a class, or None when a subclass or instance defines it otherwise."""
    for base in cls.__mro__:
        if name in base.__dict__:
            found = base.__dict__[name]
            return found if isinstance(found, Column) else None
    return None
