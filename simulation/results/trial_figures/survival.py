"""Kaplan-Meier curves of relapse-free and of acute GvHD-free, relapse-free survival, with bands and numbers at risk."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulation.clinic.outcomes import Outcome, selected
from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_figures.common import (
    arm_key,
    arm_look,
    arms_at_risk,
    band,
    banded,
    percent_axis,
    room_at_risk,
    steps,
)
from simulation.results.trial_view import ArmView, TrialView
from simulation.statistics.survival import kaplan_meier

__all__ = ["FIGURE"]

_PANELS = tuple(one for one in selected("survival") if one.censored)
_WIDTH, _PANEL, _LEFT, _GAP, _TOP, _BOTTOM = 7.2, 2.35, 0.95, 0.62, 0.55, 0.5  # inches


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw both, side by side, numbers at risk below."""
    below = _BOTTOM + room_at_risk(len(view.arms))
    height = _TOP + _PANEL + below
    drawn = style.PaperFigure(_WIDTH, height)
    wide = (_WIDTH - _LEFT - _GAP - 0.15) / 2
    for index, declared in enumerate(_PANELS):
        left = _LEFT + index * (wide + _GAP)
        ax = drawn.add_axes((left / _WIDTH, below / height, wide / _WIDTH, _PANEL / height))
        _draw(ax, view, declared)
        ax.set_title(declared.label.replace(" (", "\n("))
        percent_axis(ax, "Patients (%)" if index == 0 else "")
        style.day_axis(ax, view.follow_up)
        arms_at_risk(ax, view, partial(_free, declared.name), height=_PANEL, names=index == 0)
    arm_key(drawn, view)
    return drawn


def _draw(ax: Axes, view: TrialView, declared: Outcome) -> None:
    for arm in view.arms:
        curve = kaplan_meier(arm.number(declared.name), ~np.asarray(arm.columns[declared.censored], bool))
        look = arm_look(view, arm)
        times = np.append(curve.times, view.follow_up)
        low, high = np.append(curve.low, curve.low[-1]), np.append(curve.high, curve.high[-1])
        band(ax, view, arm, times, low, high)
        steps(ax, curve.times, curve.survival, view.follow_up, **look)


def _free(outcome: str, arm: ArmView, day: float) -> int:
    """Return how many are still without an event on a day."""
    return int((arm.number(outcome) >= day).sum())


def caption(view: TrialView) -> str:
    """Say what is shown."""
    return (
        f"Kaplan-Meier estimates of {view.arms[0].n} patients in every arm, from transplant. Shaded: pointwise 95 % "
        f"confidence bands of the estimate (complementary log-log){banded(view)}; they say how well the curve is known from so "
        "many simulated patients, not how patients differ. Left: the event is overt relapse or death. As treatment at "
        "relapse comes after it, a therapeutic arm's curve is that of no treatment. Right: aGvHD of grade III-IV counts too; "
        "chronic GvHD is not simulated."
    )


FIGURE = ReportFigure(
    "survival",
    "Survival without relapse, and without relapse or severe GvHD",
    caption,
    figure,
    order=20,
    section="results",
)
