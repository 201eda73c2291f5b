"""A user's own patients: one row of a CSV file each, with the unit of every column in its header."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from simulation.errors import UserError, nearest_name
from simulation.parameters.table import ParameterTable
from simulation.units import CANONICAL_UNIT, QuantityError, format_quantity, parse_quantity

__all__ = ["ENDING", "ID", "check_header", "read_patient_list", "split_header"]

ENDING: Final = ".csv"
ID: Final = "id"  # a column of names or numbers of one's own; nothing is read from it


def check_header(header: Sequence[str], shown: str) -> None:
    """Raise `UserError` for a header that semicolons separate, and for a unit whose bracket is not closed."""
    if len(header) == 1 and ";" in header[0]:
        raise UserError(
            "semicolons separate its fields",
            file=shown,
            line=1,
            expected="commas between fields, and points in numbers",
        )
    for cell in header:
        name, unit = split_header(cell)
        if "[" in cell and not cell.rstrip().endswith("]"):
            raise UserError(
                "the bracket is not closed", file=shown, line=1, key=name, expected=f"{name} [{unit}]"
            )


def split_header(cell: str) -> tuple[str, str]:
    """Return the name of a column and the unit in brackets behind it: `weight [kg]`."""
    name, bracket, rest = cell.partition("[")
    return (name.strip(), rest.rstrip().removesuffix("]").strip()) if bracket else (cell.strip(), "")


def read_patient_list(path: str | os.PathLike[str]) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return how many patients a file lists, and name -> what a scenario would write of each parameter.

    Any parameter of the table may be a column; an empty field, and every parameter without a column, is drawn as the table
    says. Raises `UserError`, naming file, line, column, what was expected and the nearest parameter.
    """
    shown = os.fspath(path)
    try:
        lines = [row for row in csv.reader(Path(path).read_text(encoding="utf-8-sig").splitlines())]
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", file=shown) from None
    except (UnicodeDecodeError, csv.Error):
        raise UserError("is no CSV file in UTF-8", file=shown) from None
    rows = [(number, row) for number, row in enumerate(lines, 1) if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        raise UserError("lists no patient", file=shown, expected="a header and one row per patient")
    (_, header), *patients = rows
    check_header(header, shown)
    columns = [_column(cell, shown) for cell in header]
    names = [name for name, _ in columns]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"the column {name!r} is written twice", file=shown, line=1)
    table = ParameterTable.load()
    values: dict[str, list[str | None]] = {name: [] for name in names if name != ID}
    for line, row in patients:
        if len(row) != len(header):
            message = f"got {len(row)} fields"
            raise UserError(message, file=shown, line=line, expected=f"{len(header)}, as in the header")
        for (name, unit), cell in zip(columns, row, strict=True):
            if name != ID:
                values[name].append(_value(name, unit, cell.strip(), shown, line))
    if not values:
        raise UserError("names no parameter", file=shown, line=1, expected="columns such as weight [kg]")
    written: dict[str, dict[str, Any]] = {}
    for name, listed in values.items():
        row_of = table[name]
        spread = row_of.between_patients
        usual = (
            {"distribution": "fixed", "value": row_of.written(row_of.value)}
            if spread is None
            else spread.to_plain()
        )
        written[name] = {
            "distribution": "listed",
            "values": listed,
            "otherwise": usual,
            "source": Path(path).name,
        }
    return len(patients), written


def _column(cell: str, shown: str) -> tuple[str, str]:
    name, unit = split_header(cell)
    table = ParameterTable.load()
    if name == ID:
        return name, ""
    if name not in table:
        near = nearest_name(name, [*table.names, ID])
        if near is None:
            expected = f"a parameter such as weight [kg], or {ID} for names of your own"
            raise UserError(f"got {name!r}", file=shown, line=1, key=name or None, expected=expected)
        raise UserError("there is no such parameter", file=shown, line=1, key=name or None, nearest=near)
    try:
        parse_quantity(f"1 {unit}" if unit else 1.0, table[name].dimension)
    except QuantityError as error:
        expected = (
            f"{name} [{CANONICAL_UNIT[table[name].dimension]}], or another unit of its kind in brackets"
        )
        raise UserError(error.message, file=shown, line=1, key=cell.strip(), expected=expected) from None
    return name, unit


def _value(name: str, unit: str, cell: str, shown: str, line: int) -> str | None:
    """Return a field as a scenario would write it; None where it is empty."""
    if not cell:
        return None
    row = ParameterTable.load()[name]
    try:
        value = parse_quantity(f"{cell} {unit}" if unit else float(cell), row.dimension)
    except QuantityError as error:
        raise UserError(error.message, file=shown, line=line, key=name, expected=error.expected) from None
    except ValueError:
        raise UserError(f"got {cell!r}", file=shown, line=line, key=name, expected="a number") from None
    if not row.low <= value <= row.high:
        raise UserError(f"got {row.written(value)}", file=shown, line=line, key=name, expected=row.allowed)
    return format_quantity(value, row.dimension)
