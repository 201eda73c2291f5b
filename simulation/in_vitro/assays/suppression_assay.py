"""Treg suppression assay: how much less stimulated Tcon divide with more and more Treg."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

import numpy as np
from pydantic import Field, field_validator

from simulation.blocks.fields import Fraction, Problem, Quantity, written
from simulation.in_vitro.experiment import Duration, Experiment, with_control
from simulation.in_vitro.fields import Cells, TregRatio, ratio_text
from simulation.in_vitro.result import Comparison, ExperimentResult, Rows, Table
from simulation.in_vitro.statistics import (
    division_index,
    mean_sd,
    means_of_donors,
    percent_divided,
)
from simulation.results.figures.report_figure import ReportFigure
from simulation.units import format_quantity

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn

    from simulation.in_vitro.plate import Donor, Plate


class SuppressionAssay(Experiment):
    """Stimulate Tcon with more and more Treg and count how much less they divide."""

    TITLES: ClassVar[Mapping[str, str]] = {
        "ratio": "Treg:Tcon",
        "suppression_of_divided_percent": "fewer cells that divided, %",
        "suppression_of_divided_sd": "SD, %",
        "suppression_of_division_index_percent": "lower division index, %",
        "suppression_of_dna_synthesis_percent": "less DNA synthesis, %",
    }

    experiment: Literal["suppression_assay"] = Field(description="Which experiment this is.")
    responders: Cells = Field(50_000, description="Tcon per well, labelled (CFSE).")
    responding: Fraction = Field(
        1.0,
        description="Share of Tcon that the stimulus reaches: 1 for anti-CD3, the alloreactive share in an MLR.",
    )
    stimulus: Annotated[float, Quantity("dimensionless", 0, 100, above_low=True)] = Field(
        1.0, description="Strength at the start relative to host APC on the day of transplant."
    )
    treg: Annotated[tuple[TregRatio, ...], Field(min_length=1, max_length=20)] = Field(
        description="Treg per Tcon; none is always added."
    )
    duration: Duration = Field(written("4 d"), description="Length of the culture.")
    pulse: Duration = Field(
        written("16 h"), description="Last part of the culture, in which newly made DNA is counted."
    )

    _control = field_validator("treg", mode="after")(staticmethod(with_control))

    def durations(self) -> Mapping[str, tuple[float, ...]]:
        """Return the length of the culture and of the pulse."""
        return {"duration": (self.duration,), "pulse": (self.pulse,)}

    def n_wells(self) -> int:
        """Return the number of wells."""
        return self.donors * self.replicates * len(self.treg)

    def largest_well(self) -> float:
        """Return Tcon and Treg at the start."""
        return self.responders * (1 + self.treg[-1])

    def contradictions(self) -> Iterator[Problem]:
        """Yield a pulse longer than the culture."""
        if self.pulse > self.duration:
            longest = f"at most duration, {format_quantity(self.duration, 'time')}"
            yield Problem(f"got {format_quantity(self.pulse, 'time')}", ("pulse",), longest)

    def run(self, plate: Plate) -> ExperimentResult:
        """Run the plate and evaluate it."""
        rows = Rows()
        for donor, treg, replicate in product(plate.donors(), self.treg, range(self.replicates)):
            rows.add(**_one_well(self, donor, treg, replicate))
            plate.finish()
        table = rows.table()
        findings, comparison = _findings(self, table), _comparison(self, table)
        return ExperimentResult(self, plate.seed, {"wells": table}, findings, comparison)

    def figures(self) -> tuple[ReportFigure[ExperimentResult], ...]:
        """Return the figures, in the order of the report."""
        return (
            ReportFigure(
                "suppression",
                "Suppression by ratio",
                "Mean and standard deviation of donors for three readouts of the same wells, against wells without Treg; "
                "diamonds: published values.",
                partial(suppression, self),
            ),
            ReportFigure(
                "cfse",
                "CFSE profiles of Tcon",
                "One well of the first donor each, as a cytometer would show it. Percent: original cells that divided.",
                partial(profiles, self),
            ),
        )


# Column of the table -> what a laboratory calls it.
READOUTS = {
    "dna_synthesis_cells": "DNA synthesis in the last hours (thymidine)",
    "division_index": "division index (CFSE)",
    "divided_percent": "cells that divided (CFSE)",
}


_LOOK: Final = {
    "divided_percent": ("treg", "o", "solid", 1.6),
    "division_index": ("engager", "s", (0, (5, 1.5)), 1.0),
    "dna_synthesis_cells": ("b_cells", "^", (0, (1.2, 1.2)), 1.0),
}
# Treg per Tcon -> (low, high) percent suppression; fresh Treg, recalled
_PUBLISHED: Final = {1.0: (80.0, 90.0), 0.5: (70.0, 70.0), 0.25: (50.0, 50.0), 0.125: (30.0, 30.0)}
_PUBLISHED_SOURCE: Final = "fresh Treg (recalled)"
_EXPANDED_AT_1_4: Final = (86.0, "expanded cord Treg, Brunstein 2011, Blood 117:1061")


def _one_well(e: SuppressionAssay, donor: Donor, treg: float, replicate: int) -> dict[str, Any]:
    from simulation.biology.traits import TCON, TREG, encode
    from simulation.in_vitro.wells import TCON_CLASSES

    label = f"suppression {treg!r} {replicate}"
    well = donor.well(label, dye=True)
    responders = donor.pipetted(well, f"responders {label}", e.responders)
    reached = well.draw.binomial(f"reached {label}", responders, e.responding)
    # Whoever the stimulus reaches behaves as an alloreactive cell that meets its antigen.
    well.add(encode(TCON, alloreactive=True), reached)
    well.add(encode(TCON), responders - reached)
    regulatory = donor.pipetted(well, f"Treg {label}", e.responders * treg)
    well.add(encode(TREG), regulatory)
    well.state.host_apc = e.stimulus
    well.run(e.duration - e.pulse)
    before = well.tcon_births
    well.run(e.pulse)
    generations = well.generations()
    return {
        "donor": donor.number,
        "replicate": replicate + 1,
        "treg_per_tcon": treg,
        "responders_seeded_cells": responders,
        "responders_live_cells": well.count(*TCON_CLASSES),
        "treg_seeded_cells": regulatory,
        "treg_live_cells": well.count(TREG),
        "divided_percent": percent_divided(generations),
        "division_index": division_index(generations),
        "dna_synthesis_cells": well.tcon_births - before,
        **{f"generation_{k}_cells": float(n) for k, n in enumerate(generations)},
    }


def suppression_of_donors(table: Table, readout: str, treg: float) -> np.ndarray:
    """Return percent suppression of each donor against its own wells without Treg."""
    alone = means_of_donors(table, readout, treg_per_tcon=0.0)
    suppressed: np.ndarray = 100.0 * (1.0 - means_of_donors(table, readout, treg_per_tcon=treg) / alone)
    return suppressed


def _findings(e: SuppressionAssay, table: Table) -> dict[str, Any]:
    conditions = []
    for treg in e.treg[1:]:
        entry: dict[str, Any] = {"treg_per_tcon": treg, "ratio": ratio_text(treg)}
        for readout in READOUTS:
            mean, sd = mean_sd(suppression_of_donors(table, readout, treg))
            name = readout.removesuffix("_percent").removesuffix("_cells")
            entry |= {f"suppression_of_{name}_percent": mean, f"suppression_of_{name}_sd": sd}
        conditions.append(entry)
    alone = table["treg_per_tcon"] == 0.0
    return {
        "suppression": conditions,
        "divided_without_treg_percent": float(table["divided_percent"][alone].mean()),
        "division_index_without_treg": float(table["division_index"][alone].mean()),
    }


def _comparison(e: SuppressionAssay, table: Table) -> list[Comparison]:
    rows = []
    for treg in e.treg[1:]:
        if treg not in _PUBLISHED:
            continue
        low, high = _PUBLISHED[treg]
        source = _PUBLISHED_SOURCE
        observed = f"{low:g}" if low == high else f"{low:g}-{high:g}"
        if treg == 0.25:
            value, also = _EXPANDED_AT_1_4
            observed, source = f"{observed}; {value:g} expanded", f"{source}; {also}"
        for readout, words in READOUTS.items():
            mean, sd = mean_sd(suppression_of_donors(table, readout, treg))
            rows.append(
                Comparison(f"% suppression at Treg {ratio_text(treg)}: {words}", mean, sd, observed, source)
            )
    return rows


def suppression(e: SuppressionAssay, result: ExperimentResult) -> Drawn:
    """Draw percent suppression against the ratio for three readouts, with published values."""
    from simulation.in_vitro.drawing import grid_of, percent_axis, style, within, words_axis

    ratios = [treg for treg in e.treg if treg > 0]
    figure, axes = grid_of(1, 1, 3.1, 2.2, right=1.85, top=0.12)
    ax = axes[0][0]
    for rank, (readout, words) in enumerate(reversed(READOUTS.items())):
        colour, marker, dashes, width = _LOOK[readout]
        values = np.array([suppression_of_donors(result.tables["wells"], readout, treg) for treg in ratios])
        mean = values.mean(axis=1)
        sd = values.std(axis=1, ddof=1) if values.shape[1] > 1 else np.zeros(mean.size)
        x = np.arange(len(ratios)) + 0.06 * (rank - 1)
        ax.errorbar(
            x, mean, yerr=within(mean, sd), color=style.COLOUR[colour], marker=marker, markersize=3.8, linestyle=dashes,
            linewidth=width, elinewidth=0.8, capsize=2, label=words.replace(" in the last hours", "").replace(" (", "\n("),
        )  # fmt: skip
    ink, seen = style.COLOUR["ink"], False
    for index, treg in enumerate(ratios):
        if treg in _PUBLISHED:
            low, high = _PUBLISHED[treg]
            middle, half = 0.5 * (low + high), 0.5 * (high - low)
            ax.errorbar([index + 0.2], [middle], yerr=[half] if half else None, fmt="D", color=ink, markersize=4.4,
                        elinewidth=1.4, label=None if seen else _PUBLISHED_SOURCE, zorder=5)  # fmt: skip
            seen = True
        if treg == 0.25:
            ax.plot([index + 0.2], [_EXPANDED_AT_1_4[0]], "D", markerfacecolor="white", markeredgecolor=ink, markersize=4.4,
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


def profiles(e: SuppressionAssay, result: ExperimentResult) -> Drawn:
    """Draw the CFSE histogram of the first donor's first well at every ratio."""
    from simulation.in_vitro.drawing import cfse_profile, grid_of, style

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
