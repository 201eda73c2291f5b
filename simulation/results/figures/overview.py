"""Several runs side by side: blasts of every scenario on one log axis, and what each received below."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulation.clinic.outcomes import OUTCOMES
from simulation.results.figures import strip, style

if TYPE_CHECKING:
    from simulation.results.result import Result

__all__ = ["CAPTION", "overview"]

CAPTION = (
    "Top: all blasts in the body on a log axis with a true zero; letters and dashes tell the scenarios "
    "apart. Bottom: what was given under each, and what came of it."
)

_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 4.7, 0.66, 0.3, 0.1, 0.62  # inches
_PANEL, _GAP, _ROW = 2.5, 0.12, 0.35  # inches
_SHOWN = tuple(
    (name, OUTCOMES[name].mark) for name in ("nrm_day", "second_relapse_day", "eradicated_day", "relapse_day")
)


@style.styled
def overview(results: Sequence[Result]) -> Figure:
    """Draw blasts in the body of every run, and a row of treatment per run below; letters tie the two."""
    if not results:
        raise ValueError("overview needs at least one result")
    end = max(result.end for result in results)
    rows = _ROW * len(results)
    width, height = _LEFT + _WIDTH + _RIGHT, _TOP + _PANEL + _GAP + rows + _BOTTOM
    drawn = style.PaperFigure(width, height)
    top = drawn.add_axes((_LEFT / width, (_BOTTOM + rows + _GAP) / height, _WIDTH / width, _PANEL / height))
    below = drawn.add_axes((_LEFT / width, _BOTTOM / height, _WIDTH / width, rows / height))
    style.count_axis(top, [result.column("blasts_cells") for result in results])
    top.set_ylabel("Blasts in the body (cells)")
    style.day_axis(top, end, label=False)
    style.day_axis(below, end)
    below.set_ylim(len(results) - 0.5, -0.5)
    below.set_yticks([])
    below.spines["left"].set_visible(False)
    at_end = []
    for index, result in enumerate(results):
        at_end += _draw_blasts(top, result, index, end)
        _draw_row(below, result, index)
    style.label_ends(top, at_end, gap=0.06)
    _draw_key(drawn, results)
    return drawn


def _draw_key(drawn: Figure, results: Sequence[Result]) -> None:
    """Say below the axis what the bars and marks are, of those that occur."""
    key: list[Patch | Line2D] = []
    rows = {row.name: row for result in results for row in strip.given(result)}
    for name, row in rows.items():
        colour = style.colour(row.colour)
        if row.kind == "infusion":
            key.append(Patch(color=colour, label=name))
        elif row.kind == "cells":
            key.append(Line2D([], [], color=colour, marker="v", markersize=5, linestyle="none", label=name))
    if any(row.kind == "drug" for row in rows.values()):
        key.append(Line2D([], [], color=style.COLOUR["drug"], linewidth=2.5, label="other drug"))
    if any(_day(result, "eradicated_day") is not None for result in results):
        key.append(
            Line2D(
                [],
                [],
                color=style.COLOUR["ink"],
                marker="X",
                linestyle="none",
                markersize=5.5,
                label=OUTCOMES["eradicated_day"].mark,
            )
        )
    if any(_day(result, "nrm_day") is not None for result in results):
        key.append(
            Line2D(
                [],
                [],
                color=style.COLOUR["ink"],
                marker="P",
                linestyle="none",
                markersize=6,
                label=OUTCOMES["nrm_day"].mark,
            )
        )
    if key:
        drawn.legend(handles=key, loc="lower center", ncols=len(key), handlelength=1.4, borderaxespad=0.2)


def _letter(index: int) -> str:
    return chr(ord("A") + index) if index < 26 else str(index + 1)


def _colour(index: int) -> str:
    return style.ARM_COLOURS[index % len(style.ARM_COLOURS)]


def _draw_blasts(ax: Axes, result: Result, index: int, end: float) -> list[tuple[float, str, str]]:
    """Draw one curve; return its label for the right margin, or write it where a shorter curve ends."""
    blasts = result.column("blasts_cells")
    known = np.isfinite(blasts)
    if not known.any():
        return []
    colour = _colour(index)
    dashes = style.DASHES[index % len(style.DASHES)]
    ax.plot(result.days, blasts, color=colour, linestyle=dashes, label=_letter(index), clip_on=False)
    last_day, last = float(result.days[known][-1]), float(blasts[known][-1])
    if _day(result, "nrm_day") is not None:
        ax.plot(
            [last_day],
            [last],
            marker="P",
            markersize=6,
            color=colour,
            linestyle="none",
            clip_on=False,
            zorder=5,
        )
    gone = _day(result, "eradicated_day")
    if gone is not None:
        ax.plot(
            [gone],
            [0],
            marker="X",
            markersize=5.5,
            color=colour,
            linestyle="none",
            clip_on=False,
            zorder=5,
        )
    if last_day >= 0.97 * end:
        return [(last, _letter(index), colour)]
    ax.annotate(_letter(index), (last_day, last), xytext=(5, 2), textcoords="offset points", color=colour)
    return []


def _draw_row(ax: Axes, result: Result, index: int) -> None:
    """Draw one run's treatments, under its letter, name and outcome."""
    bar = index + 0.2
    name = textwrap.shorten(str(result.scenario.name), 64, placeholder="\N{HORIZONTAL ELLIPSIS}")
    across = ax.get_yaxis_transform()
    look: dict[str, Any] = {"color": _colour(index), "fontsize": 7.5, "va": "center", "transform": across}
    ax.plot(
        [-0.06, -0.006],
        [index - 0.22] * 2,
        color=_colour(index),
        linestyle=style.DASHES[index % len(style.DASHES)],
        transform=across,
        clip_on=False,
    )
    ax.text(0.008, index - 0.22, f"{_letter(index)}  {name}", **look)
    ax.text(1.0, index - 0.22, _verdict(result), ha="right", **look)
    ax.axhline(bar, color=style.COLOUR["faint"], linewidth=0.6, zorder=0)
    for row in strip.given(result):
        colour = style.colour(row.colour)
        if row.kind == "drug":
            strip.draw_bars(ax, row.bars, bar + 0.2, colour, 0.08)
        elif row.kind == "infusion":
            strip.draw_bars(ax, row.bars, bar, colour, 0.26)
        elif row.kind == "cells":
            days = [item.day for item in row.marks]
            ax.plot(days, [bar] * len(days), linestyle="none", marker="v", markersize=5, color=colour,
                    markeredgecolor="white", markeredgewidth=0.6, clip_on=False, zorder=3)  # fmt: skip


def _day(result: Result, key: str) -> float | None:
    day = result.outcomes.get(key)
    return float(day) if isinstance(day, int | float) else None


def _verdict(result: Result) -> str:
    for key, text in _SHOWN:
        day = _day(result, key)
        if day is not None:
            return f"{text} day {day:.0f}"
    return f"no haematological relapse by day {result.end:.0f}"
