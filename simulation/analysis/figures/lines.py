"""One parameter: the mean over patients with its 95 % interval, a line per arm or per level of a second parameter."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulation.analysis.figures.axis import FactorAxis, wrapped
from simulation.results.figures import style
from simulation.sweep.outcomes import NumericOutcome

__all__ = ["Line", "line_plot"]

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
    for index, line in enumerate(lines):
        colour = style.ARM_COLOURS[index % len(style.ARM_COLOURS)]
        dash = style.DASHES[index % len(style.DASHES)]
        known = np.isfinite(line.low) & np.isfinite(line.high)
        ax.fill_between(
            axis.places,
            line.low,
            line.high,
            where=known.tolist(),
            color=colour,
            alpha=0.16 if len(lines) <= 3 else 0.09,
            linewidth=0,
        )
        ax.plot(
            axis.places, line.mean, color=colour, linestyle=dash, label=wrapped(line.label, 26), marker="o",
            markersize=2.6, clip_on=False,
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
