"""Toxicity: the host tissue's integrity with the grade of acute GvHD, and the score of cytokine release."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from simulation.results.figures import strip, style
from simulation.results.figures.report_figure import ReportFigure

if TYPE_CHECKING:
    from simulation.results.result import Result

__all__ = ["FIGURE", "GRADE_COLOURS", "draw_crs", "draw_tissue", "grade_spells"]

GRADE_COLOURS = ("#FFFFFF", "#FCE9C8", "#F7C77F", "#E08A4A", "#B24A2E")  # grades 0 to IV, darker is worse
_ROMAN = ("0", "I", "II", "III", "IV")


@style.styled
def figure(result: Result) -> Figure:
    """Draw tissue integrity over bands of GvHD grade, and the CRS score below."""
    drawn, (tissue, crs) = strip.panels(result, (1.45, 0.95), marks=(*strip.TURNS, strip.GVHD))
    draw_tissue(tissue, result)
    draw_crs(crs, result)
    return drawn


def grade_spells(result: Result) -> list[tuple[float, float, int]]:
    """Return (from day, to day, grade) of every spell of acute GvHD of grade I or more."""
    grades, days = result.column("agvhd_grade"), result.days
    known = np.isfinite(grades) & np.isfinite(days)
    spells: list[tuple[float, float, int]] = []
    previous, begun = 0, 0.0
    for day, grade in zip(days[known].tolist(), grades[known].astype(int).tolist(), strict=True):
        if grade != previous:
            if previous:
                spells.append((begun, day, previous))
            previous, begun = grade, day
    if previous:
        spells.append((begun, result.end, previous))
    return spells


@style.styled
def draw_tissue(ax: Axes, result: Result) -> Figure:
    """Draw the integrity of host tissue, 1 = healthy, over bands coloured by the grade of acute GvHD."""
    integrity = result.column("tissue_integrity_fraction")
    ax.set_ylim(0, 1.05)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
    ax.set_ylabel("Tissue integrity\n(1 = healthy)")
    spells = grade_spells(result)
    for start, end, grade in spells:
        ax.axvspan(start, end, color=GRADE_COLOURS[min(grade, 4)], linewidth=0, zorder=0.5)
    if np.isfinite(integrity).any():
        ax.plot(result.days, integrity, color=style.COLOUR["tissue"], label="tissue integrity", clip_on=False)
    else:
        style.note(ax, "not recorded")
    seen = sorted({grade for *_, grade in spells})
    if seen:
        handles = [
            Patch(facecolor=GRADE_COLOURS[min(grade, 4)], label=_ROMAN[min(grade, 4)]) for grade in seen
        ]
        legend = ax.legend(
            handles=handles,
            title="aGvHD\ngrade",
            title_fontsize=7,
            fontsize=7,
            loc="upper left",
            bbox_to_anchor=(1.01, 1.0),
            borderaxespad=0.0,
            handlelength=1.0,
            handletextpad=0.5,
            labelspacing=0.3,
        )
        legend.set_alignment("left")
    elif np.isfinite(result.column("agvhd_grade")).any():
        style.label_ends(ax, [(1.0, "no aGvHD", style.COLOUR["quiet"])])
    return cast(Figure, ax.figure)


@style.styled
def draw_crs(ax: Axes, result: Result) -> Figure:
    """Draw the score of cytokine release, and the worst grade it reached."""
    score = result.column("crs_score")
    finite = score[np.isfinite(score)]
    top = float(finite.max()) if finite.size else 0.0
    ax.set_ylim(0, top * 1.15 if top > 0 else 1.0)
    ax.set_ylabel("CRS score\n(no unit)")
    if not finite.size:
        style.note(ax, "not recorded")
        return cast(Figure, ax.figure)
    ax.plot(result.days, score, color=style.COLOUR["crs"], label="CRS score", clip_on=False)
    grade = result.outcomes.get("crs_grade")
    if isinstance(grade, int | float):
        style.label_ends(ax, [(top, f"worst\ngrade {int(grade)}", style.COLOUR["crs"])])
    return cast(Figure, ax.figure)


def _anything(result: Result) -> bool:
    """Return whether there was any damage or cytokine release; what was not recorded counts as nothing."""
    damage = 1.0 - result.column("tissue_integrity_fraction")
    return bool(max(np.nanmax(damage, initial=0.0), np.nanmax(result.column("crs_score"), initial=0.0)) > 0)


def caption(result: Result) -> str:
    """Say what the figure shows."""
    return (
        "Top: integrity of the host's gut, skin and liver; the bands give the clinical grade of acute GvHD "
        "while it lasted. Bottom: score of cytokine release (CRS), from new engagement of T cells within "
        "24 hours and the burden of target cells. One simulated patient: there are no confidence bands."
    )


FIGURE = ReportFigure(
    "gvhd",
    "Toxicity: acute GvHD and cytokine release",
    caption,
    figure,
    order=50,
    applies=_anything,
    draw_on=draw_tissue,
)
