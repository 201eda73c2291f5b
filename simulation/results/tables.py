"""Tables and JSON, the same bytes for the same run: shortest round-trip numbers, no NaN in JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from simulation.clinic.events import Event

__all__ = ["events_csv", "json_text", "parquet_bytes", "plain", "trajectory_csv"]

EVENT_FIELDS = ("day", "kind", "what", "value", "unit", "detail")


def plain(value: object) -> Any:
    """Return the value as JSON can hold it strictly: NumPy scalars become Python's, NaN and infinity None."""
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)


def json_text(data: Mapping[str, object]) -> str:
    """Return strict JSON in the order of the keys, with a newline at the end."""
    return json.dumps(plain(data), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def trajectory_csv(columns: Mapping[str, npt.NDArray[Any]]) -> str:
    """Return the trajectory as CSV: an empty field where a value is undefined, `inf` where it is infinite."""
    names = list(columns)
    texts = [[_number(value) for value in np.asarray(columns[name]).tolist()] for name in names]
    return _csv([names, *([*row] for row in zip(*texts, strict=True))])


def events_csv(events: Sequence[Event]) -> str:
    """Return the events as CSV, one row each, in the order in which they happened."""
    rows = ([_number(getattr(event, name)) for name in EVENT_FIELDS] for event in events)
    return _csv([list(EVENT_FIELDS), *rows])


def parquet_bytes(columns: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Return the trajectory as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({name: np.asarray(values) for name, values in columns.items()})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="snappy")
    return sink.getvalue()


def _number(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return str(value)


def _csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
