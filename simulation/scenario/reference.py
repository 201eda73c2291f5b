"""The generated parts of the documentation: scenario keys, JSON Schema, and the parameter table."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from simulation.files.atomic import write_file
from simulation.files.tables import json_text
from simulation.parameters.document import parameter_page
from simulation.scenario.json_schema import json_schema
from simulation.scenario.merge import DEFAULTS
from simulation.units import format_number
from simulation.yaml_source import plain, read_yaml

__all__ = ["key_rows", "key_table", "schema_text", "write_documents"]

BEGIN: Final = "<!-- keys: generated from the schema -->"
END: Final = "<!-- end of keys -->"
_NAMED: Final = frozenset({"patient", "parameters", "processes"})  # their keys are names, listed elsewhere
_DISTRIBUTION: Final = {"$ref": "#/$defs/Distribution"}  # its keys are told in the guide


def schema_text() -> str:
    """Return the JSON Schema as the text of `docs/scenario.schema.json`."""
    return json_text(json_schema())


def key_rows() -> list[dict[str, str]]:
    """Return one row per key: path, what may be written, default, meaning."""
    schema = json_schema()
    defaults = plain(read_yaml(DEFAULTS))
    return list(_rows(schema["properties"], schema["$defs"], defaults, ""))


def _rows(
    properties: dict[str, Any], known: dict[str, Any], defaults: Any, prefix: str
) -> Iterator[dict[str, str]]:
    for key, value in properties.items():
        path = f"{prefix}{key}"
        default = (
            defaults.get(key, value.get("default")) if isinstance(defaults, dict) else value.get("default")
        )
        block, in_list = _block(value, known)
        yield {
            "key": path,
            "write": _kind(path, block is not None, in_list) or _written(value),
            "default": _default(default, bool(block) and not in_list),
            "meaning": str(value.get("description", "")).partition(" Write ")[0],
        }
        if block and path not in _NAMED and key != "triggers":
            yield from _rows(block["properties"], known, default, f"{path}{'[]' if in_list else ''}.")


def _kind(path: str, block: bool, in_list: bool) -> str:
    if path in _NAMED:
        return "a block of names"
    return "" if not block else "a list of blocks" if in_list else "a block"


def _block(value: dict[str, Any], known: dict[str, Any]) -> tuple[dict[str, Any] | None, bool]:
    """Return the block of keys that a value may hold, and whether it holds a list of them."""
    for option in value.get("anyOf", [value]):
        if option == _DISTRIBUTION:
            continue
        in_list = option.get("type") == "array"
        inner = option.get("items", {}) if in_list else option
        resolved = known[inner["$ref"].rpartition("/")[2]] if "$ref" in inner else inner
        if "properties" in resolved:
            return resolved, in_list
    return None, False


def _written(value: dict[str, Any]) -> str:
    lines = []
    for option in value.get("anyOf", [value]):
        if option == _DISTRIBUTION:
            continue  # the other option tells of it
        if option.get("type") == "array":
            inner = option["items"]
            what = inner.get("description") or ", ".join(inner.get("examples", ())) or _written(inner)
            lines.append(f"a list: {what}")
        elif "enum" in option:
            lines.append(", ".join(f"`{json.dumps(word).strip(chr(34))}`" for word in option["enum"]))
        elif option.get("type") == "null":
            lines.append("`null`")
        elif option.get("type") == "boolean":
            lines.append("`true`, `false`")
        elif option.get("type") == "integer":
            lines.append(f"a whole number, {option['minimum']} to {option['maximum']}")
        elif "pattern" in option:
            described = str(option.get("description", ""))
            lines.append((described.partition(" Write ")[2] or described).removesuffix("."))
        else:
            lines.append("text")
    return re.sub(r" such as [^,]*(?=,|$)", "", " or ".join(lines))  # examples stand in the guide


def _default(value: Any, is_block: bool) -> str:
    if isinstance(value, dict) and value and is_block:
        return ""
    if value is None:
        return ""
    if isinstance(value, bool | list | dict):
        return f"`{json.dumps(value).replace(chr(34), '')}`"
    if isinstance(value, int | float):
        return f"`{format_number(value)}`"
    return f"`{value}`" if value != "" else ""


def key_table() -> str:
    """Return all keys as a Markdown table."""
    lines = ["| key | write | default | meaning |", "|---|---|---|---|"]
    for row in key_rows():
        cells = (f"`{row['key']}`", row["write"], row["default"], row["meaning"])
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def write_documents(folder: str | Path = "docs") -> list[Path]:
    """Write `scenario.schema.json`, `parameters.md` and the keys in `scenarios.md`; return their paths."""
    schema, guide = Path(folder) / "scenario.schema.json", Path(folder) / "scenarios.md"
    parameters = Path(folder) / "parameters.md"
    write_file(parameters, parameter_page())
    write_file(schema, schema_text())
    before, _, rest = guide.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    write_file(guide, f"{before}{BEGIN}\n\n{key_table()}\n\n{END}{after}")
    return [schema, guide, parameters]
