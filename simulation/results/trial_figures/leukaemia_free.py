"""The share of patients who are alive without overt leukaemia on each day: remissions that treatment brings back count."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_figures.common import Curve, CurvePanel, arm_curves, banded
from simulation.results.trial_states import current
from simulation.results.trial_view import ArmView, TrialView
from simulation.statistics.proportions import wilson

__all__ = ["FIGURE", "followed", "share_free"]


def share_free(arm: ArmView, days: np.ndarray) -> np.ndarray:
    """Return how many patients are alive and below overt relapse on each of the days, shape (n_days,)."""
    free = np.zeros(days.size, int)
    death = arm.number("nrm_day")
    for history, died in zip(arm.histories, death, strict=True):
        here = np.ones(days.size, bool) if np.isnan(died) else days < died
        for start, end in history.get("overt", ()):
            here &= ~((days >= start) & (days < end))
        free += here
    return free


def followed(arm: ArmView, day: float) -> int:
    """Return how many are alive and followed on a day: any of them may be, or become, free of overt leukaemia."""
    return int((arm.number("days_simulated") >= day).sum())


def _curve(days: np.ndarray, arm: ArmView) -> Curve:
    """Return share and limits on each of the days: a plain share, or where some left early that of the multi-state view."""
    if arm.left.any():
        estimates = [current(arm, "leukaemia_free").at(float(day)) for day in days]
        share, low, high = (np.array([one[side][0] for one in estimates]) for side in range(3))
        return days, share, low, high
    free = share_free(arm, days)
    known = {int(count): wilson(int(count), arm.n) for count in set(free.tolist())}
    limits = np.array([(known[count].low, known[count].high) for count in free.tolist()], float)
    return days, free / arm.n, limits[:, 0], limits[:, 1]


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw one curve per arm with Wilson bands."""
    days = np.arange(0, view.follow_up, min(0.5, view.follow_up / 100))
    return arm_curves(view, [CurvePanel("", partial(_curve, days), followed)], "Patients (%)", height=2.2)[0]


def caption(view: TrialView) -> str:
    """Say what is shown."""
    return (
        "Share of patients alive with fewer blasts in the marrow than define overt relapse, in truth, on each day; a patient "
        "who reaches remission again comes back. The area under a curve is the arm's mean number of days alive without "
        f"overt leukaemia. At risk: alive and followed. Shaded: pointwise 95 % Wilson intervals of the share{banded(view)}."
    )


FIGURE = ReportFigure(
    "leukaemia_free", "Alive without overt leukaemia", caption, figure, order=10, section="results"
)
