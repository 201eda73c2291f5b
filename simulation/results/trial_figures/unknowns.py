"""Which unknown parameter moves the answer, and which measurement would narrow it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_figures.common import parameter_name
from simulation.results.trial_view import TrialView
from simulation.results.words import in_sentence

__all__ = ["FIGURE", "narrowing"]

_SHOWN: Final = 10
_WIDTH: Final = 7.2


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw the effects of parameters with their intervals, and the range before and after each measurement."""
    sure = view.comparison["uncertainty"]
    moving, data = sure["parameters"][:_SHOWN], narrowing(sure)[:_SHOWN]
    heights = [0.23 * len(rows) for rows in (moving, data)]
    height = sum(heights) + (1.75 if data else 0.95)
    drawn = style.PaperFigure(_WIDTH, height)
    top = drawn.add_axes((0.46, 1 - (0.42 + heights[0]) / height, 0.5, heights[0] / height))
    _effects(top, moving, view)
    if data:
        _ranges(drawn.add_axes((0.46, 0.5 / height, 0.5, heights[1] / height)), data)
    return drawn


def narrowing(sure: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the measurements that would narrow the answer by a hundredth or more, most first."""
    return [one for one in sure["data"] if one["half_range_then"] < 0.99 * one["half_range_now"]]


def _effects(ax: Axes, rows: list[dict[str, Any]], view: TrialView) -> None:
    for y, row in enumerate(rows):
        strength = 1.0 if row["interval"][0] * row["interval"][1] > 0 else 0.35
        look: dict[str, Any] = {"color": style.COLOUR["finding"], "alpha": strength}
        ax.plot(row["interval"], [y, y], linewidth=1.3, solid_capstyle="butt", **look)
        ax.plot([row["effect"]], [y], marker="s", markersize=4, **look)
    ax.axvline(0, color="#444444", linewidth=0.8)
    one, other = view.main_arms
    title = f"right: the more of it, the better {in_sentence(one.label)} against {in_sentence(other.label)}"
    _labelled(ax, [parameter_name(row["name"]) for row in rows], title)
    ax.set_xlabel("Change of the difference from low to high (days)", fontsize=7.5)


def _ranges(ax: Axes, rows: list[dict[str, Any]]) -> None:
    for y, row in enumerate(rows):
        ax.barh(y, row["half_range_now"], height=0.62, color=style.COLOUR["finding"], alpha=0.18, linewidth=0)
        ax.barh(
            y, row["half_range_then"], height=0.62, color=style.COLOUR["finding"], alpha=0.45, linewidth=0
        )
    names = [f"{row['where']}: {row['what']}" if row["of_an_arm"] else row["what"] for row in rows]
    _labelled(ax, names, "light: half the range now; dark: if this were measured")
    ax.set_xlabel("Half the 95 % range of the difference (days)", fontsize=7.5)


def _labelled(ax: Axes, names: list[str], title: str) -> None:
    ax.set_yticks(
        np.arange(len(names)),
        [textwrap.shorten(name, 62, placeholder=" ...") for name in names],
        fontsize=6.6,
    )
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(max(len(names), 1) - 0.4, -0.6)
    ax.spines["left"].set_visible(False)
    ax.set_title(title, fontweight="normal", fontsize=7, loc="left", color=style.COLOUR["quiet"])


def caption(view: TrialView) -> str:
    """Say what is shown."""
    sure = view.comparison["uncertainty"]
    return (
        f"Above: how the difference changes from the 10th to the 90th percentile of each unknown parameter (regression on "
        f"{sure['sets']} parameter sets, 95 % intervals; pale where 0 is not excluded). Below: half of the answer's 95 % range, "
        "now and on average if a measurement were made in so many patients: the published ones once more, and what a study of "
        "one arm would count." + ("" if narrowing(sure) else " As none would narrow it, they are not drawn.")
    )


FIGURE = ReportFigure(
    "unknowns",
    "What moves the answer, and which datum next",
    caption,
    figure,
    order=90,
    section="unknowns",
    applies=lambda view: bool(view.comparison.get("uncertainty", {}).get("parameters")),
)
