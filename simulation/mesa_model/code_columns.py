"""Discrete traits as descriptors on the packed code; writing one moves the cohort to the other stratum."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from simulation.biology.traits import TAG_SHIFT
from simulation.mesa_model.columns import Column, Values
from simulation.mesa_model.ledger import TAG_MASK, Ledger, Rows, whole

__all__ = ["Bits", "Flag", "KeptApart", "Named", "Tag"]


class Bits(Column[int, int]):
    """Whole number in some bits of the code."""

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
