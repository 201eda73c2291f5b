"""Types of fields that only experiments have: ratios of cells and concentrations."""

import re
from typing import Annotated, Any, Final

from simulation.blocks.fields import Custom, Quantity, Whole, parse_bare, problem, show
from simulation.units import format_number

__all__ = ["Cells", "Concentration", "Count", "Drug", "Ratio", "TregRatio", "ratio_text"]

_RATIO: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*:\s*(\d+(?:\.\d+)?)\s*")
_LARGEST: Final = 1000.0


def read_ratio(value: Any) -> float:
    """Return "1:4" as 0.25; a plain number is the first per second."""
    expected = "a ratio of cells such as 1:4 or 2:1, each side above 0 and at most 1:1000 apart"
    if isinstance(value, str) and (match := _RATIO.fullmatch(value)) is not None:
        first, second = float(match[1]), float(match[2])
        ratio = first / second if second > 0 else 0.0
    elif isinstance(value, int | float) and not isinstance(value, bool):
        ratio = float(value)
    else:
        raise problem(f"got {show(value)}", expected)
    if not 1 / _LARGEST <= ratio <= _LARGEST:
        raise problem(f"got {show(value)}", expected)
    return ratio


def ratio_text(value: float) -> str:
    """Return a ratio as people write it, 1:4 or 2:1, where that reads back exactly; else as a number."""
    text = f"{format_number(value)}:1" if value >= 1 else f"1:{format_number(1 / value)}"
    return text if read_ratio(text) == value and len(text) < 12 else format_number(value)


def _write_ratio(value: float) -> Any:
    text = ratio_text(value)
    return text if ":" in text else parse_bare(text)


def _read_treg(value: Any) -> float:
    return 0.0 if value == "none" else read_ratio(value)


_RATIO_SCHEMA: Final = {
    "type": ["string", "number"],
    "pattern": _RATIO.pattern,
    "description": "A ratio of cells such as 1:4.",
}

Ratio = Annotated[float, Custom(read_ratio, _write_ratio, lambda: dict(_RATIO_SCHEMA))]
TregRatio = Annotated[
    float,
    Custom(
        _read_treg,
        lambda value: "none" if value == 0 else _write_ratio(value),
        lambda: {"anyOf": [{"const": "none"}, dict(_RATIO_SCHEMA)]},
    ),
]
Concentration = Annotated[float, Quantity("concentration", 0, 1e9, above_low=True)]  # drug must be there
Drug = Annotated[float, Quantity("concentration", 0, 1e9)]  # 0: no drug
Cells = Annotated[int, Whole(10, 10_000_000)]
Count = Annotated[int, Whole(1, 200)]
