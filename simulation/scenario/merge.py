"""Put a scenario together: the defaults, the files it extends, the file itself, and overrides."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from simulation.errors import UserError
from simulation.parameters.dependence import DEPENDENCE
from simulation.scenario.disease import EITHER
from simulation.scenario.plugins import anchored
from simulation.yaml_source import Node, parse_yaml, read_yaml

__all__ = ["ANOTHER_PLUGIN", "DEFAULTS", "apply_override", "extended", "merge", "node_from"]

DEFAULTS: Final = Path(__file__).resolve().parent.parent / "data" / "defaults.yaml"
ANOTHER_PLUGIN: Final = "plugin.+"  # the path of an override that adds a block
_MOST_FILES: Final = 30
_NAMED: Final = frozenset(
    {"patient", "between_donors", "parameters", "processes", "plugin"}
)  # where null takes an entry of the base away
_DRAWN: Final = frozenset({"patient", "between_donors"})  # where values may be drawn
_WHOLE: Final[dict[str, str]] = {
    "start": "when",
    "plugin": "file",
}  # another `when` or `file` replaces the block: its keys mean something else
_VISITS: Final = ("first", "every")  # what the days of a test take the place of


def extended(root: Node, path: Path | None, shown: str) -> Node:
    """Return the file's tree merged over those it extends, without the key `extends`.

    `path` is None for text that is in no file; its `extends` is relative to the current folder. Raises
    `UserError` for a missing file, a circle, or more files than any scenario needs.
    """
    return _Family().tree(root, path, shown, ())


class _Family:
    """Read the files that extend one another, counting them: a fan of fans of files would never end."""

    def __init__(self) -> None:
        self.files = 0

    def tree(self, root: Node, path: Path | None, shown: str, parents: tuple[tuple[str, str], ...]) -> Node:
        here = (os.path.realpath(path) if path is not None else shown, shown)
        own = dict(root.value) if isinstance(root.value, dict) else {}
        wanted = own.pop("extends", None)
        tree = Node(own, root.file, root.line, root.column)
        if path is not None:
            tree = anchored(tree, path.parent)
        if wanted is None or wanted.value is None:
            return tree
        base: Node | None = None
        for reference in wanted.value if isinstance(wanted.value, list) else [wanted]:
            part = self.base(reference, path, shown, (*parents, here))
            base = part if base is None else merge(base, part)
        return tree if base is None else merge(base, tree)

    def base(
        self, reference: Node, path: Path | None, shown: str, chain: tuple[tuple[str, str], ...]
    ) -> Node:
        name = reference.value
        if not isinstance(name, str) or not name:
            expected = "a file name such as base.yaml, or a list of them"
            raise reference.error("got something else", key="extends", expected=expected)
        target = (path.parent if path is not None else Path.cwd()) / name
        target_shown = (
            os.path.normpath(os.path.join(os.path.dirname(shown), name)) if path is not None else name
        )
        if os.path.realpath(target) in [seen for seen, _ in chain]:
            circle = " -> ".join([file for _, file in chain] + [target_shown])
            raise reference.error(f"the files extend each other in a circle: {circle}", key="extends")
        self.files += 1
        if self.files > _MOST_FILES:
            raise reference.error(
                f"more than {_MOST_FILES} files are extended; no scenario needs that", key="extends"
            )
        try:
            tree = read_yaml(target, target_shown)
        except UserError as error:
            if error.line is not None:
                raise
            # the file that names it is where the mistake is corrected
            near = os.path.relpath(error.nearest, os.path.dirname(shown) or ".") if error.nearest else None
            raise reference.error(f"{name}: {error.message}", key="extends", nearest=near) from None
        return self.tree(tree, target, target_shown, chain)


def merge(base: Node, over: Node, path: tuple[str, ...] = ()) -> Node:
    """Return `base` with `over` laid on it: blocks merge key by key, all else is replaced."""
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        return over
    if _replaces(base.value, over.value, path):
        return over
    merged = dict(base.value)
    if len(path) == 1:
        _settle(path[0], merged, over.value)
    elif len(path) == 2 and path[0] == "monitoring":
        _settle_visits(merged, over.value)
    for key, node in over.value.items():
        if node.value is None and len(path) == 1 and path[0] in _NAMED:
            merged.pop(key, None)
        elif key in merged:
            merged[key] = merge(merged[key], node, (*path, key))
        else:
            merged[key] = node
    if len(path) == 1 and path[0] in _DRAWN and DEPENDENCE in merged and DEPENDENCE not in over.value:
        fixed = {key for key, node in over.value.items() if not _is_drawn(node)}
        merged[DEPENDENCE] = _without_pairs(merged[DEPENDENCE], fixed)
    return Node(merged, over.file, over.line, over.column, over.key_line, over.key_column)


def _without_pairs(dependence: Node, fixed: set[str]) -> Node:
    """Return what depends on what without the parameters that are now fixed: they leave the pairs of their base."""
    if not fixed or not isinstance(dependence.value, list):
        return dependence
    kept = [
        pair
        for pair in dependence.value
        if not isinstance(pair.value, dict)
        or not fixed.intersection(str(pair.value[key].value) for key in ("of", "with") if key in pair.value)
    ]
    return replace(dependence, value=kept)


def _is_drawn(node: Node) -> bool:
    kind = node.value.get("distribution") if isinstance(node.value, dict) else None
    return kind is not None and kind.value not in ("fixed", "listed")


def _replaces(base: Mapping[str, Node], over: Mapping[str, Node], path: tuple[str, ...]) -> bool:
    if path and path[-1] == "delay":
        return True  # what a wait is drawn from is replaced as a whole, too
    if path and path[-1] in _WHOLE and (len(path) == 1 or path[-1] == "start"):
        word = _WHOLE[path[-1]]
        return word in over and (word not in base or base[word].value != over[word].value)
    return len(path) == 2 and path[0] in _DRAWN  # a distribution is replaced as a whole


def _settle(key: str, merged: dict[str, Node], over: Mapping[str, Node]) -> None:
    """Take out of a block what the new keys take the place of; a product does so for its own."""
    from simulation.products.registry import PRODUCTS

    if key == "disease" and any(over[word].value is not None for word in EITHER if word in over):
        for word in EITHER:
            merged.pop(word, None)
    for product in PRODUCTS:
        if product.name == key:
            product.settle(merged, over)


def _settle_visits(merged: dict[str, Node], over: Mapping[str, Node]) -> None:
    """Let listed days take the place of the base's first and every, and the reverse."""
    written = {key for key in ("days", *_VISITS) if key in over and over[key].value is not None}
    for key in _VISITS if "days" in written else ("days",) if written else ():
        merged.pop(key, None)


def node_from(value: Any, label: str) -> Node:
    """Return a Python value (from `overrides`) as a node without lines."""
    if type(value).__module__ == "numpy" and hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if isinstance(value, Mapping):
        return Node({str(key): node_from(item, label) for key, item in value.items()}, label)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return Node([node_from(item, label) for item in value], label)
    if value is None or isinstance(value, bool | int | float | str):
        return Node(value, label)
    raise UserError(f"got {type(value).__name__}", file=label, expected="text, a number, a list or a dict")


def apply_override(root: Node, path: str, value: Any, label: str) -> Node:
    """Return the tree with the value at a dotted path set; text is read like a value in a file."""
    segments = path.split(".")
    if not all(segments) or path != path.strip():
        raise UserError("got an empty key", file=label, expected="path=value such as start.at_least=1e-4")
    if segments[0] == "extends":
        raise UserError("extends can only be written in a file", file=label)
    node = parse_yaml(value, label, lines=False) if isinstance(value, str) else node_from(value, label)
    if path == ANOTHER_PLUGIN:
        return _with_plugin(root, node)
    return _set(root, segments, 0, node, label)


def _with_plugin(root: Node, block: Node) -> Node:
    keys = dict(root.value) if isinstance(root.value, dict) else {}
    known = keys.get("plugin", Node(None, block.file))
    several = known.value if isinstance(known.value, list) else [] if known.value is None else [known]
    keys["plugin"] = replace(known, value=[*several, block]) if several else block
    return replace(root, value=keys)


def _set(here: Node, segments: list[str], depth: int, new: Node, label: str) -> Node:
    if depth == len(segments):
        return new
    segment, so_far = segments[depth], ".".join(segments[:depth])
    if isinstance(here.value, list):
        items = list(here.value)
        if not segment.isdecimal() or int(segment) >= len(items):
            expected = f"an index from 0 to {len(items) - 1}" if items else "a list with entries; it is empty"
            raise UserError(f"got {segment!r}", file=label, key=so_far, expected=expected)
        items[int(segment)] = _set(items[int(segment)], segments, depth + 1, new, label)
        return Node(items, here.file, here.line, here.column, here.key_line, here.key_column)
    if here.value is not None and not isinstance(here.value, dict):
        raise UserError(f"{so_far} is a single value; it has no key {segment!r}", file=label, key=so_far)
    if here.value is None:
        return Node({segment: _set(Node(None, label), segments, depth + 1, new, label)}, label)
    child = _set(here.value.get(segment, Node(None, label)), segments, depth + 1, new, label)
    patch = Node({segment: child}, here.file, here.line, here.column, here.key_line, here.key_column)
    inner = len(segments) == 3 and (segments[0] == "monitoring" or segments[1] == "start")
    if depth + 1 == len(segments) and (len(segments) == 2 or inner):
        # the rules of merging also hold for one key: null takes a name away, a new `when` replaces
        kept = {key: node for key, node in here.value.items() if key != segment}
        rest = Node(kept, here.file) if segments[depth - 1] not in _WHOLE else here
        return merge(rest, patch, tuple(segments[:depth]))
    return Node(
        {**here.value, segment: child}, here.file, here.line, here.column, here.key_line, here.key_column
    )
