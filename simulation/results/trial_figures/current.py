"""Current acute GvHD-free, relapse-free survival: alive now without overt leukaemia and without severe acute GvHD."""

from __future__ import annotations

from matplotlib.figure import Figure

from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_figures.common import Curve, CurvePanel, arm_curves, banded
from simulation.results.trial_figures.leukaemia_free import followed
from simulation.results.trial_states import current
from simulation.results.trial_view import ArmView, TrialView

__all__ = ["FIGURE"]


def _curve(arm: ArmView) -> Curve:
    estimate = current(arm, "agvhd_free_relapse_free")
    return estimate.times, estimate.share[:, 0], estimate.low[:, 0], estimate.high[:, 0]


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw one curve per arm with its band."""
    panel = CurvePanel(
        "Current acute GvHD-free, relapse-free survival\n(chronic GvHD not simulated)", _curve, followed
    )
    return arm_curves(view, [panel], "Patients (%)", height=2.2)[0]


def caption(view: TrialView) -> str:
    """Say what is shown."""
    return (
        "Share of patients who are alive, without overt leukaemia and without acute GvHD of grade III-IV on that day; who "
        "recovers from either comes back. Not GRFS: chronic GvHD is not simulated. At risk: alive and followed. Shaded: "
        f"pointwise 95 % confidence bands of the estimate (infinitesimal jackknife, complementary log-log){banded(view)}."
    )


FIGURE = ReportFigure(
    "current",
    "Current acute GvHD-free, relapse-free survival (chronic GvHD not simulated)",
    caption,
    figure,
    order=36,
    section="results",
)
