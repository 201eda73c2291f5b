"""Rows as Parquet files and back: typed columns, units and meanings with them, as the design says."""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import batched
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from simulation.errors import UserError
from simulation.files.atomic import write_named
from simulation.files.seals import DIGITS, file_digest
from simulation.store.design import FORMAT, Column, Design

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "NAME",
    "ROWS",
    "Row",
    "fill_rows",
    "fill_table",
    "merge_files",
    "read_rows",
    "row_bytes",
    "write_shard",
]

type Row = Mapping[str, Any]
ROWS: Final = "rows"
NAME: Final = re.compile(
    rf"(?:batch|runs-(\d{{6,}}))-([0-9a-f]{{{DIGITS}}})\.parquet"
)  # number of the segment, digest
_ROW_GROUP: Final = 20_000  # rows of a piece, when files are written
_READ: Final = 1_000  # rows at once, when files are read: as Python objects they take ten times the room
_PYTHON: Final[Mapping[str, Any]] = {"int": int, "float": float, "bool": bool, "text": str}
_NUMBER_BYTES: Final = 8
_OWN: Final = "transplant_twin"  # the key of a file's metadata that says what its rows are


def write_shard(folder: Path, design: Design, rows: Iterable[Row]) -> Path:
    """Write the rows of one batch as one file; called where the runs were made, so results are not sent home.

    Raises
    ------
    NotWritten
        Where it cannot be written, for example on a full disk; then nothing is left.
    """
    return write_named(folder / ROWS, fill_rows(design, rows), lambda digest: _name("batch", digest))


def fill_rows(
    design: Design, rows: Iterable[Row], about: Mapping[str, str] | None = None
) -> Callable[[IO[bytes]], None]:
    """Return what writes rows of a design into a file, thousands in memory; `about` goes into its metadata."""
    return _fill(_schema(design, about), _pieces(design.described, rows))


def fill_table(columns: Sequence[Column], rows: Iterable[Row]) -> Callable[[IO[bytes]], None]:
    """Return what writes rows of such columns into a Parquet file, with units and meanings."""
    return _fill(_column_schema(columns), _pieces(columns, rows))


def read_rows(
    path: Path, design: Design, columns: Sequence[str] | None = None, *, digest: str = ""
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one file, some thousands of them in memory; None where a value is missing.

    `digest` is that of the design that the rows belong to, where another version of the model made them.

    Raises
    ------
    UserError
        Where the file is not, to the last bit, what was written, or holds rows of another design.
    """
    for table in _tables(path, design, columns, _READ, digest):
        yield from table.to_pylist()


def merge_files(parts: Sequence[Path], design: Design, folder: Path, number: int) -> None:
    """Write the rows of several files as one, a segment of that number; memory does not grow with them."""
    write_named(
        folder,
        _fill(_schema(design), _gathered(parts, design)),
        lambda digest: _name(f"runs-{number:06d}", digest),
    )


def row_bytes(row: Row) -> int:
    """Return about what a row takes on the disk at most: compression is left out."""
    return sum(len(value) if isinstance(value, str) else _NUMBER_BYTES for value in row.values())


def _gathered(parts: Sequence[Path], design: Design) -> Iterator["pa.Table"]:
    """Yield what small files hold in large pieces: each piece becomes a row group."""
    import pyarrow as pa

    waiting: list[pa.Table] = []
    for part in parts:
        for table in _tables(part, design, None, _ROW_GROUP, ""):
            waiting.append(table)
            if sum(one.num_rows for one in waiting) >= _ROW_GROUP:
                yield pa.concat_tables(waiting)
                waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _tables(
    path: Path, design: Design, columns: Sequence[str] | None, size: int, digest: str
) -> Iterator["pa.Table"]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    known = NAME.fullmatch(path.name)
    if known is None:
        raise _unfit(path, "its name is not the one it was written under")
    if not file_digest(path)[0].startswith(known[2]):
        raise _unfit(path, "is damaged: it is not what was written")
    with path.open("rb") as source, pq.ParquetFile(source) as file:
        schema = file.schema_arrow
        own = json.loads((schema.metadata or {}).get(_OWN.encode(), b"{}"))
        if schema != _schema(design) or own.get("digest") != (digest or design.digest()):
            raise _unfit(path, "holds runs of another design")
        for batch in file.iter_batches(size, columns=columns, use_threads=False):
            yield pa.Table.from_batches([batch])


def _unfit(path: Path, message: str) -> UserError:
    consequence = "move it away and run the same command with --resume, which runs again what it held"
    return UserError(f"{message}; {consequence}", file=str(path))


def _name(kind: str, digest: str) -> str:
    return f"{kind}-{digest[:DIGITS]}.parquet"


def _fill(schema: "pa.Schema", tables: Iterable["pa.Table"]) -> Callable[[IO[bytes]], None]:
    import pyarrow.parquet as pq

    def fill(file: IO[bytes]) -> None:
        with pq.ParquetWriter(file, schema, compression="snappy") as writer:
            for table in tables:
                writer.write_table(table.cast(schema))  # metadata apart, the columns are the same

    return fill


def _schema(design: Design, about: Mapping[str, str] | None = None) -> "pa.Schema":
    """Return the columns of a design, and in the metadata which design it is."""
    own = {"format": FORMAT, "kind": design.kind, "digest": design.digest()}
    return _column_schema(design.described).with_metadata({_OWN: json.dumps(own), **(about or {})})


def _column_schema(columns: Iterable[Column]) -> "pa.Schema":
    """Return the columns with unit and meaning, so that a file on its own still says what it is."""
    import pyarrow as pa

    types = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "text": pa.string()}
    fields = [
        pa.field(column.name, types[column.kind], metadata={"unit": column.unit, "meaning": column.meaning})
        for column in columns
    ]
    return pa.schema(fields)


def _pieces(described: Sequence[Column], rows: Iterable[Row]) -> Iterator["pa.Table"]:
    """Yield tables of some thousands of rows."""
    import pyarrow as pa

    schema, kinds = _column_schema(described), {column.name: column.kind for column in described}
    for part in batched(rows, _ROW_GROUP):
        columns: dict[str, list[Any]] = {name: [] for name in kinds}
        for row in part:
            unknown = set(row) - set(columns)
            if unknown:
                raise ValueError(f"the design has no column {', '.join(sorted(unknown))}")
            for name, values in columns.items():
                values.append(_value(row.get(name), kinds[name]))
        yield pa.table(columns, schema=schema)


def _value(value: Any, kind: str) -> Any:
    """Return the value in its column's type; what is missing, undefined or empty is null."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    return _PYTHON[kind](value)
