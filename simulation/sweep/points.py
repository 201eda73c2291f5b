"""From a design point to the scenario it means: the base's text, and the values set, multiplied or shifted in it."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from simulation.errors import UserError
from simulation.parameters.table import ParameterTable
from simulation.scenario.merge import apply_override, merge, node_from
from simulation.sweep import arithmetic
from simulation.sweep.factors import Factor, Value
from simulation.units import QuantityError, format_quantity
from simulation.yaml_source import Node, parse_yaml, plain

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

_NAMED: Final = ("patient", "parameters")

__all__ = ["full_path", "point_scenario", "written_at"]


def point_scenario(base: str, factors: Sequence[Factor], values: Sequence[Value], arm: str) -> "Scenario":
    """Return the scenario of one design point in one arm.

    `base` is the arm's resolved scenario as YAML; `values` belong to `factors`, in order. Raises `UserError`
    where the values contradict each other or lie outside what a scenario allows.
    """
    tree = _tree(base)
    wanted = [
        (factor, value)
        for factor, value in zip(factors, values, strict=True)
        if not factor.arms or arm in factor.arms
    ]
    tree, rest = _rows_set(tree, wanted)
    # a ratio comes last: it follows what the others have set
    for factor, value in sorted(rest, key=lambda pair: pair[0].mode == "ratio_to"):
        for path in factor.paths:
            whole = full_path(path, tree)
            label = f"{factor.name}={factor.level_text(value)}"
            tree = apply_override(tree, whole, _new(factor, value, whole, tree, label), label)
    return _scenario(tree)


def _rows_set(tree: Node, wanted: list[tuple[Factor, Value]]) -> tuple[Node, list[tuple[Factor, Value]]]:
    """Set rows of the parameter table all at once, as there may be a hundred; return the tree and what is left to do."""
    rows: dict[str, dict[str, Any]] = {}
    rest: list[tuple[Factor, Value]] = []
    for factor, value in wanted:
        places = [full_path(path, tree).split(".") for path in factor.paths]
        if factor.mode == "set" and all(len(place) == 2 and place[0] in _NAMED for place in places):
            for block, name in places:
                rows.setdefault(block, {})[name] = factor.written(value)
        else:
            rest.append((factor, value))
    for block, changes in rows.items():
        before = tree.value.get(block) if isinstance(tree.value, dict) else None
        base = before if before is not None and before.value is not None else node_from({}, block)
        tree = apply_override(tree, block, plain(merge(base, node_from(changes, block), (block,))), block)
    return tree, rest


def full_path(path: str, tree: Node) -> str:
    """Return where a bare parameter name stands: under `patient` where the base has it there."""
    if path.startswith("plugin.") and isinstance(tree.value, dict):
        return _in_plugin(path, tree.value.get("plugin"))
    if "." in path or not isinstance(tree.value, dict) or path in tree.value:
        return path
    patient = tree.value.get("patient")
    own = patient is not None and isinstance(patient.value, dict) and path in patient.value
    return f"{'patient' if own else 'parameters'}.{path}"


def _in_plugin(path: str, plugins: Node | None) -> str:
    """Return where a plugin's parameter stands: in one of several blocks, or in the only one."""
    name = path.rpartition(".")[2]
    blocks = plugins.value if plugins is not None and isinstance(plugins.value, list) else []
    for index, block in enumerate(blocks):
        if isinstance(block.value, dict) and name in block.value:
            return f"plugin.{index}.{name}"
    return f"plugin.{name}"


def written_at(scenario: "Scenario", path: str) -> Any:
    """Return what a scenario says at a path, as its file would; a table's row where it says nothing."""
    tree = _tree(scenario.to_yaml(str))
    return _written(tree, full_path(path, tree))


def _new(factor: Factor, value: Value, path: str, tree: Node, label: str) -> Any:
    if factor.mode == "set":
        return factor.written(value)
    source = full_path(factor.reference, tree) if factor.reference else path
    try:
        if factor.mode == "plus":
            return arithmetic.plus(_written(tree, source), str(factor.written(value)))
        return arithmetic.times(_written(tree, source), float(value))
    except (arithmetic.ArithmeticFault, QuantityError) as error:
        raise UserError(str(error), file=label, key=source) from None


def _written(tree: Node, path: str) -> Any:
    node: Node | None = tree
    for segment in path.split("."):
        if node is None or not isinstance(node.value, dict | list):
            node = None
        elif isinstance(node.value, list):
            inside = segment.isdecimal() and int(segment) < len(node.value)
            node = node.value[int(segment)] if inside else None
        else:
            node = node.value.get(segment)
    if node is not None:
        return plain(node)
    block, _, name = path.rpartition(".")
    table = ParameterTable.load()
    if block in ("patient", "parameters") and name in table:
        return format_quantity(table[name].value, table[name].dimension)
    return None


@lru_cache(maxsize=64)
def _tree(text: str) -> Node:
    return parse_yaml(text, "base scenario", lines=False)


def _scenario(tree: Node) -> "Scenario":
    from pydantic import ValidationError

    from simulation.scenario.messages import user_error
    from simulation.scenario.schema import Scenario

    try:
        return Scenario.model_validate(plain(tree))
    except ValidationError as error:
        raise user_error(error, tree, Scenario) from None
