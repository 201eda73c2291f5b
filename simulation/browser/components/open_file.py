"""Files of one's own, read in the browser: the page gets their names and their text, never a path."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import solara

from simulation.errors import UserError

__all__ = ["OpenFile", "OpenFiles", "text_of"]

type Opened = Mapping[str, str]  # `name` and `text`, or `name` and `error`


@solara.component_vue("open_file.vue")
def _OpenFile(
    label: str,
    accept: str = "",
    many: bool = False,
    event_opened: Callable[[Sequence[Opened]], None] = lambda _: None,
) -> None:
    """Be drawn by `open_file.vue`."""


def OpenFile(label: str, accept: str, on_opened: Callable[[Opened], None]) -> Any:
    """Show the button for one file."""
    return _OpenFile(label=label, accept=accept, event_opened=lambda files: on_opened(files[0]))


def OpenFiles(label: str, accept: str, on_opened: Callable[[Sequence[Opened]], None]) -> Any:
    """Show the button for several files at once."""
    return _OpenFile(label=label, accept=accept, many=True, event_opened=on_opened)


def text_of(file: Opened) -> tuple[str, str]:
    """Return a file's name and text; raise `UserError` where the browser could not read it."""
    name = file.get("name", "the file")
    if "error" in file:
        raise UserError(file["error"], file=name)
    return name, file.get("text", "")
