"""A chart drawn by ECharts in the browser: a base that seldom changes, frames laid on it, an answer when one is drawn.

Above it stand its tools: linear axes, zoom, curves to hide, and the chart as PNG, SVG and CSV.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import solara

from simulation.browser.exports import chart_csv, file_name

__all__ = ["Chart"]


@solara.component_vue("chart.vue")
def _Chart(
    option: str,
    frame: str,
    height: int = 400,
    label: str = "",
    name: str = "chart",
    cursor: float | None = None,
    seeks: bool = False,
    table: str = "",
    event_drawn: Callable[[Any], None] = lambda _: None,
    event_picked: Callable[[Any], None] = lambda _: None,
    event_sought: Callable[[float], None] = lambda _: None,
    event_table_wanted: Callable[[Any], None] = lambda _: None,
) -> None:
    """Be drawn by `chart.vue`."""


@solara.component
def _WithTable(csv: Callable[[], str], name: str, **how: Any) -> None:
    """Hand the table over when it is asked for: it is not made with every frame."""
    table = solara.use_reactive("")

    def make(_: Any) -> None:
        table.value = json.dumps({"name": file_name(name, "csv"), "text": csv(), "at": time.time_ns()})

    _Chart(table=table.value, name=file_name(name, ""), event_table_wanted=make, **how)


def Chart(
    option: Mapping[str, Any] | str,
    frame: Mapping[str, Any] | str,
    height: int = 400,
    label: str = "",
    event_drawn: Callable[[Any], None] = lambda _: None,
    event_picked: Callable[[Any], None] = lambda _: None,
    *,
    name: str = "chart",
    csv: Callable[[], str] | None = None,
    cursor: float | None = None,
    on_day: Callable[[float], None] | None = None,
) -> Any:
    """Draw `option` (or its JSON) and `frame` merged over it; `drawn` is called when it is on the screen, `picked` on a click.

    `csv` makes its table (by default of what is drawn), `name` is that of its files. A vertical line stands on the day `cursor`;
    `on_day` hears of the day that is clicked.
    """
    # as text: Solara looks into every list of an argument for elements, which took longer than all the rest of a frame
    base = option if isinstance(option, str) else json.dumps(option)
    over = frame if isinstance(frame, str) else json.dumps(frame, separators=(",", ":"))
    return _WithTable(
        csv=csv or (lambda: chart_csv(json.loads(base), json.loads(over))), name=name, option=base, frame=over, height=height,
        label=label, cursor=cursor, seeks=on_day is not None, event_drawn=event_drawn, event_picked=event_picked,
        event_sought=on_day or (lambda _: None),
    )  # fmt: skip
