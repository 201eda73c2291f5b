"""From the block `parameters` of a sweep file to factors, checked against the base scenarios."""

import json
import math
from collections.abc import Mapping
from typing import Any, Final, cast

from simulation.blocks.fields import show
from simulation.errors import UserError, nearest_name
from simulation.parameters.distributions import WORDS
from simulation.parameters.read_distribution import DistributionError, parse_distribution
from simulation.parameters.table import Parameter, ParameterTable, located
from simulation.scenario.schema import Scenario
from simulation.sweep.factors import Factor, Mode, Value
from simulation.sweep.sweep_file import EveryParameter
from simulation.sweep.targets import Target, find_target
from simulation.units import DIMENSIONS, Dimension, QuantityError, dimension_of, parse_quantity
from simulation.yaml_source import Node, plain

__all__ = ["every_parameter", "read_factor", "values_at"]

_KEYS: Final = (
    "values", "low", "high", "n", "scale", "range", "distribution", "times", "plus", "ratio_to", "paths",
    "label", "arms",
)  # fmt: skip
_LOG_FROM: Final = 10.0  # a range that spans this factor or more is sampled by its logarithm
MOST_LEVELS: Final = 10_000


def read_factor(name: str, node: Node, bases: Mapping[str, Scenario]) -> Factor:
    """Return the factor that `name: node` writes; raise `UserError` at the line of a mistake."""
    key = f"parameters.{name}"
    spec = _spec(node, key)
    arms = _arms(spec, bases, key)
    paths = _texts(spec["paths"], f"{key}.paths") if "paths" in spec else (name,)
    targets = _targets(paths, {arm: bases[arm] for arm in arms or bases}, node, key)
    mode = _mode(spec, node, key)
    label = str(spec["label"].value) if "label" in spec else ""
    common: dict[str, Any] = {
        "name": name,
        "paths": tuple(target.path for target in targets),
        "label": label,
        "arms": arms,
    }
    first = targets[0]
    if mode == "set":
        return _absolute(common, spec, targets, node, key, bases[(arms or tuple(bases))[0]])
    inner = _spec(spec[mode], f"{key}.{mode}") if mode != "ratio_to" else spec
    if mode == "plus":
        dimension = _shift_dimension(first, inner, spec[mode], f"{key}.plus")
        unit = {"time": "days", "day": "days"}.get(dimension, Target("", "quantity", dimension).unit)
        shift = Target("", "quantity", "time" if dimension == "day" else dimension)
        return _numbers(
            Factor(**common, mode="plus", dimension=shift.dimension, unit=unit), shift, inner, key
        )
    plain_number = Target("", "quantity", "dimensionless", low=0.0)
    reference = None
    if mode == "ratio_to":
        reference = str(spec["ratio_to"].value)
        _targets((reference,), {arm: bases[arm] for arm in arms or bases}, spec["ratio_to"], key)
    factor = Factor(**common, mode=mode, dimension="dimensionless", reference=reference)
    return _numbers(factor, plain_number, inner, key)


def every_parameter(spec: EveryParameter, node: Node, taken: set[str]) -> list[Factor]:
    """Return a factor for every row of the table that the block asks for and nothing else names."""
    table = ParameterTable.load()
    for index, name in enumerate(spec.leave_out):
        if name not in table:
            at = node.value["leave_out"] if isinstance(node.value, dict) else node
            item = at.value[index] if isinstance(at.value, list) else at
            raise item.error(
                f"there is no parameter {name!r}",
                key="every_parameter.leave_out",
                nearest=table.nearest(name),
            )
    for group in spec.groups or ():
        if group not in table.groups:
            raise node.error(
                f"there is no group {group!r}", key="every_parameter.groups",
                nearest=nearest_name(group, table.groups),
            )  # fmt: skip
    rows = [
        row
        for row in table.rows
        if (spec.groups is None or row.group in spec.groups)
        and row.kind in spec.kinds
        and row.name not in spec.leave_out
        and row.name not in taken
        and row.low < row.high
    ]
    if not rows:
        raise node.error("the design is empty: no parameter is left", key="every_parameter")
    return [_table_factor(row) for row in rows]


def values_at(factor: Factor, target: Target, nodes: list[Node], key: str) -> tuple[Value, ...]:
    """Return listed values: numbers in the canonical unit, or the JSON text of anything else."""
    if factor.numeric:
        return tuple(target.read(item, key) for item in nodes)
    return tuple(json.dumps(plain(item), ensure_ascii=False) for item in nodes)


def _table_factor(row: Parameter) -> Factor:
    scale = "log" if row.low > 0 and row.high / row.low >= _LOG_FROM else "linear"
    return Factor(
        row.name, (row.name,), "set", row.dimension, low=row.low, high=row.high,
        scale=cast(Any, scale), unit=row.unit, base=row.value,
    )  # fmt: skip


def _spec(node: Node, key: str) -> dict[str, Node]:
    if isinstance(node.value, list):
        return {"values": node}
    if not isinstance(node.value, dict):
        return {"values": Node([node], node.file, node.line, node.column)}
    known: tuple[str, ...] = _KEYS
    if "distribution" in node.value and not isinstance(node.value["distribution"].value, dict):
        known += tuple(word for word in WORDS if word not in _KEYS)  # its words stand beside it
    if not node.value:
        raise node.error("got an empty block", key=key, expected="values, low and high, or range: table")
    for word, child in node.value.items():
        if word not in known:
            near = nearest_name(word, known)
            raise child.error(
                f"there is no such key; the keys here are {', '.join(known)}" if near is None else "there is no such key",
                key=f"{key}.{word}", nearest=near, at_key=True,
            )  # fmt: skip
    return node.value


def _mode(spec: Mapping[str, Node], node: Node, key: str) -> Mode:
    modes = [word for word in ("times", "plus", "ratio_to") if word in spec]
    if len(modes) > 1:
        raise node.error(f"{' and '.join(modes)} are both given; keep one", key=key)
    if not modes:
        return "set"
    others = [word for word in ("values", "low", "high", "range", "distribution") if word in spec]
    if others and modes[0] != "ratio_to":
        raise node.error(f"{others[0]} and {modes[0]} are both given; keep one", key=key)
    return cast(Mode, modes[0])


def _arms(spec: Mapping[str, Node], bases: Mapping[str, Scenario], key: str) -> tuple[str, ...]:
    if "arms" not in spec:
        return ()
    arms = _texts(spec["arms"], f"{key}.arms")
    for arm in arms:
        if arm not in bases:
            near = nearest_name(arm, bases)
            raise spec["arms"].error(f"there is no arm {arm!r}", key=f"{key}.arms", nearest=near)
    return arms


def _texts(node: Node, key: str) -> tuple[str, ...]:
    items = node.value if isinstance(node.value, list) else [node]
    texts = tuple(item.value for item in items)
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise node.error("got something else", key=key, expected="a list of words")
    return cast(tuple[str, ...], texts)


def _targets(paths: tuple[str, ...], bases: Mapping[str, Scenario], node: Node, key: str) -> list[Target]:
    targets: list[Target] = []
    for path in paths:
        for arm, scenario in bases.items():
            try:
                target = find_target(path, scenario)
            except UserError as error:
                where = (
                    f" (in the arm {arm!r}; name the arms that have it with arms: [...])"
                    if len(bases) > 1
                    else ""
                )
                raise node.error(
                    error.message + where,
                    key=key,
                    expected=error.expected,
                    nearest=error.nearest,
                    at_key=True,
                ) from None
        targets.append(Target(path, *_rest(target)))
    return targets


def _rest(target: Target) -> tuple[Any, ...]:
    return target.kind, target.dimension, target.low, target.high, target.row


def _absolute(
    common: dict[str, Any],
    spec: Mapping[str, Node],
    targets: list[Target],
    node: Node,
    key: str,
    base: Scenario,
) -> Factor:
    target = targets[0]
    if any((t.kind, t.dimension) != (target.kind, target.dimension) for t in targets):
        raise node.error("its paths have different units", key=key)
    if target.kind == "other":
        if "values" not in spec:
            raise node.error("this is not a number: list its values", key=key)
        factor = Factor(**common)
        return _replace(factor, levels=_levels(factor, target, spec["values"], key))
    factor = Factor(
        **common, dimension=target.dimension, whole=target.kind == "whole", unit=target.unit,
        base=_base_value(target, base),
    )  # fmt: skip
    if "distribution" in spec:
        return _replace(factor, distribution=_drawn(spec, node, target, key))
    return _numbers(factor, target, spec, key)


def _numbers(factor: Factor, target: Target, spec: Mapping[str, Node], key: str) -> Factor:
    """Read `values`, or `low`, `high` (or `range: table`) with `n` and `scale`."""
    if "values" in spec:
        return _replace(factor, levels=_levels(factor, target, spec["values"], key))
    low, high = _bounds(target, spec, key)
    scale = _scale(spec, low, high, key)
    ranged = _replace(factor, low=low, high=high, scale=scale)
    if "n" not in spec:
        return ranged
    n = spec["n"].value
    if not isinstance(n, int) or isinstance(n, bool) or not 2 <= n <= MOST_LEVELS:
        raise spec["n"].error(
            f"got {n!r}", key=f"{key}.n", expected=f"a whole number from 2 to {MOST_LEVELS}"
        )
    steps = _replace(ranged, whole=False)
    levels = [cast(float, steps.at(i / (n - 1))) for i in range(n)]
    levels = [float(round(v)) for v in levels] if factor.whole else [float(f"{v:.12g}") for v in levels]
    return _replace(ranged, levels=tuple(dict.fromkeys(levels)))


def _levels(factor: Factor, target: Target, node: Node, key: str) -> tuple[Value, ...]:
    if not isinstance(node.value, list) or not node.value:
        raise node.error("the design is empty: no value is listed", key=key, expected="a list of values")
    if len(node.value) > MOST_LEVELS:
        raise node.error(f"got {len(node.value)} values", key=key, expected=f"at most {MOST_LEVELS}")
    levels = values_at(factor, target, node.value, key)
    for index, level in enumerate(levels):
        if level in levels[:index]:
            raise node.value[index].error("this value is listed twice", key=key)
        if isinstance(level, float) and not target.low <= level <= target.high:
            raise node.value[index].error(
                f"got {plain(node.value[index])}", key=key, expected=_range_text(target)
            )
    return levels


def _bounds(target: Target, spec: Mapping[str, Node], key: str) -> tuple[float, float]:
    if "range" in spec:
        if spec["range"].value != "table":
            raise spec["range"].error(
                f"got {show(spec['range'].value)}", key=f"{key}.range", expected="table; or low and high"
            )
        if target.row is None:
            raise spec["range"].error(
                "this path is not a row of the parameter table; write low and high", key=f"{key}.range"
            )
        if "low" in spec or "high" in spec:
            raise spec["range"].error("range and low or high are both given; keep one", key=f"{key}.range")
        return target.low, target.high
    for word in ("low", "high"):
        if word not in spec:
            some = next(iter(spec.values()))
            raise some.error(
                f"the key {word!r} is missing; write values, low and high, or range: table", key=key
            )
    low, high = (target.read(spec[word], f"{key}.{word}") for word in ("low", "high"))
    for word, value in (("low", low), ("high", high)):
        if not target.low <= value <= target.high:
            raise spec[word].error(
                f"got {plain(spec[word])}", key=f"{key}.{word}", expected=_range_text(target)
            )
    if not low < high:
        raise spec["high"].error("it is not above low", key=f"{key}.high")
    return low, high


def _range_text(target: Target) -> str:
    shown = Factor("", (), "set", target.dimension, target.kind == "whole")
    low, high = (
        shown.written(bound) if math.isfinite(bound) else None for bound in (target.low, target.high)
    )
    where = "the parameter table's range, " if target.row else ""
    if low is None or high is None:
        return f"{where}at least {low}" if high is None else f"{where}at most {high}"
    return f"{where}{low} to {high}"


def _scale(spec: Mapping[str, Node], low: float, high: float, key: str) -> Any:
    if "scale" not in spec:
        return "log" if "range" in spec and low > 0 and high / low >= _LOG_FROM else "linear"
    scale = spec["scale"].value
    if scale not in ("linear", "log"):
        raise spec["scale"].error(f"got {scale!r}", key=f"{key}.scale", expected="linear or log")
    if scale == "log" and low <= 0:
        raise spec["scale"].error("a logarithmic scale needs low above 0", key=f"{key}.scale")
    return scale


def _drawn(spec: Mapping[str, Node], node: Node, target: Target, key: str) -> Any:
    written = {word: plain(child) for word, child in spec.items() if word not in ("label", "paths", "arms")}
    if isinstance(written["distribution"], dict):
        written, node, key = written["distribution"], spec["distribution"], f"{key}.distribution"
    row = ParameterTable.load()[target.row] if target.row else None
    dimension = target.dimension or "dimensionless"
    default = row.value if row else math.nan
    try:
        return parse_distribution(written, dimension, default, target.low, target.high)
    except DistributionError as error:
        raise located(error, node, key) from None


def _shift_dimension(target: Target, inner: Mapping[str, Node], node: Node, key: str) -> Dimension:
    if target.dimension is not None:
        return target.dimension
    written = next((inner[word] for word in ("values", "low") if word in inner), node)
    first = written.value[0] if isinstance(written.value, list) and written.value else written
    try:
        dimension = dimension_of(plain(first))
    except QuantityError as error:
        raise first.error(error.message, key=key, expected=error.expected) from None
    return "time" if dimension == "time" or dimension not in DIMENSIONS else dimension


def _base_value(target: Target, base: Scenario) -> Value | None:
    from simulation.sweep.points import written_at

    written = written_at(base, target.path)
    try:
        if target.kind == "whole":
            return None if written is None else float(written)
        return None if target.dimension is None else parse_quantity(written, target.dimension)
    except (QuantityError, TypeError, ValueError):
        return None


def _replace(factor: Factor, **changes: Any) -> Factor:
    from dataclasses import replace

    return replace(factor, **changes)
