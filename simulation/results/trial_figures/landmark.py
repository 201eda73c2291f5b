"""Landmark analysis: survival without overt leukaemia after the landmark, by MRD response, in the arms in question."""

from __future__ import annotations

from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_figures.common import numbers_at_risk, percent_axis, room_at_risk, steps
from simulation.results.trial_landmark import Landmark, landmark
from simulation.results.trial_view import TrialView
from simulation.statistics.survival import kaplan_meier

__all__ = ["FIGURE"]

_WIDTH, _PANEL, _LEFT, _GAP, _TOP, _BOTTOM = 7.2, 2.05, 1.2, 0.55, 0.55, 0.5  # inches
_GROUPS: Final[tuple[tuple[bool, str, str, Any], ...]] = (
    (True, "MRD response", style.COLOUR["ink"], "solid"),
    (False, "no MRD response", style.COLOUR["other"], (0, (5, 1.5))),
)


def _after(view: TrialView) -> float:
    return float(view.comparison["landmark"]["days_after_first_dose"])


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw the two arms in question beside each other."""
    below = _BOTTOM + room_at_risk(len(_GROUPS))
    height = _TOP + _PANEL + below
    drawn = style.PaperFigure(_WIDTH, height)
    wide = (_WIDTH - _LEFT - _GAP - 0.15) / 2
    for index, arm in enumerate(view.main_arms[::-1]):
        left = _LEFT + index * (wide + _GAP)
        ax = drawn.add_axes((left / _WIDTH, below / height, wide / _WIDTH, _PANEL / height))
        _draw(ax, view, landmark(arm, _after(view)), names=index == 0)
        ax.set_title(arm.label)
    handles = [
        Line2D([], [], color=colour, linestyle=dashes, label=label) for _, label, colour, dashes in _GROUPS
    ]
    drawn.legend(handles=handles, loc="upper center", ncols=2, handlelength=2.6, borderaxespad=0.3)
    return drawn


def _draw(ax: Axes, view: TrialView, split: Landmark, *, names: bool) -> None:
    rows = []
    for responded, label, colour, dashes in _GROUPS:
        days, happened = split.group(responded)
        rows.append((label, colour, lambda day, days=days: int((days >= day).sum())))
        if not days.size:
            continue
        curve = kaplan_meier(days, happened)
        ax.fill_between(curve.times, curve.low, curve.high, step="post", color=colour, alpha=0.1, linewidth=0)
        steps(ax, curve.times, curve.survival, float(days.max()), color=colour, linestyle=dashes)
        censored = days[~happened]
        ax.plot(
            censored,
            curve.at(censored),
            "|",
            color=colour,
            markersize=4,
            markeredgewidth=0.7,
            label="_censored",
        )
    percent_axis(ax, "Without overt leukaemia (%)" if names else "")
    style.day_axis(ax, max(view.follow_up - _after(view), 1.0))
    ax.set_xlabel("Time after the landmark (days)")
    numbers_at_risk(ax, rows, height=_PANEL, names=names)
    if not split.days.size:
        style.note(ax, "nobody can be judged at the landmark")


def _applies(view: TrialView) -> bool:
    return any(landmark(arm, _after(view)).days.size for arm in view.main_arms)


def caption(view: TrialView) -> str:
    """Say what is shown."""
    counts = "; ".join(
        f"{arm.label}: {int(split.responded.sum())} of {split.days.size} had responded, {split.out} of {split.treated} treated "
        "were dead, in overt leukaemia or no longer followed"
        for arm in view.main_arms[::-1]
        for split in [landmark(arm, _after(view))]
    )
    return (
        f"Kaplan-Meier estimates from the landmark on, {_after(view):g} days after the first dose, to overt leukaemia or death, "
        f"with pointwise 95 % bands; ticks: end of follow-up. {counts}. Response is an MRD-negative aspirate by the landmark. "
        "Responders differ from others in more than response: this says who does well, not that response is why."
    )


FIGURE = ReportFigure(
    "landmark",
    "By MRD response: a landmark analysis",
    caption,
    figure,
    order=45,
    section="results",
    applies=_applies,
)
