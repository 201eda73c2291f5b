"""Numbers as people of the field read them."""

import math
from collections.abc import Iterable
from typing import Final

__all__ = [
    "MICRO",
    "NOTHING",
    "cells_text",
    "day_numbers",
    "days_text",
    "finite",
    "grade_text",
    "join",
    "number_text",
    "signed",
]

MICRO: Final = "\N{MICRO SIGN}"
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


def signed(value: float | None, digits: int = 0) -> str:
    """Return a number with its sign, never minus nothing."""
    if value is None:
        return NOTHING
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "\N{MINUS SIGN}")


def cells_text(cells_per_kg: float) -> str:
    """Return a dose of cells as people write it: 1e5, 2.5e6."""
    return f"{cells_per_kg:.3g}".replace("e+0", "e").replace("e+", "e")


def grade_text(value: object) -> str:
    """Return a grade of acute GvHD in Roman numerals."""
    number = finite(value)
    return NOTHING if number is None else _ROMAN[min(max(int(number), 0), 4)]


def days_text(value: float) -> str:
    """Return a number of days in words."""
    return f"{value:g} day" + ("" if value == 1 else "s")


def day_numbers(days: Iterable[float]) -> str:
    """Return numbers of days in words, three or more in a row as a range: 1 to 7, 9 and 12."""
    runs: list[list[float]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    least = 3  # days in a row that make a range
    spans = [
        part
        for run in runs
        for part in ([f"{run[0]:g} to {run[-1]:g}"] if len(run) >= least else [f"{day:g}" for day in run])
    ]
    return join(spans)


def join(parts: Iterable[str], last: str = "and") -> str:
    """Return parts as a list in words."""
    items = list(parts)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""
