"""The answer under every structure of the model, beside how well each meets the published data."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.figure import Figure

from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_view import TrialView
from simulation.results.words import in_sentence

__all__ = ["FIGURE"]

_WIDTH = 7.2
_ROW = 0.27


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw the difference with its range, and the distance from the data, a row per structure."""
    rows = view.comparison["structures"]["rows"]
    size, height = _ROW * len(rows), _ROW * len(rows) + 0.95
    drawn = style.PaperFigure(_WIDTH, height)
    bottom, tall = 0.5 / height, size / height
    left, right = (drawn.add_axes((x, bottom, wide, tall)) for x, wide in ((0.3, 0.45), (0.81, 0.17)))
    places = np.arange(len(rows))
    for y, row in enumerate(rows):
        colour = style.COLOUR["finding"] if row["key"] == "as_shipped" else style.COLOUR["quiet"]
        if row["range"][0] is not None:
            left.plot(row["range"], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt")
        left.plot([row["value"]], [y], marker="s", markersize=4, color=colour)
        right.barh(y, row["distance"], height=0.55, color=colour, alpha=0.45, linewidth=0)
    left.axvline(0, color="#444444", linewidth=0.8)
    right.axvline(rows[0]["distance"], color="#444444", linewidth=0.8, linestyle=(0, (4, 2)))
    names = [textwrap.fill(row["name"], 34) for row in rows]
    for ax, labels in ((left, names), (right, [""] * len(rows))):
        ax.set_yticks(places, labels, fontsize=6.8)
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.spines["left"].set_visible(False)
    one, other = view.main_arms
    left.set_xlabel("Difference (days)", fontsize=7.5)
    right.set_xlabel("Distance from the data", fontsize=7.5)
    title = f"right of 0: better {in_sentence(one.label)}; left: {in_sentence(other.label)}"
    left.set_title(title, fontweight="normal", fontsize=7, loc="left", color=style.COLOUR["quiet"])
    return drawn


def caption(view: TrialView) -> str:
    """Say what is shown."""
    study = view.comparison["structures"]
    what = "95 % range with parameters" if study["parameter_sets"] else "95 % interval"
    return (
        f"Left: the difference with its {what}, as shipped and with one contested mechanism switched off at a time. Right: how "
        f"far each lies from {study['observations']} published observations, in standard errors; dashed: as shipped."
    )


FIGURE = ReportFigure(
    "structures",
    "The answer under other structures of the model",
    caption,
    figure,
    order=95,
    section="structures",
    applies=lambda view: bool(view.comparison.get("structures")),
)
