"""Tables and JSON in one form everywhere: what is written reads back to the same numbers, the same bytes twice.

CSV: the shortest number that reads back, whole numbers without a point, `true` and `false`, an empty field
where a value is missing or undefined, `inf` where it is infinite. JSON: the same numbers; null for all that
JSON has no number for.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "columns_csv",
    "csv_line",
    "csv_lines",
    "csv_text",
    "field_text",
    "json_text",
    "parquet_bytes",
    "plain",
]


def field_text(value: object) -> str:
    """Return a value as a field of a CSV file."""
    value = _python(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value).removesuffix(".0")
    return str(value)


def csv_line(fields: Iterable[object]) -> str:
    """Return one line of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(map(field_text, fields))
    return text.getvalue()


def csv_lines(header: Sequence[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Return the lines of a CSV file one by one, so that it may be larger than memory."""
    return map(csv_line, chain((header,), rows))


def csv_text(header: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a CSV file as text."""
    return "".join(csv_lines(header, rows))


def columns_csv(columns: Mapping[str, npt.NDArray[Any]]) -> str:
    """Return columns, arrays of one length, as CSV."""
    return csv_text(list(columns), zip(*map(_python, columns.values()), strict=True))


def parquet_bytes(columns: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Return columns as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"float64": pa.float64(), "int64": pa.int64()}

    def column(values: npt.NDArray[Any]) -> Any:
        kind = kinds.get(str(values.dtype))
        if kind is None or values.dtype.byteorder == ">":
            return pa.array(values)
        # Not by pa.array: it loads pandas, half a second, to see whether this is a thing of pandas'.
        return pa.Array.from_buffers(kind, values.size, [None, pa.py_buffer(values.tobytes())])

    sink = io.BytesIO()
    table = pa.table({name: column(values) for name, values in columns.items()})
    pq.write_table(table, sink, compression="snappy")
    return sink.getvalue()


def plain(value: object) -> Any:
    """Return the value as JSON can hold it strictly: NumPy scalars become Python's, NaN and infinity None."""
    value = _python(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)


def json_text(data: object) -> str:
    """Return strict JSON in the order of the keys, with a newline at the end."""
    return json.dumps(plain(data), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _python(value: object) -> Any:
    """Return NumPy's arrays and scalars as Python's lists and numbers; NumPy itself need not be loaded."""
    convert = getattr(value, "tolist", None)
    return value if convert is None else convert()
