"""Cumulative incidence of relapse and of death without relapse, each with the other as competing risk."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_figures.common import Curve, CurvePanel, arm_curves, banded
from simulation.results.trial_view import ArmView, TrialView
from simulation.statistics.competing import aalen_johansen

__all__ = ["FIGURE"]


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw relapse on the left and death without relapse on the right."""
    titles = {1: "Overt relapse", 2: "Death without relapse"}
    panels = [CurvePanel(title, partial(_curve, cause), _free) for cause, title in titles.items()]
    drawn, (_, deaths) = arm_curves(view, panels, "Cumulative incidence (%)", height=2.05)
    if not any(arm.happened("nrm_day").any() for arm in view.arms):
        style.note(deaths, "nobody died without relapse")
    return drawn


def _curve(cause: int, arm: ArmView) -> Curve:
    estimate = aalen_johansen(*_first_events(arm), cause)
    return estimate.times, estimate.incidence, estimate.low, estimate.high


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
