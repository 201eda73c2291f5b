"""The strip above a figure: what happened and what was given, on the figure's days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from simulation.clinic.outcomes import OUTCOMES
from simulation.number_words import finite
from simulation.products.product import join
from simulation.products.received import Interval, ReceivedTreatment
from simulation.products.registry import PRODUCTS, received
from simulation.results.figures import style

if TYPE_CHECKING:
    from simulation.results.result import Result

__all__ = [
    "GVHD",
    "SHADING",
    "TURNS",
    "draw_bars",
    "given",
    "milestones",
    "panels",
    "prepare",
    "shade_infusions",
]

_WIDTH, _LEFT, _RIGHT = 2.95, 0.92, 0.76  # inches: the axes of days, and what stands beside them
_TOP, _BOTTOM, _GAP, _ROW = 0.05, 0.42, 0.13, 0.19  # inches
_LETTER = 0.055 / _WIDTH  # share of the axes that a letter of a milestone takes
_INFUSIONS = join(one.name for one in PRODUCTS if one.kind == "infusion")
SHADING = f"Shading: {_INFUSIONS} running."
TURNS = tuple(
    OUTCOMES[name].mark for name in ("relapse_day", "second_relapse_day", "eradicated_day", "nrm_day")
)
GVHD = OUTCOMES["agvhd_grade_2_day"].mark

_MARKER: dict[str, Any] = {
    "cells": {"marker": "v", "markersize": 5, "clip_on": False},
    "chemotherapy": {"marker": "D", "markersize": 4},
}

type _Mark = tuple[float, str, str]  # day, text, colour
type _Placed = tuple[float, str, str, bool]  # and whether its text stands left of the mark
type _Row = tuple[str, Callable[[Axes, int], None]]


def milestones(result: Result) -> list[_Mark]:
    """Return (day, text, colour) of what the life is told by, in order of time."""
    day_marks = []
    for declared in OUTCOMES.values():
        day = finite(result.outcomes.get(declared.name))
        if declared.mark and day is not None:
            day_marks.append((day, declared.mark, style.COLOUR[declared.colour]))
    return sorted(day_marks)


def panels(
    result: Result, heights: Sequence[float], *, below: float = 0.0, marks: Sequence[str] | None = TURNS
) -> tuple[style.PaperFigure, list[Axes]]:
    """Return a figure: the strip, panels of these heights (inches) and `below` inches for a legend.

    `marks` names the milestones that the strip tells (None: all of them).
    Margins are fixed, so that the days of all figures of a run stand below one another.
    """
    shown = [mark for mark in milestones(result) if marks is None or mark[1] in marks]
    rows = _rows(result, shown)
    strip_height = _ROW * max(len(rows), 1)
    height = sum(heights) + _GAP * len(heights) + strip_height + _BOTTOM + _TOP + below
    figure = style.PaperFigure(_LEFT + _WIDTH + _RIGHT, height)
    top = height - _TOP - strip_height
    _draw_strip(_place(figure, top, strip_height), rows, result.end)
    axes = []
    for panel in heights:
        top -= _GAP + panel
        axes.append(_place(figure, top, panel))
    for ax in axes:
        prepare(ax, result, label=ax is axes[-1])
    return figure, axes


def prepare(ax: Axes, result: Result, *, label: bool = True) -> None:
    """Give the axes the run's days, the shading of infusions and a line at every turn of the life."""
    style.day_axis(ax, result.end, label=label)
    shade_infusions(ax, result)
    for day, text, colour in milestones(result):
        if text in TURNS:
            ax.axvline(day, color=colour, linewidth=0.6, linestyle=(0, (1, 2)), zorder=1)


def _place(figure: style.PaperFigure, bottom: float, height: float) -> Axes:
    width, total = figure.get_size_inches()
    return figure.add_axes((_LEFT / width, bottom / total, _WIDTH / width, height / total))


def given(result: Result) -> list[ReceivedTreatment]:
    """Return what the patient received of all products, in the order in which they are given."""
    return received(result.events, result.end)


def shade_infusions(ax: Axes, result: Result) -> None:
    """Shade the days on which an engager ran, so that a curve is read against its treatment."""
    for row in given(result):
        for item in row.bars if row.kind == "infusion" else ():
            ax.axvspan(
                item.start, item.end, color=style.colour(row.colour), alpha=0.09, linewidth=0, zorder=0
            )


def draw_bars(ax: Axes, intervals: Sequence[Interval], row: float, colour: str, height: float = 0.55) -> None:
    """Draw intervals as bars around `row`; the lower the dose, the paler the bar."""
    highest = max((item.level for item in intervals), default=1.0)
    for item in intervals:
        ax.broken_barh(
            [(item.start, item.end - item.start)],
            (row - height / 2, height),
            facecolor=colour,
            alpha=0.3 + 0.7 * item.level / highest,
            linewidth=0,
        )


def _rows(result: Result, shown: Sequence[_Mark]) -> list[_Row]:
    """Return the rows there is something to show in: (name, function that draws the row)."""
    rows: list[_Row] = []
    for index, marks in enumerate(_spread(shown, result.end)):
        rows.append(("" if index else "events", partial(_draw_milestones, marks=marks)))
    rows.extend((row.name, partial(_draw_received, received=row)) for row in given(result))
    return rows


def _spread(marks: Sequence[_Mark], end: float) -> list[list[_Placed]]:
    """Share milestones out over as few rows as keep their texts apart; a text may stand left of its mark."""
    rows: list[list[_Placed]] = []
    taken: list[list[tuple[float, float]]] = []
    letter = _LETTER * end
    for day, text, colour in marks:
        width = (len(text) + 1.5) * letter
        right, left = (day - letter, day + width), (day - width, day + letter)
        # near the end there is no room at the right; near the start none at the left
        sides = (
            [left] if right[1] > end * (1.0 + _RIGHT / _WIDTH) else [right, left] if left[0] > 0 else [right]
        )
        places = [
            (row, side)
            for row, others in enumerate(taken)
            for side in sides
            if all(side[1] <= start or stop <= side[0] for start, stop in others)
        ]
        row, side = places[0] if places else (len(rows), sides[0])
        if row == len(rows):
            rows.append([])
            taken.append([])
        rows[row].append((day, text, colour, side is left))
        taken[row].append(side)
    return rows


def _draw_strip(ax: Axes, rows: Sequence[_Row], end: float) -> None:
    ax.set_xlim(0, end)
    ax.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    ax.set_axis_off()
    for index, (name, draw) in enumerate(rows):
        _before(ax, index, name)
        draw(ax, index)
    if not rows:
        _before(ax, 0, "no treatment")
    elif all(name in ("events", "") for name, _ in rows):
        _beside(ax, 0, "no treatment", style.COLOUR["quiet"])


def _draw_milestones(ax: Axes, row: int, *, marks: Sequence[_Placed]) -> None:
    for day, text, colour, left in marks:
        ax.plot([day], [row], marker="o", markersize=3, color=colour, clip_on=False, linestyle="none")
        ax.annotate(
            text,
            (day, row),
            xytext=(-4 if left else 4, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center_baseline",
            fontsize=7,
            color=colour,
            annotation_clip=False,
        )


def _draw_received(ax: Axes, row: int, *, received: ReceivedTreatment) -> None:
    colour = style.colour(received.colour)
    draw_bars(ax, received.bars, row, colour)
    look = _MARKER.get(
        received.kind
    )  # injections are too close to tell apart: the bar of their mean stands for them
    if look is not None and received.marks:
        days = [one.day for one in received.marks]
        ax.plot(days, [row] * len(days), color=colour, linestyle="none", **look)
    if received.note:
        _beside(ax, row, received.note, colour)


def _before(ax: Axes, row: int, text: str) -> None:
    """Name a row at its left."""
    ax.annotate(
        text,
        (0.0, row),
        xycoords=("axes fraction", "data"),
        xytext=(-3.5, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=7,
        color="#444444",
        annotation_clip=False,
    )


def _beside(ax: Axes, row: int, text: str, colour: str) -> None:
    ax.annotate(
        text,
        (1.0, row),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=7,
        color=colour,
        annotation_clip=False,
    )
