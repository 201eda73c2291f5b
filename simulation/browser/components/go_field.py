"""A field for a day to go to: Enter goes there, and a day that is none is told beside it."""

from collections.abc import Callable

import solara

__all__ = ["GoField"]


@solara.component_vue("go_field.vue")
def GoField(label: str, mistake: str = "", event_gone: Callable[[str], None] = lambda _: None) -> None:
    """Show the field; `gone` gets what was typed."""
