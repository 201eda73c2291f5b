"""Current acute GvHD-free, relapse-free survival: alive now without overt leukaemia and without severe acute GvHD."""

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
from simulation.results.trial_figures.leukaemia_free import followed
from simulation.results.trial_states import current
from simulation.results.trial_view import TrialView

__all__ = ["FIGURE"]

_WIDTH, _PANEL, _LEFT, _TOP, _BOTTOM = 7.2, 2.2, 0.95, 0.4, 0.5  # inches


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw one curve per arm with its band."""
    below = _BOTTOM + room_at_risk(len(view.arms))
    height = _TOP + _PANEL + below
    drawn = style.PaperFigure(_WIDTH, height)
    ax = drawn.add_axes((_LEFT / _WIDTH, below / height, (_WIDTH - _LEFT - 0.2) / _WIDTH, _PANEL / height))
    for arm in view.arms:
        found = current(arm, "agvhd_free_relapse_free")
        times = np.append(found.times, view.follow_up)
        low, high = (np.append(limit[:, 0], limit[-1, 0]) for limit in (found.low, found.high))
        band(ax, view, arm, times, low, high)
        steps(ax, found.times, found.share[:, 0], view.follow_up, **arm_look(view, arm))
    percent_axis(ax, "Patients (%)")
    style.day_axis(ax, view.follow_up)
    arms_at_risk(ax, view, followed, height=_PANEL)
    arm_key(drawn, view)
    return drawn


def caption(view: TrialView) -> str:
    """Say what is shown."""
    return (
        "Share of patients who are alive, without overt leukaemia and without acute GvHD of grade III-IV on that day; who "
        "recovers from either comes back. Not GRFS: chronic GvHD is not simulated. At risk: alive and followed. Shaded: "
        f"pointwise 95 % confidence bands of the estimate (infinitesimal jackknife, complementary log-log){banded(view)}."
    )


FIGURE = ReportFigure(
    "current", "Current acute GvHD-free, relapse-free survival", caption, figure, order=36, section="results"
)
