"""Types of scenario fields: each reads what people write, checks its range, and writes it back.

A field's value inside the program is a number in canonical units; `model_dump` gives what the YAML file
would say.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from simulation.errors import nearest_name
from simulation.units import (
    Dimension,
    QuantityError,
    describe,
    dose_dimension,
    examples,
    format_dose,
    format_number,
    format_quantity,
    parse_dose,
    parse_quantity,
    unit_pattern,
)

__all__ = [
    "BARE",
    "YEARS_20",
    "Block",
    "Dose",
    "DoseKind",
    "DoseRate",
    "FieldKind",
    "Flag",
    "FrozenMap",
    "OneOf",
    "Problem",
    "Quantity",
    "Text",
    "Whole",
    "Word",
    "problem",
    "problems",
    "show",
    "written",
]

YEARS_20: Final = 20 * 365.25
BARE: Final = frozenset({"fraction", "dimensionless", "count"})  # written as bare numbers


class Block(BaseModel):
    """Be frozen and refuse unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", loc_by_alias=True, validate_default=True)


@dataclass(frozen=True, slots=True)
class Problem:
    """Describe one mistake at a path below the field that found it.

    `also` are the paths of other keys that it may come from: it is told where the user wrote one, not where the defaults stand.
    """

    message: str
    path: tuple[str | int, ...] = ()
    expected: str | None = None
    nearest: str | None = None
    at_key: bool = False
    also: tuple[tuple[str | int, ...], ...] = ()


def problems(mistakes: list[Problem]) -> PydanticCustomError:
    """Return what a validator raises to report mistakes; `messages.py` makes `UserError`s of it."""
    return PydanticCustomError(
        "problems", "{message}", {"message": "; ".join(p.message for p in mistakes), "problems": mistakes}
    )


def problem(
    message: str, expected: str | None = None, nearest: str | None = None, path: tuple[str | int, ...] = ()
) -> PydanticCustomError:
    """Return the exception by which a validator reports one mistake."""
    return problems([Problem(message, path, expected, nearest)])


def written(text: str) -> Any:
    """Return a field's default as the file would say it; it is read like any other value."""
    return text


def show(value: object) -> str:
    """Return a short text of a value as it stood in the file."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a block of keys"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value)
    return text if len(text) <= 64 else text[:60] + "...'"


class FieldKind:
    """Join reading, writing and the JSON Schema of one kind of value into a pydantic annotation."""

    def read(self, value: Any) -> Any:
        """Return the value in canonical form; raise `PydanticCustomError`."""
        raise NotImplementedError

    def write(self, value: Any) -> Any:
        """Return what the YAML file would say."""
        return value

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the core schema of the annotated type."""
        return core_schema.no_info_plain_validator_function(
            self.read, serialization=core_schema.plain_serializer_function_ser_schema(self.write)
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the JSON Schema of the annotated type."""
        return self.json_schema()


@dataclass(frozen=True)
class Quantity(FieldKind):
    """Read a quantity with its unit into a float in canonical units, within `low`..`high`."""

    dimension: Dimension
    low: float = -math.inf
    high: float = math.inf
    above_low: bool = False  # the low end itself is not allowed
    whole: bool = False  # parts of one are not allowed

    def read(self, value: Any) -> float:
        """Return the value in the canonical unit."""
        try:
            number = parse_quantity(value, self.dimension)
        except QuantityError as error:
            raise problem(error.message, error.expected, error.nearest) from None
        if not (self.low <= number <= self.high) or (self.above_low and number == self.low):
            raise problem(f"got {show(value)}", f"{describe(self.dimension)}, {self.range()}")
        if self.whole and number != round(number):
            raise problem(
                f"got {show(value)}", "a whole number", format_quantity(round(number), self.dimension)
            )
        return number

    def range(self) -> str:
        """Return the allowed range as text."""
        low = format_quantity(self.low, self.dimension) if math.isfinite(self.low) else None
        high = format_quantity(self.high, self.dimension) if math.isfinite(self.high) else None
        if low is None and high is None:
            return "any"
        if high is None:
            return f"above {low}" if self.above_low else f"at least {low}"
        if low is None:
            return f"at most {high}"
        return f"above {low}, at most {high}" if self.above_low else f"{low} to {high}"

    def write(self, value: Any) -> Any:
        """Return the value with its unit; a bare number where none exists."""
        text = format_quantity(value, self.dimension)
        return parse_bare(text) if self.dimension in BARE else text

    def json_schema(self) -> dict[str, Any]:
        """Return the pattern, description and examples of the text."""
        return quantity_json_schema(self.dimension, self.range())


def parse_bare(text: str) -> float | int:
    """Return the number in `text` as an int where it is written like one."""
    return int(text) if text.lstrip("-").isdigit() else float(text)


def quantity_json_schema(dimension: Dimension, allowed: str = "any") -> dict[str, Any]:
    """Return the JSON Schema of a quantity: text by pattern, and a number where none needs a unit."""
    expected = describe(dimension) + ("" if allowed == "any" else f", {allowed}")
    text: dict[str, Any] = {
        "type": "string",
        "pattern": unit_pattern(dimension),
        "x-write": expected,  # joined with the key's own description
        "examples": list(examples(dimension)),
    }
    if dimension in BARE:
        text["type"] = ["string", "number"]
    return text


@dataclass(frozen=True)
class Whole(FieldKind):
    """Read a whole number (1e6 counts as one) within `low`..`high`."""

    low: int
    high: int

    def read(self, value: Any) -> int:
        """Return the number as an int."""
        expected = f"a whole number from {format_number(self.low)} to {format_number(self.high)}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise problem(f"got {show(value)}", expected)
        if not self.low <= value <= self.high or value != int(value):
            raise problem(f"got {show(value)}", expected)
        return int(value)

    def json_schema(self) -> dict[str, Any]:
        """Return an integer with its limits."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


class Flag(FieldKind):
    """Read true or false; nothing else is a boolean."""

    def read(self, value: Any) -> bool:
        """Return the boolean."""
        if not isinstance(value, bool):
            raise problem(f"got {show(value)}", "true or false")
        return value

    def json_schema(self) -> dict[str, Any]:
        """Return a boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True)
class Word(FieldKind):
    """Read one of a few words."""

    choices: tuple[str, ...]

    def read(self, value: Any) -> str:
        """Return the word; a mistake names the nearest."""
        if isinstance(value, str) and value in self.choices:
            return value
        near = nearest_name(value, self.choices) if isinstance(value, str) else None
        raise problem(f"got {show(value)}", f"one of {', '.join(self.choices)}", near)

    def json_schema(self) -> dict[str, Any]:
        """Return the list of words."""
        return {"enum": list(self.choices), "type": "string"}


@dataclass(frozen=True, slots=True)
class Dose:
    """Hold a dose rate, or an amount at once: `amount` in ug/day or ug, or in ug/m2/day or ug/m2 when `per_m2`."""

    amount: float
    per_m2: bool

    def rate(self, body_surface_m2: float) -> float:
        """Return the rate, or amount, for this patient, ug/day or ug."""
        return self.amount * body_surface_m2 if self.per_m2 else self.amount


@dataclass(frozen=True)
class DoseKind(FieldKind):
    """Read a dose rate, or unless `rate` an amount at once, fixed or by body surface, up to `high` in either unit.

    A rate of 0 is a pause; an amount of 0 is none.
    """

    high: float = 1000.0
    rate: bool = True

    def read(self, value: Any) -> Dose:
        """Return the dose as it was written."""
        try:
            amount, per_m2 = parse_dose(value, self.rate)
        except QuantityError as error:
            raise problem(error.message, error.expected, error.nearest) from None
        if not 0 <= amount <= self.high or (amount == 0 and not self.rate):
            high = format_number(self.high)
            allowed = f"0 to {high} ug/day" if self.rate else f"above 0, at most {high} ug"
            raise problem(f"got {show(value)}", f"{self._expected}, {allowed}")
        return Dose(amount, per_m2)

    def write(self, value: Any) -> str:
        """Return the dose with its unit."""
        return format_dose(value.amount, value.per_m2, self.rate)

    @property
    def _expected(self) -> str:
        return (
            "a dose rate such as 28 ug/day or 15 ug/m2/day"
            if self.rate
            else "an amount such as 500 ug or 250 ug/m2"
        )

    def json_schema(self) -> dict[str, Any]:
        """Return the patterns of both units."""
        return {
            "type": "string",
            "pattern": "|".join(unit_pattern(dose_dimension(per_m2, self.rate)) for per_m2 in (False, True)),
            "x-write": self._expected,
            "examples": ["28 ug/day", "9 ug/day", "15 ug/m2/day"] if self.rate else ["500 ug", "250 ug/m2"],
        }


@dataclass(frozen=True)
class Text(FieldKind):
    """Read printable text of limited length."""

    longest: int
    shortest: int = 0
    example: str = "text"
    one_line: bool = False

    def read(self, value: Any) -> str:
        """Return the text without blank ends."""
        if not isinstance(value, str):
            quotes = ""
            if isinstance(value, Mapping):
                quotes = " (a text that contains ': ' must stand in quotes)"
            elif isinstance(value, int | float):
                quotes = " (put a number or a word such as true in quotes)"
            raise problem(f"got {show(value)}{quotes}", f"text such as {self.example}")
        text: str = value.strip()
        if not self.shortest <= len(text) <= self.longest:
            raise problem(
                f"got {len(text)} characters", f"text of {self.shortest} to {self.longest} characters"
            )
        allowed = "" if self.one_line else "\n"
        if not all(character.isprintable() or character in allowed for character in text):
            expected = "one line of printable text" if self.one_line else "printable text"
            raise problem("got a line break or a character that cannot be printed", expected)
        return text

    def json_schema(self) -> dict[str, Any]:
        """Return text with its limits."""
        return {"type": "string", "minLength": self.shortest, "maxLength": self.longest}


class OneOf(FieldKind):
    """Read one of some words."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)

    def read(self, value: Any) -> str:
        """Return the word; raise where it is none of them."""
        if value in self.words:
            return str(value)
        near = nearest_name(value, self.words) if isinstance(value, str) else None
        raise problem(f"got {show(value)}", f"one of {', '.join(self.words)}", near)

    def json_schema(self) -> dict[str, Any]:
        """Return the words."""
        return {"enum": [*self.words]}


class FrozenMap[V](Mapping[str, V]):
    """Hold a dict that cannot change, can be hashed and pickled, and compares by content."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, V] | None = None) -> None:
        self._items: dict[str, V] = dict(items or {})

    def __getitem__(self, key: str) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and self._items == dict(other)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return f"FrozenMap({self._items!r})"


@dataclass(frozen=True)
class Custom(FieldKind):
    """Join three functions into a field."""

    reader: Callable[[Any], Any]
    writer: Callable[[Any], Any]
    schema: Callable[[], dict[str, Any]]

    def read(self, value: Any) -> Any:
        """Return what the reader makes of it."""
        return self.reader(value)

    def write(self, value: Any) -> Any:
        """Return what the writer makes of it."""
        return self.writer(value)

    def json_schema(self) -> dict[str, Any]:
        """Return the schema."""
        return self.schema()


Time = Annotated[float, Quantity("time", 0, YEARS_20)]
Interval = Annotated[float, Quantity("time", 1 / 24, YEARS_20)]
Day = Annotated[float, Quantity("day", -365, YEARS_20)]
DayAfterTransplant = Annotated[float, Quantity("day", 0, YEARS_20)]
Fraction = Annotated[float, Quantity("fraction", 0, 1, above_low=True)]
CellsPerKg = Annotated[float, Quantity("cells_per_kg", 0, 1e10)]
Bool = Annotated[bool, Flag()]
Grade = Annotated[int, Whole(1, 4)]
DoseRate = Annotated[Dose, DoseKind()]
DoseAtOnce = Annotated[Dose, DoseKind(10_000.0, rate=False)]
