"""A file of one's own, read in the browser: the page gets its name and its text, never a path."""

from collections.abc import Callable, Mapping

import solara

__all__ = ["OpenFile"]


@solara.component_vue("open_file.vue")
def OpenFile(
    label: str, accept: str = "", event_opened: Callable[[Mapping[str, str]], None] = lambda _: None
) -> None:
    """Show the button; `opened` gets `name` and `text`, or `name` and `error`."""
