"""Cytotoxicity: live targets with and without drug, at several E:T ratios, concentrations and times."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

import numpy as np
from pydantic import Field, field_validator

from simulation.blocks.fields import Bool
from simulation.in_vitro.experiment import Duration, Experiment, in_order
from simulation.in_vitro.fields import Cells, Concentration, Ratio, ratio_text
from simulation.in_vitro.result import Comparison, ExperimentResult, Rows, Table
from simulation.in_vitro.statistics import (
    hill,
    hill_fit,
    mean_sd,
    means_of_donors,
    specific_lysis,
)
from simulation.parameters import ParameterTable
from simulation.results.figures.report_figure import ReportFigure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawn

    from simulation.in_vitro.plate import Donor, Plate


class Cytotoxicity(Experiment):
    """Kill CD19+ targets: E:T ratios x drug concentrations x hours; no-drug controls are added."""

    TITLES: ClassVar[Mapping[str, str]] = {
        "time_h": "hours",
        "et_ratio": "E:T",
        "ec50_pg_per_ml": "EC50, pg/mL",
        "ec50_sd_log10": "SD, log10",
        "ec50_donors": "donors with a curve",
        "lysis_at_highest_drug_percent": "lysis at highest drug, %",
        "lysis_sd_percent": "SD, %",
    }

    experiment: Literal["cytotoxicity"] = Field(description="Which experiment this is.")
    targets: Cells = Field(20_000, description="CD19+ target cells per well.")
    targets_divide: Bool = Field(
        False, description="Whether targets divide at the table's rate (primary blasts); false: only death."
    )
    effectors: Literal["resting", "preactivated"] = Field(
        "resting", description="T cells fresh from blood, or activated before the assay."
    )
    et_ratios: Annotated[tuple[Ratio, ...], Field(min_length=1, max_length=40)] = Field(
        description="Effector T cells per target."
    )
    drug: Annotated[tuple[Concentration, ...], Field(min_length=1, max_length=40)] = Field(
        description="Blinatumomab in the medium; wells without drug are added as controls."
    )
    times: Annotated[tuple[Duration, ...], Field(min_length=1, max_length=20)] = Field(
        description="When live targets are counted."
    )

    _order = field_validator("et_ratios", "drug", "times", mode="after")(staticmethod(in_order))

    def durations(self) -> Mapping[str, tuple[float, ...]]:
        """Return the times of counting."""
        return {"times": self.times}

    def n_wells(self) -> int:
        """Return the number of wells, controls included."""
        return self.donors * self.replicates * len(self.et_ratios) * (len(self.drug) + 1)

    def largest_well(self) -> float:
        """Return the number of cells at the highest E:T ratio."""
        return self.targets * (1 + self.et_ratios[-1])

    def run(self, plate: Plate) -> ExperimentResult:
        """Run the plate and evaluate it."""
        rows = Rows()
        for donor in plate.donors():
            for et_ratio in self.et_ratios:
                wells: list[dict[str, Any]] = []
                for drug in (0.0, *self.drug):
                    for replicate in range(self.replicates):
                        wells += _one_well(self, donor, et_ratio, drug, replicate)
                        plate.finish()
                _evaluate(wells, rows)
        table = rows.table()
        curves = _curves(self, table)
        tables = {"wells": table, "curves": curves}
        return ExperimentResult(self, plate.seed, tables, _findings(self, table, curves), _comparison(table))

    def figures(self) -> tuple[ReportFigure[ExperimentResult], ...]:
        """Return the figures, in the order of the report."""
        return (
            ReportFigure(
                "dose_response",
                "Lysis by concentration",
                "Specific lysis against wells without drug. Symbols and bars: mean and standard deviation of donors, each the "
                "mean of its replicate wells; lines: three-parameter Hill curves through the means.",
                partial(dose_response, self),
            ),
            ReportFigure(
                "et_titration",
                "Lysis by E:T ratio",
                "At the highest concentration. Thick: mean of donors; thin: each donor.",
                partial(et_titration, self),
            ),
            ReportFigure(
                "potency",
                "EC50 by length of the assay",
                "Dots: each donor whose curve could be fitted; lines: geometric means, where more than half of the donors could. "
                "Dashed: the concentration of half-maximal chance per contact. The assay's EC50 lies below it and "
                "falls with time: T cells meet targets far more often than they can kill.",
                partial(potency, self),
            ),
        )


_HOURS = 24.0


# Published lysis: name, observed, source, and the conditions (hours, E:T, pg/mL) that come nearest to it
_PUBLISHED: Final = (
    ("unstimulated T cells", "lysis is measurable", "Loeffler 2000, Blood 95:2098", ((4.0, 2.0, 10.0), (4.0, 2.0, 100.0))),
    ("serial killing", "70", "Roskopf 2014, doi 10.18632/oncotarget.2238 (triplebody)", ((72.0, 0.1, 10_000.0),)),
)  # fmt: skip


def _one_well(
    e: Cytotoxicity, donor: Donor, et_ratio: float, drug: float, replicate: int
) -> list[dict[str, Any]]:
    from simulation.biology.traits import BLAST, ENGAGED_TCON, TCON, encode

    label = f"{et_ratio!r} {drug!r} {replicate}"
    well = donor.well(label, drug_pg_ml=drug, targets_divide=e.targets_divide)
    targets = donor.pipetted(well, f"targets {label}", e.targets)
    effectors = donor.pipetted(well, f"effectors {label}", e.targets * et_ratio)
    well.add(encode(BLAST), targets)
    well.add(encode(ENGAGED_TCON if e.effectors == "preactivated" else TCON), effectors)
    read = []
    for time in e.times:
        well.run(time - well.day)
        read.append(
            {
                "donor": donor.number,
                "replicate": replicate + 1,
                "et_ratio": et_ratio,
                "drug_pg_per_ml": drug,
                "time_h": round(time * _HOURS, 9),
                "targets_seeded_cells": targets,
                "targets_live_cells": well.count(BLAST),
                "t_cells_seeded_cells": effectors,
                "t_cells_live_cells": well.count(TCON, ENGAGED_TCON),
                "t_cells_engaged_cells": well.count(ENGAGED_TCON),
                "t_cell_exhaustion_fraction": well.mean_exhaustion(),
                "kills_cells": well.kills,
                "kills_per_t_cell_per_day": well.kills / well.t_cell_days if well.t_cell_days else 0.0,
            }
        )
    return read


def _evaluate(wells: list[dict[str, Any]], rows: Rows) -> None:
    """Add percent specific lysis against the no-drug wells of the same donor, E:T ratio and time."""
    for well in wells:
        control = [
            c["targets_live_cells"]
            for c in wells
            if c["drug_pg_per_ml"] == 0.0 and c["time_h"] == well["time_h"]
        ]
        mean = float(np.mean(control))
        rows.add(**well, specific_lysis_percent=specific_lysis(well["targets_live_cells"], mean))


def _curves(e: Cytotoxicity, table: Table) -> Table:
    """Fit one dose-response curve per donor, E:T ratio and time, on the means of the replicates."""
    rows = Rows()
    for time in np.unique(table["time_h"]):
        for et_ratio in e.et_ratios:
            for donor in range(1, e.donors + 1):
                here = (table["time_h"] == time) & (table["et_ratio"] == et_ratio) & (table["donor"] == donor)
                lysis = [
                    table["specific_lysis_percent"][here & (table["drug_pg_per_ml"] == drug)].mean()
                    for drug in e.drug
                ]
                top, ec50, slope = hill_fit(np.array(e.drug), np.array(lysis))
                rows.add(
                    time_h=time,
                    et_ratio=et_ratio,
                    donor=donor,
                    top_percent=top,
                    ec50_pg_per_ml=ec50,
                    hill_slope=slope,
                )
    return rows.table()


def _findings(e: Cytotoxicity, table: Table, curves: Table) -> dict[str, Any]:
    """Return EC50 (geometric mean of donors) and lysis at the highest concentration, by time and E:T ratio."""
    rows = []
    for time in np.unique(table["time_h"]):
        for et_ratio in e.et_ratios:
            fits = (curves["time_h"] == time) & (curves["et_ratio"] == et_ratio)
            logs, spread = mean_sd(np.log10(curves["ec50_pg_per_ml"][fits]))
            most, sd = mean_sd(lysis_of_donors(table, time, et_ratio, e.drug[-1]))
            rows.append(
                {
                    "time_h": float(time),
                    "et_ratio": et_ratio,
                    "ec50_pg_per_ml": 10.0**logs,
                    "ec50_sd_log10": spread,
                    "ec50_donors": int(np.isfinite(curves["ec50_pg_per_ml"][fits]).sum()),
                    "lysis_at_highest_drug_percent": most,
                    "lysis_sd_percent": sd,
                }
            )
    return {
        "curves": rows,
        "largest_kills_per_t_cell_per_day": float(table["kills_per_t_cell_per_day"].max()),
    }


def lysis_of_donors(table: Table, time: float, et_ratio: float, drug: float) -> np.ndarray:
    """Return the mean lysis of each donor at one condition, percent."""
    condition = {"time_h": time, "et_ratio": et_ratio, "drug_pg_per_ml": drug}
    return means_of_donors(table, "specific_lysis_percent", **condition)


def _comparison(table: Table) -> list[Comparison]:
    """Compare with published assays where their conditions were tested."""
    rows = []
    for name, observed, source, conditions in _PUBLISHED:
        for time, et_ratio, drug in conditions:
            values = lysis_of_donors(table, time, et_ratio, drug)
            if values.size:
                what = f"{name}: % lysis at E:T {ratio_text(et_ratio)}, {drug:g} pg/mL, {time:g} h"
                rows.append(Comparison(what, *mean_sd(values), observed, source))
    return rows


_ACROSS = 4
_MARKERS = "osD^v<>phx"


def dose_response(e: Cytotoxicity, result: ExperimentResult) -> Drawn:
    """Draw lysis against concentration, a panel per time, a curve per E:T ratio."""
    from simulation.in_vitro.drawing import drug_axis, grid_of, percent_axis, shade

    times = np.unique(result.tables["wells"]["time_h"])
    columns = min(len(times), _ACROSS)
    rows = -(-len(times) // columns)
    figure, axes = grid_of(rows, columns, 1.62, 1.75, right=0.62, gap_x=0.2)
    for index, time in enumerate(times):
        ax = axes[index // columns][index % columns]
        for rank, et_ratio in enumerate(e.et_ratios):
            _curve(ax, e, result, float(time), et_ratio, shade(rank, len(e.et_ratios)), rank)
        percent_axis(ax, "Specific lysis (%)", labelled=index % columns == 0)
        drug_axis(ax, e.drug)
        ax.set_title(f"{time:g} h")
    for index in range(len(times), rows * columns):
        axes[index // columns][index % columns].set_visible(False)
    axes[0][columns - 1].legend(
        title="E:T", loc="upper left", bbox_to_anchor=(1.0, 1.02), handlelength=1.2, title_fontsize=7.5
    )
    return figure


def _curve(
    ax: Axes, e: Cytotoxicity, result: ExperimentResult, time: float, et_ratio: float, colour: str, rank: int
) -> None:
    from simulation.in_vitro.drawing import within

    drug = np.array(e.drug)
    donors = [lysis_of_donors(result.tables["wells"], time, et_ratio, one) for one in drug]
    mean = np.array([one.mean() for one in donors])
    sd = np.array([one.std(ddof=1) if one.size > 1 else 0.0 for one in donors])
    ax.errorbar(
        drug, mean, yerr=within(mean, sd), linestyle="none", marker=_MARKERS[rank % 10], markersize=3.2, color=colour,
        elinewidth=0.7, capsize=1.6, label=ratio_text(et_ratio), clip_on=False,
    )  # fmt: skip
    top, ec50, slope = hill_fit(drug, mean)
    if np.isfinite(top):
        fine = np.geomspace(drug[0], drug[-1], 200)
        ax.plot(fine, hill(fine, top, np.log10(ec50), slope), color=colour, linewidth=1.1)
    else:
        ax.plot(drug, mean, color=colour, linewidth=1.1)


def et_titration(e: Cytotoxicity, result: ExperimentResult) -> Drawn:
    """Draw lysis against E:T ratio at the highest concentration, a curve per time, donors as dots."""
    from simulation.in_vitro.drawing import grid_of, percent_axis, shade

    figure, axes = grid_of(1, 1, 3.0, 2.1, right=0.75, top=0.12)
    ax = axes[0][0]
    times = np.unique(result.tables["wells"]["time_h"])
    for rank, time in enumerate(times):
        colour = shade(rank, len(times))
        donors = [lysis_of_donors(result.tables["wells"], time, et, e.drug[-1]) for et in e.et_ratios]
        for one in np.array(donors).T:
            ax.plot(e.et_ratios, one, color=colour, linewidth=0.5, alpha=0.45, zorder=1)
        mean = [float(one.mean()) for one in donors]
        ax.plot(
            e.et_ratios,
            mean,
            color=colour,
            marker=_MARKERS[rank % 10],
            markersize=3.6,
            label=f"{time:g} h",
        )
    ax.set_xscale("log")
    ax.set_xticks(list(e.et_ratios), [ratio_text(one) for one in e.et_ratios])
    ax.minorticks_off()
    ax.set_xlabel("Effector : target ratio")
    percent_axis(ax, "Specific lysis (%)")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), handlelength=1.6)
    return figure


def potency(e: Cytotoxicity, result: ExperimentResult) -> Drawn:
    """Draw the EC50 of every donor against time, a curve of geometric means per E:T ratio."""
    from simulation.in_vitro.drawing import grid_of, shade, style

    curves = result.tables["curves"]
    figure, axes = grid_of(1, 1, 3.0, 2.1, right=0.75, top=0.12)
    ax = axes[0][0]
    times = np.unique(curves["time_h"])
    for rank, et_ratio in enumerate(e.et_ratios):
        colour = shade(rank, len(e.et_ratios))
        means = []
        for index, time in enumerate(times):
            ec50 = curves["ec50_pg_per_ml"][(curves["time_h"] == time) & (curves["et_ratio"] == et_ratio)]
            ec50 = ec50[np.isfinite(ec50)]
            if 2 * ec50.size <= e.donors:
                ec50 = ec50[:0]
            # a mean of the few donors that could be fitted would mislead
            means.append(float(np.exp(np.log(ec50).mean())) if ec50.size else float("nan"))
            x = index + 0.11 * (rank - 0.5 * (len(e.et_ratios) - 1))
            ax.plot([x] * ec50.size, ec50, ".", color=colour, markersize=2.5, alpha=0.6)
        shifted = np.arange(times.size) + 0.11 * (rank - 0.5 * (len(e.et_ratios) - 1))
        ax.plot(
            shifted,
            means,
            color=colour,
            marker=_MARKERS[rank % 10],
            markersize=3.8,
            label=ratio_text(et_ratio),
        )
    ax.set_xticks(range(times.size), [f"{time:g} h" for time in times])
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(lambda value, _: style.power_of_ten(value))
    ax.set_ylabel("EC50 (pg/mL)")
    ec50_killing = e.parameters.get("ec50_killing", ParameterTable.load()["ec50_killing"].value)
    low, high = ax.get_ylim()
    ax.set_ylim(low, max(high, 1.3 * ec50_killing))
    ax.axhline(ec50_killing, color=style.COLOUR["ink"], linewidth=0.8, linestyle=(0, (5, 2)), zorder=0)
    ax.annotate(
        "ec50_killing of a single contact", (0.98, ec50_killing), xycoords=("axes fraction", "data"), ha="right",
        va="bottom", fontsize=7, xytext=(0, 1.5), textcoords="offset points",
    )  # fmt: skip
    ax.set_xlabel("Length of the assay")
    ax.legend(title="E:T", loc="upper left", bbox_to_anchor=(1.0, 1.02), handlelength=1.6, title_fontsize=7.5)
    return figure
