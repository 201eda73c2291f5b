"""A chart drawn by ECharts in the browser: a base that seldom changes, frames laid on it, an answer when one is drawn."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import solara

__all__ = ["Chart"]


@solara.component_vue("chart.vue")
def _Chart(
    option: str,
    frame: str,
    height: int = 400,
    label: str = "",
    event_drawn: Callable[[Any], None] = lambda _: None,
    event_picked: Callable[[Any], None] = lambda _: None,
) -> None:
    """Be drawn by `chart.vue`."""


def Chart(
    option: Mapping[str, Any] | str,
    frame: Mapping[str, Any],
    height: int = 400,
    label: str = "",
    event_drawn: Callable[[Any], None] = lambda _: None,
    event_picked: Callable[[Any], None] = lambda _: None,
) -> Any:
    """Draw `option` (or its JSON) and `frame` merged over it; `drawn` is called when it is on the screen, `picked` on a click."""
    # as text: Solara looks into every list of an argument for elements, which took longer than all the rest of a frame
    return _Chart(
        option=option if isinstance(option, str) else json.dumps(option),
        frame=json.dumps(frame, separators=(",", ":")), height=height, label=label,
        event_drawn=event_drawn, event_picked=event_picked,
    )  # fmt: skip
