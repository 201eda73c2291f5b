"""The button that switches between light, dark and what the system prefers."""

from collections.abc import Callable

import solara

__all__ = ["ThemeButton"]


@solara.component_vue("theme_button.vue")
def _ThemeButton(event_chosen: Callable[[bool | None], None] = lambda _: None) -> None:
    """Be drawn by `theme_button.vue`."""


def ThemeButton() -> object:
    """Show the button; the choice is kept by the browser."""

    def take(dark: bool | None) -> None:
        solara.lab.theme.dark = dark

    return _ThemeButton(event_chosen=take)
