"""What a blood count would show: CD3+ T cells, Treg, B cells and circulating blasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulation.results.figures import strip, style

if TYPE_CHECKING:
    from simulation.results.result import Result

__all__ = ["TITLE", "caption", "draw", "figure"]

TITLE = "Blood: T cells, B cells and circulating blasts"
_LINES = (
    ("cd3_per_ul", "CD3+", "cd3", "solid"),
    ("treg_per_ul", "Treg", "treg", (0, (4, 1.5))),
    ("b_cells_per_ul", "B cells", "b_cells", (0, (6, 1.5, 1.2, 1.5))),
    ("blood_blasts_per_ul", "blasts", "blasts", (0, (1.2, 1.2))),
)
_FLOOR = 0.1  # cells/uL: below one cell in 10 uL a count says none


@style.styled
def figure(result: Result) -> Figure:
    """Draw the counts in the blood under the treatments."""
    drawn, (ax,) = strip.panels(result, (2.2,))
    return draw(ax, result) and drawn


@style.styled
def draw(ax: Axes, result: Result) -> Figure:
    """Draw CD3+ T cells, Treg, B cells and blasts, cells per microlitre on a log axis with a zero."""
    series = {name: result.column(name) for name, *_ in _LINES}
    style.count_axis(ax, list(series.values()), floor=_FLOOR, least_top=1000.0)
    ax.set_ylabel("Cells in blood (per \N{MICRO SIGN}L)")
    labels = []
    for name, text, colour, dashes in _LINES:
        values = series[name]
        finite = values[np.isfinite(values)]
        if finite.size:
            ax.plot(
                result.days, values, color=style.COLOUR[colour], linestyle=dashes, label=text, clip_on=False
            )
            labels.append((float(finite[-1]), text, style.COLOUR[colour]))
    if not labels:
        style.note(ax, "not recorded")
    style.label_ends(ax, labels, gap=0.075)
    return cast(Figure, ax.figure)


def caption(result: Result) -> str:
    """Say what the figure shows."""
    return (
        "Cells per microlitre of blood, as simulated (a blood test would add counting noise). T cells "
        "leave the blood for some days when an engager starts; B cells carry CD19 and are killed by it. "
        f"The grey band is below one cell in 10 \N{MICRO SIGN}L. {strip.SHADING} One "
        "simulated patient: there are no confidence bands."
    )
