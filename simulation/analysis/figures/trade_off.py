"""Two outcomes against each other, a dot per design point, with the Pareto front."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from simulation.analysis.figures.axis import wrapped
from simulation.analysis.figures.common import Declared, declared, title_with_arm, who
from simulation.analysis.findings import Findings
from simulation.analysis.grid import varying
from simulation.results.figures import style
from simulation.sweep.outcomes import NumericOutcome

__all__ = ["Cloud", "trade_off"]

type Floats = npt.NDArray[np.float64]
_MOST_NAMED = 14


@dataclass(frozen=True, eq=False)
class Cloud:
    """Hold one outcome at all points: mean and interval, shape (n_points,)."""

    mean: Floats
    low: Floats
    high: Floats


@style.styled
def trade_off(
    one: Cloud, other: Cloud, front: npt.NDArray[np.int64], names: Sequence[str], outcomes: tuple[NumericOutcome, NumericOutcome],
    legend: str,
) -> Figure:  # fmt: skip
    """Draw the points with 95 % intervals; those on the front are joined, lettered and told in `names`."""
    figure = style.PaperFigure(7.2, 3.7)
    figure.set_layout_engine("constrained")
    ax, ax_text = figure.subplots(1, 2, width_ratios=(2.6, 1))
    ax_text.set_axis_off()
    off = np.setdiff1d(np.flatnonzero(np.isfinite(one.mean) & np.isfinite(other.mean)), front)
    for chosen, colour, size, order in ((off, "#9A9A9A", 2.6, 2), (front, style.COLOUR["other"], 4.2, 4)):
        ax.errorbar(
            one.mean[chosen], other.mean[chosen], xerr=_errors(one, chosen), yerr=_errors(other, chosen), fmt="o",
            color=colour, markersize=size, elinewidth=0.5, alpha=0.9, zorder=order,
        )  # fmt: skip
    if all(outcome.less_is_better for outcome in outcomes):
        ax.step(
            one.mean[front],
            other.mean[front],
            where="post",
            color=style.COLOUR["other"],
            linewidth=1.0,
            zorder=3,
        )
    else:
        ax.plot(one.mean[front], other.mean[front], color=style.COLOUR["other"], linewidth=1.0, zorder=3)
    lines: list[str] = []
    seen: dict[tuple[float, float], str] = {}
    for index in front.tolist():
        place = (round(float(one.mean[index]), 9), round(float(other.mean[index]), 9))
        if place in seen:
            lines.append(f"{seen[place]}  {names[index]}")
            continue
        letter = chr(ord("a") + len(seen) % 26)
        seen[place] = letter
        lines.append(f"{letter}  {names[index]}")
        ax.annotate(
            letter, place, xytext=(5, 4), textcoords="offset points", fontsize=8, fontweight="bold", zorder=5
        )
    if len(lines) > _MOST_NAMED:
        lines = [*lines[:_MOST_NAMED], f"and {len(lines) - _MOST_NAMED} more"]
    ax.set_xlabel(wrapped(outcomes[0].title, 60))
    ax.set_ylabel(wrapped(outcomes[1].title, 40))
    for which, outcome in ((ax.set_xlim, outcomes[0]), (ax.set_ylim, outcomes[1])):
        if outcome.share:
            which(-0.02, None)
    corner = tuple(0.02 if outcome.less_is_better else 0.98 for outcome in outcomes)
    ax.annotate(
        "better", corner, xytext=tuple(0.5 + 0.75 * (place - 0.5) for place in corner), xycoords="axes fraction",
        textcoords="axes fraction", fontsize=7, color=style.COLOUR["quiet"],
        arrowprops={"arrowstyle": "->", "color": style.COLOUR["quiet"], "linewidth": 0.7},
    )  # fmt: skip
    heading = "\n".join(textwrap.wrap(f"Pareto front: {legend}", 36))
    ax_text.text(0.0, 1.0, f"{heading}\n\n" + "\n".join(lines), fontsize=7, va="top", linespacing=1.45)
    return figure


def _errors(cloud: Cloud, chosen: npt.NDArray[np.int64]) -> Floats:
    below = np.nan_to_num(cloud.mean[chosen] - cloud.low[chosen])
    above = np.nan_to_num(cloud.high[chosen] - cloud.mean[chosen])
    return np.maximum(np.stack([below, above]), 0.0)


def of_sweep(findings: Findings) -> Iterator[Declared]:
    """Yield the two outcomes that are traded against each other, a figure per arm."""
    if findings.traded is None or not findings.points:
        return
    one, other = findings.traded
    responses = findings.responses
    places = [responses.index(outcome.name) for outcome in (one, other)]
    shown = varying(findings.plan.factors, findings.points)
    factors: Sequence[str] = [findings.plan.factors[i].title for i in shown]
    names = [
        ", ".join(findings.plan.factors[i].level_text(point[i]) for i in shown) for point in findings.points
    ]  # the title of the list says what they are
    for arm, name in enumerate(findings.plan.arm_names):
        clouds = [
            Cloud(responses.mean[:, arm, i], responses.low[:, arm, i], responses.high[:, arm, i])
            for i in places
        ]
        title = title_with_arm(findings, f"{one.label or one.name} against {other.label or other.name}", name)
        caption = (
            f"{who(findings)} Each dot is a design point with 95 % intervals of both means. Red: no other point is at "
            "least as good in both and better in one; points near the front may belong to it, as their intervals say."
        )
        draw = partial(
            trade_off, clouds[0], clouds[1], findings.pareto[name], names, (one, other), ", ".join(factors)
        )
        yield declared("pareto", (one.name, other.name, name), title, caption, draw)
