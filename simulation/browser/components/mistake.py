"""A person's mistake, told where it was made."""

import solara

__all__ = ["Mistake"]


@solara.component
def Mistake(text: str | None) -> None:
    """Show the message, and have it read aloud; nothing where there is none."""
    with solara.Div():  # one root, so that what follows keeps its place
        if text:
            solara.v.Html(tag="div", class_="tt-mistake", children=[text], attributes={"role": "alert"})
