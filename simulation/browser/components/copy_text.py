"""A text to copy, with a button that copies it."""

import solara

__all__ = ["CopyText"]


@solara.component_vue("copy_text.vue")
def CopyText(title: str, text: str, lines: int = 3, link: bool = False) -> None:
    """Show a text that can be selected, and copied with one click; a `link` is what follows the address of the page."""
