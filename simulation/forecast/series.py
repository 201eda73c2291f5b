"""A patient's measured course, read strictly from a small YAML or CSV file.

YAML: `measured`, a list of days with what was measured on them; `given`, orders as in a scenario; `today`, from which day on
strategies act; `patient`, what is known of her, as in a scenario; `error`, the error of measurement. CSV: one row per day, the
unit of a column in brackets behind its name. `<1e-5` is a result below the limit of detection 1e-5.
"""

import csv
import hashlib
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from simulation.errors import UserError, nearest_name
from simulation.forecast.measurement import USUAL, Errors, MeasuredValue
from simulation.scenario.patient_list import check_header, split_header
from simulation.units import Dimension, QuantityError, parse_quantity
from simulation.yaml_source import Node, as_mapping, parse_yaml, plain, read_text

__all__ = ["MEASURED", "Series", "load_series", "parse_series"]

MEASURED: Final[Mapping[str, tuple[Dimension, float, str]]] = {  # dimension, largest value, an example
    "mrd": ("fraction", 1.0, "3e-4, or <1e-5 where none was found and 1e-5 is the limit of detection"),
    "cd3": ("blood_count", 1e5, "150 /uL"),
    "agvhd": ("count", 4, "a grade from 0 to 4"),
}
_KEYS: Final = ("name", "measured", "given", "today", "patient", "error")
_COLUMNS: Final = ("day", *MEASURED, "given")
_LAST_DAY: Final = 20 * 365.25
_MOST_ROWS: Final = 500
_CSV: Final = ".csv"
type _Complain = Callable[..., UserError]


@dataclass(frozen=True)
class Series:
    """Hold what was measured of one patient and what was done; days count from transplant.

    `given` are orders as a scenario writes them, `patient` the keys of a scenario's block `patient`. Until `today`, the last day
    of the file unless it says another, nothing is done but what is given; from then on strategies act.
    """

    name: str = ""
    measured: tuple[MeasuredValue, ...] = ()
    given: tuple[Mapping[str, Any], ...] = ()
    today: float = 0.0
    patient: Mapping[str, Any] = field(default_factory=dict)
    errors: Errors = USUAL
    sha256: str = ""
    shown: str = "the measured course"

    @property
    def mrd_today(self) -> bool:
        """Return whether MRD was measured on the day from which strategies act."""
        return any(one.what == "mrd" and one.day == self.today for one in self.measured)


def load_series(path: str | os.PathLike[str]) -> Series:
    """Read a file; raise `UserError`, naming file, line, key, what was expected and the nearest valid name."""
    shown = os.fspath(path)
    return parse_series(read_text(Path(path), shown), shown, as_csv=shown.lower().endswith(_CSV))


def parse_series(text: str, shown: str, *, as_csv: bool | None = None) -> Series:
    """Read the text of a file; unless said, it is CSV where its first line begins with `day` and a comma, or ends there."""
    if as_csv is None:
        first = next(iter(text.split("\n", 1)), "").strip()
        as_csv = first.partition(",")[0].partition("[")[0].strip() == "day"
    read = _from_csv if as_csv else _from_yaml
    return read(text, shown, hashlib.sha256(text.encode()).hexdigest())


# ---- YAML


def _from_yaml(text: str, shown: str, sha256: str) -> Series:
    root = as_mapping(parse_yaml(text, shown))
    keys: dict[str, Node] = dict(root.value) if isinstance(root.value, dict) else {}
    for key, node in keys.items():
        if key not in _KEYS:
            near = nearest_name(key, _KEYS)
            raise node.error(
                "there is no such key", key=key, expected=", ".join(_KEYS), nearest=near, at_key=True
            )
    rows = keys.get("measured")
    if rows is None or not isinstance(rows.value, list) or not rows.value:
        where = rows or root
        raise where.error(
            "got nothing measured",
            key="measured",
            expected="a list such as - {day: day 30, mrd: 3e-4, cd3: 60 /uL}",
        )
    measured: list[MeasuredValue] = []
    for index, row in enumerate(rows.value):
        measured += _yaml_row(row, f"measured.{index}")
    given = keys.get("given")
    orders: list[Mapping[str, Any]] = []
    if given is not None and given.value is not None:
        if not isinstance(given.value, list):
            raise given.error(
                "got something else", key="given", expected="a list of orders, as in a scenario"
            )
        for index, order in enumerate(given.value):
            orders.append(_order(order, f"given.{index}"))
    today = _day(keys["today"], "today") if "today" in keys else None
    name = plain(keys["name"]) if "name" in keys else Path(shown).stem.replace("_", " ")
    patient = _block(keys.get("patient"), "patient", "weight: 62 kg")
    return _checked(
        Series(
            str(name),
            tuple(measured),
            tuple(orders),
            math.nan,
            patient,
            _errors(keys.get("error")),
            sha256,
            shown,
        ),
        today,
    )


def _yaml_row(row: Node, key: str) -> list[MeasuredValue]:
    if not isinstance(row.value, dict):
        raise row.error("got something else", key=key, expected="keys such as {day: day 30, mrd: 3e-4}")
    for name, node in row.value.items():
        if name != "day" and name not in MEASURED:
            near = nearest_name(name, ("day", *MEASURED))
            raise node.error("there is no such measurement", key=f"{key}.{name}", nearest=near, at_key=True)
    if "day" not in row.value:
        raise row.error("this key is missing", key=f"{key}.day", expected="a day such as day 30")
    day = _day(row.value["day"], f"{key}.day")
    values = [
        _measured(name, node.value, "", day, node.line, _complains(node, f"{key}.{name}"))
        for name, node in row.value.items()
        if name != "day" and node.value is not None
    ]
    if not values:
        raise row.error("nothing was measured on this day", key=key, expected=" or ".join(MEASURED))
    return values


def _complains(node: Node, key: str) -> _Complain:
    return lambda message, **about: node.error(message, key=key, **about)


def _day(node: Node, key: str) -> float:
    try:
        day = parse_quantity(node.value, "day")
    except QuantityError as error:
        raise node.error(error.message, key=key, expected=error.expected) from None
    if not 0 <= day <= _LAST_DAY:
        raise node.error(f"got {node.value!r}", key=key, expected="a day from transplant (day 0) on")
    return day


def _order(node: Node, key: str) -> Mapping[str, Any]:
    if not isinstance(node.value, dict) or "day" not in node.value:
        expected = "an order with its day, such as {day: day 40, give: dli, cd3: 1e6/kg}"
        raise node.error("got something else", key=key, expected=expected)
    _day(node.value["day"], f"{key}.day")
    return dict(plain(node))


def _block(node: Node | None, key: str, example: str) -> dict[str, Any]:
    if node is None or node.value is None:
        return {}
    if not isinstance(node.value, dict):
        raise node.error("got something else", key=key, expected=f"a block of keys such as {example}")
    return dict(plain(node))


def _errors(node: Node | None) -> Errors:
    if node is None or node.value is None:
        return USUAL
    if not isinstance(node.value, dict):
        raise node.error("got something else", key="error", expected="a block such as {mrd: 0.3, cd3: 0.3}")
    errors: dict[str, float] = {}
    for name, one in node.value.items():
        if name not in MEASURED:
            raise one.error(
                "there is no such measurement",
                key=f"error.{name}",
                nearest=nearest_name(name, MEASURED),
                at_key=True,
            )
        low, high = Errors.limits(name)
        if (
            isinstance(one.value, bool)
            or not isinstance(one.value, int | float)
            or not low <= one.value <= high
        ):
            raise one.error(
                f"got {plain(one)!r}", key=f"error.{name}", expected=f"a number from {low:g} to {high:g}"
            )
        errors[name] = float(one.value)
    return Errors(**errors)


# ---- CSV


def _from_csv(text: str, shown: str, sha256: str) -> Series:
    try:
        lines = [row for row in csv.reader(text.splitlines(), strict=True)]
    except csv.Error as error:
        raise UserError(f"is no CSV: {error}", file=shown) from None
    rows = [(number, row) for number, row in enumerate(lines, 1) if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        raise UserError(
            "holds no measurement",
            file=shown,
            expected="a header such as day,mrd,cd3 [/uL] and a row per day",
        )
    (first, header), *body = rows
    check_header(header, shown)
    columns = [split_header(cell) for cell in header]
    names = [name for name, _ in columns]
    for name, unit in columns:
        if name not in _COLUMNS:
            near = nearest_name(name, _COLUMNS)
            raise UserError(
                "there is no such column",
                file=shown,
                line=first,
                key=name or None,
                expected=", ".join(_COLUMNS),
                nearest=near,
            )
        if names.count(name) > 1:
            raise UserError(f"the column {name!r} is written twice", file=shown, line=first)
        _check_unit(name, unit, shown, first)
    if "day" not in names:
        raise UserError("the column day is missing", file=shown, line=first)
    measured: list[MeasuredValue] = []
    orders: list[Mapping[str, Any]] = []
    for line, row in body:
        if len(row) != len(header):
            raise UserError(
                f"got {len(row)} fields", file=shown, line=line, expected=f"{len(header)}, as in the header"
            )
        cells = {name: cell.strip() for name, cell in zip(names, row, strict=True)}
        units = dict(columns)
        day = _csv_day(cells["day"], units["day"], shown, line)
        for name, cell in cells.items():
            if name in MEASURED and cell:
                measured.append(_measured(name, cell, units[name], day, line, _in_line(shown, line, name)))
        if cells.get("given"):
            orders += [_csv_order(part, day, shown, line) for part in cells["given"].split(";")]
    return _checked(
        Series(
            Path(shown).stem.replace("_", " "),
            tuple(measured),
            tuple(orders),
            math.nan,
            sha256=sha256,
            shown=shown,
        ),
        None,
    )


def _in_line(shown: str, line: int, key: str) -> _Complain:
    return lambda message, **about: UserError(message, file=shown, line=line, key=key, **about)


def _check_unit(name: str, unit: str, shown: str, line: int) -> None:
    if name in ("given", "agvhd") and unit:
        raise UserError("this column has no unit", file=shown, line=line, key=name)
    dimension: Dimension = "time" if name == "day" else MEASURED[name][0] if name in MEASURED else "count"
    if (name == "day" and not unit) or name == "given":
        return
    try:
        parse_quantity(f"1 {unit}" if unit else 1, dimension)
    except QuantityError as error:
        example = {"cd3": "cd3 [/uL]", "mrd": "mrd, or mrd [%]", "day": "day, or day [d]"}.get(name, name)
        raise UserError(error.message, file=shown, line=line, key=name, expected=example) from None


def _csv_day(cell: str, unit: str, shown: str, line: int) -> float:
    try:
        day = parse_quantity(f"{cell} {unit or 'd'}", "time")
    except QuantityError as error:
        raise UserError(
            error.message, file=shown, line=line, key="day", expected="days after transplant such as 30"
        ) from None
    if not 0 <= day <= _LAST_DAY:
        raise UserError(
            f"got {cell!r}", file=shown, line=line, key="day", expected="a day from transplant (day 0) on"
        )
    return day


def _csv_order(text: str, day: float, shown: str, line: int) -> Mapping[str, Any]:
    expected = 'orders as in a scenario, such as "give: dli, cd3: 1e6/kg"; several parted by ;'
    try:
        order = plain(parse_yaml(f"{{{text.strip()}}}", shown, lines=False))
    except UserError:
        order = None
    if (
        not isinstance(order, dict)
        or "day" in order
        or not any(order.get(act) for act in ("give", "stop", "test"))
    ):
        raise UserError(f"got {text.strip()!r}", file=shown, line=line, key="given", expected=expected)
    return {"day": f"day {day!r}", **order}


# ---- both


def _measured(
    what: str, value: object, unit: str, day: float, line: int | None, complain: _Complain
) -> MeasuredValue:
    """Return one measurement; `<` before the value says that nothing was found, and what the limit of detection is."""
    dimension, most, example = MEASURED[what]
    text = value.strip() if isinstance(value, str) else value
    below = isinstance(text, str) and text.startswith("<")
    if isinstance(text, str):
        text = text.removeprefix("<").strip()
        text = f"{text} {unit}".strip()
    try:
        number = parse_quantity(text, dimension)
    except QuantityError as error:
        raise complain(error.message, expected=example, nearest=error.nearest) from None
    if what == "agvhd":
        if below or number != int(number) or not 0 <= number <= most:
            raise complain(f"got {value!r}", expected=example)
    elif not number > 0:
        message = f"got {value!r}: nothing found is not nothing there"
        raise complain(message, expected=f"a number above 0 such as {example}")
    elif number > most:
        raise complain(f"got {value!r}", expected=f"at most {most:g}, such as {example}")
    return MeasuredValue(day, what, number, below, line)


def _checked(series: Series, today: float | None) -> Series:
    shown, seen = series.shown, set[tuple[float, str]]()
    if not series.measured:
        raise UserError("holds no measurement", file=shown, expected=" or ".join(MEASURED))
    if len(series.measured) > _MOST_ROWS:
        raise UserError(
            f"holds {len(series.measured)} measurements", file=shown, expected=f"at most {_MOST_ROWS}"
        )
    for one in series.measured:
        if (one.day, one.what) in seen:
            raise UserError(f"{one.what} of day {one.day:g} stands there twice", file=shown, line=one.line)
        seen.add((one.day, one.what))
    days = [one.day for one in series.measured]
    orders = [parse_quantity(order["day"], "day") for order in series.given]
    last = max([*days, *orders])
    if today is not None and today < last:
        raise UserError(
            f"got day {today:g}, and something is measured or given on day {last:g}", file=shown, key="today",
            expected="the day from which strategies act, not before the last of the file",
        )  # fmt: skip
    ordered = tuple(sorted(series.measured, key=lambda one: (one.day, one.what)))
    return Series(
        series.name,
        ordered,
        series.given,
        last if today is None else today,
        series.patient,
        series.errors,
        series.sha256,
        shown,
    )
