"""A plain table of text; rows may be marked, and have a button."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import solara

from simulation.browser.components.save_buttons import SaveButtons
from simulation.browser.exports import csv_text

__all__ = ["TextTable"]


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
    content = {"header": list(header), "rows": [list(row) for row in rows], "marked": list(marked)}
    table = _TextTable(
        content=json.dumps(content), button=button, label=label, event_picked=on_row or (lambda _: None)
    )
    if rows:
        SaveButtons(label or "table", f"the table {label}".strip(), {"CSV": lambda: csv_text(header, rows)})
    return table
