"""Cumulative incidence of relapse and of death without relapse, each with the other as competing risk."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

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
from simulation.statistics.competing import aalen_johansen

__all__ = ["FIGURE"]

_WIDTH, _PANEL, _LEFT, _GAP, _TOP, _BOTTOM = 7.2, 2.05, 0.95, 0.62, 0.55, 0.5  # inches


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw relapse on the left and death without relapse on the right."""
    below = _BOTTOM + room_at_risk(len(view.arms))
    height = _TOP + _PANEL + below
    drawn = style.PaperFigure(_WIDTH, height)
    wide = (_WIDTH - _LEFT - _GAP - 0.15) / 2
    for index, (cause, title) in enumerate(((1, "Overt relapse"), (2, "Death without relapse"))):
        left = _LEFT + index * (wide + _GAP)
        ax = drawn.add_axes((left / _WIDTH, below / height, wide / _WIDTH, _PANEL / height))
        for arm in view.arms:
            days, causes = _first_events(arm)
            curve = aalen_johansen(days, causes, cause)
            look = arm_look(view, arm)
            times = np.append(curve.times, view.follow_up)
            low, high = np.append(curve.low, curve.low[-1]), np.append(curve.high, curve.high[-1])
            band(ax, view, arm, times, low, high)
            steps(ax, curve.times, curve.incidence, view.follow_up, **look)
        ax.set_title(title)
        percent_axis(ax, "Cumulative incidence (%)" if index == 0 else "")
        style.day_axis(ax, view.follow_up)
        arms_at_risk(ax, view, _free, height=_PANEL, names=index == 0)
        if cause == 2 and not any(arm.happened("nrm_day").any() for arm in view.arms):
            style.note(ax, "nobody died without relapse")
    arm_key(drawn, view)
    return drawn


def _free(arm: ArmView, day: float) -> int:
    """Return how many have neither relapsed nor died before a day."""
    return int((arm.number("relapse_free_days") >= day).sum())


def _first_events(arm: ArmView) -> tuple[np.ndarray, np.ndarray]:
    relapse, death = (np.nan_to_num(arm.number(name), nan=np.inf) for name in ("relapse_day", "nrm_day"))
    cause = np.where(np.isinf(relapse) & np.isinf(death), 0, np.where(relapse <= death, 1, 2))
    return arm.number("relapse_free_days"), cause


def caption(view: TrialView) -> str:
    """Say what is shown."""
    return (
        "Aalen-Johansen estimates, with numbers at risk of a first event: first overt relapse, and death from GvHD or cytokine "
        "release before any relapse, each competing with the other (the hazard of such deaths is an assumption of the model). "
        f"Shaded: pointwise 95 % confidence bands of the estimate{banded(view)}."
    )


FIGURE = ReportFigure(
    "incidence",
    "Cumulative incidence of relapse and of non-relapse death",
    caption,
    figure,
    order=30,
    section="results",
)
