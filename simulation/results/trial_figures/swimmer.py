"""Courses of single patients in the two arms in question: the same patient on the same line in both."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulation.products.registry import PRODUCTS
from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_view import ArmView, TrialView
from simulation.results.words import survival_words

__all__ = ["FIGURE"]

_MOST = 36
_OVERT = style.COLOUR["blasts"]
_INK = style.COLOUR["ink"]
_INFUSIONS, _CELLS = (tuple(one for one in PRODUCTS if one.kind == kind) for kind in ("infusion", "cells"))


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw both arms beside each other."""
    one, other = view.main_arms
    chosen = _chosen(view)
    height = 0.95 + 0.115 * chosen.size
    drawn = style.PaperFigure(7.2, height)
    bottom, top = 0.72 / height, 1 - 0.26 / height
    for index, arm in enumerate((other, one)):
        ax = drawn.add_axes((0.055 + index * 0.475, bottom, 0.445, top - bottom))
        _draw(ax, arm, chosen, view.follow_up)
        ax.set_title(arm.label)
        if index == 0:
            ax.set_ylabel("Patients" if chosen.size < 20 else "Patients, each on the same line in both arms")
    handles: list[Patch | Line2D] = [
        Patch(color="#E4E4E4", label="alive, no overt leukaemia"),
        Patch(color=_OVERT, alpha=0.55, label="overt leukaemia"),
        *(Line2D([], [], color=style.colour(one.colour), linewidth=2.6, label=one.word) for one in _INFUSIONS),
        *(_mark("v", style.colour(one.colour), one.word) for one in _CELLS),
        _mark("X", _INK, "eradicated"), _mark("P", _INK, "death"),
    ]  # fmt: skip
    drawn.legend(
        handles=handles,
        loc="lower center",
        ncols=len(handles),
        handlelength=1.3,
        columnspacing=1.2,
        borderaxespad=0.1,
    )
    return drawn


def _mark(marker: str, colour: str, label: str) -> Line2D:
    return Line2D([], [], color=colour, marker=marker, markersize=4.5, linestyle="none", label=label)


def _chosen(view: TrialView) -> np.ndarray:
    """Return the first patients, ordered by how long the second arm kept them free: no picking of good examples."""
    one, other = view.main_arms
    first = np.arange(min(other.n, _MOST))
    keys = (one.number(view.primary)[first], other.number(view.primary)[first])
    return first[np.lexsort(keys)]


def _draw(ax: Axes, arm: ArmView, chosen: np.ndarray, end: float) -> None:
    histories = arm.histories
    last, death, extinct = arm.number("days_simulated"), arm.number("nrm_day"), arm.number("eradicated_day")
    for row, patient in enumerate(chosen):
        history = histories[patient]
        ax.barh(row, last[patient], height=0.78, color="#E4E4E4", linewidth=0)
        for start, stop in history.get("overt", ()):
            ax.barh(row, stop - start, left=start, height=0.78, color=_OVERT, alpha=0.55, linewidth=0)
        for product in _INFUSIONS:
            for start, stop, *_ in history.get(product.name, ()):
                ax.barh(
                    row,
                    stop - start,
                    left=start,
                    height=0.34,
                    color=style.colour(product.colour),
                    linewidth=0,
                )
        for product in _CELLS:
            days = [day for day, _ in history.get(product.name, ())]
            ax.plot(days, [row] * len(days), linestyle="none", marker="v", markersize=3.4, color=style.colour(product.colour),
                    markeredgecolor="white", markeredgewidth=0.4, zorder=4)  # fmt: skip
        for day, marker in ((extinct[patient], "X"), (death[patient], "P")):
            if np.isfinite(day):
                ax.plot([day], [row], marker=marker, markersize=4, color=_INK, markeredgecolor="white",
                        markeredgewidth=0.4, clip_on=False, zorder=5)  # fmt: skip
    ax.set_ylim(-0.7, chosen.size - 0.3)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    style.day_axis(ax, end)


def caption(view: TrialView) -> str:
    """Say what is shown."""
    other = view.main_arms[1]
    n = min(other.n, _MOST)
    which = "All" if n == other.n else f"The first {n} of {other.n}"
    return (
        f"{which} patients, ordered by their {survival_words(view.primary)} with {other.name}; each is on the "
        "same line in both arms. "
        "Until the first difference in treatment twins are identical. Overt leukaemia: marrow blasts at or above overt "
        "relapse, in truth. Eradicated on day 0: no leukaemia was left at transplant."
    )


FIGURE = ReportFigure("swimmer", "Courses of single patients", caption, figure, order=70, section="twins")
