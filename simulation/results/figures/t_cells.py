"""Donor T cells by class, in the whole body and in the marrow, where the leukaemia is."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulation.results.figures import strip, style

if TYPE_CHECKING:
    from simulation.results.result import Result

__all__ = ["TITLE", "caption", "draw_body", "draw_marrow", "figure"]

TITLE = "Donor T cells in the body and in the marrow"
_CLASSES = (
    ("tcon_cells", "Tcon", "tcon", "solid"),
    ("treg_cells", "Treg", "treg", (0, (4, 1.5))),
    ("engaged_cells", "engaged", "engaged", (0, (1.2, 1.2))),
)
_DECADES = 7  # shown below the largest value; what is less is drawn in the band at zero


@style.styled
def figure(result: Result) -> Figure:
    """Draw T cells by class: the body above, the marrow below."""
    drawn, (body, marrow) = strip.panels(result, (1.5, 1.5))
    draw_body(body, result)
    draw_marrow(marrow, result)
    return drawn


@style.styled
def draw_body(ax: Axes, result: Result) -> Figure:
    """Draw Tcon, Treg and engaged T cells of the whole body, cells."""
    return _draw(ax, result, "", "T cells in the body\n(cells)")


@style.styled
def draw_marrow(ax: Axes, result: Result) -> Figure:
    """Draw Tcon, Treg and engaged T cells of the marrow, cells."""
    return _draw(ax, result, "marrow_", "T cells in the marrow\n(cells)")


def caption(result: Result) -> str:
    """Say what the figure shows."""
    return (
        "Conventional (Tcon) and regulatory (Treg) donor T cells, and those that are engaged "
        "with a target cell, in the whole body (top) and in the marrow (bottom). The grey band at "
        f"the bottom reaches down to true zero. {strip.SHADING} One simulated patient: "
        "there are no confidence bands."
    )


def _draw(ax: Axes, result: Result, prefix: str, label: str) -> Figure:
    series = {name: result.column(prefix + name) for name, *_ in _CLASSES}
    known = [values[np.isfinite(values)] for values in series.values()]
    positive = np.concatenate([values[values > 0] for values in known])
    floor = 1.0
    if positive.size:
        lowest = np.floor(np.log10(positive.min()))
        floor = 10.0 ** max(lowest, np.ceil(np.log10(positive.max())) - _DECADES, 0.0)
    style.count_axis(ax, list(series.values()), floor=floor)
    ax.set_ylabel(label)
    labels = []
    for name, text, colour, dashes in _CLASSES:
        values = series[name]
        finite = values[np.isfinite(values)]
        if finite.size:
            ax.plot(
                result.days, values, color=style.COLOUR[colour], linestyle=dashes, label=text, clip_on=False
            )
            labels.append((float(finite[-1]), text, style.COLOUR[colour]))
    if not labels:
        style.note(ax, "not recorded")
    style.label_ends(ax, labels, gap=0.11)
    return cast(Figure, ax.figure)
