"""A user's own rules as part of a scenario: `plugin: {file: my_rules.py, my_rate: 0.1 /day}`.

The file is read here and never executed: its parameters are a literal, and what it imports from beside it is taken
from its syntax tree. Only simulating executes it (`simulation/plugins.py`).
"""

import ast
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final

from simulation.blocks.fields import Custom, FrozenMap, Problem, problem, problems, show
from simulation.errors import UserError, nearest_name
from simulation.parameters.distributions import Distribution, numbers_of
from simulation.parameters.table import Parameter, ParameterTable, read_row
from simulation.scenario.named_values import FaultError, read_value, write_value
from simulation.yaml_source import Node, parse_yaml, read_bytes

__all__ = [
    "FOLDER",
    "RULES",
    "Plugin",
    "Plugins",
    "Sources",
    "anchored",
    "copies",
    "portable",
    "with_files",
]

FOLDER: Final = "plugins"  # of a results folder, beside the scenario that names them
RULES: Final = "RULES"
_PARAMETERS: Final = "PARAMETERS"
_OWN_KEYS: Final = ("file", "sha256")
_MOST_BYTES: Final = 1_000_000
_MOST_FILES: Final = 200
_FILE_LINE: Final = re.compile(r"^( +(?:- )?file: )(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Sources:
    """Hold the text of a user's Python file and of all that it imports from beside it.

    `files` maps the name of each, relative to `folder`, to its bytes; the first is the file itself.
    """

    folder: str
    files: FrozenMap[bytes]

    @property
    def name(self) -> str:
        """Return the name of the file itself."""
        return next(iter(self.files))

    @cached_property
    def sha256(self) -> str:
        """Return the file's digest; with others beside it, that of all names and digests."""
        each = {name: hashlib.sha256(content).hexdigest() for name, content in self.files.items()}
        if len(each) == 1:
            return each[self.name]
        lines = "".join(f"{digest}  {name}\n" for name, digest in each.items())
        return hashlib.sha256(lines.encode()).hexdigest()

    @classmethod
    def read(cls, path: str) -> "Sources":
        """Read a file and, as far as its import statements name them, the modules beside it.

        Raises
        ------
        UserError
            Where a file cannot be read or is no Python.
        """
        folder, name = os.path.split(os.path.abspath(path))
        files: dict[str, bytes] = {}
        waiting = [name]
        while waiting:
            name = waiting.pop(0)
            if name in files:
                continue
            if len(files) == _MOST_FILES:
                raise UserError(f"it imports more than {_MOST_FILES} files beside it", file=path)
            files[name] = _content(Path(folder, name), name)
            waiting += _beside(Path(folder), _syntax_tree(files[name], name))
        first, *others = files
        return cls(folder, FrozenMap({key: files[key] for key in (first, *sorted(others))}))


@dataclass(frozen=True)
class Plugin:
    """Hold one file of rules with the values of its parameters; equal where content and values are.

    Parameters
    ----------
    name, sha256
        Of the file.
    values
        Every parameter that the file declares, in canonical units, or its distribution between patients.
    rows
        What the file says of each: value, unit, range, source.
    sources
        Where the file lies, and its text as it was read.
    """

    name: str
    sha256: str
    values: FrozenMap[float | Distribution]
    rows: FrozenMap[Parameter] = field(compare=False, repr=False)
    sources: Sources = field(compare=False, repr=False)

    @property
    def path(self) -> str:
        """Return where the file lies."""
        return os.path.join(self.sources.folder, self.name)

    @property
    def written(self) -> dict[str, Any]:
        """Return every parameter as a scenario file would say it."""
        return {name: write_value(self.rows[name], value) for name, value in self.values.items()}

    def moved(self, folder: Path) -> "Plugin":
        """Return the same plugin, its files in another folder."""
        return replace(self, sources=replace(self.sources, folder=str(folder.resolve())))

    def fixed(self, values: Mapping[str, float]) -> "Plugin":
        """Return the plugin with the values of one patient."""
        return replace(self, values=FrozenMap({name: values[name] for name in self.values}))


def portable(path: str) -> str:
    """Return how a text that is written into a results folder names a plugin's file."""
    return f"{FOLDER}/{os.path.basename(path)}"


def copies(plugins: Iterable[Plugin]) -> dict[str, bytes]:
    """Return what lies beside a resolved scenario that names these plugins: name -> content."""
    return {
        f"{FOLDER}/{name}": content for plugin in plugins for name, content in plugin.sources.files.items()
    }


def with_files(text: str, file_of: Callable[[str], str | Path]) -> str:
    """Return a resolved scenario's text with every plugin's file renamed by a function of its name."""
    from simulation.scenario.dump import scalar

    def renamed(line: re.Match[str]) -> str:
        return line[1] + scalar(str(file_of(str(parse_yaml(line[2], "file", lines=False).value))))

    return _FILE_LINE.sub(renamed, text)


def anchored(block: Node, folder: Path) -> Node:
    """Return a block of a scenario's keys in which the files of plugins are found from anywhere.

    `folder` is that of the file in which the block stands.
    """
    if not isinstance(block.value, dict):
        return block
    keys = dict(block.value)
    for key, node in keys.items():
        if key == "plugin.file":
            keys[key] = _joined(node, folder)
        elif key == "plugin":
            items = node.value if isinstance(node.value, list) else [node]
            placed = [_anchored_file(item, folder) for item in items]
            keys[key] = replace(node, value=placed) if isinstance(node.value, list) else placed[0]
    return replace(block, value=keys)


def _anchored_file(node: Node, folder: Path) -> Node:
    if not isinstance(node.value, dict) or "file" not in node.value:
        return node
    return replace(node, value={**node.value, "file": _joined(node.value["file"], folder)})


def _joined(node: Node, folder: Path) -> Node:
    text = node.value
    return replace(node, value=os.path.join(folder, text)) if isinstance(text, str) and text else node


# ---- from YAML


def read_plugins(value: Any) -> tuple[Plugin, ...]:
    """Return the plugins that a scenario names: none, one block, or a list of blocks."""
    if value is None:
        return ()
    several = isinstance(value, list | tuple)
    plugins: list[Plugin] = []
    for index, block in enumerate(value if several else [value]):
        at: tuple[str | int, ...] = (index,) if several else ()
        if not isinstance(block, Mapping):
            raise problem(
                f"got {show(block)}", "a block such as {file: my_rules.py, my_rate: 0.1 /day}", path=at
            )
        plugin = _read_block(block, at)
        _check_distinct(plugin, plugins, at)
        plugins.append(plugin)
    return tuple(plugins)


def _read_block(block: Mapping[str, Any], at: tuple[str | int, ...]) -> Plugin:
    path = block.get("file")
    if not isinstance(path, str) or not path:
        got = "this key is missing" if path is None else f"got {show(path)}"
        raise problems(
            [Problem(got, (*at, "file"), "a Python file such as my_rules.py", at_key=path is None)]
        )
    if not os.path.isfile(path):
        raise problem(
            f"{os.path.basename(path)}: there is no such file", None, _nearest_file(path), (*at, "file")
        )
    if not path.endswith(".py"):
        raise problem(
            f"got {os.path.basename(path)!r}", "a Python file, whose name ends in .py", path=(*at, "file")
        )
    sources = Sources.read(path)
    known = block.get("sha256")
    if known is not None and known != sources.sha256:
        raise problem(
            f"{sources.name} is not the file that this scenario was made with: its sha256 is {sources.sha256[:12]}...",
            f"{str(known)[:12]}...",
            path=(*at, "sha256"),
        )
    tree = _syntax_tree(sources.files[sources.name], sources.name)
    _check_rules(tree, sources.name)
    rows = _rows(tree, sources.name)
    wrong_entries: list[Problem] = []
    values: dict[str, float | Distribution] = {name: row.value for name, row in rows.items()}
    for name, written in block.items():
        if name in _OWN_KEYS:
            continue
        if name not in rows:
            near = nearest_name(str(name), [*rows, *_OWN_KEYS])
            message = f"{sources.name} has no such parameter"
            wrong_entries.append(Problem(message, (*at, name), None, near, at_key=True))
            continue
        try:
            values[name] = _in_range(rows[name], read_value(rows[name], written), sources.name)
        except FaultError as wrong:
            wrong_entries.append(replace(wrong.problem, path=(*at, *wrong.problem.path)))
    if wrong_entries:
        raise problems(wrong_entries)
    return Plugin(sources.name, sources.sha256, FrozenMap(values), FrozenMap(rows), sources)


def _in_range(row: Parameter, value: float | Distribution, file: str) -> float | Distribution:
    outside = [number for number in numbers_of(value) if not row.low <= number <= row.high]
    if outside:
        allowed = f"a value in the range of {file}, {row.allowed}"
        raise FaultError(Problem(f"got {row.written(outside[0])}", (row.name,), allowed))
    return value


def _check_distinct(plugin: Plugin, others: list[Plugin], at: tuple[str | int, ...]) -> None:
    """Refuse what could not be told apart in a results folder, or in a rule's `state.p`."""
    for other in others:
        for name, content in plugin.sources.files.items():
            if name == plugin.name == other.name or other.sources.files.get(name, content) != content:
                raise problem(f"two plugins have a file {name}; rename one", path=(*at, "file"))
        for name in plugin.rows:
            if name in other.rows:
                raise problem(
                    f"{other.name} and {plugin.name} both have a parameter {name!r}", path=(*at, "file")
                )


def _nearest_file(path: str) -> str | None:
    folder = os.path.dirname(path)
    with_suffix = {entry.stem: entry.name for entry in Path(folder or ".").glob("*.py")}
    near = nearest_name(Path(path).stem, with_suffix)
    return with_suffix[near] if near is not None else None


# ---- from the Python file, without running it


def _content(path: Path, name: str) -> bytes:
    return read_bytes(path, name, _MOST_BYTES)


def _syntax_tree(content: bytes, name: str) -> ast.Module:
    try:
        return ast.parse(content, name)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UserError(f"SyntaxError: {message}", file=name, line=line) from None


def _beside(folder: Path, tree: ast.Module) -> Iterator[str]:
    """Yield the files in the folder that hold what the module imports; a package counts with all its modules."""
    wanted: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            wanted |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            wanted.add(node.module.partition(".")[0])
    for top in sorted(wanted - set(sys.stdlib_module_names) - {"simulation"}):
        if (folder / top / "__init__.py").is_file():
            yield from (file.relative_to(folder).as_posix() for file in sorted((folder / top).rglob("*.py")))
        elif (folder / f"{top}.py").is_file():
            yield f"{top}.py"


def _check_rules(tree: ast.Module, name: str) -> None:
    bound = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {alias.asname or alias.name for alias in node.names}
    if RULES not in bound:
        raise UserError(
            f"the file defines no list {RULES}",
            file=name,
            expected=f"a line such as {RULES} = [MyRule()]",
            nearest=nearest_name(RULES, bound, cutoff=0.7),
        )


def _rows(tree: ast.Module, file: str) -> dict[str, Parameter]:
    """Return the rows of the literal `PARAMETERS`; none where the file has no such line."""
    table, rows = ParameterTable.load(), dict[str, Parameter]()
    for name, node in _declared(tree, file):
        where = f"{_PARAMETERS}.{name}"
        if not name.isidentifier() or name.startswith("_") or name in _OWN_KEYS:
            raise node.error(f"got {name!r}", key=_PARAMETERS, expected="a name such as my_rate", at_key=True)
        if name in table:
            raise node.error(
                "the parameter table has this name already; choose another", key=where, at_key=True
            )
        block = node if isinstance(node.value, dict) else replace(node, value={"value": node})
        rows[name] = read_row(block, _PARAMETERS, name, required=("value",))
    return rows


def _declared(tree: ast.Module, file: str) -> Iterator[tuple[str, Node]]:
    for statement in tree.body:
        targets = (
            statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        )
        if any(isinstance(target, ast.Name) and target.id == _PARAMETERS for target in targets):
            value = getattr(statement, "value", None)
            node = _literal(value, file) if isinstance(value, ast.Dict) else None
            if node is None or not isinstance(node.value, dict):
                raise UserError(
                    f"{_PARAMETERS} is read without running the file",
                    file=file,
                    line=statement.lineno,
                    expected=f'a literal such as {_PARAMETERS} = {{"my_rate": "0.1 /day"}}',
                )
            yield from node.value.items()


def _literal(expression: ast.expr, file: str) -> Node:
    """Return a literal of Python as if it stood in a YAML file at the same line."""
    place = (file, expression.lineno, expression.col_offset + 1)
    if not isinstance(expression, ast.Dict):
        try:
            value = ast.literal_eval(expression)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            value = NotImplemented
        if value is None or isinstance(value, str | int | float):
            return Node(value, *place)
        raise UserError(
            "this is no literal",
            file=file,
            line=expression.lineno,
            expected="a text with its unit, or a number",
        )
    items: dict[str, Node] = {}
    for key, item in zip(expression.keys, expression.values, strict=True):
        name = key.value if isinstance(key, ast.Constant) else None
        if not isinstance(name, str) or key is None:
            raise UserError("this is no literal", file=file, line=item.lineno, expected="names in quotes")
        if name in items:
            raise UserError(f"{name!r} is written twice", file=file, line=key.lineno)
        node = _literal(item, file)
        items[name] = replace(node, key_line=key.lineno, key_column=key.col_offset + 1)
    return Node(items, *place)


# ---- to YAML


def write_plugins(plugins: tuple[Plugin, ...]) -> Any:
    """Return the block as the YAML file would say it: null, one block, or a list."""
    blocks = [{"file": plugin.path, "sha256": plugin.sha256, **plugin.written} for plugin in plugins]
    return blocks if len(blocks) > 1 else blocks[0] if blocks else None


def plugins_schema() -> dict[str, Any]:
    """Return the JSON Schema of `plugin:`; which other keys a block has, its file says."""
    block = {
        "type": "object",
        "properties": {
            "file": {
                "type": "string",
                "description": "Python file that defines RULES, relative to this file; its parameters are further keys.",
                "examples": ["my_rules.py"],
            },
            "sha256": {
                "type": "string",
                "description": "Digest of the file; another file is refused. Written by the program.",
            },
        },
        "additionalProperties": {
            "anyOf": [{"type": ["string", "number", "null"]}, {"x-use": "Distribution"}],
        },
    }
    return {"anyOf": [block, {"type": "array", "items": block}, {"type": "null"}]}


Plugins = Annotated[tuple[Plugin, ...], Custom(read_plugins, write_plugins, plugins_schema)]
