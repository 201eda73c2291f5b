"""A plain table of text; rows may be marked, and have a button."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import solara

from simulation.browser.components.save_buttons import SaveButtons
from simulation.browser.exports import csv_text
from simulation.browser.palette import palette
from simulation.browser.table_picture import table_svg

__all__ = ["SaveTable", "TextTable"]


@solara.component_vue("tables.vue")
def _TextTable(
    content: str, button: str = "", label: str = "", event_picked: Callable[[int], None] = lambda _: None
) -> None:
    """Be drawn by `tables.vue`."""


def TextTable(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    marked: Sequence[bool] = (),
    on_row: Callable[[int], None] | None = None,
    button: str = "",
    label: str = "",
) -> Any:
    """Show the table; a marked row differs by colour, weight and a sign. `on_row` hears which row's `button` was pressed."""
    content = _content(header, rows, marked)
    table = _TextTable(content=content, button=button, label=label, event_picked=on_row or (lambda _: None))
    if rows:
        _Save(content, label)
    return table


def SaveTable(header: Sequence[str], rows: Sequence[Sequence[str]], label: str) -> Any:
    """Show the buttons that save a table which is shown in another way."""
    return _Save(_content(header, rows), label)


def _content(header: Sequence[str], rows: Sequence[Sequence[str]], marked: Sequence[bool] = ()) -> str:
    # as text: Solara looks into every list of an argument for elements
    return json.dumps({"header": list(header), "rows": [list(row) for row in rows], "marked": list(marked)})


@solara.component
def _Save(content: str, label: str) -> None:
    colours = palette(bool(solara.lab.use_dark_effective()))

    def picture() -> str:
        table = json.loads(content)
        return table_svg(table["header"], table["rows"], colours, table["marked"], label)

    def text() -> str:
        table = json.loads(content)
        return csv_text(table["header"], table["rows"])

    SaveButtons(label or "table", f"the table {label}".strip(), {"PNG": picture, "SVG": picture, "CSV": text})
