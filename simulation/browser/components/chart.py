"""A chart drawn by ECharts in the browser: a base that seldom changes, frames laid on it, an answer when one is drawn."""

from collections.abc import Callable
from typing import Any

import solara

__all__ = ["Chart"]


@solara.component_vue("chart.vue")
def Chart(
    option: dict[str, Any],
    frame: dict[str, Any],
    height: int = 400,
    label: str = "",
    event_drawn: Callable[[Any], None] = lambda _: None,
    event_picked: Callable[[Any], None] = lambda _: None,
) -> None:
    """Draw `option`, and `frame` merged over it; `drawn` is called when it is on the screen, `picked` on a click."""
