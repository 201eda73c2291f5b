"""Numbers as people of the field read them."""

import math
from typing import Final

__all__ = ["NOTHING", "cells_text", "finite", "grade_text", "number_text"]

NOTHING: Final = "\N{EN DASH}"
_ROMAN: Final = ("0", "I", "II", "III", "IV")


def finite(value: object) -> float | None:
    """Return a number, NumPy's too, as a float; None where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        item = getattr(value, "item", None)
        return finite(item()) if callable(item) else None
    return float(value) if math.isfinite(value) else None


def number_text(value: object, digits: int = 3) -> str:
    """Return a number for reading: plain up to a million, else as 6.5e11."""
    number = finite(value)
    if number is None:
        return NOTHING
    if number and (abs(number) >= 1e6 or abs(number) < 1e-2):
        mantissa, exponent = f"{number:.{digits - 1}e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{number:,.{digits}g}" if abs(number) < 1000 else f"{number:,.0f}"


def cells_text(cells_per_kg: float) -> str:
    """Return a dose of cells as people write it: 1e5, 2.5e6."""
    return f"{cells_per_kg:.3g}".replace("e+0", "e").replace("e+", "e")


def grade_text(value: object) -> str:
    """Return a grade of acute GvHD in Roman numerals."""
    number = finite(value)
    return NOTHING if number is None else _ROMAN[min(max(int(number), 0), 4)]
