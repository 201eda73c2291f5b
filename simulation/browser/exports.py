"""What charts, tables and maps hold, as CSV for other software; in the units that they are shown in, in full precision."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from simulation.files import tables

__all__ = ["chart_csv", "columns_csv", "csv_text", "file_name", "layers_csv", "twins_csv"]


def csv_text(header: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV; what is missing is empty, and no cell is taken for a formula."""
    return tables.csv_text([str(_cell(one)) for one in header], (map(_cell, row) for row in rows))


def _cell(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") and not _is_number(value):
        return f"'{value}"  # names of arms and runs come from files
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def file_name(words: str, ending: str) -> str:
    """Return a name for a file that every system takes."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:60] + f".{ending}"


def columns_csv(columns: Mapping[str, npt.NDArray[np.float64]]) -> str:
    """Return a trajectory, a row per recorded day, as trajectory.csv has it."""
    return csv_text(list(columns), zip(*(values.tolist() for values in columns.values()), strict=True))


def twins_csv(both: Sequence[Mapping[str, npt.NDArray[np.float64]]]) -> str:
    """Return the trajectories of both twins below each other, told apart by the first column."""
    header = ["twin", *both[0]]
    rows = (
        [who, *row]
        for who, columns in zip("AB", both, strict=True)
        for row in zip(*(values.tolist() for values in columns.values()), strict=True)
    )
    return csv_text(header, rows)


def layers_csv(layers: Mapping[str, npt.NDArray[np.float64]], day: float) -> str:
    """Return the maps of the marrow on a day, a row per niche."""
    rows, columns = next(iter(layers.values())).shape
    table = (
        [day, row + 1, column + 1, *(float(values[row, column]) for values in layers.values())]
        for row in range(rows)
        for column in range(columns)
    )
    return csv_text(["day", "row", "column", *layers], table)


def chart_csv(option: Mapping[str, Any], frame: Mapping[str, Any]) -> str:
    """Return what an ECharts option, with a frame over it, draws: a row per place on the axis, a column per curve.

    A heat map gives a row per cell. Axes of powers of ten are turned back into numbers.
    """
    series = _merged(option.get("series", []), frame.get("series", []))
    if any(one.get("type") == "heatmap" for one in series):
        return _heat_csv(option, series)
    axis = _first(option.get("xAxis", {}))
    places: dict[Any, dict[int, Any]] = {}
    for index, one in enumerate(series):
        power = _axis_of(option, one)
        for position, point in enumerate(one.get("data", [])):
            x, y = point[:2] if isinstance(point, list | tuple) else (_label(axis, position), point)
            places.setdefault(x, {})[index] = _value(y, power)
    used = [index for index, one in enumerate(series) if one.get("data")]
    header = [axis.get("name") or "days after transplant", *(_title(series[index]) for index in used)]
    xs = list(places) if axis.get("type") == "category" else sorted(places)
    return csv_text(header, ([x, *(places[x].get(index) for index in used)] for x in xs))


def _merged(base: Any, over: Any) -> list[dict[str, Any]]:
    of_frame = {one.get("id"): one for one in over}
    return [{**one, **of_frame.get(one.get("id", ""), {})} for one in base]


def _heat_csv(option: Mapping[str, Any], series: Sequence[Mapping[str, Any]]) -> str:
    x, y = _first(option["xAxis"]), _first(option["yAxis"])
    one = series[0]
    rows = ([_label(x, column), _label(y, row), value] for column, row, value in one["data"])
    return csv_text([x.get("name", "x"), y.get("name", "y"), one.get("name", "value")], rows)


def _first(axis: Any) -> dict[str, Any]:
    if isinstance(axis, list):
        return next((one for one in reversed(axis) if one.get("name")), axis[0])
    return dict(axis)


def _axis_of(option: Mapping[str, Any], series: Mapping[str, Any]) -> Mapping[str, Any]:
    axes = option.get("yAxis", {})
    return dict(axes[series.get("yAxisIndex", 0)] if isinstance(axes, list) else axes)


def _label(axis: Mapping[str, Any], position: int) -> Any:
    labels = axis.get("data", [])
    return labels[position] if position < len(labels) else position


def _value(y: Any, axis: Mapping[str, Any]) -> Any:
    if y is None or not axis.get("power"):
        return y
    return 0.0 if y <= axis["low"] else float(f"{10.0**y:.4g}")


def _title(series: Mapping[str, Any]) -> str:
    unit = series.get("unit", "")
    return f"{series.get('name', '')} ({unit})" if unit else str(series.get("name", ""))
