"""The tabs of the pages: one stop of the Tab key, arrow keys between them."""

import json
from collections.abc import Callable, Sequence

import solara

__all__ = ["Tabs"]


@solara.component_vue("tabs.vue")
def _Tabs(titles: str, chosen: int, event_picked: Callable[[int], None] = lambda _: None) -> None:
    """Be drawn by `tabs.vue`."""


def Tabs(titles: Sequence[str], chosen: int, on_pick: Callable[[int], None]) -> object:
    """Show the titles with one chosen; each has its panel under the id `tt-panel`."""
    return _Tabs(titles=json.dumps(list(titles)), chosen=chosen, event_picked=on_pick)
