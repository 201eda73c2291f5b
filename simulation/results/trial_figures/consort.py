"""CONSORT flow: how many patients were allocated, treated, followed and analysed in every arm."""

from __future__ import annotations

from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_figures.common import arm_look
from simulation.results.trial_flow import Flow, flow, left_out
from simulation.results.trial_view import TrialView

__all__ = ["FIGURE"]

_WIDTH, _PER_LINE, _PAD, _GAP, _SPACE, _HEAD = 7.2, 0.145, 0.13, 0.2, 0.15, 0.5  # inches
_MOST_IN_A_ROW: Final = 4


def steps_of(flow: Flow) -> list[list[str]]:
    """Return the boxes of one arm from top to bottom, each as lines."""
    treated = [f"treated: {flow.treated}"]
    if flow.overt_before_treatment:
        treated.append(f"  in overt relapse before: {flow.overt_before_treatment}")
    treated.append(f"not treated: {flow.allocated - flow.treated}")
    reasons = {
        "no trigger was seen": flow.not_triggered,
        "died before": flow.died_before,
        "not begun by the end": flow.not_given,
    }
    treated += [f"  {words}: {count}" for words, count in reasons.items() if count]
    ends = [f"followed to the end: {flow.followed}", f"died: {flow.died}", "lost to follow-up: 0"]
    if flow.left_at_transplant:
        ends.insert(1, f"left at a second transplant: {flow.left_at_transplant}")
    elif flow.second_transplant:
        ends.append(f"second transplant, ignored: {flow.second_transplant}")
    return [
        [f"allocated: {flow.allocated}"],
        treated,
        ends,
        [f"analysed: {flow.analysed}", f"  with a relapse: {flow.relapsed}"],
    ]


@style.styled
def figure(view: TrialView) -> Figure:
    """Draw one column per arm below the box of all patients."""
    columns = [steps_of(flow(arm)) for arm in view.arms]
    across = min(len(columns), _MOST_IN_A_ROW)
    blocks = [columns[k : k + across] for k in range(0, len(columns), across)]
    tall = [[max(len(column[row]) for column in block) for row in range(4)] for block in blocks]
    inches = [_HEAD + sum(lines * _PER_LINE + _PAD + _GAP for lines in block) for block in tall]
    height = 0.08 + 2 * _PER_LINE + _PAD + sum(inches)
    drawn = style.PaperFigure(_WIDTH, height)
    ax = drawn.add_axes((0, 0, 1, 1))
    ax.set_xlim(0, _WIDTH)
    ax.set_ylim(0, height)
    ax.axis("off")
    wide = min((_WIDTH - 0.2 - (across - 1) * _SPACE) / across, 2.4)
    lines = [f"virtual patients, each in all {len(view.arms)} arms: {view.arms[0].n + left_out(view)}"]
    lines.append(f"left out of all arms, a run of theirs is missing: {left_out(view)}")
    _box(ax, _WIDTH / 2, height - 0.08, 4.0, lines, style.COLOUR["ink"])
    top = height - 0.08 - 2 * _PER_LINE - _PAD
    ends = ((across * wide + (across - 1) * _SPACE) - wide) / 2
    quiet: dict[str, Any] = {"color": style.COLOUR["quiet"], "linewidth": 0.8}
    ax.plot([_WIDTH / 2 - ends, _WIDTH / 2 + ends], [top - 0.11] * 2, **quiet)
    ax.plot([_WIDTH / 2] * 2, [top, top - 0.11], **quiet)
    index = 0
    for block, counts in zip(blocks, tall, strict=True):
        whole = len(block) * wide + (len(block) - 1) * _SPACE
        for place, column in enumerate(block):
            arm = view.arms[index]
            middle = (_WIDTH - whole) / 2 + wide / 2 + place * (wide + _SPACE)
            colour = arm_look(view, arm)["color"]
            ax.text(
                middle, top - _HEAD + 0.1, arm.label, ha="center", va="center", color=colour, weight="bold"
            )
            y = top - _HEAD
            if index < across:
                _arrow(ax, middle, top - 0.11, top - _HEAD + 0.22)
            for row, texts in enumerate(column):
                high = counts[row] * _PER_LINE + _PAD
                _box(ax, middle, y, wide, texts, colour, high)
                if row < 3:
                    _arrow(ax, middle, y - high, y - high - _GAP)
                y -= high + _GAP
            index += 1
        top -= _HEAD + sum(lines * _PER_LINE + _PAD + _GAP for lines in counts)
    return drawn


def _arrow(ax: Axes, x: float, start: float, end: float) -> None:
    look = {"arrowstyle": "-|>", "color": style.COLOUR["quiet"], "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (x, end), (x, start), arrowprops=look)


def _box(
    ax: Axes, middle: float, top: float, wide: float, lines: list[str], colour: str, high: float | None = None
) -> None:
    tall = len(lines) * _PER_LINE + _PAD if high is None else high
    ax.add_patch(
        FancyBboxPatch(
            (middle - wide / 2, top - tall), wide, tall, boxstyle="round,pad=0,rounding_size=0.04",
            facecolor="white", edgecolor=colour, linewidth=0.9,
        )
    )  # fmt: skip
    for row, text in enumerate(lines):
        y = top - _PAD / 2 - (row + 0.5) * _PER_LINE
        ax.text(middle - wide / 2 + 0.07, y, text, va="center", fontsize=7)


def caption(view: TrialView) -> str:
    """Say what is shown."""
    return (
        "Every patient is in every arm, so nobody is randomised and the same number starts in each. Nobody is lost to follow-up; "
        "deaths are those without relapse as their cause. Patients are analysed in their arm whether they were treated or not."
    )


FIGURE = ReportFigure("consort", "Flow of patients (CONSORT)", caption, figure, order=5, section="results")
