"""The level of blinatumomab in the blood, under the pump's rates and the cell infusions."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from simulation.results import courses
from simulation.results.figures import strip, style
from simulation.results.words import cells_text

if TYPE_CHECKING:
    from simulation.results.result import Result

__all__ = ["TITLE", "caption", "draw", "figure"]

TITLE = "Drug: blinatumomab level, infusions and donor lymphocytes"


@style.styled
def figure(result: Result) -> Figure:
    """Draw the level and the marks of cell infusions under the treatments."""
    drawn, (ax,) = strip.panels(result, (1.8,))
    return draw(ax, result) and drawn


@style.styled
def draw(ax: Axes, result: Result) -> Figure:
    """Draw the level, pg/mL, with each rate of the pump written at its beginning and each DLI as a line."""
    level = result.column("blinatumomab_pg_per_ml")
    finite = level[np.isfinite(level)]
    top = float(finite.max()) if finite.size else 0.0
    cells = courses.cell_infusions(result)
    ax.set_ylim(0, top * 1.3 if top > 0 else 1.0)
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    ax.set_ylabel("Blinatumomab\nin blood (pg/mL)")
    if not finite.size:
        style.note(ax, "not recorded")
    elif top > 0:
        ax.plot(result.days, level, color=style.COLOUR["blinatumomab"], label="blinatumomab")
        ax.fill_between(result.days, 0, level, color=style.COLOUR["blinatumomab"], alpha=0.15, linewidth=0)
    else:
        style.note(ax, "no blinatumomab" if cells else "no blinatumomab, no donor lymphocytes")
        ax.set_yticks([0])
    for infusion in cells:
        ax.axvline(infusion.day, color=style.COLOUR["dli"], linewidth=0.9, linestyle=(0, (4, 2)), label="DLI")
        ax.annotate(
            cells_text(infusion.cells_per_kg),
            (infusion.day, 0.99),
            xycoords=("data", "axes fraction"),
            xytext=(2, 0),
            textcoords="offset points",
            va="top",
            fontsize=6.5,
            color=style.COLOUR["dli"],
        )
    return cast(Figure, ax.figure)


def caption(result: Result) -> str:
    """Say what the figure shows."""
    given = sum((item.end - item.start) * item.level for item in courses.blinatumomab(result))
    if not given and not courses.cell_infusions(result):
        return "This patient received neither blinatumomab nor donor lymphocytes."
    return (
        "Level of blinatumomab in the blood, one-compartment model. Bars: the pump's rate, paler at the "
        f"lower dose ({given:,.0f} \N{MICRO SIGN}g in all). Green: donor lymphocyte infusions with their "
        "dose in CD3+ cells per kg."
    )
