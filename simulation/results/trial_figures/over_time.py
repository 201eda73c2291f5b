"""The main difference counted up to each day of follow-up: whether the answer depends on when one looks."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_view import TrialView
from simulation.results.words import in_sentence, survival_words

__all__ = ["FIGURE"]

_SIZE = (7.2, 3.1)


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw the difference of the means with its pointwise interval."""
    drawn = style.PaperFigure(*_SIZE)
    ax = drawn.add_axes((0.1, 0.15, 0.87, 0.74))
    over_days = view.comparison["difference_over_time"]
    one, other = view.main_arms
    days = np.array([0.0, *over_days["days"]])
    mean = np.array([0.0, *over_days["value"]])
    low, high = (
        np.array([None, *over_days[name]], float) for name in ("low", "high")
    )  # None: nobody differs yet
    ax.fill_between(days, low, high, color=style.COLOUR["finding"], alpha=0.15, linewidth=0)
    if "sampled_low" in over_days:
        low, high = (np.array([None, *over_days[f"sampled_{side}"]], float) for side in ("low", "high"))
        ax.fill_between(days, low, high, color=style.COLOUR["finding"], alpha=0.25, linewidth=0)
    ax.plot(days, mean, color=style.COLOUR["finding"], linewidth=1.6)
    ax.axhline(0, color="#444444", linewidth=0.8)
    ax.axvline(0.75 * view.follow_up, color=style.COLOUR["faint"], linewidth=0.8, linestyle=(0, (4, 2)))
    style.day_axis(ax, view.follow_up)
    ax.set_ylabel("Difference up to that day (days)")
    title = f"above 0: better {in_sentence(one.label)}; below 0: better {in_sentence(other.label)}"
    ax.set_title(title, fontweight="normal", fontsize=7.5, loc="left", color=style.COLOUR["quiet"])
    if over_days["follow_up_decides"]:
        ax.set_title("the end of follow-up decides", fontsize=7.5, loc="right", color=style.COLOUR["blasts"])
    return drawn


def caption(view: TrialView) -> str:
    """Say what is shown."""
    one, other = view.main_arms
    later = view.comparison["difference_over_time"]["if_it_went_on"]
    return (
        f"Mean {survival_words(view.primary)} up to each day, {one.name} minus {other.name}, with {_band(view)} "
        "from the day on which any differ; the right end is the trial's main difference. Dashed: the last quarter "
        f"of follow-up begins. Should that quarter repeat itself until day {later['until']:.0f}, the difference would be "
        f"{later['value']:+.0f} days; the end of follow-up is said to decide where that would be another answer (better, worse, "
        "not settled)."
    )


def _band(view: TrialView) -> str:
    if "sampled_low" in view.comparison["difference_over_time"]:
        return (
            "two pointwise 95 % bands (dark: what patients and chance leave open; light: parameters as well)"
        )
    return "the pointwise 95 % interval over patients, at one set of parameter values,"


FIGURE = ReportFigure(
    "over_time",
    "The difference as follow-up goes on",
    caption,
    figure,
    order=15,
    section="results",
    applies=lambda view: view.twins_differ,
)
