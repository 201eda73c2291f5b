"""In which state patients are, day by day: one stacked picture per arm."""

from __future__ import annotations

import math
from functools import partial
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_figures.common import numbers_at_risk, percent_axis, room_at_risk
from simulation.results.trial_figures.leukaemia_free import followed
from simulation.results.trial_states import STATES, occupied
from simulation.results.trial_view import TrialView

__all__ = ["FIGURE"]

_WIDTH, _PANEL, _LEFT, _GAP, _TOP, _BOTTOM, _KEY = 7.2, 1.55, 0.75, 0.55, 0.32, 0.5, 0.42  # inches
_COLOURS: Final = {
    "remission": "#E3E8E4",
    "later_remission": "#9FC9B6",
    "severe_agvhd": style.COLOUR["tissue"],
    "relapse": style.COLOUR["blasts"],
    "death": style.COLOUR["ink"],
}


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw the arms two in a row; the best state lies lowest."""
    rows = math.ceil(len(view.arms) / 2)
    below = _BOTTOM + room_at_risk(1)
    height = _KEY + rows * (_TOP + _PANEL + below)
    drawn = style.PaperFigure(_WIDTH, height)
    wide = (_WIDTH - _LEFT - _GAP - 0.2) / 2
    names = list(STATES)
    for index, arm in enumerate(view.arms):
        row, column = divmod(index, 2)
        top = height - _KEY - row * (_TOP + _PANEL + below) - _TOP
        left = _LEFT + column * (wide + _GAP)
        ax = drawn.add_axes((left / _WIDTH, (top - _PANEL) / height, wide / _WIDTH, _PANEL / height))
        occupancy = occupied(arm)
        times = np.append(occupancy.times, view.follow_up)
        share = np.vstack([occupancy.share, occupancy.share[-1]])
        stacked = [share[:, names.index(name)] for name in _COLOURS]
        ax.stackplot(times, stacked, step="post", colors=list(_COLOURS.values()), linewidth=0)
        ax.set_title(arm.label)
        percent_axis(ax, "Patients (%)" if column == 0 else "")
        style.day_axis(ax, view.follow_up)
        quiet = style.COLOUR["quiet"]
        numbers_at_risk(ax, [("alive", quiet, partial(followed, arm))], height=_PANEL, names=column == 0)
    handles = [Patch(color=colour, label=STATES[name]) for name, colour in _COLOURS.items()]
    drawn.legend(handles=handles, loc="upper center", ncols=3, handlelength=1.2, borderaxespad=0.2)
    return drawn


def caption(view: TrialView) -> str:
    """Say what is shown."""
    return (
        "Share of patients in each state on each day (Aalen-Johansen estimate of state occupation; every patient is followed to "
        "death or to the end, so it is the plain share). Overt leukaemia and remission are the marrow's, in truth; acute GvHD "
        "counts while it is of grade III-IV, and who has both it and overt leukaemia is in the latter. A patient may go to and "
        "fro. Chronic GvHD and death from leukaemia are not simulated."
    )


FIGURE = ReportFigure(
    "states",
    "Where the patients are: remission, GvHD, relapse, death",
    caption,
    figure,
    order=34,
    section="results",
)
