"""The whole page as a file to save and open: what its address holds, patients, twins, many patients and what was chosen.

It is read strictly, and opens nothing that an address could not.
"""

import json
from collections.abc import Mapping
from typing import Final

from simulation import __version__
from simulation.browser.address import LONGEST, known_part, written
from simulation.errors import UserError
from simulation.scenario.dump import scalar
from simulation.yaml_source import MAX_BYTES, as_mapping, parse_yaml

__all__ = ["PAGE_ENDING", "read_page", "write_page"]

PAGE_ENDING: Final = ".page.yaml"
_VERSION: Final = 1
_FORMAT: Final = "saved_page"


def write_page(parts: Mapping[str, str]) -> str:
    """Return the file of the parts of an address."""
    head = f"# The page of transplant-twin {__version__} as it was; Open on the page brings it back."
    lines = [f"{scalar(name)}: {json.dumps(text, ensure_ascii=False)}" for name, text in parts.items()]
    return "\n".join([head, f"{_FORMAT}: {_VERSION}", *lines]) + "\n"


def read_page(text: str, shown: str) -> dict[str, str]:
    """Return the parts that a file holds; raise `UserError`, which names line, key, and what was expected."""
    if len(text.encode()) > MAX_BYTES:
        raise UserError(f"the file is larger than {MAX_BYTES:,} bytes; nothing here needs that", file=shown)
    root = as_mapping(parse_yaml(text, shown))
    entries = dict(root.value) if isinstance(root.value, dict) else {}
    version = entries.pop(_FORMAT, None)
    if version is None:
        raise UserError("this key is missing", file=shown, key=_FORMAT, expected="a page saved on the page")
    if version.value != _VERSION:
        message = f"got {str(version.value)[:20]}"
        raise version.error(message, key=_FORMAT, expected=f"{_VERSION}, this page's format")
    parts = {}
    for name, node in entries.items():
        if not known_part(name):
            raise node.error("there is no such key", key=name[:60], at_key=True)
        if not isinstance(node.value, str):
            raise node.error("this is no text", key=name, expected="text in quotes")
        parts[name] = node.value
    if len(written(parts)) > LONGEST:
        raise UserError(f"it holds more than an address can ({LONGEST:,} signs)", file=shown)
    return parts
