"""How an address names a scenario: by its label among the choices, by what was set in one of these, or as a whole, packed.

No reference names a file: whatever an address says, it opens nothing that could not be chosen on the page.
"""

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from simulation.browser.catalogue import Source
from simulation.browser.own_scenarios import CHANGED, changed, uploaded
from simulation.errors import UserError
from simulation.scenario.cohort import NONE
from simulation.yaml_source import MAX_BYTES

__all__ = ["packed_text", "refer", "referred", "unpacked_text"]

_MOST_SETTINGS: Final = 100


def refer(source: Source, choices: Sequence[Source]) -> str | None:
    """Return how an address names a scenario; None for one that needs a file which no choice has."""
    if source in choices:
        return source.label
    for base in choices:
        n = len(base.settings)
        alike = replace(source, settings=base.settings, title=base.title) == base
        if alike and source.settings[:n] == base.settings and source.label == f"{base.label}{CHANGED}":
            return _written({"of": base.label, "set": source.settings[n:]})
    if source.path is None:
        text, settings = source.text, source.settings
    elif source.cohort == NONE and not (scenario := source.load()).plugin:
        text, settings = scenario.to_yaml(), ()  # of a folder of results: it says all of its patients
    else:
        return None
    about = {"name": source.label.removesuffix(CHANGED), "yaml": packed_text(text), "set": settings}
    return _written(about | ({"own": 1} if source.cohort == NONE else {}))


def _written(about: dict[str, Any]) -> str:
    return json.dumps(about, separators=(",", ":"), ensure_ascii=False)


def referred(text: str, choices: Sequence[Source]) -> Source:
    """Return the scenario that `refer` named; raise `UserError` where there is none."""
    match = next((source for source in choices if source.label == text), None)
    if match is not None:
        return match
    about = _about(text)
    settings = about.get("set", [])
    if isinstance(about.get("yaml"), str):
        cohort = NONE if about.get("own") else choices[0].cohort if choices else None
        match = uploaded(unpacked_text(about["yaml"]), str(about.get("name", "Scenario")), cohort)
    else:
        match = next((source for source in choices if source.label == about.get("of")), None)
    if match is None or not isinstance(settings, list) or len(settings) > _MOST_SETTINGS:
        raise UserError(f"there is no scenario {text[:80]!r} to choose here")
    pairs = [str(setting).partition("=") for setting in settings]
    return changed(match, *((key, value) for key, _, value in pairs)) if pairs else match


def _about(text: str) -> dict[str, Any]:
    try:
        about = json.loads(text)
    except (ValueError, RecursionError):
        about = None
    return about if isinstance(about, dict) else {}


def packed_text(text: str) -> str:
    """Return a text for an address."""
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


def unpacked_text(packed: str) -> str:
    """Return the text of an address; raise `UserError` for what is none."""
    try:
        squeezed = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        opener = zlib.decompressobj()
        text = opener.decompress(squeezed, MAX_BYTES).decode()
        whole = opener.eof
    except (ValueError, zlib.error):
        whole = False
    if not whole:
        raise UserError("what the address holds is damaged")
    return text
