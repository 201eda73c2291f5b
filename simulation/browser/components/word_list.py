"""A list of short texts, each with a head: the badges in a line, the event log below each other."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import solara

__all__ = ["Item", "WordList"]


@dataclass(frozen=True)
class Item:
    """Hold one text: `look` is its CSS classes, `icon` the name of a Material Design icon."""

    head: str
    words: str
    look: str = ""
    icon: str = ""


@solara.component_vue("word_list.vue")
def _WordList(
    items: str, kind: str, label: str, title: str = "", scrolls: bool = False, frame_ms: int = 0
) -> None:
    """Be drawn by `word_list.vue`."""


def WordList(items: Sequence[Item], kind: str, label: str, **more: Any) -> Any:
    """Show the items as `kind` (badges or log); `label` is what it is called where it is read aloud."""
    return _WordList(items=json.dumps([asdict(item) for item in items]), kind=kind, label=label, **more)
