"""Where a path such as `dli.cd3.0` or `phi_bm` leads: what may be written there, its unit and its range."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel

from simulation.blocks.fields import Dose, DoseKind, FieldKind, Quantity, Whole, show
from simulation.errors import UserError, nearest_name
from simulation.parameters.dependence import DEPENDENCE
from simulation.parameters.processes import PROCESS_NAMES
from simulation.parameters.table import ParameterTable
from simulation.scenario.messages import keys_at
from simulation.scenario.schema import Scenario
from simulation.units import CANONICAL_UNIT, Dimension, QuantityError, dose_dimension, parse_quantity

if TYPE_CHECKING:
    from simulation.yaml_source import Node

__all__ = ["Target", "find_target"]

_NAMED: Final = ("patient", "parameters")


@dataclass(frozen=True, slots=True)
class Target:
    """Describe what a path names; `low` and `high` are in the canonical unit of `dimension`.

    `kind` is `quantity`, `whole` or `other` (a switch, a word, a list, a block: only listed values).
    """

    path: str
    kind: Literal["quantity", "whole", "other"]
    dimension: Dimension | None = None
    low: float = -math.inf
    high: float = math.inf
    row: str | None = None  # the row of the parameter table

    @property
    def unit(self) -> str:
        """Return the unit of the numbers in tables; empty where there is none."""
        if self.dimension is None:
            return ""
        return "days" if self.dimension == "day" else CANONICAL_UNIT[self.dimension]

    def read(self, node: "Node", key: str) -> float:
        """Return a number written in a sweep file; raise `UserError` at its line."""
        value = node.value
        if self.kind == "whole":
            if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
                raise node.error(f"got {show(value)}", key=key, expected="a whole number")
            return float(value)
        if self.dimension is None:
            raise node.error(f"{self.path} is not a number; list its values", key=key)
        try:
            return parse_quantity(value, self.dimension)
        except QuantityError as error:
            raise node.error(error.message, key=key, expected=error.expected, nearest=error.nearest) from None


def find_target(path: str, scenario: Scenario) -> Target:
    """Return what `path` names in this scenario; a bare name is a row of the parameter table.

    Raises `UserError` (without a place) naming the nearest valid path.
    """
    segments = path.split(".")
    if segments == ["patient", DEPENDENCE]:
        return Target(path, "other")
    if segments[0] in _NAMED and len(segments) == 2:
        return _table_row(segments[1], segments[0], path)
    if segments[0] == "plugin" and len(segments) > 1:
        return _of_plugin(segments[-1], scenario, path)
    if segments[0] == "processes" and len(segments) == 2:
        return _process(segments[1], path)
    if len(segments) == 1 and path not in Scenario.model_fields:
        known = ParameterTable.load()
        if path in known:
            return _table_row(path, "patient" if path in scenario.patient else "parameters", path)
        near = nearest_name(path, [*known.names, *Scenario.model_fields])
        raise UserError("there is no such path in a scenario, and no such parameter", key=path, nearest=near)
    return _walk(segments, scenario, path)


def _table_row(name: str, block: str, shown: str) -> Target:
    table = ParameterTable.load()
    if name not in table:
        near = table.nearest(name)
        prefix = shown.rpartition(".")[0]
        raise UserError(
            "there is no such parameter", key=shown, nearest=f"{prefix}.{near}" if near and prefix else near
        )
    row = table[name]
    return Target(f"{block}.{name}", "quantity", row.dimension, row.low, row.high, name)


def _of_plugin(name: str, scenario: Scenario, shown: str) -> Target:
    """Return a plugin's parameter; its name is enough, as no two plugins share one."""
    rows = {row.name: row for plugin in scenario.plugin for row in plugin.rows.values()}
    if name in rows:
        return Target(f"plugin.{name}", "quantity", rows[name].dimension, rows[name].low, rows[name].high)
    if name in ("file", "sha256"):
        raise UserError("files of rules are compared as arms: a scenario with each", key=shown)
    near = nearest_name(name, rows)
    message = "no plugin has such a parameter" if rows else "the scenario has no plugin with parameters"
    raise UserError(message, key=shown, nearest=f"plugin.{near}" if near else None)


def _process(name: str, shown: str) -> Target:
    if name not in PROCESS_NAMES:
        near = nearest_name(name, PROCESS_NAMES)
        raise UserError("there is no such process", key=shown, nearest=f"processes.{near}" if near else None)
    return Target(shown, "other")


def _walk(segments: list[str], scenario: Scenario, path: str) -> Target:
    models: list[type[BaseModel]] = [Scenario]
    here: Any = scenario  # the block itself while the base has one: it knows which of a union it is
    annotation: Any = Scenario
    metadata: tuple[Any, ...] = ()
    for depth, segment in enumerate(segments):
        so_far = ".".join(segments[:depth])
        if isinstance(here, tuple):
            if not segment.isdecimal() or int(segment) >= len(here):
                expected = (
                    f"an index from 0 to {len(here) - 1}" if here else "a list with entries; it is empty"
                )
                raise UserError(f"got {segment!r}", key=so_far, expected=expected)
            annotation, metadata, here = _item(annotation), (), here[int(segment)]
        else:
            if isinstance(here, BaseModel):
                models = [type(here)]
            if not models:
                raise UserError(f"{so_far} is a single value; it has no key {segment!r}", key=path)
            field = _field(models, segment)
            if field is None:
                raise _unknown(models, segment, so_far, path)
            name, info = field
            annotation, metadata = info.annotation, tuple(info.metadata)
            here = getattr(here, name, None) if isinstance(here, BaseModel) else None
        models = _models(annotation)
    return _target(path, annotation, metadata, here)


def _field(models: list[type[BaseModel]], key: str) -> tuple[str, Any] | None:
    for model in models:
        for name, info in model.model_fields.items():
            if (info.alias or name) == key:
                return name, info
    return None


def _unknown(models: list[type[BaseModel]], segment: str, so_far: str, path: str) -> UserError:
    keys = list(dict.fromkeys(key for model in models for key in keys_at(model, ())))
    near = nearest_name(segment, keys)
    at = f" of {so_far}" if so_far else ""
    keys_text = "" if near else f"; the keys{at} are {', '.join(keys)}"
    prefix = f"{so_far}." if so_far else ""
    return UserError(
        f"a scenario has no key {segment!r}{at}{keys_text}",
        key=path,
        nearest=f"{prefix}{near}" if near else None,
    )


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) is tuple:
        return []
    return [model for argument in get_args(annotation) for model in _models(argument)]


def _item(annotation: Any) -> Any:
    """Return what a tuple holds."""
    if get_origin(annotation) is tuple:
        return get_args(annotation)[0]
    for argument in get_args(annotation):
        item = _item(argument)
        if item is not None:
            return item
    return None


def _kinds(annotation: Any, metadata: tuple[Any, ...]) -> list[FieldKind]:
    kinds = [entry for entry in metadata if isinstance(entry, FieldKind)]
    if get_origin(annotation) is tuple:
        return kinds
    extra = getattr(annotation, "__metadata__", ())
    kinds += [entry for entry in extra if isinstance(entry, FieldKind)]
    for argument in get_args(annotation):
        kinds += _kinds(argument, ())
    return kinds


def _target(path: str, annotation: Any, metadata: tuple[Any, ...], here: Any) -> Target:
    for kind in _kinds(annotation, metadata):
        if isinstance(kind, Quantity):
            return Target(path, "quantity", kind.dimension, kind.low, kind.high)
        if isinstance(kind, DoseKind):  # in the unit in which the base writes it
            per_m2 = isinstance(here, Dose) and here.per_m2
            return Target(path, "quantity", dose_dimension(per_m2, kind.rate), 0.0, kind.high)
        if isinstance(kind, Whole):
            return Target(path, "whole", None, kind.low, kind.high)
    return Target(path, "other")
