"""The marrow map in the browser: a raster image, one pixel per niche, with hover, click and arrow keys."""

from collections.abc import Callable

import solara

__all__ = ["MarrowMap"]


@solara.component_vue("marrow_map.vue")
def MarrowMap(
    url: str,
    rows: int,
    columns: int,
    chosen: int = -1,
    tip: str = "",
    label: str = "",
    still: bool = False,
    event_hovered: Callable[[int], None] = lambda _: None,
    event_picked: Callable[[int], None] = lambda _: None,
) -> None:
    """Show the map; `hovered` and `picked` get a niche's number (row by row), -1 for none; a `still` map has neither."""
