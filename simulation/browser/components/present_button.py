"""Presentation mode: the page without its controls, larger, on the whole screen."""

import solara

__all__ = ["PresentButton"]


@solara.component_vue("present_button.vue")
def PresentButton() -> None:
    """Show the button that begins and ends it; Escape ends it, too."""
