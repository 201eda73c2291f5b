"""Read YAML strictly: plain data with the place of every value, and nothing that runs code or eats memory.

The parser's events are read one by one; no YAML constructor exists here, so no tag can build an object.
The scalar rules are those of YAML 1.2 with the traps taken out: only true and false are booleans (`on`,
`off`, `yes`, `no` are text), `1e-3` is a number, `012`, `1:30` and `2024-01-01` are text, a key is always
text, a key written twice is an error, and anchors, aliases and tags are refused.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simulation.errors import UserError, nearest_name
from simulation.shipped import PROGRAM, SCENARIOS

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_NODES",
    "Node",
    "as_mapping",
    "parse_yaml",
    "plain",
    "read_bytes",
    "read_text",
    "read_yaml",
    "resolve_scalar",
]

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 24
MAX_NODES: Final = 20_000
_TOO_DEEP: Final = f"nested more than {MAX_DEPTH} deep; no scenario needs that"

_INTEGER: Final = re.compile(r"[+-]?(0|[1-9][0-9]{0,17})")
_FLOAT: Final = re.compile(
    r"[+-]?((0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+|(0|[1-9][0-9]*)(?=[eE]))([eE][+-]?[0-9]{1,3})?"
)
_WORDS: Final[dict[str, bool | None]] = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "null": None, "Null": None, "NULL": None, "~": None, "": None,
}  # fmt: skip

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Node:
    """Hold one value and where it stands; lines and columns count from 1.

    In a mapping, `key_line` and `key_column` are those of the key. `file` is the name to show: a path, or
    `--set a.b=c`, which has no lines (`line` is None).
    """

    value: "Scalar | dict[str, Node] | list[Node]"
    file: str
    line: int | None = None
    column: int | None = None
    key_line: int | None = None
    key_column: int | None = None

    def error(
        self,
        message: str,
        *,
        key: str | None = None,
        expected: str | None = None,
        nearest: str | None = None,
        at_key: bool = False,
    ) -> UserError:
        """Return a `UserError` that points here, or at the key of this value."""
        at_key = (
            at_key or isinstance(self.value, dict | list) or self.value is None
        ) and self.key_line is not None
        return UserError(
            message,
            file=self.file,
            line=self.key_line if at_key else self.line,
            column=self.key_column if at_key else self.column,
            key=key,
            expected=expected,
            nearest=nearest,
        )


def resolve_scalar(text: str) -> Scalar:
    """Return what an unquoted scalar means: true, false, null, a decimal number, or else text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if abs(number) < 1e300 else text
    return text


def plain(node: Node) -> Any:
    """Return the node's value as plain dicts, lists and scalars, without places."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def read_bytes(path: Path, shown: str, most: int = MAX_BYTES) -> bytes:
    """Return the bytes of a regular file; raise `UserError` for a folder, a device, a pipe, and for more than `most` bytes."""
    try:
        if path.is_dir():
            raise UserError("this is a folder; name a YAML file in it", file=shown)
        if not path.is_file():
            if path.exists():
                raise UserError("this is not a regular file", file=shown)
            raise _no_such_file(path, shown)
        with path.open("rb") as stream:
            data = stream.read(min(most, path.stat().st_size) + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(f"cannot be read: {reason}", file=shown) from None
    if len(data) > most:
        raise UserError(f"the file is larger than {most:,} bytes; nothing here needs that", file=shown)
    return data


def read_text(path: Path, shown: str, most: int = MAX_BYTES) -> str:
    """Return the text of a regular file in UTF-8; raise `UserError` naming file and line for anything else."""
    data = read_bytes(path, shown, most)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError("this is not text in UTF-8", file=shown, line=line) from None


def _no_such_file(path: Path, shown: str) -> UserError:
    nearest = None
    folder = path.parent
    if folder.is_dir():
        names = {entry.stem: entry.name for entry in folder.iterdir() if entry.suffix in {".yaml", ".yml"}}
        near = nearest_name(path.stem, names)
        if near is not None:
            nearest = os.path.join(os.path.dirname(shown), names[near])
        elif (below := _named(path.name, folder / SCENARIOS.name)) is not None:
            nearest = os.path.join(os.path.dirname(shown), below.relative_to(folder))
    message = "there is no such file"
    if (
        nearest is None and _named(path.name, SCENARIOS) is not None
    ):  # an installation, in a folder of its own
        message += f"; `{PROGRAM} init DIR` copies the one that comes with the program"
    return UserError(message, file=shown, nearest=nearest)


def _named(name: str, folder: Path) -> Path | None:
    """Return the first file of that name in a folder and those below it."""
    return min((path for path in folder.rglob("*.y*ml") if path.name == name), default=None)


def read_yaml(path: str | os.PathLike[str], shown: str | None = None) -> Node:
    """Return the mapping in a YAML file with the place of every value.

    `shown` is the name used in messages (default: the path as given). Raises `UserError` for whatever is
    wrong with the file.
    """
    path = Path(path)
    shown = shown if shown is not None else str(path)
    root = parse_yaml(read_text(path, shown), shown)
    return as_mapping(root)


def as_mapping(root: Node) -> Node:
    """Return the document's root if it is a block of keys; raise `UserError` otherwise."""
    expected = "keys with values, such as name: My scenario"
    if root.value is None:
        raise root.error("the file is empty", expected=expected)
    if not isinstance(root.value, dict):
        got = "a list" if isinstance(root.value, list) else repr(str(root.value)[:40])
        raise root.error(f"got {got}", expected=expected)
    return root


_FORBIDDEN: Final = re.compile(
    r"[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def parse_yaml(text: str, shown: str, *, lines: bool = True) -> Node:
    """Return the one document in `text` as nodes; without `lines` (for `--set`) they carry no lines."""
    strange = _FORBIDDEN.search(text)
    if strange is not None:
        line = text.count("\n", 0, strange.start()) + 1 if lines else None
        raise UserError(f"the character {strange[0]!r} is not text", file=shown, line=line)
    # imported here so that merely importing this module costs nothing
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Builder(yaml.parse(text, Loader=loader), shown, lines).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None and lines else None
        column = mark.column + 1 if mark is not None and lines else None
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        message = f"this is not valid YAML: {reason}{_hint(reason, text, mark)}"
        if "maximum nesting depth" in reason:  # newer C libraries look ahead, and stop before we do
            message = _TOO_DEEP
        raise UserError(message, file=shown, line=line, column=column) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise UserError(f"this is not valid YAML: {str(error).splitlines()[0]}", file=shown) from None


def _hint(message: str, text: str, mark: Any) -> str:
    if "mapping values are not allowed" in message:
        return " (a text that contains ': ' must stand in quotes)"
    lines = text.splitlines()
    if mark is not None and mark.line < len(lines) and "\t" in lines[mark.line][: mark.column + 1]:
        return " (indent with spaces, not tabs)"
    return ""


class _Builder:
    """Turn parser events into nodes, refusing what a scenario never needs."""

    def __init__(self, events: Iterator[Any], shown: str, lines: bool) -> None:
        self.events = events
        self.shown = shown
        self.lines = lines
        self.nodes = 0

    def at(self, event: Any) -> tuple[int | None, int | None]:
        mark = event.start_mark
        return (mark.line + 1, mark.column + 1) if self.lines else (None, None)

    def refuse(self, event: Any, message: str) -> UserError:
        line, column = self.at(event)
        return UserError(message, file=self.shown, line=line, column=column)

    def printable(self, event: Any) -> None:
        """Refuse a control character that an escape brings into a text: it would end a file's name, or hide in a table."""
        strange = _FORBIDDEN.search(event.value)
        if strange is not None:
            raise self.refuse(event, f"the character {strange[0]!r} is not text")

    def document(self) -> Node:
        root: Node | None = None
        for event in self.events:
            kind = type(event).__name__
            if kind in {"StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"}:
                continue
            if kind == "DocumentStartEvent":
                if root is not None:
                    raise self.refuse(
                        event, "a second document begins here (---); write one document per file"
                    )
                continue
            root = self.node(event, 0)
        return (
            root
            if root is not None
            else Node(None, self.shown, 1 if self.lines else None, 1 if self.lines else None)
        )

    def node(self, event: Any, depth: int, key: Any = None) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self.refuse(event, f"more than {MAX_NODES:,} values; no scenario needs that")
        if depth > MAX_DEPTH:
            raise self.refuse(event, _TOO_DEEP)
        kind = type(event).__name__
        if kind == "AliasEvent" or event.anchor is not None:
            mark = "*" if kind == "AliasEvent" else "&"
            raise self.refuse(
                event,
                f"anchors and aliases ({mark}{event.anchor}) are not used; write the value, or use extends",
            )
        if event.tag is not None:
            raise self.refuse(event, f"tags ({event.tag}) are not used here; write the plain value")
        value: Any
        if kind == "ScalarEvent":
            self.printable(event)
            value = resolve_scalar(event.value) if event.implicit[0] else event.value
        elif kind == "SequenceStartEvent":
            value = self.sequence(depth)
        else:
            value = self.mapping(depth)
        line, column = self.at(event)
        key_line, key_column = self.at(key) if key is not None else (None, None)
        return Node(value, self.shown, line, column, key_line, key_column)

    def sequence(self, depth: int) -> list[Node]:
        items: list[Node] = []
        for event in self.events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            items.append(self.node(event, depth + 1))
        return items

    def mapping(self, depth: int) -> dict[str, Node]:
        items: dict[str, Node] = {}
        for key in self.events:
            if type(key).__name__ == "MappingEndEvent":
                break
            if type(key).__name__ != "ScalarEvent":
                raise self.refuse(key, "a key must be a word")
            self.printable(key)
            name = key.value
            value = self.node(next(self.events), depth + 1, key)
            if key.anchor is not None or key.tag is not None:
                raise self.refuse(key, "anchors, aliases and tags are not used")
            if name in items:
                first = items[name].key_line
                where = f", first on line {first}" if first is not None else ""
                raise self.refuse(key, f"the key {name!r} is written twice{where}")
            items[name] = value
        return items
