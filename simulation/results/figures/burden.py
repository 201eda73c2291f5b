"""Leukaemia: blasts in the body down to the last cell, and the marrow against what its tests found."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulation.clinic.outcomes import OUTCOMES
from simulation.number_words import number_text
from simulation.results.figures import strip, style
from simulation.results.figures.count_lines import draw_counts
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.measurements import Measurement, measurements

if TYPE_CHECKING:
    from simulation.results.result import Result

__all__ = ["FIGURE", "draw_body", "draw_marrow"]

_LINES = (
    ("blasts_cells", "all blasts", "blasts", "solid"),
    ("blasts_cd19_negative_cells", "CD19\N{MINUS SIGN}", "cd19_negative", (0, (4, 1.5))),
    ("blasts_hla_lost_cells", "HLA lost", "hla_lost", (0, (1.2, 1.2))),
)


@style.styled
def figure(result: Result) -> Figure:
    """Draw blasts in the body above the marrow's blasts and MRD tests."""
    drawn, (body, marrow) = strip.panels(result, (1.5, 1.6), below=0.16, marks=None)
    draw_body(body, result)
    draw_marrow(marrow, result)
    return drawn


@style.styled
def draw_body(ax: Axes, result: Result) -> Figure:
    """Draw all blasts, those without CD19 and those without the mismatched HLA, in cells."""
    clones = frozenset(name for name, *_ in _LINES[1:])  # one that never was is not a curve along zero
    draw_counts(ax, result, _LINES, label="Blasts in the body\n(cells)", gap=0.105, clones=clones)
    _mark_eradication(ax, result)
    return cast(Figure, ax.figure)


@style.styled
def draw_marrow(ax: Axes, result: Result) -> Figure:
    """Draw the true share of blasts in the marrow, the tests on their sample's day, and the limits."""
    sensitivity = _sensitivity(result)
    floor = 10.0 ** np.floor(np.log10(sensitivity) - 1)
    style.count_axis(ax, [result.column("marrow_blast_fraction")], floor=floor, least_top=1.0)
    ax.set_ylim(top=1.5)
    ax.set_ylabel("Blasts among marrow\ncells (fraction)")
    lines = _limits(result, sensitivity)
    for value, _, colour, dashes in lines:
        ax.axhline(value, color=colour, linewidth=0.7, linestyle=dashes, zorder=1)
    style.label_ends(ax, [(value, text, colour) for value, text, colour, _ in lines], gap=0.1)
    truth = result.column("marrow_blast_fraction")
    if np.isfinite(truth).any():
        ax.plot(
            result.days, truth, color=style.COLOUR["blasts"], linewidth=1.1, label="true share", clip_on=False
        )
    else:
        style.note(ax, "not recorded")
    _draw_tests(ax, result, sensitivity)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, -0.24),
            ncols=4,
            handlelength=1.4,
            columnspacing=1.1,
            handletextpad=0.4,
            borderaxespad=0.0,
        )
    return cast(Figure, ax.figure)


def caption(result: Result) -> str:
    """Say what the figure shows."""
    return (
        "Top: all blasts in the body; at zero, in the grey band, there is not one blast (not merely "
        "none detected). Bottom: the line is the simulated truth, which no clinician sees; points are what "
        "the tests of the marrow measured, on the day of the sample: an aspirate sees ONE site, and only "
        "so many of its cells. Open triangles: nothing found above the assay's limit "
        f"({number_text(_sensitivity(result))}). Dashed lines: overt relapse and MRD as this scenario "
        f"defines them. {strip.SHADING} One simulated patient: there are no confidence "
        "bands."
    )


def _mark_eradication(ax: Axes, result: Result) -> None:
    day = result.outcomes.get("eradicated_day")
    if not result.outcomes.get("eradicated") or not isinstance(day, int | float):
        return
    colour = style.COLOUR["ink"]
    ax.plot(
        [day],
        [0],
        marker="X",
        markersize=6,
        color=colour,
        linestyle="none",
        clip_on=False,
        label=OUTCOMES["eradicated_day"].mark,
        zorder=5,
    )
    late = day > 0.6 * result.end
    ax.annotate(
        f"last blast dead, day {day:.0f}",
        (day, 0),
        xytext=(-6 if late else 6, 15),
        textcoords="offset points",
        ha="right" if late else "left",
        fontsize=7,
        color=colour,
    )


def _draw_tests(ax: Axes, result: Result, sensitivity: float) -> None:
    morphology = measurements(result, "morphology")
    _points(
        ax, [item for item in morphology if item.value > 0], "s", "none", style.COLOUR["quiet"], "microscopy"
    )
    tests = measurements(result, "mrd")
    _points(
        ax,
        [item for item in tests if item.value >= sensitivity],
        "o",
        "full",
        style.COLOUR["ink"],
        "MRD test",
    )
    below = [Measurement(item.day, sensitivity) for item in tests if item.value < sensitivity]
    _points(ax, below, "v", "none", style.COLOUR["ink"], "MRD not detected")


def _points(ax: Axes, points: list[Measurement], marker: str, fill: str, colour: str, label: str) -> None:
    if points:
        ax.plot(
            [item.day for item in points],
            [item.value for item in points],
            linestyle="none",
            marker=marker,
            markersize=4,
            markeredgewidth=0.9,
            markeredgecolor=colour,
            markerfacecolor=colour if fill == "full" else "white",
            label=label,
            clip_on=False,
            zorder=4,
        )


def _sensitivity(result: Result) -> float:
    """Return the lowest fraction the MRD test can report; one cell of those analysed is the least."""
    test = result.scenario.monitoring.mrd
    return max(float(test.sensitivity), 1.0 / float(test.cells)) if test is not None else 1e-6


def _limits(
    result: Result, sensitivity: float
) -> list[tuple[float, str, str, tuple[int, tuple[float, ...]]]]:
    definitions = result.scenario.definitions
    quiet = style.COLOUR["quiet"]
    limits: list[tuple[float, str, str, tuple[int, tuple[float, ...]]]] = [
        (
            definitions.overt_relapse,
            f"relapse {_percent(definitions.overt_relapse)}",
            style.COLOUR["blasts"],
            (0, (5, 2)),
        ),
        (definitions.mrd_negative, f"MRD {style.scientific(definitions.mrd_negative)}", quiet, (0, (5, 2))),
    ]
    if result.scenario.monitoring.mrd is not None:
        limits.append((sensitivity, f"limit {style.scientific(sensitivity)}", quiet, (0, (1, 2))))
    return limits


def _percent(value: float) -> str:
    return f"{100 * value:.3g}\N{NARROW NO-BREAK SPACE}%"


FIGURE = ReportFigure(
    "burden",
    "Leukaemia: blasts and measurable residual disease",
    caption,
    figure,
    order=10,
    draw_on=draw_marrow,
)
