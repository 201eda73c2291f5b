"""The parameter table: every biological number with its unit, range, kind, confidence and source.

The rows stand in `simulation/data/parameters.yaml`; no other file holds a biological number.
"""

import hashlib
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast

from simulation.errors import UserError, nearest_name
from simulation.parameters.dependence import DEPENDENCE, INDEPENDENT, Dependence, parse_dependence
from simulation.parameters.distributions import Distribution
from simulation.parameters.read_distribution import DistributionError, parse_distribution
from simulation.units import (
    CANONICAL_UNIT,
    DIMENSIONS,
    Dimension,
    QuantityError,
    dimension_of,
    format_quantity,
    parse_quantity,
)
from simulation.yaml_source import Node, plain, read_yaml

__all__ = [
    "PACKAGED_TABLE",
    "Parameter",
    "ParameterTable",
    "ParameterValues",
    "located",
    "read_row",
    "render_parameter_table",
]

PACKAGED_TABLE: Final = Path(__file__).resolve().parent.parent / "data" / "parameters.yaml"
KINDS: Final = ("measured", "calibrated", "assumption", "lever")
CONFIDENCES: Final = ("H", "M", "L")
_REQUIRED: Final = ("value", "low", "high", "kind", "confidence", "source")
_OPTIONAL: Final = ("note", "unit", "between_patients")


@dataclass(frozen=True, slots=True)
class Parameter:
    """Hold one row; `value`, `low` and `high` are in the canonical `unit` of `dimension`."""

    name: str
    group: str
    value: float
    low: float
    high: float
    unit: str
    dimension: Dimension
    kind: str
    confidence: str
    source: str
    note: str = ""
    between_patients: Distribution | None = None

    def written(self, value: float) -> str:
        """Return a value of this parameter with its unit, as in a scenario file."""
        return format_quantity(value, self.dimension)

    @property
    def allowed(self) -> str:
        """Return the range in words."""
        return _range_words(self.low, self.high, self.dimension)


def _range_words(low: float, high: float, dimension: Dimension) -> str:
    bounds = [
        f"{word} {format_quantity(bound, dimension)}"
        for word, bound in (("at least", low), ("at most", high))
        if math.isfinite(bound)
    ]
    if len(bounds) == 2:
        return f"{format_quantity(low, dimension)} to {format_quantity(high, dimension)}"
    return bounds[0] if bounds else "any"


class ParameterValues(Mapping[str, float]):
    """Map parameter names to values, frozen, with attribute access: `p.rate_blast_death`."""

    __slots__ = ("_hash", "_values")
    _values: dict[str, float]
    _hash: int | None

    def __init__(self, values: Mapping[str, float]) -> None:
        object.__setattr__(self, "_values", dict(sorted(values.items())))
        object.__setattr__(self, "_hash", None)

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def __getattr__(self, name: str) -> float:
        if name.startswith("_"):  # keeps copy and pickle from asking for names before there are values
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            near = nearest_name(name, self._values)
            hint = f"; did you mean {near!r}?" if near else ""
            raise AttributeError(f"there is no parameter {name!r}{hint}") from None

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"parameter values are frozen; use .replace({name}=...)")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("parameter values are frozen")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParameterValues) and self._values == other._values

    def __hash__(self) -> int:
        if self._hash is None:
            object.__setattr__(self, "_hash", hash(tuple(self._values.items())))
        return cast(int, self._hash)

    def __repr__(self) -> str:
        return f"ParameterValues({len(self)} values, {self.digest()[:12]})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (ParameterValues, (self._values,))

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._values})

    def replace(self, **overrides: float) -> "ParameterValues":
        """Return a copy with some values changed; for an unknown name AttributeError tells the nearest."""
        for name in overrides:
            getattr(self, name)
        return ParameterValues(self._values | overrides)

    def digest(self) -> str:
        """Return the sha256 of all names and values: equal if and only if the numbers are."""
        lines = "\n".join(f"{name}={float(value)!r}" for name, value in self._values.items())
        return hashlib.sha256(lines.encode()).hexdigest()


class ParameterTable:
    """Map parameter names to their rows, in the order of the file.

    `dependence` says which of those that vary between patients depend on one another.
    """

    def __init__(self, rows: Mapping[str, Parameter], dependence: Dependence = INDEPENDENT) -> None:
        self._rows = dict(rows)
        self.dependence = dependence

    @staticmethod
    def load() -> "ParameterTable":
        """Return the packaged table, read once per process; another while `in_place` holds."""
        return _in_place[-1] if _in_place else _packaged()

    @classmethod
    def read(cls, path: str | Path, shown: str | None = None) -> "ParameterTable":
        """Read a table from a file; raises `UserError` with the line of whatever is wrong."""
        root = read_yaml(path, shown)
        rows: dict[str, Parameter] = {}
        groups = dict(_mapping(root, "", "groups of parameters"))
        pairs = groups.pop(DEPENDENCE, None)
        for group, block in groups.items():
            for name, node in _mapping(block, group, "parameters").items():
                if name in rows:
                    raise node.error(
                        f"the parameter {name!r} is written twice", key=f"{group}.{name}", at_key=True
                    )
                if not name.isidentifier() or name.startswith("_") or name == DEPENDENCE:
                    raise node.error(
                        f"got {name!r}", key=group, expected="a name such as rate_blast_death", at_key=True
                    )
                rows[name] = read_row(node, group, name)
        return cls(rows, _dependence(pairs, rows))

    def __getitem__(self, name: str) -> Parameter:
        try:
            return self._rows[name]
        except KeyError:
            near = self.nearest(name)
            hint = f"; did you mean {near!r}?" if near else ""
            raise KeyError(f"there is no parameter {name!r}{hint}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"ParameterTable({len(self)} parameters in {len(self.groups)} groups)"

    @property
    def names(self) -> tuple[str, ...]:
        """Return all parameter names in the order of the file."""
        return tuple(self._rows)

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the group names in the order of the file."""
        return tuple(dict.fromkeys(row.group for row in self._rows.values()))

    def nearest(self, name: str) -> str | None:
        """Return the parameter name most like `name`."""
        return nearest_name(name, self._rows)

    def parameter_values(self, overrides: Mapping[str, float] | None = None) -> ParameterValues:
        """Return every parameter's value in canonical units, with some of them changed."""
        base = ParameterValues(self.values())
        return base.replace(**overrides) if overrides else base

    def with_rows(self, rows: Iterable[Parameter]) -> "ParameterTable":
        """Return a table of other rows, with the same dependence between patients."""
        return ParameterTable({row.name: row for row in rows}, self.dependence)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let `load` return this table in this process, until the context ends."""
        _in_place.append(self)
        try:
            yield
        finally:
            _in_place.pop()

    @property
    def rows(self) -> tuple[Parameter, ...]:
        """Return all rows in the order of the file."""
        return tuple(self._rows.values())

    def values(self) -> dict[str, float]:
        """Return name -> value in canonical units."""
        return {name: row.value for name, row in self._rows.items()}

    def between_patients(self, names: Collection[str] | None = None) -> dict[str, object]:
        """Return a scenario's block `patient` in which what varies in the table does, or of that only `names`.

        What depends on one another stands first, so that a parameter that is fixed after it leaves its pairs.
        """
        drawn = {
            row.name: row.between_patients
            for row in self.rows
            if row.between_patients is not None and (names is None or row.name in names)
        }
        pairs = self.dependence.among(drawn).to_plain()
        spread = {name: which.to_plain() for name, which in drawn.items()}
        return {DEPENDENCE: pairs, **spread} if pairs else {**spread}


_in_place: Final[list[ParameterTable]] = []  # the last one holds


@lru_cache(maxsize=1)
def _packaged() -> ParameterTable:
    return ParameterTable.read(PACKAGED_TABLE, "simulation/data/parameters.yaml")


def _mapping(node: Node, key: str, what: str) -> dict[str, Node]:
    if not isinstance(node.value, dict) or not node.value:
        raise node.error("got something else", key=key or None, expected=f"a block of {what}", at_key=True)
    return node.value


def read_row(node: Node, group: str, name: str, required: tuple[str, ...] = _REQUIRED) -> Parameter:
    """Return the parameter that a block of `value`, `low`, `high` ... describes.

    What is neither written nor `required` is an assumption of low confidence without limits or a source. Raises
    `UserError` with the line of whatever is wrong.
    """
    where = f"{group}.{name}"
    cells = _mapping(node, where, "keys: " + ", ".join(_REQUIRED))
    for key, cell in cells.items():
        if key not in _REQUIRED + _OPTIONAL:
            near = nearest_name(key, _REQUIRED + _OPTIONAL)
            raise cell.error("there is no such key", key=f"{where}.{key}", nearest=near, at_key=True)
    for key in required:
        if key not in cells:
            raise node.error(f"the key {key!r} is missing", key=where, at_key=True)
    dimension = _dimension(cells, where)
    value, low, high = (
        _quantity(cells[key], f"{where}.{key}", dimension) if key in cells else limit
        for key, limit in (("value", math.nan), ("low", -math.inf), ("high", math.inf))
    )
    if not low <= value <= high:
        range_text = _range_words(low, high, dimension)
        raise cells["value"].error(f"the value lies outside its own range {range_text}", key=f"{where}.value")
    return Parameter(
        name=name,
        group=group,
        value=value,
        low=low,
        high=high,
        unit=CANONICAL_UNIT[dimension],
        dimension=dimension,
        kind=_one_of(cells["kind"], f"{where}.kind", KINDS) if "kind" in cells else "assumption",
        confidence=_one_of(cells["confidence"], f"{where}.confidence", CONFIDENCES)
        if "confidence" in cells
        else "L",
        source=_text(cells["source"], f"{where}.source") if "source" in cells else "",
        note=_text(cells["note"], f"{where}.note") if "note" in cells else "",
        between_patients=_between(cells.get("between_patients"), where, dimension, value, low, high),
    )


def _dimension(cells: Mapping[str, Node], where: str) -> Dimension:
    if "unit" in cells:
        # a unit, for bare numbers: `unit: fraction`, or a dimension by name
        return cast(Dimension, _one_of(cells["unit"], f"{where}.unit", DIMENSIONS))
    try:
        dimension = dimension_of(plain(cells["value"]))
        high = cells["high"].value if "high" in cells else None
        if dimension == "dimensionless" and isinstance(high, str):
            return dimension_of(high)  # `value: 0`, `high: 10 %`
    except QuantityError as error:
        at = f"{where}.value"
        raise cells["value"].error(
            error.message, key=at, expected=error.expected, nearest=error.nearest
        ) from None
    return dimension


def _quantity(cell: Node, where: str, dimension: Dimension) -> float:
    try:
        return parse_quantity(plain(cell), dimension)
    except QuantityError as error:
        raise cell.error(error.message, key=where, expected=error.expected, nearest=error.nearest) from None


def _one_of(cell: Node, where: str, valid: tuple[str, ...]) -> str:
    if cell.value in valid:
        return str(cell.value)
    near = nearest_name(str(cell.value), valid)
    raise cell.error(f"got {plain(cell)!r}", key=where, expected=f"one of {', '.join(valid)}", nearest=near)


def _text(cell: Node, where: str) -> str:
    if isinstance(cell.value, dict | list) or cell.value is None:
        raise cell.error("got something else", key=where, expected="text")
    return str(cell.value).strip()


def _between(
    cell: Node | None, where: str, dimension: Dimension, value: float, low: float, high: float
) -> Distribution | None:
    if cell is None or cell.value is None:
        return None
    key = f"{where}.between_patients"
    if not isinstance(cell.value, dict):
        raise cell.error(f"got {plain(cell)!r}", key=key, expected="{distribution: ..., ...}")
    try:
        return parse_distribution(plain(cell), dimension, value, low, high)
    except DistributionError as error:
        raise located(error, cell, key) from None


def located(error: DistributionError, node: Node, key: str) -> UserError:
    """Return a mistake in the block `node` at `key`, where it stands in the file."""
    place = node
    for segment in error.path:
        inner = place.value
        if isinstance(inner, list) and isinstance(segment, int):
            place = inner[segment]
        elif isinstance(inner, dict) and str(segment) in inner:
            place = inner[str(segment)]
    full = ".".join([key, *map(str, error.path)])
    return place.error(error.message, key=full, expected=error.expected, nearest=error.nearest)


def _dependence(node: Node | None, rows: Mapping[str, Parameter]) -> Dependence:
    """Return the table's own pairs; as every fact of the table, each has a source."""
    if node is None:
        return INDEPENDENT
    spreads = {name: row.between_patients for name, row in rows.items()}
    varies = {name for name, spread in spreads.items() if spread is not None and spread.varies}
    try:
        return parse_dependence(plain(node), tuple(rows), varies, sourced=True)
    except DistributionError as error:
        raise located(error, node, DEPENDENCE) from None


def render_parameter_table(table: ParameterTable, group: str | None = None) -> list[dict[str, str]]:
    """Return the table as rows of text for a terminal, a page or a CSV file; `group` keeps one group.

    Raises `UserError` for a group that does not exist.
    """
    if group is not None and group not in table.groups:
        expected = f"one of {', '.join(table.groups)}"
        raise UserError(
            f"got {group!r}", key="group", expected=expected, nearest=nearest_name(group, table.groups)
        )
    return [
        {
            "group": row.group,
            "name": row.name,
            "value": row.written(row.value),
            "low": row.written(row.low),
            "high": row.written(row.high),
            "kind": row.kind,
            "confidence": row.confidence,
            "source": row.source,
            "note": row.note,
            "between_patients": "; ".join(
                [*_distribution_words(row.between_patients), *_partners(table.dependence, row.name)]
            ),
        }
        for row in table.rows
        if group in (None, row.group)
    ]


def _distribution_words(distribution: Distribution | None) -> list[str]:
    if distribution is None:
        return []
    if distribution.parts:
        total = sum(distribution.weights)
        parts = zip(distribution.weights, distribution.parts, strict=True)
        texts = [
            f"{100 * weight / total:.3g}% {' '.join(_distribution_words(part))}" for weight, part in parts
        ]
        return [f"mixture of {', '.join(texts)}"]
    words = distribution.to_plain()
    kind = str(words.pop("distribution"))
    return [" ".join([kind, *(f"{key} {value}" for key, value in words.items() if key != "source")])]


def _partners(dependence: Dependence, name: str) -> list[str]:
    return [f"correlation {pair.correlation:g} with {other}" for other, pair in dependence.partners(name)]
