"""Rows as text and back: the CSV dialect of the store (RFC 4180, UTF-8, LF), one header line per file."""

import csv
import io
import math
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from simulation.errors import UserError
from simulation.store.atomic import write_lines
from simulation.store.design import Design

__all__ = ["SHARDS", "Row", "parse", "read_rows", "write_shard"]

type Row = Mapping[str, Any]
SHARDS: Final = "shards"
_LARGEST_FIELD: Final = 10_000_000


def write_shard(folder: Path, design: Design, rows: Iterable[Row]) -> Path:
    """Write the rows of one batch as one file; called where the runs were made, so results are not sent home.

    Raises
    ------
    OSError
        Where it cannot be written, for example on a full disk; then nothing is left.
    """
    place = folder / SHARDS
    place.mkdir(exist_ok=True)
    path = place / f"{uuid.uuid4().hex}.csv"
    write_lines(path, lines(design, rows))
    return path


def lines(design: Design, rows: Iterable[Row]) -> Iterator[str]:
    """Yield the header and one line per row."""
    header = design.header
    yield _line(header)
    for row in rows:
        unknown = set(row) - set(header)
        if unknown:
            raise ValueError(f"the design has no column {', '.join(sorted(unknown))}")
        yield _line([_text(row.get(name)) for name in header])


def read_rows(path: Path, design: Design) -> Iterator[dict[str, str]]:
    """Yield the rows of one file as text by column, one at a time."""
    csv.field_size_limit(_LARGEST_FIELD)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        try:
            header = next(reader, [])
            if tuple(header) != design.header:
                raise ValueError("other columns")
            for fields in reader:
                yield dict(zip(header, fields, strict=True))
        except (csv.Error, ValueError) as error:
            told = f"is damaged ({error}); move it away and run the same command with --resume"
            raise UserError(told, file=str(path), line=reader.line_num) from None


def parse(row: Mapping[str, str], kinds: Mapping[str, str]) -> dict[str, Any]:
    """Return the row with numbers and truth values in place of text, None where a field is empty."""
    return {name: _READ[kinds[name]](text) if text else None for name, text in row.items()}


_READ: Final[Mapping[str, Any]] = {
    "int": int,
    "float": float,
    "bool": lambda text: text == "true",
    "text": str,
}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return (
            "" if math.isnan(value) else repr(float(value))
        )  # NumPy's floats are floats too, with another repr
    if hasattr(value, "item"):
        return _text(value.item())
    return str(value)


def _line(fields: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue()
