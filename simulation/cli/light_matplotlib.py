"""Load Matplotlib without the lists of properties in its docstrings, which a command never shows: a fifth of its time to load."""

from typing import Any

from simulation.figure_formats import Formats

__all__ = ["load_matplotlib"]


def load_matplotlib(formats: Formats) -> None:
    """Load what figures are drawn with, if any are asked for.

    Matplotlib writes such a list for each of its hundred classes as it is loaded; the function that does is its own again when
    they have been made.
    """
    if not formats:
        return
    from matplotlib import artist

    described = artist.kwdoc
    artist.kwdoc = _no_list
    try:
        import matplotlib.figure  # noqa: F401 - with this all kinds of artist come
    finally:
        artist.kwdoc = described


def _no_list(artist: Any) -> str:
    return ""
