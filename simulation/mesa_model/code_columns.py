"""Discrete traits as descriptors on the packed code; writing one moves the agent to the other stratum."""

from typing import cast

import numpy as np

from simulation.biology.traits import TAG
from simulation.engine.bit_fields import BitField
from simulation.mesa_model.columns import Column, Values
from simulation.mesa_model.ledger import Ledger, Rows, whole

__all__ = ["Bits", "Flag", "KeptApart", "Named", "Tag"]


class _Coded[T](Column[T, T]):
    """Base of what one field of the code says."""

    def __init__(self, field: BitField, doc: str | None = None) -> None:
        super().__init__(doc or field.meaning)
        self.field = field

    def number(self, value: T) -> int:
        """Return the number that stands for a value; raise `ValueError` or `TypeError` when it is no such value."""
        raise NotImplementedError

    def encoded(self, value: T) -> int:
        """Return the bits of a value, in place."""
        return self.field.bits(self.number(value))

    def put(self, ledger: Ledger, row: int, value: T) -> None:
        """Write one row."""
        code = self.field.put(ledger.pop.code_of(row), self.number(value))
        ledger.recode(row, code, ledger.pop.place.item(row))


class Bits(_Coded[int]):
    """Whole number."""

    def item(self, ledger: Ledger, row: int) -> int:
        """Return the number of one row."""
        return int(self.field.of(ledger.pop.code_of(row)))

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return the numbers of many rows."""
        return cast(Values, self.field.of(ledger.pop.codes(rows)))

    def number(self, value: int) -> int:
        """Return the number."""
        return whole(value, self.name)


class Tag(Bits):
    """Mark of an agent kept apart by hand; cells that leave it bear it too; 0 for all others."""

    def put(self, ledger: Ledger, row: int, value: int) -> None:
        """Refuse: `kept_apart` gives and takes marks."""
        raise AttributeError("tag cannot be set; set kept_apart to True or False")


class Flag(_Coded[bool]):
    """Yes or no; where the bit says that something is lost, the flag says that it is there."""

    def __init__(self, field: BitField, doc: str | None = None, *, stored_as_lost: bool = False) -> None:
        super().__init__(field, doc)
        self.stored_as_lost = stored_as_lost

    def item(self, ledger: Ledger, row: int) -> bool:
        """Return the flag of one row."""
        return bool(self.field.of(ledger.pop.code_of(row))) != self.stored_as_lost

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return the flags of many rows."""
        return cast(Values, (self.field.of(ledger.pop.codes(rows)) != 0) != self.stored_as_lost)

    def number(self, value: bool) -> int:
        """Return the bit."""
        if not isinstance(value, bool | np.bool_):
            raise TypeError(f"{self.name} must be True or False, got {value!r}")
        return int(bool(value) != self.stored_as_lost)


class Named(_Coded[str]):
    """One of some names."""

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return the names of many rows."""
        names = np.array([*self.field.values, "?"])
        return cast(Values, names[np.minimum(self.field.of(ledger.pop.codes(rows)), names.size - 1)])

    def number(self, value: str) -> int:
        """Return the number of a name."""
        if value not in self.field.values:
            raise ValueError(f"{self.name} must be one of {', '.join(self.field.values)}, got {value!r}")
        return self.field.values.index(value)


class KeptApart(Column[bool, bool]):
    """Whether like agents may not merge with this one (it bears a mark of its own)."""

    def array(self, ledger: Ledger, rows: Rows) -> Values:
        """Return whether rows bear a mark."""
        return cast(Values, TAG.of(ledger.pop.codes(rows)) != 0)

    def put(self, ledger: Ledger, row: int, value: bool) -> None:
        """Give a new mark, unless it bears one, or take it away."""
        code = ledger.pop.code_of(row)
        if bool(value) != (TAG.of(code) != 0):
            code = TAG.put(code, ledger.new_tag() if value else 0)
            ledger.recode(row, code, ledger.pop.place.item(row))
