"""Why treatment failed, arm by arm."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from simulation.clinic.failure import CAUSES
from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_figures.common import CAUSE_COLOURS
from simulation.results.trial_view import TrialView

__all__ = ["FIGURE"]


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw one stacked bar per arm with treated patients."""
    arms = [arm for arm in view.arms if arm.happened("treatment_start_day").any()]
    height = 1.0 + 0.36 * max(len(arms), 1)
    drawn = style.PaperFigure(7.2, height)
    ax = drawn.add_axes((0.17, 0.62 / height, 0.8, 1 - 0.95 / height))
    if not arms:
        style.note(ax, "nobody was treated")
        return drawn
    for row, arm in enumerate(arms):
        causes = list(arm.text("cause_of_failure"))
        reached = 0
        for cause, colour in CAUSE_COLOURS.items():
            count = causes.count(cause)
            ax.barh(row, count, left=reached, height=0.62, color=colour, linewidth=0.6, edgecolor="white")
            if count:
                ax.text(
                    reached + count / 2, row, str(count), ha="center", va="center", color="white", fontsize=7
                )
            reached += count
        treated = int(arm.happened("treatment_start_day").sum())
        ax.text(
            reached,
            row,
            f"  {reached} of {treated} treated",
            va="center",
            color=style.COLOUR["quiet"],
            fontsize=7,
        )
    ax.set_yticks(range(len(arms)), [arm.label for arm in arms])
    ax.set_ylim(len(arms) - 0.5, -0.5)
    most = max(sum(1 for cause in arm.text("cause_of_failure") if cause) for arm in arms)
    ax.set_xlim(0, max(most, 1) * 1.28)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set_xlabel("Patients in whom treatment failed")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    handles = [
        ax.barh([0], [0], color=colour, label=CAUSES[cause]) for cause, colour in CAUSE_COLOURS.items()
    ]
    drawn.legend(
        handles=handles, loc="upper center", ncols=5, handlelength=1, columnspacing=1.1, borderaxespad=0.2
    )
    return drawn


def caption(view: TrialView) -> str:
    """Say what is shown."""
    return (
        "Treated patients in whom treatment failed (a relapse after it began, no remission, or no MRD response), by the state "
        "in which control of the leukaemia was lost: docs/trial.md says how the cause is told."
    )


FIGURE = ReportFigure("causes", "Why treatment failed", caption, figure, order=50, section="results",
                      applies=lambda view: any(any(arm.text("cause_of_failure")) for arm in view.arms))  # fmt: skip
