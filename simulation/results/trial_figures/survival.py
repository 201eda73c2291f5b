"""Kaplan-Meier curves of relapse-free and of acute GvHD-free, relapse-free survival, with bands and numbers at risk."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from simulation.clinic.outcomes import Outcome, selected
from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_figures.common import Curve, CurvePanel, arm_curves, banded
from simulation.results.trial_view import ArmView, TrialView
from simulation.statistics.survival import kaplan_meier

__all__ = ["FIGURE"]

_PANELS = tuple(one for one in selected("survival") if one.censored)


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw both, side by side, numbers at risk below."""
    panels = [
        CurvePanel(one.label.replace(" (", "\n("), partial(_curve, one), partial(_free, one.name))
        for one in _PANELS
    ]
    return arm_curves(view, panels, "Patients (%)", height=2.35)[0]


def _curve(declared: Outcome, arm: ArmView) -> Curve:
    estimate = kaplan_meier(arm.number(declared.name), ~np.asarray(arm.columns[declared.censored], bool))
    return estimate.times, estimate.survival, estimate.low, estimate.high


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
