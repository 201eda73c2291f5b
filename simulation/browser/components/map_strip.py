"""Small maps of the marrow side by side, from the first day to the last one simulated; a click shows that day's map."""

from collections.abc import Callable

import solara

__all__ = ["MapStrip"]


@solara.component_vue("map_strip.vue")
def MapStrip(
    items: str,
    rows: int,
    columns: int,
    chosen: int = -1,
    event_picked: Callable[[int], None] = lambda _: None,
) -> None:
    """Show `items`, JSON of a list of {url, words}; `picked` gets the place of one."""
