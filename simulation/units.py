"""Quantities as people write them ("28 ug/day", "1e6 cells/kg", "10 %") <-> floats in canonical units.

Everything is converted once, when a file is read. Bare numbers are accepted only where no unit exists:
fractions, plain numbers and counts. Arithmetic is done on exact rationals and rounded once, so "6 h" is
exactly 0.25 days.
"""

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Final, Literal, NamedTuple, get_args

from simulation.errors import nearest_name

__all__ = [
    "CANONICAL_UNIT",
    "DIMENSIONS",
    "Dimension",
    "QuantityError",
    "describe",
    "dimension_of",
    "dose_dimension",
    "examples",
    "format_dose",
    "format_number",
    "format_quantity",
    "parse_dose",
    "parse_quantity",
    "unit_pattern",
]

Dimension = Literal[
    "time",
    "day",
    "dose_rate",
    "dose_rate_per_area",
    "amount",
    "amount_per_area",
    "amount_per_kg",
    "cells_per_kg",
    "cells",
    "cells_per_day",
    "count",
    "fraction",
    "rate",
    "per_division",
    "volume",
    "clearance",
    "concentration",
    "blood_count",
    "weight",
    "area",
    "length",
    "volume_per_kg",
    "dimensionless",
]
DIMENSIONS: Final[tuple[Dimension, ...]] = get_args(Dimension)


class _Kind(NamedTuple):
    called: str  # in an error message
    examples: tuple[str, ...]
    units: dict[str, Fraction]  # spelling (normalised) -> factor to the canonical unit
    shown: str  # the canonical unit as printed


def _f(numerator: int, denominator: int = 1) -> Fraction:
    return Fraction(numerator, denominator)


_TIMES: Final = {
    "d": _f(1), "day": _f(1), "days": _f(1),
    "h": _f(1, 24), "hr": _f(1, 24), "hour": _f(1, 24), "hours": _f(1, 24),
    "min": _f(1, 1440), "minute": _f(1, 1440), "minutes": _f(1, 1440), "s": _f(1, 86400),
    "wk": _f(7), "week": _f(7), "weeks": _f(7),
    "mo": Fraction("30.4375"), "month": Fraction("30.4375"), "months": Fraction("30.4375"),
    "y": Fraction("365.25"), "year": Fraction("365.25"), "years": Fraction("365.25"),
}  # fmt: skip
_PER_TIME: Final = {unit: 1 / factor for unit, factor in _TIMES.items()}
_VOLUMES: Final = {"l": _f(1), "ml": _f(1, 1000), "ul": _f(1, 10**6), "dl": _f(1, 10)}
_MASSES: Final = {"ug": _f(1), "mcg": _f(1), "ng": _f(1, 1000), "mg": _f(1000)}  # the micro sign becomes u
_CELL_WORDS: Final = ("cells", "", "cd3", "cd3+", "cd34", "cd34+", "treg", "tcon")
_EVENTS: Final = ("", "contacts", "kills", "divisions", "1")

_KINDS: Final[dict[Dimension, _Kind]] = {
    "time": _Kind("a time", ("28 d", "6 h", "3 mo"), _TIMES, "d"),
    "day": _Kind("a day counted from 0", ("day 60", "day -4"), {}, "day"),
    "dose_rate": _Kind(
        "a dose rate",
        ("28 ug/day",),
        {f"{m}/{t}": _MASSES[m] * _PER_TIME[t] for m in _MASSES for t in _TIMES},
        "ug/day",
    ),
    "dose_rate_per_area": _Kind(
        "a dose rate per body surface",
        ("15 ug/m2/day",),
        {f"{m}/m2/{t}": _MASSES[m] * _PER_TIME[t] for m in _MASSES for t in _TIMES},
        "ug/m2/day",
    ),
    "amount": _Kind("an amount of drug", ("500 ug",), dict(_MASSES), "ug"),
    "amount_per_area": _Kind(
        "an amount of drug per body surface",
        ("250 ug/m2",),
        {f"{m}/m2": f for m, f in _MASSES.items()},
        "ug/m2",
    ),
    "amount_per_kg": _Kind(
        "an amount of drug per kg",
        ("50 mg/kg",),
        {f"{m}/kg": f / 1000 for m, f in _MASSES.items()},
        "mg/kg",
    ),
    "cells_per_kg": _Kind(
        "cells per kg", ("1e6 cells/kg", "5e5/kg"), {f"{w}/kg": _f(1) for w in _CELL_WORDS}, "cells/kg"
    ),
    "cells": _Kind("a number of cells", ("2e5 cells",), {"cells": _f(1), "cell": _f(1)}, "cells"),
    "cells_per_day": _Kind(
        "cells per day", ("1e6 cells/day",), {f"cells/{t}": f for t, f in _PER_TIME.items()}, "cells/day"
    ),
    "count": _Kind("a whole number", ("500", "1e6"), {"": _f(1), "cells": _f(1)}, ""),
    "fraction": _Kind("a fraction", ("1e-4", "0.01 %"), {"": _f(1), "%": _f(1, 100)}, ""),
    "rate": _Kind(
        "a rate",
        ("0.1 /day", "2.2 /h"),
        {f"{e}/{t}": f for e in _EVENTS for t, f in _PER_TIME.items()},
        "/day",
    ),
    "per_division": _Kind(
        "a chance per division", ("1e-8 /division",), {"/division": _f(1), "/divisions": _f(1)}, "/division"
    ),
    "volume": _Kind("a volume", ("5.98 L",), _VOLUMES, "L"),
    "clearance": _Kind(
        "a clearance",
        ("2.22 L/h",),
        {f"{v}/{t}": _VOLUMES[v] * _PER_TIME[t] for v in _VOLUMES for t in _TIMES},
        "L/day",
    ),
    "concentration": _Kind(
        "a concentration",
        ("0.15 ng/mL", "616 pg/mL"),
        {
            f"{m}/{v}": fm * 10**6 / (fv * 1000)  # ug/L is 1e6 pg per 1000 mL
            for m, fm in (_MASSES | {"pg": _f(1, 10**6)}).items()
            for v, fv in _VOLUMES.items()
        },
        "pg/mL",
    ),
    "blood_count": _Kind(
        "cells per volume of blood",
        ("50 /uL", "1e9 /L"),
        {
            f"{w}/{v}": Fraction(1, 10**6) / f
            for w in _CELL_WORDS
            for v, f in (_VOLUMES | {"mm3": _f(1, 10**6)}).items()
        },
        "/uL",
    ),
    "weight": _Kind("a weight", ("70 kg",), {"kg": _f(1), "g": _f(1, 1000)}, "kg"),
    "area": _Kind("an area", ("1.8 m2",), {"m2": _f(1)}, "m2"),
    "length": _Kind("a length", ("170 cm",), {"cm": _f(1), "m": _f(100)}, "cm"),
    "volume_per_kg": _Kind(
        "a volume per kg", ("0.07 L/kg",), {f"{v}/kg": factor for v, factor in _VOLUMES.items()}, "L/kg"
    ),
    "dimensionless": _Kind("a plain number", ("0.5", "3"), {"": _f(1), "%": _f(1, 100), "x": _f(1)}, ""),
}
CANONICAL_UNIT: Final[dict[Dimension, str]] = {dimension: kind.shown for dimension, kind in _KINDS.items()}
_BARE: Final = frozenset({"fraction", "dimensionless", "count"})
_NUMBER: Final = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_QUANTITY: Final = re.compile(rf"\s*({_NUMBER})\s*(.*?)\s*")
_DAY: Final = re.compile(rf"\s*day\s+({_NUMBER})\s*", re.IGNORECASE)
_LONGEST: Final = 64  # characters of a quantity
_BEYOND: Final = 1e300  # no number here is as large
_USUAL: Final = frozenset({"day", "h", "kg", "ul", "ml", "l", "division"})  # denominators worth proposing


class QuantityError(ValueError):
    """Say what was expected of a quantity that cannot be read; `nearest` is a valid spelling of the unit."""

    def __init__(self, message: str, expected: str, nearest: str | None = None) -> None:
        super().__init__(f"expected {expected}, {message}")
        self.message = message
        self.expected = expected
        self.nearest = nearest


def describe(dimension: Dimension) -> str:
    """Return what a person should write for this dimension, such as "a time such as 28 d or 6 h"."""
    kind = _KINDS[dimension]
    return f"{kind.called} such as {' or '.join(kind.examples)}"


def examples(dimension: Dimension) -> tuple[str, ...]:
    """Return spellings of a quantity of this dimension."""
    return _KINDS[dimension].examples


def _normal(unit: str) -> str:
    unit = unit.replace("µ", "u").replace("μ", "u").replace("²", "2").lower()
    unit = re.sub(r"^per\s+|\s+per\s+", "/", unit)
    return re.sub(r"\s+|\^", "", unit)


def _number(text: str, dimension: Dimension, whole: str) -> Fraction:
    if not abs(float(text)) < _BEYOND:
        raise QuantityError(f"got {whole!r}, which is beyond any number used here", describe(dimension))
    return Fraction(text)


def _split(text: str, dimension: Dimension) -> tuple[Fraction, str]:
    match = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        shown = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
        raise QuantityError(f"got {shown!r}", describe(dimension))
    return _number(match[1], dimension, text), match[2]


def _wrong_unit(text: str, unit: str, dimension: Dimension) -> QuantityError:
    expected = describe(dimension)
    if not unit:
        return QuantityError(f"got {text!r}, which has no unit", expected)
    other = _UNIT_DIMENSION.get(_normal(unit))
    if other is not None:
        return QuantityError(f"got {text!r}, which is {_KINDS[other].called}", expected)
    usual = [
        known for known in _KINDS[dimension].units if known.rpartition("/")[2] in _USUAL or "/" not in known
    ]
    near = nearest_name(_normal(unit), usual, cutoff=0.4)
    return QuantityError(f"got {text!r}, whose unit {unit!r} is not known here", expected, _spelled(near))


def _spelled(unit: str | None) -> str | None:
    return _SHOWN.get(unit, unit) if unit else None


def parse_quantity(value: object, dimension: Dimension) -> float:
    """Return `value` (text with its unit, or a bare number where allowed) in the canonical unit.

    Raises `QuantityError` when it is something else.
    """
    kind = _KINDS[dimension]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise QuantityError(f"got {_show(value)}", describe(dimension))
    if not isinstance(value, str):
        if dimension not in _BARE:
            raise QuantityError(f"got {value!r}, which has no unit", describe(dimension))
        if not abs(value) < _BEYOND:
            raise QuantityError(f"got {value!r}", describe(dimension))
        return float(value)
    if dimension == "day":
        match = _DAY.fullmatch(value) if len(value) <= _LONGEST else None
        if match is None:
            raise QuantityError(f"got {value[:_LONGEST]!r}", describe(dimension))
        return float(_number(match[1], dimension, value))
    number, unit = _split(value, dimension)
    factor = kind.units.get(_normal(unit))
    if factor is None:
        raise _wrong_unit(value, unit, dimension)
    return float(number * factor)


def _show(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a block of keys"
    if isinstance(value, list | tuple):
        return "a list"
    return repr(value)


def format_number(value: float) -> str:
    """Return a short text that reads back as exactly `value`, never longer than Python's own."""
    text = repr(float(value)).removesuffix(".0")
    digits, _, exponent = f"{value:.16e}".partition("e")
    if "e" in text:
        digits, _, exponent = text.partition("e")
    elif "." in text and abs(value) >= 1e-3:
        return text
    short = f"{digits.rstrip('0').rstrip('.')}e{int(exponent)}"
    if "e" in text or ("." in text and len(short) < len(text)) or len(short) + 3 <= len(text):
        return short
    return text


def format_quantity(value: float, dimension: Dimension) -> str:
    """Return `value` (canonical unit) as text that `parse_quantity` reads back to exactly `value`."""
    if dimension == "day":
        return f"day {format_number(value)}"
    if dimension == "time" and 0 < abs(value) < 1:
        for unit in ("h", "min"):
            text = f"{format_number(round(float(value / _TIMES[unit]), 6))} {unit}"
            if parse_quantity(text, "time") == value:
                return text
    unit = CANONICAL_UNIT[dimension]
    return f"{format_number(value)} {unit}" if unit else format_number(value)


def parse_dose(value: object, rate: bool = True) -> tuple[float, bool]:
    """Return a dose rate (or, unless `rate`, an amount) as (amount, per_m2): ug/day and False, or ug/m2/day and True."""
    per_m2 = isinstance(value, str) and "/m2" in _normal(value)
    try:
        return parse_quantity(value, dose_dimension(per_m2, rate)), per_m2
    except QuantityError as error:
        expected = (
            "a dose rate such as 28 ug/day or 15 ug/m2/day"
            if rate
            else "an amount such as 500 ug or 250 ug/m2"
        )
        raise QuantityError(error.message, expected, error.nearest) from None


def format_dose(amount: float, per_m2: bool, rate: bool = True) -> str:
    """Return a dose rate, or an amount, with its unit, as text that `parse_dose` reads back exactly."""
    return format_quantity(amount, dose_dimension(per_m2, rate))


def dose_dimension(per_m2: bool, rate: bool) -> Dimension:
    """Return the dimension of a dose rate, or of an amount at once."""
    if rate:
        return "dose_rate_per_area" if per_m2 else "dose_rate"
    return "amount_per_area" if per_m2 else "amount"


def dimension_of(value: object) -> Dimension:
    """Return the dimension that a quantity's unit belongs to; a bare number is dimensionless."""
    if isinstance(value, str):
        if _DAY.fullmatch(value):
            return "day"
        _, unit = _split(value, "dimensionless")
        dimension = _UNIT_DIMENSION.get(_normal(unit))
        if dimension is None:
            near = nearest_name(_normal(unit), _UNIT_DIMENSION, cutoff=0.4)
            raise QuantityError(f"got the unit {unit!r}", "a unit known here", _spelled(near))
        return dimension
    parse_quantity(value, "dimensionless")
    return "dimensionless"


def unit_pattern(dimension: Dimension) -> str:
    """Return a regular expression, also valid in JSON Schema, for a quantity of this dimension."""
    if dimension == "day":
        return rf"^day +{_NUMBER}$"
    spelled = sorted({_SHOWN[unit] for unit in _KINDS[dimension].units} - {""})
    heads, tails = ({part for unit in spelled for part in [unit.rpartition("/")[end]]} for end in (0, 2))
    units = f"({_alternatives(spelled)})"
    if heads != {""}:  # every head goes with every tail
        units = f"({_alternatives(heads)})/({_alternatives(tails)})"
    return rf"^{_NUMBER} *{units}{'?' if dimension in _BARE else ''}$"


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(re.sub(r"([+.^$()])", r"\\\1", word).replace("ug", "[uµ]g") for word in sorted(words))


_PRINTED: Final = {
    "l": "L",
    "ml": "mL",
    "ul": "uL",
    "dl": "dL",
    "treg": "Treg",
    "tcon": "Tcon",
    "cd3": "CD3",
    "cd34": "CD34",
}
_SHOWN: Final = {
    unit: re.sub(r"[a-z]+\d*", lambda match: _PRINTED.get(match[0], match[0]), unit)
    for kind in _KINDS.values()
    for unit in kind.units
}
_UNIT_DIMENSION: Final[dict[str, Dimension]] = {
    unit: dimension
    for dimension in reversed(DIMENSIONS)  # a spelling that several share belongs to the first of them
    for unit in _KINDS[dimension].units
    if unit
}
