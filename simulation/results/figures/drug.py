"""The levels of engagers in the blood, under the pump's rates and the cell infusions."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from simulation.number_words import cells_text
from simulation.products.engager import EngagerProduct
from simulation.products.product import join
from simulation.products.received import Mark
from simulation.products.registry import PRODUCTS
from simulation.results.figures import strip, style
from simulation.results.figures.report_figure import ReportFigure

if TYPE_CHECKING:
    from simulation.results.result import Result

__all__ = ["FIGURE", "draw"]

_ENGAGERS = tuple(product for product in PRODUCTS if isinstance(product, EngagerProduct))
_NAMES = join(product.name for product in _ENGAGERS)
_CELLS = join(product.word for product in PRODUCTS if product.kind == "cells")


@style.styled
def figure(result: Result) -> Figure:
    """Draw the level and the marks of cell infusions under the treatments."""
    drawn, (ax,) = strip.panels(result, (1.8,))
    return draw(ax, result) and drawn


@style.styled
def draw(ax: Axes, result: Result) -> Figure:
    """Draw the level, pg/mL, with each rate of the pump written at its beginning and each DLI as a line."""
    levels = {product: result.column(product.level) for product in _ENGAGERS}
    recorded = np.concatenate([level[np.isfinite(level)] for level in levels.values()])
    top = float(recorded.max()) if recorded.size else 0.0
    cells = _cells(result)
    ax.set_ylim(0, top * 1.3 if top > 0 else 1.0)
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    ax.set_ylabel(f"{_NAMES.capitalize()}\nin blood (pg/mL)")
    if not recorded.size:
        style.note(ax, "not recorded")
    elif top <= 0:
        style.note(ax, f"no {_NAMES}" if cells else f"no {_NAMES}, no donor lymphocytes")
        ax.set_yticks([0])
    for product, level in levels.items():
        if top > 0 and np.nanmax(level, initial=0.0) > 0:
            colour = style.colour(product.colour)
            ax.plot(result.days, level, color=colour, label=product.name)
            ax.fill_between(result.days, 0, level, color=colour, alpha=0.15, linewidth=0)
    for infusion in cells:
        ax.axvline(
            infusion.day,
            color=style.COLOUR["donor_cells"],
            linewidth=0.9,
            linestyle=(0, (4, 2)),
            label=_CELLS,
        )
        ax.annotate(
            cells_text(infusion.level),
            (infusion.day, 0.99),
            xycoords=("data", "axes fraction"),
            xytext=(2, 0),
            textcoords="offset points",
            va="top",
            fontsize=6.5,
            color=style.COLOUR["donor_cells"],
        )
    return cast(Figure, ax.figure)


def _cells(result: Result) -> list[Mark]:
    return [mark for row in strip.given(result) if row.kind == "cells" for mark in row.marks]


def caption(result: Result) -> str:
    """Say what the figure shows."""
    infused = [bar for row in strip.given(result) if row.kind == "infusion" for bar in row.bars]
    given = sum((item.end - item.start) * item.level for item in infused)
    if not given and not _cells(result):
        return f"This patient received neither {_NAMES} nor donor lymphocytes."
    return (
        f"Level of {_NAMES} in the blood, one-compartment model. Bars: the pump's rate, paler at the "
        f"lower dose ({given:,.0f} \N{MICRO SIGN}g in all). Green: donor lymphocyte infusions with their "
        "dose in CD3+ cells per kg."
    )


FIGURE = ReportFigure(
    "drug",
    f"Drug: {_NAMES} level, infusions and donor lymphocytes",
    caption,
    figure,
    order=40,
    applies=lambda result: bool(_cells(result)) or any(result.column(one.level).any() for one in _ENGAGERS),
    draw_on=draw,
)
