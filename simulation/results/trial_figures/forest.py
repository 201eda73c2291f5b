"""For whom it makes a difference: the main comparison in halves of the cohort."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulation.number_words import signed
from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_figures.common import PARAMETERS
from simulation.results.trial_view import TrialView
from simulation.results.words import in_sentence, survival_words
from simulation.statistics.paired import mean_difference
from simulation.statistics.survival import Estimate

__all__ = ["FIGURE", "Subgroup", "subgroups"]

type Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Subgroup:
    """Hold one row: a parameter, which part of the patients, how many, and their mean difference."""

    parameter: str
    part: str
    n: int
    difference: Estimate


def subgroups(view: TrialView, names: tuple[str, ...]) -> list[Subgroup]:
    """Return the main difference below and above each parameter's median; of those that vary."""
    one, other = view.main_arms
    a, b = (arm.days(view.primary, view.follow_up) for arm in (one, other))
    rows = []
    for name in names:
        if name not in one.columns:
            continue
        for part, members in _halves(one.number(name)):
            if members.sum() >= 2:
                known = mean_difference(a[members], b[members], most=view.follow_up)
                rows.append(Subgroup(name, part, int(members.sum()), known))
    return rows


def _halves(values: npt.NDArray[np.float64]) -> list[tuple[str, Flags]]:
    known = values[np.isfinite(values)]
    if known.size == 0 or np.ptp(known) == 0:
        return []
    middle = float(np.median(known))
    if middle == known.min():  # most have the same: those against the others
        low = values <= middle
        return [("none" if middle == 0 else "lowest", low), ("some" if middle == 0 else "higher", ~low)]
    return [("up to median", values <= middle), ("above median", values > middle)]


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw one line per half, the whole cohort at the top."""
    one, other = view.main_arms
    rows = subgroups(view, view.subgroups)
    a, b = (arm.days(view.primary, view.follow_up) for arm in (one, other))
    whole = mean_difference(a, b, most=view.follow_up)
    parameters = list(dict.fromkeys(row.parameter for row in rows))
    lines = 1 + len(rows) + 0.45 * len(parameters)
    height = 0.8 + 0.2 * lines
    drawn = style.PaperFigure(7.2, height)
    ax = drawn.add_axes((0.44, 0.5 / height, 0.36, 1 - 0.75 / height))
    y = 0.0
    _row(ax, y, "All patients", "", one.n, whole, bold=True)
    ax.axvline(whole.value, color=style.COLOUR["faint"], linewidth=1, zorder=0)
    for parameter in parameters:
        y += 0.45
        for index, row in enumerate(row for row in rows if row.parameter == parameter):
            y += 1
            _row(
                ax,
                y,
                PARAMETERS.get(parameter, parameter) if index == 0 else "",
                row.part,
                row.n,
                row.difference,
            )
    ax.axvline(0, color="#444444", linewidth=0.8)
    ax.set_ylim(y + 0.8, -0.8)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(f"Difference in {survival_words(view.primary)}, per patient", fontsize=7.5)
    title = f"right of 0: better {in_sentence(one.label)}; left of 0: better {in_sentence(other.label)}"
    ax.set_title(title, fontweight="normal", fontsize=7, loc="center", color=style.COLOUR["quiet"])
    return drawn


def _row(ax: Axes, y: float, name: str, part: str, n: int, known: Estimate, *, bold: bool = False) -> None:
    colour = style.COLOUR["ink"] if bold else style.COLOUR["finding"]
    if np.isfinite(known.low):
        ax.plot([known.low, known.high], [y, y], color=colour, linewidth=1.3, solid_capstyle="butt")
    ax.plot([known.value], [y], marker="D" if bold else "s", markersize=4.5 if bold else 3.8, color=colour)
    look: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "center", "fontsize": 7.5}
    weight = "bold" if bold else "normal"
    ax.text(-1.18, y, name, fontweight=weight, **look)
    ax.text(-0.47, y, part, color=style.COLOUR["quiet"], **look)
    ax.text(-0.05, y, str(n), ha="right", **look)
    text = signed(known.value)
    text += f"  ({signed(known.low)} to {signed(known.high)})" if np.isfinite(known.low) else ""
    ax.text(1.05, y, text, fontweight=weight, **look)


def caption(view: TrialView) -> str:
    """Say what is shown."""
    return (
        "Mean difference between twins in parts of the cohort, split at the median of what a patient is (where most have none, "
        "none against some), with 95 % bootstrap intervals of the mean. Many parts are looked at and none was planned for "
        "its own test: read the pattern, not single intervals."
    )


FIGURE = ReportFigure(
    "forest",
    "For whom it makes a difference",
    caption,
    figure,
    order=80,
    section="sensitivity",
    applies=lambda view: view.twins_differ,
)
