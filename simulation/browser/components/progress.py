"""How far something is, as a bar and in words that are read aloud."""

import solara

__all__ = ["Progress"]


@solara.component
def Progress(label: str, done: int, wanted: int, words: str) -> None:
    """Show the bar while something is wanted, and the words."""
    share = 100.0 * done / wanted if wanted else 0.0
    with solara.Div(classes=["tt-progress"]):
        if wanted:
            solara.v.ProgressLinear(value=share, height=8, attributes={"aria-label": label})
        solara.v.Html(tag="div", class_="tt-status", children=[words], attributes={"role": "status"})
