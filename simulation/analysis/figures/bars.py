"""Which parameter matters: tornado plot, Sobol and Morris indices, rank correlations; strongest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from simulation.analysis.figures.axis import wrapped
from simulation.analysis.figures.common import Declared, declared, title_with_arm, who
from simulation.analysis.findings import Findings, largest_difference
from simulation.analysis.paired import paired_interval
from simulation.analysis.sensitivity import NOT_RESOLVED, Indices
from simulation.results.figures import style
from simulation.sweep.outcomes import NumericOutcome

__all__ = ["MOST_BARS", "Swing", "index_bars", "morris_plane", "tornado"]

type Floats = npt.NDArray[np.float64]
MOST_BARS = 25
_LOW, _HIGH = style.COLOUR["finding"], style.COLOUR["other"]


@dataclass(frozen=True, slots=True)
class Swing:
    """Hold what a parameter alone does: the change of the mean at its low and its high end, with intervals."""

    name: str
    at_low: str  # the value in words
    at_high: str
    low: tuple[float, float, float]  # change against the base, lower and upper limit
    high: tuple[float, float, float]

    @property
    def size(self) -> float:
        """Return the larger of the two changes; 0 where neither is known."""
        return float(np.nanmax([abs(self.low[0]), abs(self.high[0]), 0.0]))


@style.styled
def tornado(swings: Sequence[Swing], outcome: NumericOutcome, base: float) -> Figure:
    """Draw the change of the outcome when one parameter at a time goes to its low and to its high end."""
    shown = sorted(swings, key=lambda swing: swing.size, reverse=True)[:MOST_BARS]
    figure, ax = _frame(len(shown), 5.6)
    for row, swing in enumerate(shown):
        for colour, (change, low, high), at in (
            (_LOW, swing.low, row - 0.19),
            (_HIGH, swing.high, row + 0.19),
        ):
            ax.barh(at, change, height=0.36, color=colour, alpha=0.8, linewidth=0)
            if np.isfinite(low) and np.isfinite(high):
                ax.plot([low, high], [at, at], color="#222222", linewidth=0.9)
    ax.set_yticks(range(len(shown)), [wrapped(swing.name, 34) for swing in shown])
    ax.axvline(0, color="#222222", linewidth=0.8)
    ax.set_xlabel(wrapped(f"Change of: {outcome.title}; base {base:.4g}", 60))
    ends = {id(swing): _ends(swing) for swing in shown}
    for row, swing in enumerate(shown):
        ax.annotate(
            ends[id(swing)], (1.01, row), xycoords=("axes fraction", "data"), va="center", fontsize=6.5,
            color=style.COLOUR["quiet"], annotation_clip=False,
        )  # fmt: skip
    handles = [Patch(color=colour, alpha=0.8, linewidth=0) for colour in (_LOW, _HIGH)]
    figure.legend(
        handles=handles, labels=["parameter low", "parameter high"], loc="outside upper right", ncols=2
    )
    return figure


def _ends(swing: Swing) -> str:
    return f"{swing.at_low} … {swing.at_high}"


@style.styled
def index_bars(indices: Indices, labels: Sequence[str], outcome: NumericOutcome) -> Figure:
    """Draw indices with 95 % intervals: S1 and ST of Sobol, mu* of Morris, or rank correlations."""
    order = np.argsort(-np.nan_to_num(indices.total))[:MOST_BARS]
    figure, ax = _frame(order.size, 5.0)
    rows = np.arange(order.size, dtype=float)
    if indices.kind == "sobol":
        _bars(
            ax,
            rows - 0.19,
            indices.total[order],
            indices.total_half[order],
            _LOW,
            "total effect ST",
            0.36,
        )
        _bars(ax, rows + 0.19, indices.main[order], indices.main_half[order], _HIGH, "alone S1", 0.36)
        ax.set_xlabel(wrapped(f"Share of the variance of: {outcome.title}", 60))
        ax.set_xlim(left=min(0.0, float(np.nanmin(indices.main[order] - indices.main_half[order]))))
    elif indices.kind == "morris":
        _bars(ax, rows, indices.total[order], indices.total_half[order], _LOW, "", 0.7)
        ax.set_xlabel(
            wrapped(f"Mean absolute elementary effect µ* over the whole range on: {outcome.title}", 60)
        )
    else:
        _bars(ax, rows, indices.main[order], indices.main_half[order], _LOW, "", 0.7)
        ax.set_xlabel(wrapped(f"Partial rank correlation with: {outcome.title}", 60))
    ax.axvline(0, color="#222222", linewidth=0.8)
    names = [labels[i] if indices.resolved[i] else f"{labels[i]} (not resolved)" for i in order]
    ax.set_yticks(range(order.size), [wrapped(name, 34) for name in names])
    if indices.kind == "sobol":
        figure.legend(loc="outside upper right", ncols=2)
    return figure


@style.styled
def morris_plane(indices: Indices, labels: Sequence[str], outcome: NumericOutcome) -> Figure:
    """Draw mu* against sigma: to the right matters, high up is not additive (interactions or a bent response)."""
    figure = style.PaperFigure(5.4, 3.6)
    figure.set_layout_engine("constrained")
    ax = figure.subplots()
    ax.errorbar(
        indices.total, indices.spread, xerr=indices.total_half, fmt="o", color=_LOW, markersize=3.5, elinewidth=0.7,
        ecolor="#B5B5B5",
    )  # fmt: skip
    most = float(max(np.nanmax(indices.total), np.nanmax(indices.spread))) or 1.0
    ax.plot([0, most], [0, most], color=style.COLOUR["faint"], linewidth=0.9, zorder=0)
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    _name_points(ax, indices, labels)
    ax.set_xlabel(wrapped(f"µ*: mean absolute effect on {outcome.title}", 60))
    ax.set_ylabel("σ: spread of the effects")
    return figure


def _name_points(ax: Axes, indices: Indices, labels: Sequence[str]) -> None:
    strongest = np.argsort(-indices.total)[:10]
    strongest = strongest[
        indices.total[strongest] > 0.01 * np.nanmax(indices.total)
    ]  # the rest lies on one spot
    placed: list[tuple[float, float]] = []
    width, height = ax.get_xlim()[1], ax.get_ylim()[1]
    for index in strongest:
        x, y = float(indices.total[index]) / width, float(indices.spread[index]) / height
        lift = 0.0
        while any(abs(x - a) < 0.3 and abs(y + lift - b) < 0.045 for a, b in placed):
            lift += 0.045
        placed.append((x, y + lift))
        left = x > 0.62
        ax.annotate(
            labels[index], (x, y + lift), xycoords="axes fraction", xytext=(-5 if left else 5, 2),
            textcoords="offset points", ha="right" if left else "left", fontsize=6.5,
        )  # fmt: skip


def _bars(
    ax: Axes, rows: npt.NDArray[Any], values: Floats, halves: Floats, colour: str, label: str, height: float
) -> None:
    errors = np.where(np.isfinite(halves), halves, 0.0)
    ax.barh(
        rows, values, height=height, color=colour, alpha=0.85, linewidth=0, label=label, xerr=errors,
        error_kw={"elinewidth": 0.8, "ecolor": "#222222"},
    )  # fmt: skip


def _frame(n: int, width: float) -> tuple[Figure, Axes]:
    figure = style.PaperFigure(width + 0.6, 0.9 + 0.21 * max(n, 2))
    figure.set_layout_engine("constrained")
    ax = figure.subplots()
    ax.set_ylim(max(n, 1) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    return figure, ax


def of_outcome(findings: Findings, index: int, outcome: NumericOutcome) -> Iterator[Declared]:
    """Yield how far each parameter alone moves the outcome, where one at a time was changed."""
    if findings.values is None or findings.plan.design.get("kind") != "one_at_a_time":
        return
    for arm, name in enumerate(findings.plan.arm_names):
        table = findings.values[index, :, arm]
        swings = list(_swings(findings, table, outcome))
        telling = [swing for swing in swings if swing.size > 0]
        if not telling:
            continue  # nothing moves it in this arm
        left_out = len(swings) - len(telling)
        title = title_with_arm(findings, f"{outcome.title}: one parameter at a time", name)
        caption = (
            f"{who(findings)} Change against the base when one parameter goes to the low or high end of its range, the "
            "others staying; lines: 95 % interval of the mean change within patients. Right: the ends."
            + (f" Left out: {left_out} parameters that change nothing at either end." if left_out else "")
        )
        draw = partial(tornado, telling, outcome, float(np.nanmean(table[0])))
        yield declared("tornado", (outcome.name, name), title, caption, draw)


def _swings(findings: Findings, table: Floats, outcome: NumericOutcome) -> Iterator[Swing]:
    most = largest_difference(findings.plan, outcome)
    for i, factor in enumerate(findings.plan.factors):
        ends = []
        for point in (1 + 2 * i, 2 + 2 * i):
            mean, low, high = paired_interval((table[point] - table[0])[None, :], most)
            ends.append((float(mean[0]), float(low[0]), float(high[0])))
        words = [factor.level_text(findings.points[point][i]) for point in (1 + 2 * i, 2 + 2 * i)]
        yield Swing(
            factor.label or factor.name, words[0], f"{words[1]} {factor.unit}".strip(), ends[0], ends[1]
        )


def of_sweep(findings: Findings) -> Iterator[Declared]:
    """Yield the sensitivity indices of every outcome for which there are any."""
    labels = [factor.label or factor.name for factor in findings.plan.factors]
    telling = {
        "sobol": "Sobol indices: the share of the outcome's variance over the design that goes when the parameter is known "
        "(S1, alone; ST, with its interactions).",
        "morris": "Morris screening: the mean absolute effect µ* of stepping through a parameter's whole range.",
        "rank": "Partial rank correlation: monotone association with the others held fixed; orders, does not apportion.",
    }
    for ranking in findings.rankings:
        indices = ranking.indices
        if indices is None:
            continue
        name = (
            f"{ranking.outcome.name}_{ranking.arm}" if len(findings.plan.arms) > 1 else ranking.outcome.name
        )
        title = title_with_arm(findings, f"What drives: {ranking.outcome.title}", ranking.arm)
        noise = (
            f" Chance makes {ranking.noise_share:.0%} of the variance between points: more replicates lower it."
            if np.isfinite(ranking.noise_share)
            else ""
        )
        missed = int((~indices.resolved).sum())
        unresolved = f" {missed} of {len(labels)} are {NOT_RESOLVED}." if missed else ""
        caption = (
            f"{telling[indices.kind]} Lines: 95 % interval by bootstrap over the design.{noise}{unresolved}"
        )
        bars = partial(index_bars, indices, labels, ranking.outcome)
        yield declared("indices", (name,), title, caption, bars)
        if indices.kind == "morris":
            caption = (
                "Above the grey line the effects differ more than they are large: the parameter interacts with others, or its "
                "effect bends."
            )
            plane = partial(morris_plane, indices, labels, ranking.outcome)
            yield declared("morris", (name,), f"{title}: size and evenness of the effects", caption, plane)
