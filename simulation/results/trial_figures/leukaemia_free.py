"""The share of patients who are alive without overt leukaemia on each day: remissions that treatment brings back count."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_figures.common import arm_key, arm_look, band, banded, percent_axis, steps
from simulation.results.trial_view import ArmView, TrialView
from simulation.statistics.proportions import wilson

__all__ = ["FIGURE", "share_free"]

_SIZE = (7.2, 3.1)


def share_free(arm: ArmView, days: np.ndarray) -> np.ndarray:
    """Return how many patients are alive and below overt relapse on each of the days, shape (n_days,)."""
    free = np.zeros(days.size, int)
    death = arm.number("nrm_day")
    for course, died in zip(arm.courses, death, strict=True):
        here = np.ones(days.size, bool) if np.isnan(died) else days < died
        for start, end in course.get("overt", ()):
            here &= ~((days >= start) & (days < end))
        free += here
    return free


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw one curve per arm with Wilson bands."""
    drawn = style.PaperFigure(*_SIZE)
    ax = drawn.add_axes((0.075, 0.15, 0.9, 0.72))
    days = np.arange(0, view.follow_up, min(0.5, view.follow_up / 100))
    for arm in view.arms:
        free = share_free(arm, days)
        known = {int(count): wilson(int(count), arm.n) for count in set(free.tolist())}
        limits = np.array([(known[count].low, known[count].high) for count in free.tolist()], float)
        band(ax, view, arm, days, limits[:, 0], limits[:, 1])
        steps(ax, days, free / arm.n, view.follow_up, **arm_look(view, arm))
    percent_axis(ax, "Patients (%)")
    style.day_axis(ax, view.follow_up)
    arm_key(drawn, view)
    return drawn


def caption(view: TrialView) -> str:
    """Say what is shown."""
    return (
        "Share of patients alive with fewer blasts in the marrow than define overt relapse, in truth, on each day; a patient "
        "who reaches remission again comes back. The area under a curve is the arm's mean number of days alive without "
        f"overt leukaemia. Shaded: pointwise 95 % Wilson intervals of the share{banded(view)}."
    )


FIGURE = ReportFigure(
    "leukaemia_free", "Alive without overt leukaemia", caption, figure, order=10, section="results"
)
