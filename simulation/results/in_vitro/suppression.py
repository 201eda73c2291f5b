"""The suppression assay as published: percent suppression by Treg:Tcon ratio, and CFSE profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from matplotlib.figure import Figure

from simulation.in_vitro.evidence import EXPANDED_AT_1_4, SUPPRESSION
from simulation.in_vitro.fields import ratio_text
from simulation.in_vitro.protocols.suppression import READOUTS, suppression_of_donors
from simulation.results.figures import style
from simulation.results.in_vitro.axes import cfse_profile, grid_of, percent_axis, within, words_axis

if TYPE_CHECKING:
    from simulation.in_vitro.result import ExperimentResult
    from simulation.in_vitro.schema import SuppressionAssay

__all__ = ["profiles", "suppression"]

_LOOK = {
    "divided_percent": (style.COLOUR["treg"], "o", "solid", 1.6),
    "division_index": (style.COLOUR["engager"], "s", (0, (5, 1.5)), 1.0),
    "dna_synthesis_cells": (style.COLOUR["b_cells"], "^", (0, (1.2, 1.2)), 1.0),
}


def _plan(result: ExperimentResult) -> SuppressionAssay:
    return cast("SuppressionAssay", result.experiment)


@style.styled
def suppression(result: ExperimentResult) -> Figure:
    """Draw percent suppression against the ratio for three readouts, with published values."""
    ratios = [treg for treg in _plan(result).treg if treg > 0]
    figure, axes = grid_of(1, 1, 3.1, 2.2, right=1.85, top=0.12)
    ax = axes[0][0]
    for rank, (readout, words) in enumerate(reversed(READOUTS.items())):
        colour, marker, dashes, width = _LOOK[readout]
        values = np.array([suppression_of_donors(result.tables["wells"], readout, treg) for treg in ratios])
        mean = values.mean(axis=1)
        sd = values.std(axis=1, ddof=1) if values.shape[1] > 1 else np.zeros(mean.size)
        x = np.arange(len(ratios)) + 0.06 * (rank - 1)
        ax.errorbar(
            x, mean, yerr=within(mean, sd), color=colour, marker=marker, markersize=3.8, linestyle=dashes, linewidth=width,
            elinewidth=0.8, capsize=2, label=words.replace(" in the last hours", "").replace(" (", "\n("),
        )  # fmt: skip
    ink, seen = style.COLOUR["ink"], False
    for index, treg in enumerate(ratios):
        if treg in SUPPRESSION:
            low, high, _ = SUPPRESSION[treg]
            middle, half = 0.5 * (low + high), 0.5 * (high - low)
            ax.errorbar([index + 0.2], [middle], yerr=[half] if half else None, fmt="D", color=ink, markersize=4.4,
                        elinewidth=1.4, label=None if seen else "fresh Treg (recalled)", zorder=5)  # fmt: skip
            seen = True
        if treg == 0.25:
            ax.plot([index + 0.2], [EXPANDED_AT_1_4[0]], "D", markerfacecolor="white", markeredgecolor=ink, markersize=4.4,
                    label="expanded Treg,\nBrunstein 2011", zorder=5)  # fmt: skip
    words_axis(ax, [ratio_text(treg) for treg in ratios])
    ax.set_xlabel("Treg : Tcon")
    percent_axis(ax, "Suppression (%)")
    handles, labels = ax.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda index: "Treg" in labels[index])  # simulated first
    order.sort(key=lambda index: labels[index].startswith("expanded"))
    ax.legend(
        [handles[i] for i in order], [labels[i] for i in order], loc="upper left", bbox_to_anchor=(1.02, 1.04),
        handlelength=2.2, labelspacing=0.9,
    )  # fmt: skip
    return figure


@style.styled
def profiles(result: ExperimentResult) -> Figure:
    """Draw the CFSE histogram of the first donor's first well at every ratio."""
    e = _plan(result)
    table = result.tables["wells"]
    columns = sorted((n for n in table if n.startswith("generation_")), key=lambda n: int(n.split("_")[1]))
    across = min(len(e.treg), 4)
    rows = -(-len(e.treg) // across)
    figure, axes = grid_of(rows, across, 1.5, 1.0, left=0.2, gap_x=0.2, gap_y=0.2, top=0.12, bottom=0.48)
    for index in range(rows * across):
        ax = axes[index // across][index % across]
        if index >= len(e.treg):
            ax.set_visible(False)
            continue
        well = int(np.flatnonzero(table["treg_per_tcon"] == e.treg[index])[0])
        generations = np.array([table[n][well] for n in columns])
        name = "no Treg" if e.treg[index] == 0 else f"Treg {ratio_text(e.treg[index])}"
        colour = style.COLOUR["tcon"] if e.treg[index] == 0 else style.COLOUR["treg"]
        cfse_profile(ax, generations, colour, label=f"{name}\n{table['divided_percent'][well]:.0f} % divided")
        last = index + across >= len(e.treg)
        ax.tick_params(axis="x", labelbottom=last)
        if last:
            ax.set_xlabel("CFSE (divisions to the right)")
    return figure
