"""Rows as Parquet files and back: typed columns, units and meanings with them, as the design says."""

import json
import math
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from simulation.errors import UserError
from simulation.store.atomic import write_binary
from simulation.store.design import FORMAT, Design

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ENDING", "ROWS", "Row", "merge_files", "read_rows", "row_bytes", "write_rows", "write_shard"]

type Row = Mapping[str, Any]
ROWS: Final = "rows"
ENDING: Final = ".parquet"
_ROW_GROUP: Final = 20_000  # rows of a piece, when files are written
_READ: Final = 1_000  # rows at once, when files are read: as Python objects they take ten times the room
_PYTHON: Final[Mapping[str, Any]] = {"int": int, "float": float, "bool": bool, "text": str}
_NUMBER_BYTES: Final = 8


def write_shard(folder: Path, design: Design, rows: Iterable[Row]) -> Path:
    """Write the rows of one batch as one file; called where the runs were made, so results are not sent home.

    Raises
    ------
    OSError
        Where it cannot be written, for example on a full disk; then nothing is left.
    """
    place = folder / ROWS
    place.mkdir(exist_ok=True)
    path = place / f"batch-{uuid.uuid4().hex}{ENDING}"
    write_rows(path, design, rows)
    return path


def write_rows(
    path: Path, design: Design, rows: Iterable[Row], about: Mapping[str, str] | None = None
) -> None:
    """Write rows as one file, some thousands of them in memory; `about` goes into its metadata."""
    schema = _schema(design)
    if about:
        schema = schema.with_metadata({**(schema.metadata or {}), **about})
    _write(path, schema, (_table(design, part) for part in batched(rows, _ROW_GROUP)))


def read_rows(path: Path, design: Design, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of one file, some thousands of them in memory; None where a value is missing.

    Raises
    ------
    UserError
        Where the file is damaged, or holds other columns.
    """
    for table in _tables(path, design, columns, _READ):
        yield from table.to_pylist()


def merge_files(parts: Sequence[Path], design: Design, target: Path) -> None:
    """Write the rows of several files as one; memory does not grow with them."""
    _write(target, _schema(design), _gathered(parts, design))


def row_bytes(row: Row) -> int:
    """Return about what a row takes on the disk at most: compression is left out."""
    return sum(len(value) if isinstance(value, str) else _NUMBER_BYTES for value in row.values())


def _gathered(parts: Sequence[Path], design: Design) -> Iterator["pa.Table"]:
    """Yield what small files hold in large pieces: each piece becomes a row group."""
    import pyarrow as pa

    waiting: list[pa.Table] = []
    for part in parts:
        for table in _tables(part, design, None, _ROW_GROUP):
            waiting.append(table)
            if sum(one.num_rows for one in waiting) >= _ROW_GROUP:
                yield pa.concat_tables(waiting)
                waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _tables(path: Path, design: Design, columns: Sequence[str] | None, size: int) -> Iterator["pa.Table"]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(design)
    try:
        with path.open("rb") as source, pq.ParquetFile(source) as file:
            if file.schema_arrow != schema:
                raise ValueError("other columns")
            for batch in file.iter_batches(size, columns=columns, use_threads=False):
                yield pa.Table.from_batches([batch])
    except (pa.ArrowException, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        told = f"is damaged ({reason}); move it away and run the same command with --resume"
        raise UserError(told, file=str(path)) from None


def _write(path: Path, schema: "pa.Schema", tables: Iterable["pa.Table"]) -> None:
    import pyarrow.parquet as pq

    def fill(file: Any) -> None:
        with pq.ParquetWriter(file, schema, compression="snappy") as writer:
            for table in tables:
                writer.write_table(table.cast(schema))  # metadata apart, the columns are the same

    write_binary(path, fill)


def _schema(design: Design) -> "pa.Schema":
    """Return the columns with unit and meaning, so that a file on its own still says what it is."""
    import pyarrow as pa

    types = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "text": pa.string()}
    fields = [
        pa.field(column.name, types[column.kind], metadata={"unit": column.unit, "meaning": column.meaning})
        for column in design.described
    ]
    about = {"format": FORMAT, "kind": design.kind, "digest": design.digest()}
    return pa.schema(fields, metadata={"transplant_twin": json.dumps(about)})


def _table(design: Design, rows: Iterable[Row]) -> "pa.Table":
    import pyarrow as pa

    kinds = design.kinds()
    columns: dict[str, list[Any]] = {name: [] for name in design.header}
    for row in rows:
        unknown = set(row) - set(columns)
        if unknown:
            raise ValueError(f"the design has no column {', '.join(sorted(unknown))}")
        for name, values in columns.items():
            values.append(_value(row.get(name), kinds[name]))
    return pa.table(columns, schema=_schema(design))


def _value(value: Any, kind: str) -> Any:
    """Return the value in its column's type; what is missing, undefined or empty is null."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    return _PYTHON[kind](value)
