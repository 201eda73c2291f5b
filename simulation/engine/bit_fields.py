"""Whole numbers packed side by side into one integer: where each lies is declared once, for kernels and for Python."""

from typing import Any, NamedTuple, Self

__all__ = ["BitField"]


class _Bits(NamedTuple):
    shift: int
    width: int


class BitField(_Bits):
    """Declare one number among the bits of a code; compiled code sees (shift, width).

    Parameters
    ----------
    shift, width
        Its lowest bit, counted from 0, and its number of bits. Bit 63 is the sign: it stays free.
    name, meaning
        What people call it.
    values
        Names of its values from 0 on, where they have names.
    """

    name: str
    meaning: str
    values: tuple[str, ...]

    def __new__(cls, shift: int, width: int, name: str, meaning: str, values: tuple[str, ...] = ()) -> Self:
        """Keep what compiled code does not see beside the tuple."""
        field = super().__new__(cls, shift, width)
        field.name, field.meaning, field.values = name, meaning, values
        return field

    @property
    def largest(self) -> int:
        """Return the largest number that fits."""
        return (1 << self.width) - 1

    @property
    def mask(self) -> int:
        """Return a code in which the bits of this field are set and no others."""
        return self.largest << self.shift

    def of(self, code: Any) -> Any:
        """Return the field's value in a code, or in every code of an array."""
        return (code >> self.shift) & self.largest

    def bits(self, value: int) -> int:
        """Return the value in its place, all other bits 0.

        Raises
        ------
        ValueError
            If it does not fit.
        """
        if not 0 <= value <= self.largest:
            raise ValueError(f"{self.name} must lie in 0..{self.largest}, got {value}")
        return int(value) << self.shift

    def put(self, code: int, value: int) -> int:
        """Return the code with another value in this field."""
        return code & ~self.mask | self.bits(value)
