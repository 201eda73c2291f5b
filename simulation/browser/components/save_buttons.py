"""Buttons that save what is shown: a table as CSV, a picture as PNG and SVG, any text under a name of its own."""

import json
import time
from collections.abc import Callable, Mapping

import solara

from simulation.browser.exports import file_name

__all__ = ["SaveButtons"]


@solara.component_vue("save_buttons.vue")
def _SaveButtons(
    kinds: str, label: str, payload: str = "", event_wanted: Callable[[str], None] = lambda _: None
) -> None:
    """Be drawn by `save_buttons.vue`."""


@solara.component
def SaveButtons(name: str, label: str, kinds: Mapping[str, Callable[[], str]], ending: str = "") -> None:
    """Show a button per kind (`PNG` is drawn from the text of an SVG); what is saved is made when it is asked for.

    `label` says what is saved where it is read aloud; `name` becomes the file's, with the kind as its ending or `ending`.
    """
    payload = solara.use_reactive("")

    def make(kind: str) -> None:
        file = name + ending if ending else file_name(name, kind.lower())
        payload.value = json.dumps({"kind": kind, "name": file, "text": kinds[kind](), "at": time.time_ns()})

    _SaveButtons(kinds=json.dumps(list(kinds)), label=label, payload=payload.value, event_wanted=make)
