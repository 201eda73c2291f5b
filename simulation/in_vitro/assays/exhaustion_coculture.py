"""Exhaustion co-culture: weeks with targets and drug, continuous or with intervals, tested in a short assay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

import numpy as np
from pydantic import Field, field_validator

from simulation.blocks.fields import Block, Bool, Problem, Quantity, Text, written
from simulation.in_vitro.experiment import Duration, Experiment, in_order
from simulation.in_vitro.fields import Cells, Concentration, Ratio
from simulation.in_vitro.result import Comparison, ExperimentResult, Rows, Table
from simulation.in_vitro.statistics import (
    mean_sd,
    means_of_donors,
    specific_lysis,
)
from simulation.results.figures.report_figure import ReportFigure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawn

    from simulation.in_vitro.plate import Donor, Plate
    from simulation.in_vitro.wells import Well


class Culture(Block):
    """Keep T cells with targets and drug for weeks; fresh targets restore the E:T ratio at every feed."""

    t_cells: Cells = Field(50_000, description="T cells at the start, and at most after every feed (split).")
    et_ratio: Ratio = Field(written("1:1"), description="T cells per live target after every feed.")
    drug: Concentration = Field(written("5 ng/mL"), description="Blinatumomab in the medium while it is on.")
    feed_every: Duration = Field(written("3.5 d"), description="From one feed to the next.")
    targets_divide: Bool = Field(False, description="Whether targets divide between feeds.")


class Arm(Block):
    """Give the drug without end (no `off`), or with treatment-free intervals."""

    name: Annotated[str, Text(40, 1, "continuous", one_line=True)] = Field(description="The arm's name.")
    on: Duration = Field(description="Time with drug, before each interval.")
    off: Annotated[float, Quantity("time", 0, 100)] = Field(
        written("0 d"), description="Time without drug; 0 d: continuous."
    )
    targets_in_interval: Bool = Field(True, description="Whether targets are fed in the interval too.")


class ShortAssay(Block):
    """Test T cells taken from the culture against fresh targets."""

    targets: Cells = Field(5_000, description="Fresh CD19+ targets per well.")
    et_ratio: Ratio = Field(written("1:1"), description="T cells per target.")
    drug: Concentration = Field(written("5 ng/mL"), description="Blinatumomab in the assay.")
    duration: Duration = Field(written("3 d"), description="Length of the assay.")


class ExhaustionCoculture(Experiment):
    """Follow T-cell function over weeks of continuous or interrupted exposure (Philipp 2022)."""

    TITLES: ClassVar[Mapping[str, str]] = {
        "arm": "arm",
        "day": "day",
        "lysis_percent": "lysis, %",
        "lysis_sd_percent": "SD, %",
        "t_cell_exhaustion_fraction": "exhaustion of T cells, 0-1",
        "t_cell_expansion_fold": "T cells, fold",
    }

    experiment: Literal["exhaustion_coculture"] = Field(description="Which experiment this is.")
    culture: Culture = Field(
        default_factory=lambda: Culture.model_validate({}), description="The long co-culture."
    )
    arms: Annotated[tuple[Arm, ...], Field(min_length=1, max_length=8)] = Field(
        description="Schedules of drug in the culture."
    )
    days: Annotated[tuple[Duration, ...], Field(min_length=1, max_length=30)] = Field(
        description="When T cells are taken and tested."
    )
    assay: ShortAssay = Field(
        default_factory=lambda: ShortAssay.model_validate({}), description="The test of function."
    )

    _order = field_validator("days", mode="after")(staticmethod(in_order))

    def durations(self) -> Mapping[str, tuple[float, ...]]:
        """Return days of tests, feeds, arms and the assay."""
        arms = {
            f"arms.{i}.{key}": (value,)
            for i, arm in enumerate(self.arms)
            for key, value in (("on", arm.on), ("off", arm.off))
        }
        fixed = {"culture.feed_every": (self.culture.feed_every,), "assay.duration": (self.assay.duration,)}
        return {"days": self.days, **fixed, **arms}

    @property
    def length(self) -> float:
        """Return the length of the culture and of its last assay, days."""
        return self.days[-1] + self.assay.duration

    def n_wells(self) -> int:
        """Return cultures and assay wells, controls included."""
        return self.donors * self.replicates * len(self.arms) * (1 + 2 * len(self.days))

    def largest_well(self) -> float:
        """Return the number of cells in a culture after a feed."""
        return self.culture.t_cells * (1 + 1 / self.culture.et_ratio)

    def contradictions(self) -> Iterator[Problem]:
        """Yield arms of one name, and tests that take too many cells."""
        names = [arm.name for arm in self.arms]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield Problem(f"two arms are named {name!r}", ("arms", index, "name"))
        wanted = 2 * self.assay.targets * self.assay.et_ratio  # a well with drug and one without
        if wanted > 0.5 * self.culture.t_cells:
            yield Problem(
                f"a test takes {wanted:,.0f} T cells (2 wells) from a culture of {self.culture.t_cells:,}",
                ("assay", "targets"),
                "at most half of the culture's T cells",
            )

    def run(self, plate: Plate) -> ExperimentResult:
        """Run every culture and its tests."""
        rows = Rows()
        for donor in plate.donors():
            for arm in self.arms:
                tests: list[dict[str, Any]] = []
                for replicate in range(self.replicates):
                    tests += _culture(self, donor, arm, replicate)
                    plate.finish(1 + 2 * len(self.days))
                for test in tests:
                    controls = [c["control_survival"] for c in tests if c["day"] == test["day"]]
                    lysis = specific_lysis(test.pop("drug_survival"), float(np.nanmean(controls)))
                    kept = {name: value for name, value in test.items() if name != "control_survival"}
                    rows.add(**kept, specific_lysis_percent=lysis)
        table = rows.table()
        findings, comparison = _findings(self, table), _comparison(self, table)
        return ExperimentResult(self, plate.seed, {"tests": table}, findings, comparison)

    def figures(self) -> tuple[ReportFigure[ExperimentResult], ...]:
        """Return the figures, in the order of the report."""
        return (
            ReportFigure(
                "lysis",
                "Function of T cells taken from the culture",
                "Specific lysis in the short assay against fresh targets. Bars: mean and standard deviation of donors (bars end "
                "at 0 and 100); circles: each donor, the mean of its cultures. Lysis saturates: T cells that lost half of their "
                "potency may still kill all.",
                partial(lysis, self),
            ),
            ReportFigure(
                "culture",
                "T cells in the culture",
                "Left: mean exhaustion of T cells. Right: their number, splits multiplied out. Thin: each donor. Bars on top: "
                "drug in the medium.",
                partial(culture, self),
            ),
        )


_EPS = 1e-9
_COLOURS: Final = ("blasts", "engager", "tcon", "b_cells")
_SOURCE: Final = "Philipp 2022, doi 10.1182/blood.2022015956 (AMG 562, n = 6)"
_PUBLISHED: Final = {  # (continuous or not, day) -> mean percent lysis
    (True, 7.0): 88.4, (True, 14.0): 34.9, (True, 28.0): 8.6, (False, 14.0): 93.4,
}  # fmt: skip


def _published(arm: Arm, day: float) -> float | None:
    """Return the published lysis for an arm like the published ones: continuous, or 7 days with and 7 without."""
    alike = arm.off <= 0 or (arm.on, arm.off) == (7.0, 7.0)
    return _PUBLISHED.get((arm.off <= 0, day)) if alike else None


def _timeline(e: ExhaustionCoculture, arm: Arm) -> Iterator[tuple[float, bool, bool]]:
    """Yield (day, whether a test, whether a feed) in order; medium is changed with every feed and every switch."""
    last = e.days[-1]
    feeds = {
        round(k * e.culture.feed_every, 9) for k in range(1, int(last / e.culture.feed_every + _EPS) + 1)
    }
    if arm.off > 0:
        period = arm.on + arm.off
        starts = [k * period for k in range(int(last / period) + 1)]
        feeds |= {round(day, 9) for start in starts for day in (start, start + arm.on) if 0 < day < last}
    tests = {round(day, 9) for day in e.days}
    for day in sorted(feeds | tests):
        if day <= last + _EPS:
            yield day, day in tests, day in feeds


def is_on(arm: Arm, day: float) -> bool:
    """Return whether the drug is in the medium from this day on."""
    return arm.off <= 0 or (day + _EPS) % (arm.on + arm.off) < arm.on


def _culture(e: ExhaustionCoculture, donor: Donor, arm: Arm, replicate: int) -> list[dict[str, Any]]:
    from simulation.biology.traits import BLAST, TCON, encode
    from simulation.in_vitro.wells import T_CELLS

    plan = e.culture
    label = f"{arm.on!r} {arm.off!r} {replicate}"
    well = donor.well(f"culture {label}", drug_pg_ml=plan.drug, targets_divide=plan.targets_divide)
    well.add(encode(TCON), donor.pipetted(well, f"T {label}", plan.t_cells))
    well.add(encode(BLAST), donor.pipetted(well, f"B {label}", plan.t_cells / plan.et_ratio))
    expansion, rows = 1.0, []
    for day, test, feed in _timeline(e, arm):
        well.run(day - well.day)
        if test:
            rows.append(
                {
                    "donor": donor.number,
                    "replicate": replicate + 1,
                    "arm": arm.name,
                    "day": day,
                    "culture_t_cells": well.count(*T_CELLS),
                    "culture_targets_cells": well.count(BLAST),
                    "t_cell_expansion_fold": expansion * well.count(*T_CELLS) / plan.t_cells,
                    "t_cell_exhaustion_fraction": well.mean_exhaustion(),
                    **_test(e, donor, well, f"{label} {day!r}"),
                }
            )
        if feed:
            expansion *= _feed(e, donor, well, arm, day)
    return rows


def _feed(e: ExhaustionCoculture, donor: Donor, well: Well, arm: Arm, day: float) -> float:
    """Change the medium, split T cells, restore the E:T ratio; return by what the culture was split."""
    from simulation.biology.traits import BLAST, encode
    from simulation.in_vitro.wells import T_CELLS

    plan, on = e.culture, is_on(arm, day)
    well.set_drug(plan.drug if on else 0.0)
    t_cells = well.count(*T_CELLS)
    split = max(t_cells / plan.t_cells, 1.0)
    if split > 1.0:
        well.take(1.0 - 1.0 / split, *T_CELLS)
    wanted = min(t_cells, plan.t_cells) / plan.et_ratio if on or arm.targets_in_interval else 0.0
    live = well.count(BLAST)
    if live > wanted:
        well.take(1.0 - wanted / live, BLAST)
    elif wanted > 0:
        step = round(day / e.time_step)
        well.add(encode(BLAST), donor.pipetted(well, f"feed {well.label}", wanted - live, step))
    return split


def _test(e: ExhaustionCoculture, donor: Donor, culture: Well, label: str) -> dict[str, float]:
    """Take T cells and give them fresh targets, with and without drug; return the shares of targets alive at the end.

    Where T cells are scarce, fewer targets keep the E:T ratio.
    """
    from simulation.biology.traits import BLAST, encode
    from simulation.in_vitro.wells import T_CELLS

    plan, survival = e.assay, {}
    wanted = plan.targets * plan.et_ratio
    for name, drug in (("drug_survival", plan.drug), ("control_survival", 0.0)):
        there = culture.count(*T_CELLS)
        taken = culture.take(min(wanted / there, 0.3) if there else 0.0, *T_CELLS)
        n = sum(cells for _, cells, _ in taken)
        well = donor.well(f"test {label} {name}", drug_pg_ml=drug)
        for code, cells, traits in taken:
            well.add(code, cells, traits)
        targets = donor.pipetted(well, f"fresh {well.label}", n / plan.et_ratio)
        well.add(encode(BLAST), targets)
        well.run(plan.duration)
        survival[name] = well.count(BLAST) / targets if targets else float("nan")
    return survival


def lysis_of_arm(table: Table, arm: str, day: float) -> np.ndarray:
    """Return the mean lysis of each donor in one arm on one day, percent."""
    return means_of_donors(table, "specific_lysis_percent", arm=arm, day=day)


def _findings(e: ExhaustionCoculture, table: Table) -> dict[str, Any]:
    rows = []
    for arm in e.arms:
        for day in e.days:
            mean, sd = mean_sd(lysis_of_arm(table, arm.name, day))
            here = (table["arm"] == arm.name) & (table["day"] == day)
            rows.append(
                {
                    "arm": arm.name,
                    "day": day,
                    "lysis_percent": mean,
                    "lysis_sd_percent": sd,
                    "t_cell_exhaustion_fraction": float(table["t_cell_exhaustion_fraction"][here].mean()),
                    "t_cell_expansion_fold": float(table["t_cell_expansion_fold"][here].mean()),
                }
            )
    return {"tests": rows}


def _comparison(e: ExhaustionCoculture, table: Table) -> list[Comparison]:
    rows = []
    for arm in e.arms:
        for day in e.days:
            observed = _published(arm, day)
            if observed is not None:
                mean, sd = mean_sd(lysis_of_arm(table, arm.name, day))
                what = f"% lysis on day {day:g}, {arm.name}"
                rows.append(Comparison(what, mean, sd, f"{observed:g}", _SOURCE))
    return rows


def lysis(e: ExhaustionCoculture, result: ExperimentResult) -> Drawn:
    """Draw lysis in the short assay by day, arms side by side, donors as dots, published means as diamonds."""
    from simulation.in_vitro.drawing import dots, grid_of, mean_bars, percent_axis, style, words_axis

    figure, axes = grid_of(1, 1, max(3.3, 0.36 * len(e.days) * len(e.arms) + 0.8), 2.1, right=0.2, top=0.3)
    ax = axes[0][0]
    step = 0.8 / len(e.arms)
    seen = False
    for rank, arm in enumerate(e.arms):
        colour = style.COLOUR[_COLOURS[rank % len(_COLOURS)]]
        for index, day in enumerate(e.days):
            x = index + step * (rank - 0.5 * (len(e.arms) - 1))
            values = lysis_of_arm(result.tables["tests"], arm.name, day)
            mean_bars(ax, x, values, colour, width=0.42 * step)
            dots(ax, x, values, colour, width=0.28 * step, size=2.8)
            observed = _published(arm, day)
            if observed is not None:
                ax.plot([x], [observed], "D", color=style.COLOUR["ink"], markersize=4.5, zorder=6)
                seen = True
    words_axis(ax, [f"{day:g}" for day in e.days])
    ax.set_xlabel("Day of the co-culture")
    percent_axis(ax, "Specific lysis (%)")
    for rank, arm in enumerate(e.arms):
        colour = style.COLOUR[_COLOURS[rank % len(_COLOURS)]]
        ax.plot([], [], color=colour, linewidth=2.4, label=arm.name)
    if seen:
        ax.plot([], [], "D", color=style.COLOUR["ink"], markersize=4.5, label="Philipp 2022, mean")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.03), ncols=3, handlelength=1.3, borderaxespad=0)
    return figure


def culture(e: ExhaustionCoculture, result: ExperimentResult) -> Drawn:
    """Draw exhaustion and expansion of the cultured T cells by day; bars below show when the drug was on."""
    from simulation.in_vitro.drawing import grid_of, style

    figure, axes = grid_of(1, 2, 2.3, 1.9, gap_x=0.75, top=0.35, right=0.15)
    left, right = axes[0]
    for rank, arm in enumerate(e.arms):
        colour = style.COLOUR[_COLOURS[rank % len(_COLOURS)]]
        for ax, column, factor in (
            (left, "t_cell_exhaustion_fraction", 100.0),
            (right, "t_cell_expansion_fold", 1.0),
        ):
            _curve(ax, e, result, arm.name, column, factor, colour, rank)
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


def _curve(
    ax: Axes,
    e: ExhaustionCoculture,
    result: ExperimentResult,
    arm: str,
    column: str,
    factor: float,
    colour: str,
    rank: int,
) -> None:
    from simulation.in_vitro.drawing import style

    table, days = result.tables["tests"], e.days
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
