"""Predictive checks: every target with its observed interval and the simulated one, by group, on the target's own scale."""

import math
from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulation.calibration.estimate import transformed
from simulation.calibration.targets import Target, load_targets
from simulation.results.figures import style
from simulation.validation.check import MeasuredNumber
from simulation.validation.run import Result

__all__ = ["predictive_checks"]

_WIDTH: Final = 10.0  # inches
_ROW: Final = 0.2
_LIMIT: Final = 3.2  # half-widths of the observed interval; what lies beyond is drawn as an arrow
_GROUPS: Final = {
    "Overt disease": ("overt",),
    "MRD": ("mrd",),
    "Blood after the first infusion": ("kinetics",),
    "Transplant, DLI and relapse": ("graft", "haplo_dli", "dli_at_mrd", "natural"),
    "Exhaustion co-culture": ("coculture",),
}
MONTE_CARLO: Final = "simulated, 95 % Monte-Carlo interval; green inside, amber unclear, red outside"
_COLOUR: Final = {"pass": "donor_cells", "fail": "blasts", "unclear": "treg", "error": "blasts"}


@style.styled
def predictive_checks(results: Sequence[Result], bar: str = MONTE_CARLO) -> Figure | None:
    """Return one panel per group of targets; None where no target was simulated.

    Grey is what was observed, from the lower to the upper limit; the dot with its bar is simulated, with the 95 % Monte-Carlo
    interval (or what `bar` says), on the target's scale (log, logit or linear).
    """
    known = load_targets()
    rows = [(known[r.id], r) for r in results if r.id in known and len(r.finding.measured) >= 2]
    groups = {
        title: [(t, r) for t, r in rows if t.experiment in experiments]
        for title, experiments in _GROUPS.items()
    }
    groups = {title: inside for title, inside in groups.items() if inside}
    if not groups:
        return None
    height = sum(len(inside) + 1.6 for inside in groups.values()) * _ROW + 0.7
    figure = style.PaperFigure(_WIDTH, height)
    top = 1 - 0.35 / height
    figure.text(0.02, 1 - 0.15 / height, "Predictive checks", fontsize=10, fontweight="bold", va="center")
    words = f"grey: observed, a line at its value; dot and bar: {bar}"
    figure.text(
        0.98, 1 - 0.15 / height, words, fontsize=7, va="center", ha="right", color=style.COLOUR["quiet"]
    )
    for title, inside in groups.items():
        size = (len(inside) + 0.3) * _ROW / height
        top -= 0.9 * _ROW / height
        figure.text(0.02, top, title, fontsize=8.5, fontweight="bold", va="center")
        ax = figure.add_axes((0.47, top - 0.5 * _ROW / height - size, 0.25, size))
        _panel(ax, inside)
        top -= size + 0.7 * _ROW / height
    return figure


def _panel(ax: Axes, inside: Sequence[tuple[Target, Result]]) -> None:
    ax.set_xlim(-_LIMIT, _LIMIT)
    ax.set_ylim(len(inside) - 0.35, -0.65)
    ax.set_yticks([])
    ax.set_xticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.axvline(0.0, color=style.COLOUR["faint"], linewidth=0.8, zorder=0)
    for y, (target, result) in enumerate(inside):
        seen = result.finding.measured[0]
        colour = style.COLOUR[_COLOUR[result.finding.status]]
        ax.barh(y, 2.0, 0.62, -1.0, color=style.COLOUR["faint"], zorder=1)
        low, middle, high = (_place(target, value) for value in (seen.low, seen.value, seen.high))
        at = _place(target, target.observed)  # not always in the middle of its limits
        ax.plot([at, at], [y - 0.31, y + 0.31], color=style.COLOUR["quiet"], linewidth=1.0, zorder=1.5)
        ax.plot([low, high], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt", zorder=2)
        mark = "<" if middle <= -_LIMIT else ">" if middle >= _LIMIT else "o"
        if not math.isnan(middle):
            ax.plot([middle], [y], mark, color=colour, markersize=4, zorder=3, clip_on=False)
        what = target.what if len(target.what) < 66 else target.what[:63] + "…"
        across = ax.get_yaxis_transform()
        ax.text(-1.8, y, target.id, transform=across, fontsize=6.5, va="center", color=style.COLOUR["quiet"])
        ax.text(-1.5, y, what, transform=across, fontsize=6.5, va="center")
        observed = MeasuredNumber("", target.observed, target.low, target.high)
        ax.text(1.04, y, _bare(seen), transform=across, fontsize=6.5, va="center", color=colour)
        ax.text(
            1.58, y, _bare(observed), transform=across, fontsize=6.5, va="center", color=style.COLOUR["quiet"]
        )


def _place(target: Target, value: float) -> float:
    """Return where a value lies, in half-widths of the observed interval, 0 in its middle; NaN if unknown."""
    if math.isnan(value):
        return math.nan
    low, high, at = (transformed(v, target.scale) for v in (target.low, target.high, value))
    place = (at - (low + high) / 2) / ((high - low) / 2)
    return min(max(place, -_LIMIT), _LIMIT)


def _bare(measured: MeasuredNumber) -> str:
    return "{} ({}–{})".format(
        *(f"{v:.0f}" if abs(v) >= 20 else f"{v:.2g}" for v in (measured.value, measured.low, measured.high))
    )
