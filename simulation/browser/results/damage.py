"""What is wrong with a folder of results, told as a message: anything may have happened to a file on a disk."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyarrow.lib import ArrowException

from simulation.errors import UserError, reason_of

__all__ = ["reading", "record_of", "table_of"]

# what reading raises where a file does not hold what the program wrote into it
_DAMAGE = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, csv.Error, ArrowException,
)  # fmt: skip


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Raise `UserError` with the folder's name for whatever shows, while it is read, that it is damaged.

    Everything that a page will ask of the folder belongs inside: what a page meets later would take the place of the page.
    """
    try:
        yield
    except _DAMAGE as error:
        raise UserError(f"is damaged or not whole: {reason_of(error)}", file=str(folder)) from error


def table_of(path: Path, needs: Sequence[str] = ()) -> list[Mapping[str, str]]:
    """Return the rows of a CSV file; raise ValueError for a column that is missing, or a row unlike the header."""
    text = path.read_text(encoding="utf-8")
    if "\0" in text:
        raise ValueError(f"{path.name} holds what is no text")
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    if missing := [name for name in needs if name not in header]:
        raise ValueError(f"{path.name} has no column {missing[0]}")
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise ValueError(f"{path.name}, row {number}: {len(row)} fields, {len(header)} in the header")
    return [dict(zip(header, row, strict=True)) for row in rows]


def record_of(path: Path) -> Mapping[str, Any]:
    """Return what a JSON file holds; raise ValueError where it is no object."""
    record = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(record, dict):
        raise ValueError(f"{path.name} holds no object")
    return record
