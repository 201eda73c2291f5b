"""Cytotoxicity as published: dose-response curves per time, and lysis by E:T ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from matplotlib.figure import Figure

from simulation.in_vitro.fields import ratio_text
from simulation.in_vitro.protocols.cytotoxicity import lysis_of_donors
from simulation.in_vitro.statistics import hill, hill_fit
from simulation.results.figures import style
from simulation.results.in_vitro.axes import drug_axis, grid_of, percent_axis, shade, within

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulation.in_vitro.result import ExperimentResult
    from simulation.in_vitro.schema import Cytotoxicity

__all__ = ["dose_response", "et_titration", "potency"]

_ACROSS = 4
_MARKERS = "osD^v<>phx"


def _plan(result: ExperimentResult) -> Cytotoxicity:
    return cast("Cytotoxicity", result.experiment)


@style.styled
def dose_response(result: ExperimentResult) -> Figure:
    """Draw lysis against concentration, a panel per time, a curve per E:T ratio."""
    e = _plan(result)
    times = np.unique(result.tables["wells"]["time_h"])
    columns = min(len(times), _ACROSS)
    rows = -(-len(times) // columns)
    figure, axes = grid_of(rows, columns, 1.62, 1.75, right=0.62, gap_x=0.2)
    for index, time in enumerate(times):
        ax = axes[index // columns][index % columns]
        for rank, et_ratio in enumerate(e.et_ratios):
            _curve(ax, result, float(time), et_ratio, shade(rank, len(e.et_ratios)), rank)
        percent_axis(ax, "Specific lysis (%)", labelled=index % columns == 0)
        drug_axis(ax, e.drug)
        ax.set_title(f"{time:g} h")
    for index in range(len(times), rows * columns):
        axes[index // columns][index % columns].set_visible(False)
    axes[0][columns - 1].legend(
        title="E:T", loc="upper left", bbox_to_anchor=(1.0, 1.02), handlelength=1.2, title_fontsize=7.5
    )
    return figure


def _curve(ax: Axes, result: ExperimentResult, time: float, et_ratio: float, colour: str, rank: int) -> None:
    drug = np.array(_plan(result).drug)
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


@style.styled
def et_titration(result: ExperimentResult) -> Figure:
    """Draw lysis against E:T ratio at the highest concentration, a curve per time, donors as dots."""
    e = _plan(result)
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


@style.styled
def potency(result: ExperimentResult) -> Figure:
    """Draw the EC50 of every donor against time, a curve of geometric means per E:T ratio."""
    e = _plan(result)
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
    low, high = ax.get_ylim()
    ax.set_ylim(low, max(high, 1.3 * result_ec50(result)))
    ax.axhline(result_ec50(result), color=style.COLOUR["ink"], linewidth=0.8, linestyle=(0, (5, 2)), zorder=0)
    ax.annotate(
        "ec50_killing of a single contact", (0.98, result_ec50(result)), xycoords=("axes fraction", "data"), ha="right",
        va="bottom", fontsize=7, xytext=(0, 1.5), textcoords="offset points",
    )  # fmt: skip
    ax.set_xlabel("Length of the assay")
    ax.legend(title="E:T", loc="upper left", bbox_to_anchor=(1.0, 1.02), handlelength=1.6, title_fontsize=7.5)
    return figure


def result_ec50(result: ExperimentResult) -> float:
    """Return the parameter ec50_killing that the wells used, pg/mL."""
    from simulation.parameters import ParameterTable

    changed = _plan(result).parameters
    return changed.get("ec50_killing", ParameterTable.load()["ec50_killing"].value)
