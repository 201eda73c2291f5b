"""A table of an export: variables with label, type, unit, codes and origin; rows; and how it becomes CSV and Parquet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simulation.export.subjects import Source
from simulation.files.folder import Content
from simulation.files.tables import csv_text
from simulation.store import Column
from simulation.store.rows import fill_table

__all__ = ["Table", "Variable", "baseline_of", "contents_of", "dictionary"]

_DICTIONARY: Final = ("table", "variable", "label", "type", "unit", "codes", "origin")


@dataclass(frozen=True, slots=True)
class Variable:
    """Describe one column: `kind` is int, float or text; `codes` are its values, `origin` where it comes from."""

    name: str
    label: str
    kind: str = "text"
    unit: str = ""
    codes: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Hold one table: rows are mappings by the variables' names, what is missing is absent or None."""

    name: str
    label: str
    variables: tuple[Variable, ...]
    rows: Sequence[Mapping[str, Any]]

    def whole(self) -> Iterator[dict[str, Any]]:
        """Yield the rows with every variable, None where it is missing."""
        return ({v.name: row.get(v.name) for v in self.variables} for row in self.rows)

    def lines(self) -> Iterator[Iterable[Any]]:
        """Yield the rows as values in the order of the variables."""
        return (row.values() for row in self.whole())


def baseline_of(source: Source) -> list[Variable]:
    """Return a variable for each thing in which subjects differ from the start; `origin` is its name in the parameter table."""
    units = {name: unit for subject in source.subjects for name, (_, unit) in subject.values.items()}
    names = sorted(units)
    return [
        Variable(f"BL{k:02d}", f"baseline: {name}", "float", units[name], origin=name)
        for k, name in enumerate(names, 1)
    ]


def contents_of(tables: Iterable[Table], *, parquet: bool) -> dict[str, Content]:
    """Return the tables as files: CSV always, Parquet beside it where `parquet` is true."""
    files: dict[str, Content] = {}
    for table in tables:
        files[f"{table.name}.csv"] = csv_text([v.name for v in table.variables], table.lines())
        if parquet:
            columns = [Column(v.name, v.kind, v.unit, v.label) for v in table.variables]
            files[f"{table.name}.parquet"] = fill_table(columns, table.whole())
    return files


def dictionary(tables: Iterable[Table], *more: Mapping[str, str]) -> str:
    """Return the table that says what every variable of the others means, as CSV; `more` are rows of its own."""
    rows = [
        (table.name, v.name, v.label, v.kind, v.unit, v.codes, v.origin)
        for table in tables
        for v in table.variables
    ]
    rows += [tuple(row.get(name, "") for name in _DICTIONARY) for row in more]  # type: ignore[misc]
    return csv_text(_DICTIONARY, rows)
