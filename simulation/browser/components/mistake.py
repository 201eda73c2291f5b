"""A person's mistake, told where it was made."""

from collections.abc import Callable
from pathlib import Path

import solara

from simulation.errors import UserError

__all__ = ["Mistake", "use_stored"]


@solara.component
def Mistake(text: str | None) -> None:
    """Show the message, and have it read aloud; nothing where there is none."""
    with solara.Div():  # one root, so that what follows keeps its place
        if text:
            solara.v.Html(tag="div", class_="tt-mistake", children=[text], attributes={"role": "alert"})


def use_stored[Stored](read: Callable[[Path], Stored], folder: Path) -> Stored | None:
    """Return what a folder holds, read once; where it is damaged, show the message and return None."""

    def tried() -> tuple[Stored | None, str]:
        try:
            return read(folder), ""
        except UserError as error:
            return None, str(error)

    opened: tuple[Stored | None, str] = solara.use_memo(tried, [folder])
    if opened[0] is None:
        Mistake(opened[1])
    return opened[0]
