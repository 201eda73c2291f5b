"""Change a value as it is written in a scenario, unit kept: times a factor, or so much more."""

import re
from collections.abc import Mapping
from typing import Any, Final

from simulation.units import QuantityError, format_number, format_quantity, parse_quantity

__all__ = ["ArithmeticFault", "plus", "times"]

_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_SPREADS: Final = frozenset(
    {"sigma", "cv", "weight", "weights", "distribution", "source"}
)  # not shifted with the level
_RANGE: Final = " to "  # between the ends of a range, as in 7 d to 42 d
_AFTER_DAY: Final = re.compile(r"(day\s+)(\S+)(.*)", re.IGNORECASE | re.DOTALL)


class ArithmeticFault(ValueError):  # noqa: N818 - it is a mistake of the person, told by the caller
    """Say why a value cannot be multiplied or shifted."""


def times(written: Any, factor: float) -> Any:
    """Return `written` with every number multiplied; a list or a distribution as a whole."""
    if isinstance(written, bool) or written is None:
        raise ArithmeticFault(f"{_text(written)} cannot be multiplied")
    if isinstance(written, int | float):
        return _tidy(written * factor)
    if isinstance(written, list | tuple):
        return [times(item, factor) for item in written]
    if isinstance(written, Mapping):
        if "distribution" not in written:
            raise ArithmeticFault("a block of keys cannot be multiplied")
        return {key: value if key in _SPREADS else times(value, factor) for key, value in written.items()}
    text = str(written).strip()
    if _RANGE in text:
        return _RANGE.join(str(times(end, factor)) for end in text.split(_RANGE))
    if text.lower().startswith("day"):
        raise ArithmeticFault(f"{text!r} is a day; shift it with plus")
    number = _NUMBER.match(text)
    if number is None:
        raise ArithmeticFault(f"{text!r} is not a number")
    return format_number(_tidy(float(number[0]) * factor)) + text[number.end() :]


def plus(written: Any, shift: str) -> Any:
    """Return `written` moved by `shift`, text such as `14 d`; a list as a whole, a day by a time."""
    if isinstance(written, list | tuple):
        return [plus(item, shift) for item in written]
    if isinstance(written, bool | Mapping) or written is None:
        raise ArithmeticFault(f"{_text(written)} cannot be shifted")
    if isinstance(written, int | float):
        return _tidy(written + _parsed(shift, "dimensionless"))
    text = str(written).strip()
    if _RANGE in text:
        return _RANGE.join(str(plus(end, shift)) for end in text.split(_RANGE))
    day = _AFTER_DAY.fullmatch(text)
    if day is not None:
        return f"{day[1]}{format_number(_tidy(float(day[2]) + _parsed(shift, 'time')))}{day[3]}"
    from simulation.units import dimension_of

    dimension = dimension_of(text)
    return format_quantity(_tidy(parse_quantity(text, dimension) + _parsed(shift, dimension)), dimension)


def _parsed(text: str, dimension: Any) -> float:
    try:
        return parse_quantity(text if dimension != "dimensionless" else float(text), dimension)
    except (QuantityError, ValueError) as error:
        raise ArithmeticFault(str(error)) from None


def _tidy(number: float) -> float:
    """Drop the last bits, which multiplication by a factor leaves behind: 0.30000000000000004."""
    return float(f"{number:.14g}")


def _text(written: Any) -> str:
    return "nothing" if written is None else "a switch" if isinstance(written, bool) else "a block of keys"
