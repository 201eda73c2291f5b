"""The weighted parameter sets of a file, and which of them a block of patients lives under.

A file is CSV: one row per set; a column `weight`, and one per parameter of the table, `spread of` one or `share of` one,
in canonical units or in the unit that stands in brackets behind the name, `rate_contacts [/hour]`. `calibrate` leaves such
a file. Where a file of the same name ending in `.json` lies beside it, as `posterior` writes it, it says from which fits the
sets come, for which parameter table, and what they say of published observations (columns `target <id>`).
"""

import csv
import hashlib
import json
import math
import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from simulation.errors import UserError, nearest_name
from simulation.files.tables import csv_text
from simulation.parameters.table import ParameterTable
from simulation.posterior.sets import SHARE, SPREAD, ParameterSet, bare_name, no_mixture, no_sigma
from simulation.scenario.patient_list import check_header, split_header
from simulation.units import QuantityError, parse_quantity

__all__ = [
    "OUT_OF_DATE",
    "PACKAGED",
    "SHIPPED",
    "TABLE",
    "TARGET",
    "WEIGHT",
    "Datum",
    "Posterior",
    "load_posterior",
    "posterior_named",
]

TABLE: Final = "table"  # the parameter table's one value of everything
SHIPPED: Final = "posterior"  # the sets that come with the program
PACKAGED: Final = Path(__file__).resolve().parent.parent / "data" / "posterior.csv"
OUT_OF_DATE: Final = (
    "The parameter sets were joined before the parameter table last changed: what they do not name has today's values. "
    "docs/uncertainty.md says how to build them again."
)
WEIGHT: Final = "weight"
TARGET: Final = "target "
_NOT_READ: Final = frozenset({"distance"})
_GOLDEN: Final = (math.sqrt(5.0) - 1.0) / 2.0
_FEWEST: Final = 2


@dataclass(frozen=True, slots=True)
class Datum:
    """Hold what the sets say of one published observation, on the scale of comparison.

    `se` is the error of the observation with its tolerance, `noise` the Monte-Carlo error of what was simulated.
    """

    what: str
    fit: str
    n: int
    se: float
    noise: float
    weight: float = 1.0  # in its fit, with how near the study's setting is to ours


@dataclass(frozen=True, slots=True)
class Posterior:
    """Hold weighted parameter sets.

    `names` are the columns (parameters, `spread of` and `share of`), `rows` the sets in canonical units. `statistics` holds, by
    the id of an observation, one number per set, NaN where there is none. `table` is the digest of the parameter table for
    which the sets were made, empty where the file does not say. `beyond` are parameters with values outside the table's range.
    """

    name: str
    names: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]
    sha256: str
    table: str = ""
    fits: tuple[Mapping[str, Any], ...] = ()
    data: Mapping[str, Datum] = field(default_factory=dict)
    statistics: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    beyond: tuple[str, ...] = ()
    origin: Mapping[str, str] = field(default_factory=dict)  # of a parameter: the fit that left its values

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def effective(self) -> float:
        """Return the effective number of sets: as many equally weighted ones would say as much."""
        return sum(self.weights) ** 2 / math.fsum(weight**2 for weight in self.weights)

    def set(self, number: int) -> ParameterSet:
        """Return a set by its number, from 0."""
        kinds: dict[str, dict[str, float]] = {SPREAD: {}, SHARE: {}, "": {}}
        for name, value in zip(self.names, self.rows[number], strict=True):
            kind = next(prefix for prefix in kinds if name.startswith(prefix))
            kinds[kind][bare_name(name)] = value
        return ParameterSet(kinds[""], kinds[SPREAD], kinds[SHARE])

    def reweighed(self, numbers: Sequence[int], weights: Sequence[float]) -> "Posterior":
        """Return some of the sets, by their numbers, with weights of their own."""
        statistics = {name: tuple(column[k] for k in numbers) for name, column in self.statistics.items()}
        rows = tuple(self.rows[k] for k in numbers)
        return replace(self, rows=rows, weights=tuple(weights), statistics=statistics)

    def recombined(self) -> list[tuple[tuple[int, ...], float]]:
        """Return for every fit which of its sets each joint set holds, and how many of its sets count.

        Joint sets are many, and hold the few sets of each fit again and again: as draws of that fit they are no more than those.
        """
        numbers_of_sets = []
        for fit in self.fits:
            columns = [k for k, name in enumerate(self.names) if self.origin.get(name) == fit["name"]]
            if columns:
                numbers: dict[tuple[float, ...], int] = {}
                columns_of_fit = (tuple(row[k] for k in columns) for row in self.rows)
                of_fit = tuple(numbers.setdefault(values, len(numbers)) for values in columns_of_fit)
                numbers_of_sets.append((of_fit, float(fit["effective_sets"])))
        return numbers_of_sets

    def as_csv(self) -> str:
        """Return the sets as a file that reads back as these: weights and values in canonical units, nothing else."""
        rows = ((weight, *row) for weight, row in zip(self.weights, self.rows, strict=True))
        return csv_text([WEIGHT, *self.names], rows)

    def digest(self) -> str:
        """Return the sha256 of the sets themselves, whatever file they came from."""
        return hashlib.sha256(self.as_csv().encode()).hexdigest()

    def drawn(self, seed: int, block: int) -> int:
        """Return the number of the set under which a block of patients of a seed lives.

        Blocks take the sets by weight, at steps of the golden section from a place that is the seed's: however many blocks
        there are, they cover the weights evenly, and more blocks leave the first as they were.
        """
        start = int.from_bytes(hashlib.sha256(f"{seed} parameter set".encode()).digest()[:6]) / 2.0**48
        sums = _cumulated(self.weights)
        place = (start + block * _GOLDEN) % 1.0
        return min(bisect_right(sums, place * sums[-1]), len(sums) - 1)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a person should know of the sets before he uses them."""
        sentences = [OUT_OF_DATE] if self.out_of_date else []
        if self.beyond:
            sentences.append(
                f"Parameter sets of {self.name} have values outside the parameter table's range: {', '.join(self.beyond)}."
            )
        return tuple(sentences)

    @property
    def out_of_date(self) -> bool:
        """Return whether the parameter table is another than the one for which the sets were made."""
        return bool(self.table) and self.table != ParameterTable.load().parameter_values().digest()


@lru_cache(maxsize=8)
def _cumulated(weights: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(accumulate(weights))


def load_posterior(which: str | os.PathLike[str]) -> Posterior:
    """Read the sets of a CSV file, or those that come with the program (`posterior`).

    Raises `UserError`, naming file, line, column, what was expected and the nearest parameter.
    """
    path = PACKAGED if which == SHIPPED else Path(which)
    shown = "simulation/data/posterior.csv" if path == PACKAGED else os.fspath(which)
    text = _text(path, shown)
    lines = list(csv.reader(text.splitlines()))
    if not lines:
        raise UserError("is empty", file=shown, expected="a header and one row per parameter set")
    header = [cell.strip() for cell in lines[0]]
    check_header(header, shown)
    readers = [_reader(cell, shown) for cell in header]
    written = [split_header(cell)[0] for cell in header]
    for name in written:
        if written.count(name) > 1:
            raise UserError(f"the column {name!r} is written twice", file=shown, line=1)
    table: list[list[float]] = []
    for number, cells in enumerate(lines[1:], 2):
        if not cells:
            continue
        if len(cells) != len(header):
            message = f"got {len(cells)} fields"
            raise UserError(message, file=shown, line=number, expected=f"{len(header)}, as in the header")
        table.append([_number(read, cell, name, shown, number)
                      for read, cell, name in zip(readers, cells, header, strict=True)])  # fmt: skip
    if len(table) < _FEWEST:
        raise UserError(f"got {len(table)} parameter sets", file=shown, expected=f"{_FEWEST} or more")
    columns = dict(zip(header, zip(*table, strict=True), strict=True))
    weights = columns.pop(WEIGHT, (1.0,) * len(table))
    if min(weights) < 0 or not sum(weights) > 0:
        raise UserError("weights are not negative, and not all 0", file=shown, key=WEIGHT)
    statistics = {n.removeprefix(TARGET): columns.pop(n) for n in header if n.startswith(TARGET)}
    named = {split_header(name)[0]: values for name, values in columns.items() if name not in _NOT_READ}
    if not named:
        raise UserError("names no parameter", file=shown, line=1, expected="columns such as rate_contacts")
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    about = _about(path, shown, sha256)
    beyond = tuple(name for name, values in named.items() if _beyond(name, values))
    return Posterior(
        name=str(about.get("name", path.stem)),
        names=tuple(named),
        rows=tuple(zip(*named.values(), strict=True)),
        weights=weights,
        sha256=sha256,
        table=str(about.get("table", "")),
        fits=tuple(about.get("fits", ())),
        data={name: Datum(**one) for name, one in about.get("targets", {}).items() if name in statistics},
        statistics=statistics,
        beyond=beyond,
        origin={name: one["fit"] for name, one in about.get("parameters", {}).items() if "fit" in one},
    )


def _beyond(name: str, values: Iterable[float]) -> bool:
    """Return whether a parameter has values outside the table's range; spreads and shares have none there."""
    row = ParameterTable.load()[bare_name(name)]
    return name == row.name and any(not row.low <= value <= row.high for value in values)


def posterior_named(which: str, folder: Path) -> Posterior | None:
    """Return the sets that a file or a person names: none for `table`; the name of a CSV file leads from `folder`."""
    if which == TABLE:
        return None
    return load_posterior(SHIPPED if which == SHIPPED else os.path.normpath(folder / which))


def _text(path: Path, shown: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        raise UserError(message, file=shown) from None
    except UnicodeDecodeError:
        raise UserError("is no text in UTF-8", file=shown, expected="a CSV file of parameter sets") from None


def _about(path: Path, shown: str, sha256: str) -> dict[str, Any]:
    """Return what the file beside it says of a file of sets; nothing where there is none."""
    beside = path.with_suffix(".json")
    if not beside.exists():
        return {}
    try:
        content = json.loads(beside.read_text(encoding="utf-8"))
        if (content["sets"], content["sha256"]) == (path.name, sha256):
            return dict(content)
    except (ValueError, RecursionError, KeyError, TypeError, OSError):
        pass
    content = f"does not belong to {path.name} as it is now; move it away, or build both again"
    raise UserError(content, file=str(Path(shown).with_suffix(".json")))


def _reader(cell: str, shown: str) -> Callable[[str], float]:
    """Return what reads the fields of a column; raise `UserError` for a column that is none."""
    if cell in {WEIGHT, *_NOT_READ} or cell.startswith(TARGET):
        return lambda field: float(field) if field else math.nan
    written, unit = split_header(cell)
    name, table = bare_name(written), ParameterTable.load()
    if name not in table:
        near = nearest_name(name, table.names)
        raise UserError("there is no such parameter", file=shown, line=1, key=written, nearest=near)
    row, of_patients = table[name], written != name
    why = no_sigma(row) if written.startswith(SPREAD) else no_mixture(row) if of_patients else ""
    if why:
        raise UserError(why, file=shown, line=1, key=written)
    if not unit:
        return float
    if of_patients:
        raise UserError("a spread or a share has no unit", file=shown, line=1, key=written)
    return lambda field: parse_quantity(f"{field} {unit}", row.dimension)


def _number(read: Callable[[str], float], text: str, name: str, shown: str, line: int) -> float:
    try:
        value = read(text.strip())
    except QuantityError as error:
        raise UserError(
            error.message, file=shown, line=line, key=name, expected=error.expected, nearest=error.nearest
        ) from None
    except ValueError:
        value = math.nan
    table, of_table = ParameterTable.load(), split_header(name)[0]
    never_below = name.startswith((SPREAD, SHARE)) or name == WEIGHT
    low = 0.0 if never_below or (of_table in table and table[of_table].low >= 0) else -math.inf
    high = 1.0 if name.startswith(SHARE) else math.inf
    if name.startswith(TARGET) or name in _NOT_READ:
        return value
    if not (math.isfinite(value) and low <= value <= high):
        expected = "a number from 0 to 1" if high == 1.0 else "a number from 0 on" if low == 0 else "a number"
        raise UserError(f"got {text!r}", file=shown, line=line, key=name, expected=expected)
    return value
