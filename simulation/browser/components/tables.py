"""A plain table of text; rows may be marked, and clicked."""

from collections.abc import Callable, Sequence

import solara

__all__ = ["TextTable"]


@solara.component
def TextTable(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    marked: Sequence[bool] = (),
    on_row: Callable[[int], None] | None = None,
    button: str = "",
    label: str = "",
) -> None:
    """Show the table; a marked row differs by colour, weight and a sign. `on_row` adds a `button` to each row."""
    titles = [*header, ""] if on_row else header
    head = solara.v.Html(tag="tr", children=[solara.v.Html(tag="th", children=[title]) for title in titles])
    body = []
    for index, row in enumerate(rows):
        differs = bool(marked) and marked[index]
        texts = [("≠ " if differs else "") + row[0], *row[1:]]
        cells = [solara.v.Html(tag="td", children=[text]) for text in texts]
        if on_row:
            press = solara.Button(button, small=True, text=True, on_click=lambda index=index: on_row(index))
            cells.append(solara.v.Html(tag="td", children=[press]))
        body.append(solara.v.Html(tag="tr", class_="tt-differs" if differs else "", children=cells))
    table = solara.v.Html(tag="table", class_="tt-table", children=[head, *body])
    solara.v.Html(
        tag="div",
        class_="tt-scroll-x",
        children=[table],
        attributes={"tabindex": "0", "aria-label": label or "Table"},
    )
