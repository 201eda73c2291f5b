"""How deep remissions go: the lowest MRD measured after treatment began, one bar per treated patient."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_view import ArmView, TrialView
from simulation.units import format_number

__all__ = ["FIGURE"]

_FLOOR, _TOP = 1e-6, 1.0
_WIDTH, _PANEL, _LEFT, _RIGHT, _GAP, _TITLE, _TICKS, _BELOW, _IN_A_ROW = (
    7.2,
    1.7,
    0.85,
    0.1,
    0.2,
    0.3,
    0.25,
    0.5,
    4,
)  # inches
_WITH, _WITHOUT = style.COLOUR["blasts"], "#B5B5B5"


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw one panel per arm in which anyone was treated, some in a row."""
    arms = [arm for arm in view.arms if arm.happened("mrd_nadir").any()]
    if not arms:
        drawn = style.PaperFigure(_WIDTH, 2.9)
        style.note(drawn.add_axes((0.05, 0.1, 0.9, 0.8)), "nobody was treated and tested again")
        return drawn
    rows = math.ceil(len(arms) / _IN_A_ROW)
    columns = math.ceil(len(arms) / rows)
    height = rows * (_TITLE + _PANEL + _TICKS) + _BELOW
    drawn = style.PaperFigure(_WIDTH, height)
    wide = (_WIDTH - _LEFT - _RIGHT - (columns - 1) * _GAP) / columns
    for index, arm in enumerate(arms):
        row, column = divmod(index, columns)
        top = height - row * (_TITLE + _PANEL + _TICKS) - _TITLE
        left = _LEFT + column * (wide + _GAP)
        ax = drawn.add_axes((left / _WIDTH, (top - _PANEL) / height, wide / _WIDTH, _PANEL / height))
        _draw(ax, arm, first=column == 0)
    middle = (_LEFT + (_WIDTH - _LEFT - _RIGHT) / 2) / _WIDTH
    drawn.text(middle, 0.78 * _BELOW / height, "Patients treated and tested again", ha="center", va="center")
    handles = [
        Patch(color=_WITHOUT, label="no overt leukaemia at the end"),
        Patch(color=_WITH, label="overt leukaemia or dead at the end"),
    ]
    drawn.legend(handles=handles, loc="lower center", ncols=2, borderaxespad=0.1, handlelength=1.2)
    return drawn


def _draw(ax: Axes, arm: ArmView, *, first: bool) -> None:
    nadir = arm.number("mrd_nadir")
    who = np.flatnonzero(np.isfinite(nadir))
    who = who[np.argsort(nadir[who], kind="stable")[::-1]]
    well = np.asarray(arm.columns["in_remission_at_end"], bool)
    places = np.arange(1, who.size + 1)
    heights = np.clip(nadir[who], _FLOOR, _TOP)
    colours = np.where(well[who], _WITHOUT, _WITH)
    ax.bar(places, heights - _FLOOR, bottom=_FLOOR, color=colours, width=0.9, linewidth=0)
    gone = nadir[who] <= 0
    ax.scatter(
        places[gone], np.full(gone.sum(), _FLOOR * 1.5), s=5, color=colours[gone], clip_on=False, zorder=3
    )
    ax.axhline(arm.mrd_negative, color=style.COLOUR["quiet"], linewidth=0.8, linestyle=(0, (2, 2)))
    ax.set_yscale("log")
    ax.set_ylim(_FLOOR, _TOP)
    ax.set_xlim(0.2, max(who.size, 1) + 0.8)
    ax.set_title(f"{arm.label} (n = {who.size})", fontsize=8)
    ax.minorticks_off()
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    if first:
        ax.set_yticks([1, 1e-2, 1e-4, _FLOOR], ["1", style.power(-2), style.power(-4), "not\ndetected"])
        ax.set_ylabel("Lowest MRD measured", labelpad=1)
    else:
        ax.set_yticks([1, 1e-2, 1e-4, _FLOOR], [])


def caption(view: TrialView) -> str:
    """Say what is shown."""
    thresholds = list(dict.fromkeys(format_number(arm.mrd_negative) for arm in view.arms))
    return (
        "Lowest MRD measured after treatment began, one bar per treated patient who was tested again; dots at the bottom: not "
        f"detected. Dotted: the threshold of MRD negativity, {' or '.join(thresholds)}. A patient who is treated early has had "
        "more tests by the end."
    )


FIGURE = ReportFigure(
    "waterfall",
    "Lowest MRD after treatment began",
    caption,
    figure,
    order=40,
    section="results",
    applies=lambda view: any(arm.happened("mrd_nadir").any() for arm in view.arms),
)
