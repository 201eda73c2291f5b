"""One parameter: the mean over patients with its 95 % interval, a line per arm or per level of a second parameter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import offset_copy

from simulation.analysis.figures.axis import FactorAxis, factor_axis, number_text, wrapped
from simulation.analysis.figures.common import Declared, band, declared, who
from simulation.analysis.findings import Findings
from simulation.analysis.grid import Grid, varying
from simulation.results.figures import style
from simulation.sweep.outcomes import NumericOutcome

__all__ = ["Line", "line_plot"]
_MOST_LINES = 6
_MOST_BANDS = 2  # more lie on one another; then each mean has a bar, the lines drawn a little aside
_ASIDE = 1.8  # points

type Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Line:
    """Hold one line: label and mean, low and high at every level, shape (n_levels,)."""

    label: str
    mean: Floats
    low: Floats
    high: Floats


@style.styled
def line_plot(
    axis: FactorAxis, panels: Sequence[tuple[str, Sequence[Line]]], outcome: NumericOutcome, legend_title: str = "",
    crossings: Sequence[tuple[float, str]] = (),
) -> Figure:  # fmt: skip
    """Draw panels of lines side by side on one scale; `crossings` are marked places on the first panel."""
    n = len(panels)
    width = 3.9 if n == 1 else 2.35 * n + 0.6
    figure = style.PaperFigure(width + 1.0, 2.9)
    figure.set_layout_engine("constrained")
    axes = figure.subplots(1, n, sharey=True, squeeze=False)[0]
    for index, (ax, (title, lines)) in enumerate(zip(axes, panels, strict=True)):
        _panel(ax, axis, lines)
        axis.put(ax, "x")
        if title:
            ax.set_title(wrapped(title, 30))
        if index == 0:
            ax.set_ylabel(wrapped(outcome.title, 34))
            for place, text in crossings:
                ax.axvline(place, color=style.COLOUR["quiet"], linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
                ax.annotate(
                    text, (place, 1.0), xycoords=("data", "axes fraction"), xytext=(3, -3), va="top",
                    textcoords="offset points", fontsize=7, color=style.COLOUR["quiet"],
                )  # fmt: skip
    _range(axes[0], outcome, [line for _, lines in panels for line in lines])
    labelled = [line for line in panels[0][1] if line.label]
    if len(labelled) > 1:
        handles, labels = axes[0].get_legend_handles_labels()
        legend = figure.legend(
            handles,
            labels,
            loc="outside right upper",
            title=wrapped(legend_title, 22) or None,
            title_fontsize=7.5,
        )
        legend.set_alignment("left")
    return figure


def _panel(ax: Axes, axis: FactorAxis, lines: Sequence[Line]) -> None:
    first, last = float(axis.places.min()), float(axis.places.max())
    pad = 0.05 * (last - first) or 0.5
    ax.set_xlim(first - pad, last + pad)  # of lines drawn aside matplotlib does not know how far they reach
    for index, line in enumerate(lines):
        colour = style.ARM_COLOURS[index % len(style.ARM_COLOURS)]
        dash = style.DASHES[index % len(style.DASHES)]
        known = np.isfinite(line.low) & np.isfinite(line.high)
        aside = ax.transData
        if len(lines) <= _MOST_BANDS:
            ax.fill_between(
                axis.places, line.low, line.high, where=known.tolist(), color=colour, alpha=0.16, linewidth=0
            )
        else:
            shift = (index - (len(lines) - 1) / 2) * _ASIDE
            aside = offset_copy(ax.transData, ax.get_figure(root=True), x=shift, units="points")
            ax.vlines(
                axis.places[known],
                line.low[known],
                line.high[known],
                color=colour,
                linewidth=0.8,
                transform=aside,
            )
        ax.plot(
            axis.places, line.mean, color=colour, linestyle=dash, label=wrapped(line.label, 26), marker="o",
            markersize=2.6, clip_on=False, transform=aside,
        )  # fmt: skip


def _range(ax: Axes, outcome: NumericOutcome, lines: Sequence[Line]) -> None:
    if outcome.share:
        ax.set_ylim(-0.02, 1.02)
        return
    means = np.concatenate([line.mean for line in lines])
    means = means[np.isfinite(means)]
    if not means.size:
        style.note(ax, "no value at any level")
        return
    ends = np.concatenate([np.concatenate([line.low, line.high]) for line in lines])
    ends = ends[np.isfinite(ends)]
    # bands of two or three patients may be endless: they must not squeeze the lines flat
    room = max(float(np.ptp(means)), 0.25 * float(np.abs(means).max()))
    low = max(float(min(means.min(), ends.min(initial=np.inf))), float(means.min()) - room)
    high = min(float(max(means.max(), ends.max(initial=-np.inf))), float(means.max()) + room)
    if means.min() >= 0 and low < 0.5 * high:
        low = 0.0
    pad = 0.05 * (high - low or abs(high) or 1.0)
    ax.set_ylim(low if low == 0 else low - pad, high + pad)


def of_outcome(findings: Findings, index: int, outcome: NumericOutcome) -> Iterator[Declared]:
    """Yield lines along one parameter, families of them along two, or along a list of points."""
    grid, kind = findings.grid, findings.plan.design.get("kind")
    if kind == "one_at_a_time":
        return
    if grid is not None and len(grid.factors) == 1:
        yield _one(findings, grid, index, outcome)
    elif grid is not None and len(grid.factors) == 2:
        yield _families(findings, grid, index, outcome)
    elif grid is None and kind in ("zip", "csv") and findings.points:
        yield from _in_order(findings, index, outcome)


def _one(findings: Findings, grid: Grid, index: int, outcome: NumericOutcome) -> Declared:
    axis = factor_axis(grid.factors[0], grid.levels[0])
    arms = findings.plan.arm_names
    lines = [
        _line(findings, arm if len(arms) > 1 else "", grid.points, i, index) for i, arm in enumerate(arms)
    ]
    marks = _marks(findings, axis, outcome)
    dashed = " Dashed: thresholds." if marks else ""
    caption = f"{who(findings)} {_shown(lines)}: {band(outcome)}.{dashed}"
    draw = partial(line_plot, axis, [("", lines)], outcome, "Arm" if len(arms) > 1 else "", marks)
    return declared(
        "line", (outcome.name,), f"{outcome.title} against {grid.factors[0].title}", caption, draw
    )


def _marks(findings: Findings, axis: FactorAxis, outcome: NumericOutcome) -> list[tuple[float, str]]:
    marks = []
    for answer in findings.answers:
        if (
            answer.threshold is None
            or answer.question.outcome != outcome.name
            or answer.where
            or axis.kind == "each"
        ):
            continue
        for crossing in answer.threshold.crossings:
            place = float(np.log10(crossing.at)) if axis.kind == "log" else crossing.at
            marks.append((place, number_text(crossing.at)))
    return marks


def _families(findings: Findings, grid: Grid, index: int, outcome: NumericOutcome) -> Declared:
    """Draw lines along the first factor, one per level of the second, a panel per arm."""
    axis = factor_axis(grid.factors[0], grid.levels[0])
    n = len(grid.levels[1])
    chosen = np.unique(np.linspace(0, n - 1, min(n, _MOST_LINES)).round().astype(int))
    arms = findings.plan.arm_names
    panels = []
    for arm, name in enumerate(arms[:4]):
        lines = [
            _line(findings, grid.factors[1].level_text(grid.levels[1][j]), grid.points[:, j], arm, index)
            for j in chosen.tolist()
        ]
        panels.append((name if len(arms) > 1 else "", lines))
    caption = f"{who(findings)} {_shown(panels[0][1])}: {band(outcome)}."
    title = f"{outcome.title} against {grid.factors[0].title}"
    draw = partial(line_plot, axis, panels, outcome, grid.factors[1].title)
    return declared("lines", (outcome.name,), title, caption, draw)


def _in_order(findings: Findings, index: int, outcome: NumericOutcome) -> Iterator[Declared]:
    """Draw a list of points along the first parameter whose values are all different numbers."""
    for i in varying(findings.plan.factors, findings.points):
        factor = findings.plan.factors[i]
        values = [point[i] for point in findings.points]
        if factor.numeric and len(set(values)) == len(values):
            order = np.argsort([float(value) for value in values])
            axis = factor_axis(factor, tuple(values[j] for j in order.tolist()))
            arms = findings.plan.arm_names
            lines = [
                _line(findings, arm if len(arms) > 1 else "", order, a, index) for a, arm in enumerate(arms)
            ]
            shown = f"{_shown(lines)}: {band(outcome)}."
            caption = f"{who(findings)} The other parameters change along with it. {shown}"
            title = f"{outcome.title} along the list of points"
            draw = partial(line_plot, axis, [("", lines)], outcome, "Arm")
            yield declared("line", (outcome.name,), title, caption, draw)
            return


def _shown(lines: Sequence[Line]) -> str:
    return "Bands" if len(lines) <= _MOST_BANDS else "Bars"


def _line(findings: Findings, label: str, points: npt.NDArray[np.int64], arm: int, index: int) -> Line:
    responses = findings.responses
    return Line(
        label,
        responses.mean[points, arm, index],
        responses.low[points, arm, index],
        responses.high[points, arm, index],
    )
