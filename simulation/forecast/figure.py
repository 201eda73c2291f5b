"""The fan of futures: what was measured, the patients who resemble it, and what becomes of them under every strategy."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from simulation.forecast.answer import Forecast
from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure

__all__ = ["FIGURE"]

_WIDTH, _LEFT, _RIGHT = 7.2, 0.75, 0.15  # inches
_PANEL, _LOW, _TOP, _GAP, _BOTTOM = 1.75, 0.8, 0.55, 0.3, 0.45
_MRD_FLOOR: Final = 1e-6
_PANELS: Final = (
    ("mrd", "Blasts in the marrow\n(fraction)"),
    ("cd3", "CD3 in blood\n(/\N{MICRO SIGN}L)"),
)
_MOST: Final = 4  # strategies: more fans hide each other
_INK, _QUIET = style.COLOUR["ink"], style.COLOUR["quiet"]
_DOTS: Final = (0, (1, 1.6))


@style.styled
def figure(forecast: Forecast) -> Figure:
    """Draw MRD, CD3 and the share alive over time."""
    height = _TOP + 2 * _PANEL + _LOW + 2 * _GAP + _BOTTOM
    drawn = style.PaperFigure(_WIDTH, height)
    left, wide = _LEFT / _WIDTH, (_WIDTH - _LEFT - _RIGHT) / _WIDTH
    top = height - _TOP
    for what, label in _PANELS:
        ax = drawn.add_axes((left, (top - _PANEL) / height, wide, _PANEL / height))
        _fans(ax, forecast, what)
        ax.set_ylabel(label)
        style.day_axis(ax, forecast.question.until, label=False)
        top -= _PANEL + _GAP
    ax = drawn.add_axes((left, _BOTTOM / height, wide, _LOW / height))
    for index in _shown(forecast):
        fan = forecast.fan(index, "mrd")
        ax.plot(fan.days, 100 * fan.alive, clip_on=False, **_look(index))
    ax.set_ylim(0, 100)
    ax.set_yticks([0, 50, 100])
    ax.set_ylabel("Alive (%)")
    _today(ax, forecast)
    style.day_axis(ax, forecast.question.until)
    arms = forecast.question.arms
    handles = [Line2D([], [], label=arms[index].scenario.name, **_look(index)) for index in _shown(forecast)]
    if forecast.conditioned:
        measured = Line2D([], [], label="measured", color=_INK, marker="D", markersize=4, linewidth=0)
        before = "all virtual patients, 5\N{EN DASH}95 %"
        handles += [measured, Line2D([], [], label=before, color=_QUIET, linestyle=_DOTS, linewidth=1.1)]
    drawn.legend(handles=handles, loc="upper center", ncols=2, handlelength=2.4, borderaxespad=0.3)
    return drawn


def _shown(forecast: Forecast) -> range:
    return range(min(len(forecast.question.arms), _MOST))


def _look(index: int) -> dict[str, Any]:
    return {"color": style.ARM_COLOURS[index], "linestyle": style.DASHES[index]}


def _fans(ax: Axes, forecast: Forecast, what: str) -> None:
    drawn = []
    today = forecast.question.series.today
    if forecast.conditioned:
        prior = forecast.fan(0, what, prior=True)
        days = np.array(prior.days)
        past = days <= today + 1e-9
        for level in prior.levels[[0, 2]]:
            ax.plot(days[past], level[past], color=_QUIET, linestyle=_DOTS, linewidth=1.1)
        drawn.append(prior.levels[:, past])
    for index in _shown(forecast):
        fan = forecast.fan(index, what)
        days = np.array(fan.days)
        colour = style.ARM_COLOURS[index]
        ax.fill_between(days, fan.levels[0], fan.levels[2], color=colour, alpha=0.14, linewidth=0)
        ax.plot(days, fan.levels[1], **_look(index))
        drawn.append(fan.levels)
    measured = [one for one in forecast.question.series.measured if one.what == what]
    for one in measured:
        shape, filled = ("v", "white") if one.below else ("D", _INK)
        ax.plot(
            one.day, one.value, marker=shape, markersize=4.5, color=_INK, markerfacecolor=filled, zorder=4, clip_on=False
        )  # fmt: skip
    values = [*drawn, np.array([one.value for one in measured])]
    floor = _MRD_FLOOR if what == "mrd" else 1.0
    style.count_axis(ax, values, floor=floor, least_top=1e-2 if what == "mrd" else 100.0)
    _today(ax, forecast)


def _today(ax: Axes, forecast: Forecast) -> None:
    if forecast.conditioned:
        day = forecast.question.series.today
        ax.axvline(day, color=_QUIET, linewidth=0.8, linestyle=(0, (5, 3)))


def caption(forecast: Forecast) -> str:
    """Say what is shown."""
    left = len(forecast.question.arms) - len(_shown(forecast))
    more = f" {left} more strategies are in fan.csv." if left > 0 else ""
    if not forecast.conditioned:
        return (
            f"Median and 5\N{EN DASH}95 % of {len(forecast.followed):,} virtual patients who are alive.{more}"
        )
    return (
        "Lines: weighted median of those alive; bands: 5\N{EN DASH}95 %; effectively "
        f"{forecast.effective:.0f} patients. Diamonds: measured; open triangles: none found, at the limit of detection. Dotted: "
        "all virtual patients before they are weighted. Dashed vertical line: today. The lowest part of the axes stands for "
        f"zero.{more}"
    )


FIGURE: ReportFigure[Forecast] = ReportFigure("fan", "What has been and what may come", caption, figure)
