"""Turn pydantic's errors into mistakes a person can correct, each with its file, line and key."""

from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError

from simulation.blocks.fields import Problem, show
from simulation.errors import UserError, nearest_name
from simulation.parameters.table import ParameterTable
from simulation.yaml_source import Node

__all__ = ["user_error"]

_MOST: Final = 5
_OURS: Final = "simulation/data/"  # the defaults that every file rests on
_PlacedProblem = tuple[tuple[str | int, ...], Problem]  # where in the file, and what


def user_error(error: ValidationError, root: Node, model: type[BaseModel]) -> UserError:
    """Return one `UserError` for everything pydantic found in the scenario that came from `root`."""
    problems = [pair for detail in error.errors(include_url=False) for pair in _problems(detail, root, model)]
    return UserError.several([_located(path, what, root) for path, what in _without_echoes(problems)], _MOST)


def _without_echoes(problems: "list[_PlacedProblem]") -> "list[_PlacedProblem]":
    """Drop what a misspelt key brings with it: that the right one is missing, or that `when` was not read."""
    meant = {(*path[:-1], what.nearest) for path, what in problems if what.nearest and what.at_key}
    kept = [
        (path, what)
        for path, what in problems
        if not (what.at_key and what.nearest is None and (path in meant or (*path[:-1], "when") in meant))
    ]
    return kept or problems


def _problems(detail: Any, root: Node, model: type[BaseModel]) -> "list[_PlacedProblem]":
    loc: tuple[str | int, ...] = detail["loc"]
    kind: str = detail["type"]
    context: dict[str, Any] = detail.get("ctx", {})
    path = _path_in_file(loc, root)
    given = detail["input"]
    if kind == "problems":
        return [(path + problem.path, problem) for problem in context["problems"]]
    if kind == "missing":
        own = "; every scenario file has its own" if loc == ("name",) else ""
        return [((*path, loc[-1]), Problem(f"this key is missing{own}", at_key=True))]
    if kind == "extra_forbidden":
        keys = keys_at(model, loc[:-1])
        name = str(loc[-1])
        near = nearest_name(name, keys)
        if loc[:-1] == () and (block := _block_meant(name, model)) is not None:
            return [(path, Problem("there is no such key here", (), None, f"{block}.{name}", at_key=True))]
        if loc[:-1] == () and (row := _row_meant(name, near)) is not None:
            message = (
                "there is no such key here; a row of the parameter table stands under parameters or patient"
            )
            return [(path, Problem(message, (), None, row, at_key=True))]
        here = (
            f" with when: {loc[-2]}"
            if "when" in keys and loc[-2:-1] and loc[-2] in keys_of_start(model)
            else ""
        )
        message = "" if near else f"; the keys here are {', '.join(keys)}"
        return [(path, Problem(f"there is no such key{here}{message}", (), None, near, at_key=True))]
    if kind == "literal_error":
        choices = context["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        near = nearest_name(given, choices) if isinstance(given, str) else None
        return [(path, Problem(f"got {show(given)}", (), _one_of(choices), near))]
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        tags = keys_of_start(model)
        if kind == "union_tag_not_found":
            when = given.get("when") if isinstance(given, dict) else None
            return (
                [(path, Problem(f"the key 'when' is missing; it is {_one_of(tags)}", at_key=True))]
                if when is None
                else []
            )
        return [
            (
                (*path, "when"),
                Problem(f"got {show(context['tag'])}", (), _one_of(tags), nearest_name(context["tag"], tags)),
            )
        ]
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        keys = keys_at(model, loc)
        return [(path, Problem(f"got {show(given)}", (), f"a block with the keys {', '.join(keys)}"))]
    if kind == "tuple_type":
        return [
            (path, Problem(f"got {show(given)}", (), "a list: entries in [ ], or one per line after a dash"))
        ]
    if kind in {"too_short", "too_long"}:
        if kind == "too_short" and len(given) >= context["min_length"]:
            return []  # entries with mistakes of their own are not counted; those are told
        bound = context.get("max_length") if kind == "too_long" else context.get("min_length")
        limit = f"at {'most' if kind == 'too_long' else 'least'} {bound} of them"
        return [(path, Problem(f"got {context.get('actual_length')}", (), f"a list with {limit}"))]
    return [(path, Problem(f"got {show(given)}", (), str(detail["msg"])))]


def _block_meant(name: str, model: type[BaseModel]) -> str | None:
    """Return the first block that has a key of this name."""
    blocks = {block: field for block, field in _fields(model).items() if _models(field.annotation)}
    return next((block for block in blocks if name in keys_at(model, (block,))), None)


def _row_meant(name: str, key: str | None) -> str | None:
    """Return where the row of the parameter table that may be meant is written: what tells patients apart, under `patient`.

    `key` is the nearest key; a row is meant where it is named exactly, or there is no such key.
    """
    table = ParameterTable.load()
    near = name if name in table else table.nearest(name) if key is None else None
    if near is None:
        return None
    return f"{'parameters' if table[near].between_patients is None else 'patient'}.{near}"


def _one_of(choices: list[str] | tuple[str, ...]) -> str:
    return "one of " + ", ".join(choices)


def _path_in_file(loc: tuple[str | int, ...], root: Node) -> tuple[str | int, ...]:
    """Keep what stands in the file: pydantic puts the tags of unions into its paths."""
    path: list[str | int] = []
    node: Node | None = root
    for segment in loc:
        child = _child(node, segment)
        if child is not None:
            path.append(segment)
            node = child
    return tuple(path)


def _child(node: Node | None, segment: str | int) -> Node | None:
    if node is None:
        return None
    if isinstance(node.value, dict):
        return node.value.get(str(segment))
    if isinstance(node.value, list) and isinstance(segment, int) and 0 <= segment < len(node.value):
        return node.value[segment]
    return None


def _node(path: tuple[str | int, ...], root: Node) -> Node:
    """Return the value at a path, or the innermost block of it that is there."""
    node = root
    for segment in path:
        child = _child(node, segment)
        if child is None:
            break
        node = child
    return node


def _located(path: tuple[str | int, ...], problem: Problem, root: Node) -> UserError:
    key = ".".join(map(str, path))
    node = _node(path, root)
    if node.file.startswith(
        _OURS
    ):  # the user never wrote it: what he wrote is where the mistake is corrected
        own = (_node(other, root) for other in problem.also)
        node = next((one for one in own if not one.file.startswith(_OURS)), Node(None, root.file))
    return node.error(
        problem.message,
        key=key or None,
        expected=problem.expected,
        nearest=problem.nearest,
        at_key=problem.at_key,
    )


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Return the blocks an annotation may hold, through Annotated, unions and tuples."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) is None and not get_args(annotation):
        return []
    return [model for argument in get_args(annotation) for model in _models(argument)]


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _tag(model: type[BaseModel]) -> str | None:
    field = model.model_fields.get("when")
    return str(get_args(field.annotation)[0]) if field is not None else None


def keys_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """Return the keys that may stand at pydantic's path `loc`."""
    here = [model]
    for segment in loc:
        tagged = [candidate for candidate in here if _tag(candidate) == segment and len(here) > 1]
        if tagged:
            here = tagged
            continue
        inner = [
            submodel
            for candidate in here
            if segment in (fields := _fields(candidate))
            for submodel in _models(fields[str(segment)].annotation)
        ]
        here = inner or here
    keys = dict.fromkeys(key for candidate in here for key in _fields(candidate))
    return list(keys)


def keys_of_start(model: type[BaseModel]) -> list[str]:
    """Return the words that `when` may be."""
    return [
        tag
        for candidate in _models(model.model_fields["start"].annotation)
        if (tag := _tag(candidate)) is not None
    ]
