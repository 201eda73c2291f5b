"""A scenario of one's own: keys set in one that can be chosen, files loaded in the browser.

What a person types or loads becomes values of a scenario, never the name of a file of this machine, and never a rule: a rule is a
program, which only the command line names (docs/browser.md). The parameters of a rule that is there already are values.
"""

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulation.browser.catalogue import Source
from simulation.errors import UserError, nearest_name
from simulation.files.atomic import write_file
from simulation.parameters.table import ParameterTable
from simulation.scenario.dump import yaml_lines
from simulation.scenario.merge import extended
from simulation.yaml_source import Node, as_mapping, parse_yaml, plain

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["CHANGED", "changed", "pairs_of", "uploaded", "uploaded_all"]

CHANGED: Final = ", changed"  # at the end of a label
_LARGEST: Final = 200_000  # characters of a scenario
_MOST: Final = 30  # files at once, keys at once
_FILES: Final = ("extends", "plugin")  # keys that name files of this machine
_LINE: Final = re.compile(r"\s*(?P<key>[\w.\[\]]+)\s*[:=]\s*(?P<value>\S.*?)\s*")


def pairs_of(text: str) -> list[tuple[str, str]]:
    """Return keys with their values, one a line as `key: value`; raise `UserError` for a line that is none."""
    pairs = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise UserError(
                f"line {number}: got {line.strip()[:60]!r}",
                expected="key: value with its unit, such as rate_blast_net_growth: 0.1 /day",
            )
        pairs.append((match["key"], match["value"]))
    if not pairs:
        raise UserError("got nothing", expected="a key with its value on each line")
    if len(pairs) > _MOST:
        raise UserError(f"got {len(pairs)} keys", expected=f"at most {_MOST} at once")
    return pairs


def changed(source: Source, *pairs: tuple[str, str]) -> Source:
    """Return the strategy with keys set as `--set` would, all at once; raise `UserError` for a mistake and names of files."""
    scenario, settings = source.load(), list(source.settings)
    for key, value in pairs:
        if not value.strip():
            raise UserError("got nothing", key=key, expected="a value as in a file, with its unit")
        path = _path_of(scenario, key.strip())
        settings = [one for one in settings if not one.startswith(f"{path}=")] + [f"{path}={value.strip()}"]
    title = f"{source.label.removesuffix(CHANGED)}{CHANGED}"
    revised = replace(source, settings=tuple(settings), title=title)
    try:
        revised.load(patient=1)
        revised.load()
    except UserError as error:  # where it was typed, not how it is passed on
        where = pairs[0][0] if len(pairs) == 1 else error.key
        raise UserError(error.message, key=where, expected=error.expected, nearest=error.nearest) from None
    return revised


def _path_of(scenario: "Scenario", key: str) -> str:
    """Return the dotted path of a key, or of a parameter: where the scenario has it, else among its parameters."""
    first = re.split(r"[.\[]", key, maxsplit=1)[0]
    if first == "plugin":
        return _in_plugin(scenario, key)
    if first in _FILES:
        raise UserError("names a file, which the page does not open", key=key, expected="another key")
    if key not in ParameterTable.load():
        return key
    return (
        f"patient.{key}" if key in scenario.patient or key not in scenario.parameters else f"parameters.{key}"
    )


def _in_plugin(scenario: "Scenario", key: str) -> str:
    """Return where a parameter of a rule of one's own stands; whatever else is asked of `plugin` names a file."""
    name = key.rpartition(".")[2]
    names = [row for plugin in scenario.plugin for row in plugin.rows]
    for index, plugin in enumerate(scenario.plugin):
        if name in plugin.rows and key in (f"plugin.{name}", f"plugin.{index}.{name}"):
            return f"plugin.{index}.{name}" if len(scenario.plugin) > 1 else f"plugin.{name}"
    raise UserError(
        "names a file, which the page does not open, or a parameter that no rule of this scenario has",
        key=key,
        expected="a parameter of a rule that view was started with (--plugin)",
        nearest=nearest_name(key, [f"plugin.{one}" for one in names]),
    )


def uploaded(text: str, name: str, cohort: str | None = None) -> Source:
    """Return a scenario from the text of a file; raise `UserError`, also for one that names other files."""
    return uploaded_all({name: text}, cohort)[0]


def uploaded_all(files: Mapping[str, str], cohort: str | None = None) -> list[Source]:
    """Return the scenarios of files loaded together, which may extend one another; a file that another extends is none itself.

    Raises `UserError` for a file that names one that was not loaded with it.
    """
    if len(files) > _MOST:
        raise UserError(f"got {len(files)} files", expected=f"at most {_MOST} at once")
    trees = {name: _read(text, name) for name, text in files.items()}
    bases = {base for tree in trees.values() for base in _extended_by(tree, files)}
    sources = []
    for name, text in files.items():
        if name in bases:
            continue
        whole = _merged(name, files) if _extended_by(trees[name], files) else text
        source = Source(None, text=whole, title=name[:120], cohort=cohort)
        source.load()
        sources.append(source)
    if not sources:
        raise UserError("the files extend each other in a circle", key="extends")
    return sources


def _read(text: str, name: str) -> Node:
    if len(text) > _LARGEST:
        raise UserError(f"is longer than {_LARGEST:,} characters", file=name)
    root = as_mapping(parse_yaml(text, name))
    keys = root.value if isinstance(root.value, dict) else {}
    if "plugin" in keys and keys["plugin"].value not in (None, []):
        raise keys["plugin"].error(
            "names a file, which the page does not open",
            key="plugin",
            expected="a scenario without it; start view with --plugin, and choose the rule on the page",
            at_key=True,
        )
    return root


def _extended_by(root: Node, files: Iterable[str]) -> Sequence[str]:
    keys = root.value if isinstance(root.value, dict) else {}
    wanted = keys.get("extends")
    if wanted is None or wanted.value in (None, []):
        return ()
    entries = wanted.value if isinstance(wanted.value, list) else [wanted]
    named = [str(one.value) for one in entries]
    for base in named:
        if base not in files or not _plain_name(base):
            raise wanted.error(
                f"names a file, which the page does not open: {base[:60]}",
                key="extends",
                expected="files that are loaded together with this one, or a whole scenario, as `show FILE` prints it",
                at_key=True,
            )
    return named


def _plain_name(name: str) -> bool:
    return re.fullmatch(r"[\w][\w .()+,-]{0,120}", name) is not None


def _merged(name: str, files: Mapping[str, str]) -> str:
    """Return a file over those that it extends; only the files loaded together lie in the folder where they are read."""
    with tempfile.TemporaryDirectory() as folder:
        for one, text in files.items():
            if not _plain_name(one):
                raise UserError(f"{one[:60]!r} is no plain name of a file", expected="letters, digits, dots")
            write_file(Path(folder, one), text)
        tree = extended(parse_yaml(files[name], name), Path(folder, name), name)
        return "\n".join(yaml_lines(plain(tree))) + "\n"
