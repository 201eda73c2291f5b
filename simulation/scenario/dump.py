"""Write a scenario as YAML that reads back as the same scenario."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from simulation.units import format_number
from simulation.yaml_source import resolve_scalar

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["scalar", "to_yaml", "written_keys", "yaml_lines"]

_PLAIN: Final = re.compile(r"[A-Za-z0-9/.+-][A-Za-z0-9 ./%+_()-]*[A-Za-z0-9./%+_()]|[A-Za-z0-9]")


def to_yaml(block: "BaseModel", file_of: Callable[[str], str]) -> str:
    """Return every key of a scenario, or of an experiment, with its unit; `file_of` names the files of plugins."""
    return "\n".join(yaml_lines(written_keys(block, file_of))) + "\n"


def written_keys(block: "BaseModel", file_of: Callable[[str], str]) -> dict[str, Any]:
    """Return every key of a scenario or an experiment as the file would say it."""
    keys = block.model_dump(by_alias=True)
    plugins = keys["plugin"] if isinstance(keys["plugin"], list) else [keys["plugin"]]
    for plugin in filter(None, plugins):
        plugin["file"] = file_of(plugin["file"])
    return keys


def yaml_lines(block: Mapping[str, Any], indent: int = 0) -> Iterator[str]:
    """Yield the lines of a block; lists of blocks get a dash per block, other lists stand in brackets."""
    margin = " " * indent
    for key, value in block.items():
        if isinstance(value, Mapping) and value:
            yield f"{margin}{key}:"
            yield from yaml_lines(value, indent + 2)
        elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
            yield f"{margin}{key}:"
            for item in value:
                lines = list(yaml_lines(item, indent + 4))
                yield f"{margin}  - {lines[0].lstrip()}"
                yield from lines[1:]
        else:
            yield f"{margin}{key}: {scalar(value)}"


def scalar(value: Any) -> str:
    """Return a value on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return format_number(value)
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(scalar(item) for item in value)}]"
    text = str(value)
    if (
        _PLAIN.fullmatch(text)
        and isinstance(resolve_scalar(text), str)
        and not text.startswith(("- ", "---", "..."))
    ):
        return text
    return json.dumps(text, ensure_ascii=False)
