"""The exhaustion co-culture as published: lysis by day and arm with each donor, and the state of the T cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from simulation.in_vitro.evidence import EXHAUSTION
from simulation.in_vitro.protocols.exhaustion import is_on, lysis_of_arm
from simulation.results.figures import style
from simulation.results.in_vitro.axes import dots, grid_of, mean_bars, percent_axis, words_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulation.in_vitro.result import ExperimentResult
    from simulation.in_vitro.schema import ExhaustionCoculture

__all__ = ["culture", "lysis"]

_COLOURS = (
    style.COLOUR["blasts"],
    style.COLOUR["engager"],
    style.COLOUR["tcon"],
    style.COLOUR["b_cells"],
)


def _plan(result: ExperimentResult) -> ExhaustionCoculture:
    return cast("ExhaustionCoculture", result.experiment)


@style.styled
def lysis(result: ExperimentResult) -> Figure:
    """Draw lysis in the short assay by day, arms side by side, donors as dots, published means as diamonds."""
    e = _plan(result)
    figure, axes = grid_of(1, 1, max(2.6, 0.36 * len(e.days) * len(e.arms) + 0.8), 2.1, right=0.2, top=0.3)
    ax = axes[0][0]
    step = 0.8 / len(e.arms)
    seen = False
    for rank, arm in enumerate(e.arms):
        colour = _COLOURS[rank % len(_COLOURS)]
        for index, day in enumerate(e.days):
            x = index + step * (rank - 0.5 * (len(e.arms) - 1))
            values = lysis_of_arm(result.tables["tests"], arm.name, day)
            mean_bars(ax, x, values, colour, width=0.42 * step)
            dots(ax, x, values, colour, width=0.28 * step, size=2.8)
            observed = EXHAUSTION.get((arm.off <= 0, day))
            if observed is not None and (arm.off <= 0 or (arm.on, arm.off) == (7.0, 7.0)):
                ax.plot([x], [observed], "D", color=style.COLOUR["ink"], markersize=4.5, zorder=6)
                seen = True
    words_axis(ax, [f"{day:g}" for day in e.days])
    ax.set_xlabel("Day of the co-culture")
    percent_axis(ax, "Specific lysis (%)")
    handles = [
        Line2D([], [], color=_COLOURS[rank % len(_COLOURS)], linewidth=2.4, label=arm.name)
        for rank, arm in enumerate(e.arms)
    ]
    if seen:
        ink = style.COLOUR["ink"]
        handles.append(
            Line2D(
                [], [], color=ink, marker="D", markersize=4.5, linestyle="none", label="Philipp 2022, mean"
            )
        )
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1.03),
        ncols=3,
        handlelength=1.3,
        borderaxespad=0,
    )
    return figure


@style.styled
def culture(result: ExperimentResult) -> Figure:
    """Draw exhaustion and expansion of the cultured T cells by day; bars below show when the drug was on."""
    e = _plan(result)
    figure, axes = grid_of(1, 2, 2.3, 1.9, gap_x=0.75, top=0.35, right=0.15)
    left, right = axes[0]
    for rank, arm in enumerate(e.arms):
        colour = _COLOURS[rank % len(_COLOURS)]
        for ax, column, factor in (
            (left, "t_cell_exhaustion_fraction", 100.0),
            (right, "t_cell_expansion_fold", 1.0),
        ):
            _course(ax, result, arm.name, column, factor, colour, rank)
        grid = np.arange(0.0, e.days[-1], 0.25)
        on = np.array([is_on(arm, day) for day in grid])
        for ax in (left, right):
            bar = ax.get_xaxis_transform()
            ax.fill_between(grid, 1.0 - 0.035 * rank, 1.02 - 0.035 * rank, where=on.tolist(), color=colour, step="post",
                            transform=bar, linewidth=0, alpha=0.8, clip_on=False)  # fmt: skip
    for ax in (left, right):
        ax.set_xlim(-0.6, e.days[-1] * 1.04)
        ax.set_xticks([0.0, *e.days])
        ax.set_xlabel("Day of the co-culture")
    left.set_ylim(-2, 112)
    left.set_yticks([0, 25, 50, 75, 100])
    left.set_ylabel("Exhaustion of T cells (%)")
    low, high = right.get_ylim()
    right.set_yscale("log")
    right.set_ylim(min(low, 0.5) if low > 0 else 0.05, max(high, 2.0) * 2.0)
    right.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    right.set_ylabel("T cells, fold of the start")
    right.axhline(1, color=style.COLOUR["faint"], linewidth=0.7, zorder=0)
    left.legend(loc="lower left", bbox_to_anchor=(0, 1.04), ncols=2, handlelength=1.6, borderaxespad=0)
    return figure


def _course(
    ax: Axes, result: ExperimentResult, arm: str, column: str, factor: float, colour: str, rank: int
) -> None:
    table, days = result.tables["tests"], _plan(result).days
    here = table["arm"] == arm
    donors = np.unique(table["donor"])
    values = np.array(
        [
            [table[column][here & (table["day"] == d) & (table["donor"] == n)].mean() for d in days]
            for n in donors
        ]
    )
    # the culture starts with fresh cells: no exhaustion, one fold
    start = 0.0 if column == "t_cell_exhaustion_fraction" else 1.0
    values = factor * np.column_stack([np.full(donors.size, start), values])
    times = [0.0, *days]
    for one in values:
        ax.plot(times, one, color=colour, linewidth=0.5, alpha=0.5)
    ax.plot(
        times,
        values.mean(axis=0),
        color=colour,
        linestyle=style.DASHES[rank],
        marker="os^D"[rank % 4],
        markersize=3.6,
        label=arm,
    )
