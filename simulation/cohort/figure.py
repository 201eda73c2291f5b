"""One figure of a cohort: every distribution as a small panel, with the published series marked where there is one."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from simulation.cohort.baselines import Baseline
from simulation.cohort.draw import DrawnCohort, Floats
from simulation.cohort.summary import BaselineComparison, Row, Summary, number
from simulation.results.figures import style
from simulation.results.trial_figures.common import PARAMETERS

__all__ = ["figure_of"]

_COLUMNS: Final = 4
_WIDTH: Final = 10.0  # inches
_ROW: Final = 1.5
_BINS: Final = 24
_FEWEST_BINS: Final = 6
_OURS, _THEIRS = style.COLOUR["finding"], style.COLOUR["other"]
_LONG: Final = 38  # letters of a title that needs smaller ones
_DECADE: Final = 5.0  # a logarithmic axis where 95 % of patients span so many times


@dataclass(frozen=True, slots=True)
class _Panel:
    title: str
    unit: str
    values: Floats
    row: Row | None  # with shares: bars instead of a histogram
    baselines: tuple[Baseline, ...] = ()


@style.styled
def figure_of(summary: Summary) -> Figure:
    """Return small multiples: histograms (bars for few values), the median, and published typical values and intervals."""
    panels = list(_panels(summary))
    rows = math.ceil(len(panels) / _COLUMNS)
    height = _ROW * rows + 0.9
    figure = style.PaperFigure(_WIDTH, height)
    grid = figure.subplots(rows, _COLUMNS, squeeze=False)
    figure.subplots_adjust(
        left=0.025, right=0.985, top=1 - 0.78 / height, bottom=0.45 / height, hspace=0.85, wspace=0.14
    )
    for ax, panel in zip(grid.flat, panels, strict=False):
        _draw(ax, panel)
    for ax in grid.flat[len(panels) :]:
        ax.set_visible(False)
    drawn = summary.drawn
    figure.text(0.025, 1 - 0.2 / height, drawn.cohort.name, fontsize=10, fontweight="bold", va="center")
    subtitle = f"{drawn.patients} virtual patients, seed {drawn.seed}"
    figure.text(0.025, 1 - 0.4 / height, subtitle, fontsize=8, color=style.COLOUR["quiet"], va="center")
    handles = [
        Patch(color=_OURS, alpha=0.45, linewidth=0), Line2D([], [], color=_OURS, linewidth=1.6),
        Line2D([], [], color=_THEIRS, marker="D", markersize=4, linewidth=0),
        Line2D([], [], color=_THEIRS, linewidth=2.2),
    ]  # fmt: skip
    labels = ["virtual patients", "their median (mean where a mean is published)", "published value"]
    labels.append("published interval, or \u00b1 SD")
    figure.legend(
        handles,
        labels,
        loc="center right",
        ncols=4,
        bbox_to_anchor=(0.99, 1 - 0.4 / height),
        columnspacing=1.2,
    )
    return figure


def _panels(summary: Summary) -> Iterator[_Panel]:
    """Yield the parameters, in a published unit where there is one; then what else is published of patients."""
    drawn = summary.drawn
    published: dict[str, list[BaselineComparison]] = {}
    for one in summary.compared:
        if not one.measure.share and one.verdict.low < one.verdict.high:
            published.setdefault(one.measure.parameter or one.measure.name, []).append(one)
    for row in summary.rows:
        beside = published.pop(row.name, [])
        if beside:
            yield _beside(beside, drawn)
        else:
            yield _Panel(_title(row.name), row.unit, drawn.values[row.name], row)
    for beside in published.values():
        yield _beside(beside, drawn)


def _beside(beside: Sequence[BaselineComparison], drawn: DrawnCohort) -> _Panel:
    measure = beside[0].measure
    once = {(one.baseline.value, one.baseline.low, one.baseline.high): one.baseline for one in beside}
    return _Panel(_title(measure.label), measure.unit, measure.of(drawn), None, tuple(once.values()))


def _title(name: str) -> str:
    """Return a name as a title: that of the trial report, else its words without what the unit tells."""
    words = PARAMETERS.get(name) or name.replace("_", " ")
    for prefix in ("n ", "cl ", "rate "):
        words = words.removeprefix(prefix)
    for plain, written in (("ug/day", "\u00b5g/day"), ("/uL", "/\u00b5L"), ("cd19", "CD19"), ("crs", "CRS")):
        words = words.replace(plain, written)
    return words[:1].upper() + words[1:]


def _draw(ax: Axes, panel: _Panel) -> None:
    ax.set_title(
        panel.title, fontsize=7.8 if len(panel.title) < _LONG else 6.6, pad=9 if panel.baselines else 4
    )
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(
        panel.unit.replace("u", "\u00b5") if panel.unit in {"/uL", "ug/day"} else panel.unit, labelpad=1
    )
    if panel.row is not None and panel.row.shares:
        _bars(ax, panel.row)
        return
    values = panel.values[np.isfinite(panel.values)]
    if values.size == 0:
        style.note(ax, "not reached by anybody")
        return
    _histogram(ax, values, panel)
    for baseline in panel.baselines:
        _mark(ax, baseline)
    missing = panel.values.size - values.size
    if missing:
        ax.text(
            0.99, 0.95, f"{missing / panel.values.size:.0%} not reached", transform=ax.transAxes, ha="right", va="top",
            fontsize=6.5, color=style.COLOUR["quiet"],
        )  # fmt: skip


def _bars(ax: Axes, row: Row) -> None:
    places = np.arange(len(row.shares))
    shares = [count / row.patients for _, count in row.shares]
    ax.bar(places, shares, width=0.62, color=_OURS, alpha=0.45, linewidth=0)
    for place, share in zip(places, shares, strict=True):
        ax.annotate(
            f"{share:.0%}", (float(place), share), xytext=(0, 1), textcoords="offset points", ha="center", va="bottom",
            fontsize=6.5,
        )  # fmt: skip
    ax.set_xticks(places, [_tick(value) for value, _ in row.shares])
    ax.set_xlim(-0.6, max(len(row.shares) - 0.4, 2.4))
    ax.set_ylim(0, max(shares) * 1.22)


def _histogram(ax: Axes, values: Floats, panel: _Panel) -> None:
    low, high = (float(np.quantile(values, q)) for q in (0.025, 0.975))
    least, most = float(values.min()), float(values.max())
    ends = [end for baseline in panel.baselines for end in (baseline.value, *_ends(baseline)) if end > 0]
    logarithmic = least > 0 and high / low >= _DECADE
    bins = max(_FEWEST_BINS, min(_BINS, round(2 * math.sqrt(values.size))))
    if logarithmic:
        edges = np.geomspace(least, most * (1 + 1e-9), bins + 1)
        ax.set_xscale("log")
        left, right = min([least, *ends]) / 1.15, max([most, *ends]) * 1.15
    else:
        edges = np.linspace(least, most, bins + 1) if most > least else np.array([least - 0.5, least + 0.5])
        if panel.unit == "d":  # days are whole
            edges = np.arange(least - 0.5, most + 1.0, max(1.0, round((most - least) / bins)))
        pad = 0.04 * (max([most, *ends]) - min([least, *ends]))
        left, right = min([least, *ends]) - pad, max([most, *ends]) + pad
    ax.hist(values, bins=edges.tolist(), color=_OURS, alpha=0.45, linewidth=0)
    if right > left:
        ax.set_xlim(left, right)
    top = ax.get_ylim()[1]
    mean = any(baseline.statistic == "mean" for baseline in panel.baselines)
    middle = float(values.mean() if mean else np.nanmedian(panel.values))
    ax.axvline(middle, ymax=0.92, color=_OURS, linewidth=1.6)
    ax.set_ylim(0, top)
    if logarithmic:
        _log_ticks(ax, left, right)


def _log_ticks(ax: Axes, left: float, right: float) -> None:
    """Label decades, and between them 2 and 5 where there are few decades."""
    decades = math.log10(right / left)
    steps = (1, 2, 5) if decades < 2.2 else (1,)
    powers = range(math.floor(math.log10(left)), math.ceil(math.log10(right)) + 1)
    ticks = [step * 10.0**power for power in powers for step in steps]
    ax.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if left <= tick <= right]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
    ax.xaxis.set_minor_locator(NullLocator())


def _tick(value: float) -> str:
    return number(value) if value < 1e4 else f"{value:.0e}".replace("e+0", "e").replace("e+", "e")


def _ends(baseline: Baseline) -> tuple[float, ...]:
    """Return the ends of what is drawn as published: its interval, else one standard deviation on either side."""
    if baseline.low is not None and baseline.high is not None:
        return baseline.low, baseline.high
    if baseline.sd is not None:
        return baseline.value - baseline.sd, baseline.value + baseline.sd
    return ()


def _mark(ax: Axes, baseline: Baseline) -> None:
    """Draw a published typical value and interval above the histogram; an end beyond the axis is cut off there."""
    at = ax.get_xaxis_transform()
    ends = _ends(baseline)
    left, right = ax.get_xlim()
    if ends:
        shown = [max(ends[0], left), min(ends[1], right)]
        ax.plot(
            shown,
            [1.05, 1.05],
            transform=at,
            color=_THEIRS,
            linewidth=2.2,
            clip_on=False,
            solid_capstyle="butt",
        )
        ax.axvspan(*shown, color=_THEIRS, alpha=0.07, linewidth=0, zorder=0)
    if baseline.interval != "limits":
        ax.plot(
            [baseline.value],
            [1.05],
            transform=at,
            color=_THEIRS,
            marker="D",
            markersize=4,
            linewidth=0,
            clip_on=False,
        )
