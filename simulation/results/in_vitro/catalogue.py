"""The figures of every kind of experiment, in the order in which its report shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from simulation.results.in_vitro import cytotoxicity, exhaustion, mixed_lymphocytes, suppression

if TYPE_CHECKING:
    from simulation.in_vitro.result import ExperimentResult

__all__ = ["FIGURES", "AssayFigure"]


@dataclass(frozen=True, slots=True)
class AssayFigure:
    """Name a figure's files, its title, what draws it and what it shows."""

    name: str
    title: str
    draw: Callable[[ExperimentResult], Figure]
    caption: str


FIGURES: dict[str, tuple[AssayFigure, ...]] = {
    "cytotoxicity": (
        AssayFigure(
            "dose_response",
            "Lysis by concentration",
            cytotoxicity.dose_response,
            "Specific lysis against wells without drug. Symbols and bars: mean and standard deviation of donors, each the "
            "mean of its replicate wells; lines: three-parameter Hill curves through the means.",
        ),
        AssayFigure(
            "et_titration",
            "Lysis by E:T ratio",
            cytotoxicity.et_titration,
            "At the highest concentration. Thick: mean of donors; thin: each donor.",
        ),
        AssayFigure(
            "potency",
            "EC50 by length of the assay",
            cytotoxicity.potency,
            "Dots: each donor whose curve could be fitted; lines: geometric means, where more than half of the donors could. "
            "Dashed: the concentration of half-maximal chance per contact. The assay's EC50 lies below it and "
            "falls with time: T cells meet targets far more often than they can kill.",
        ),
    ),
    "exhaustion_coculture": (
        AssayFigure(
            "lysis",
            "Function of T cells taken from the culture",
            exhaustion.lysis,
            "Specific lysis in the short assay against fresh targets. Bars: mean and standard deviation of donors (bars end at 0 "
            "and 100); circles: each donor, the mean of its cultures. Lysis saturates: T cells that lost half of their potency "
            "may still kill all.",
        ),
        AssayFigure(
            "culture",
            "T cells in the culture",
            exhaustion.culture,
            "Left: mean exhaustion of T cells. Right: their number, splits multiplied out. Thin: each donor. Bars on top: "
            "drug in the medium.",
        ),
    ),
    "mixed_lymphocyte_reaction": (
        AssayFigure(
            "cfse",
            "CFSE profiles of responders",
            mixed_lymphocytes.profiles,
            "One well of the first donor each, as a cytometer would show it; the undivided peak is cut off. Percent: original "
            "cells that divided.",
        ),
        AssayFigure(
            "divided",
            "Responders that divided",
            mixed_lymphocytes.divided,
            "Without Treg. Bars: mean and standard deviation of donors; circles: each donor. Where there are CD19+ cells the "
            "drug makes T cells divide whatever their specificity, with own stimulators too.",
        ),
        AssayFigure(
            "alloreactivity",
            "Does the drug enhance alloreactivity?",
            mixed_lymphocytes.alloreactivity,
            "The alloreactive share of all responders at the end, relative to the same donor without drug; dashed: no "
            "change. Lines: means; circles: each donor.",
        ),
        AssayFigure(
            "treg",
            "Treg in the reaction",
            mixed_lymphocytes.treg_effect,
            "Expansion of alloreactive cells, mean and standard deviation of donors.",
        ),
    ),
    "suppression_assay": (
        AssayFigure(
            "suppression",
            "Suppression by ratio",
            suppression.suppression,
            "Mean and standard deviation of donors for three readouts of the same wells, against wells without Treg; "
            "diamonds: published values.",
        ),
        AssayFigure(
            "cfse",
            "CFSE profiles of Tcon",
            suppression.profiles,
            "One well of the first donor each, as a cytometer would show it. Percent: original cells that divided.",
        ),
    ),
}
