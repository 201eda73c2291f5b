"""What a blood count would show: CD3+ T cells, Treg, B cells and circulating blasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulation.results.figures import strip, style
from simulation.results.figures.count_lines import draw_counts
from simulation.results.figures.report_figure import ReportFigure

if TYPE_CHECKING:
    from simulation.results.result import Result

__all__ = ["FIGURE", "draw"]

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
    label = "Cells in blood (per \N{MICRO SIGN}L)"
    return draw_counts(ax, result, _LINES, label=label, gap=0.075, floor=_FLOOR, least_top=1000.0)


def caption(result: Result) -> str:
    """Say what the figure shows."""
    return (
        "Cells per microlitre of blood, as simulated (a blood test would add counting noise). T cells "
        "leave the blood for some days when an engager starts; B cells carry CD19 and are killed by it. "
        f"The grey band is below one cell in 10 \N{MICRO SIGN}L. {strip.SHADING} One "
        "simulated patient: there are no confidence bands."
    )


FIGURE = ReportFigure(
    "blood", "Blood: T cells, B cells and circulating blasts", caption, figure, order=30, draw_on=draw
)
