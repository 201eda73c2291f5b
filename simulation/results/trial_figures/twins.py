"""The twin view: every patient in the two arms in question, and the differences between twins in order."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_figures.common import arm_look
from simulation.results.trial_view import TrialView, while_both_followed
from simulation.results.words import in_sentence, survival_words

__all__ = ["FIGURE"]

_SIZE = (7.2, 3.5)
_SAME = "#C4C4C4"


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw twins against each other on the left, their differences in order on the right."""
    drawn = style.PaperFigure(*_SIZE)
    one, other = view.main_arms
    a, b = while_both_followed(one, other, view.primary)
    margin = float(view.comparison["tie_margin_days"])
    gap = a - b
    tie = (gap == 0) | (np.abs(gap) < margin)
    better, worse = (arm_look(view, arm)["color"] for arm in (one, other))
    colours = np.where(tie, _SAME, np.where(gap > 0, better, worse))
    left = drawn.add_axes((0.085, 0.145, 0.375, 0.77))
    right = drawn.add_axes((0.575, 0.145, 0.4, 0.77))
    _draw_pairs(left, view, a, b, colours)
    _draw_differences(right, view, gap, colours)
    return drawn


def _draw_pairs(ax: Axes, view: TrialView, a: np.ndarray, b: np.ndarray, colours: np.ndarray) -> None:
    one, other = view.main_arms
    end = view.follow_up
    pad = 0.03 * end
    ax.plot([0, end], [0, end], color=style.COLOUR["faint"], linewidth=1, zorder=0)
    together = np.unique(np.round(np.column_stack([b, a]), 1), axis=0, return_counts=True)
    for (x, y), count in zip(*together, strict=True):
        member = np.flatnonzero((np.round(b, 1) == x) & (np.round(a, 1) == y))[0]
        ax.scatter(
            x, y, s=11 + 5 * (count - 1), color=colours[member], alpha=0.75, linewidths=0.4, edgecolors="white",
            clip_on=False, zorder=3,
        )  # fmt: skip
        if count >= 5:
            ax.annotate(str(count), (x, y), ha="center", va="center", fontsize=6.5, color="white", zorder=4,
                        annotation_clip=False)  # fmt: skip
    ticks = [tick for tick in np.arange(0, end + 1, 90 if end > 200 else 30) if tick <= end]
    ax.set(xlim=(-pad, end + pad), ylim=(-pad, end + pad), xticks=ticks, yticks=ticks)
    ax.set_xlabel(f"{other.label}: {survival_words(view.primary)}", fontsize=7.5)
    ax.set_ylabel(f"{one.label}: {survival_words(view.primary)}", fontsize=7.5)
    ax.text(
        0.03,
        0.88,
        f"better {in_sentence(one.label)}",
        transform=ax.transAxes,
        va="top",
        color=arm_look(view, one)["color"],
        fontsize=7.5,
    )
    ax.text(
        0.97,
        0.03,
        f"better {in_sentence(other.label)}",
        transform=ax.transAxes,
        ha="right",
        color=arm_look(view, other)["color"],
        fontsize=7.5,
    )


def _draw_differences(ax: Axes, view: TrialView, gap: np.ndarray, colours: np.ndarray) -> None:
    main: Any = view.comparison["pairs"][0]["differences"][view.primary]
    order = np.argsort(gap, kind="stable")[::-1]
    places = np.arange(1, gap.size + 1)
    ax.bar(places, gap[order], color=colours[order], width=0.9, linewidth=0)
    ax.axhline(0, color="#444444", linewidth=0.7)
    low, high = main["interval_paired"]
    if low is not None:
        ax.axhspan(low, high, color=style.COLOUR["ink"], alpha=0.13, linewidth=0)
    ax.axhline(main["value"], color=style.COLOUR["ink"], linewidth=1, linestyle=(0, (4, 2)))
    ax.set_xlim(0.3, gap.size + 0.7)
    ax.set_xlabel("Patients, in order of their difference")
    ax.set_ylabel("Difference between twins (days)")
    counts = f"{main['win']} better   {main['tie']} same   {main['loss']} worse"
    ax.set_title(counts, fontweight="normal", fontsize=8)
    text = f"mean {main['value']:+.1f} d" + ("" if low is None else f"\n95 % CI {low:+.1f} to {high:+.1f}")
    ax.text(0.98, 0.97, text, transform=ax.transAxes, ha="right", va="top", fontsize=7.5)


def caption(view: TrialView) -> str:
    """Say what is shown."""
    one, other = view.main_arms
    left = one.left.any() or other.left.any()
    counted = (
        " Days are counted while both twins are followed; the mean and its interval are those of the comparison."
        if left
        else ""
    )
    return (
        f"Left: {survival_words(view.primary)} of every patient with {other.name} (across) and {one.name} (up); on the "
        "line nothing changes, larger dots are several patients. Right: the differences between twins in order; this is how "
        "patients differ. Dashed with grey band: the mean difference with its 95 % bootstrap interval over patients, that is, "
        f"how well the mean is known (Monte-Carlo error). A patient has the colour of the arm "
        "that is better for him; differences under "
        f"{view.comparison['tie_margin_days']:g} days are light grey.{counted}"
    )


FIGURE = ReportFigure(
    "twins",
    "The same patient in both arms",
    caption,
    figure,
    order=60,
    section="twins",
    applies=lambda view: view.twins_differ,
)
