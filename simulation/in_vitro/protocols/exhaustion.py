"""Exhaustion co-culture: weeks with targets and drug, continuous or with intervals, tested in a short assay."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from simulation.biology.traits import BLAST, TCON, encode
from simulation.in_vitro.donors import donor_values
from simulation.in_vitro.evidence import EXHAUSTION, EXHAUSTION_SOURCE
from simulation.in_vitro.result import Comparison, ExperimentResult, Rows, Table
from simulation.in_vitro.schema import Arm, ExhaustionCoculture
from simulation.in_vitro.statistics import mean_sd, specific_lysis
from simulation.in_vitro.wells import T_CELLS, Well, pipetted
from simulation.parameters import ParameterValues

__all__ = ["exhaustion_coculture", "lysis_of_arm"]

_EPS = 1e-9


def exhaustion_coculture(e: ExhaustionCoculture, seed: int, done: Callable[[int], None]) -> ExperimentResult:
    """Run every culture and its tests; `done` is told the number of wells finished so far."""
    rows, finished = Rows(), 0
    for donor in range(e.donors):
        values = donor_values(e, seed, donor)
        for arm in e.arms:
            tests: list[dict[str, Any]] = []
            for replicate in range(e.replicates):
                tests += _culture(e, values, seed, donor, arm, replicate)
                finished += 1 + 2 * len(e.days)
                done(finished)
            for test in tests:
                controls = [c["control_survival"] for c in tests if c["day"] == test["day"]]
                lysis = specific_lysis(test.pop("drug_survival"), float(np.nanmean(controls)))
                rows.add(
                    **{k: v for k, v in test.items() if k != "control_survival"}, specific_lysis_percent=lysis
                )
    table = rows.table()
    return ExperimentResult(e, seed, {"tests": table}, _findings(e, table), _comparison(e, table))


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


def _culture(
    e: ExhaustionCoculture, values: ParameterValues, seed: int, donor: int, arm: Arm, replicate: int
) -> list[dict[str, Any]]:
    plan = e.culture
    label = f"{arm.on!r} {arm.off!r} {replicate}"
    well = Well(
        e, values, seed, donor, f"culture {label}", drug_pg_ml=plan.drug, targets_divide=plan.targets_divide
    )
    well.add(encode(TCON), pipetted(well.draw, f"T {label}", plan.t_cells, e.pipetting_cv))
    well.add(encode(BLAST), pipetted(well.draw, f"B {label}", plan.t_cells / plan.et_ratio, e.pipetting_cv))
    expansion, told = 1.0, []
    for day, test, feed in _timeline(e, arm):
        well.run(day - well.day)
        if test:
            told.append(
                {
                    "donor": donor + 1,
                    "replicate": replicate + 1,
                    "arm": arm.name,
                    "day": day,
                    "culture_t_cells": well.count(*T_CELLS),
                    "culture_targets_cells": well.count(BLAST),
                    "t_cell_expansion_fold": expansion * well.count(*T_CELLS) / plan.t_cells,
                    "t_cell_exhaustion_fraction": well.mean_exhaustion(),
                    **_test(e, values, seed, donor, well, f"{label} {day!r}"),
                }
            )
        if feed:
            expansion *= _feed(e, well, arm, day)
    return told


def _feed(e: ExhaustionCoculture, well: Well, arm: Arm, day: float) -> float:
    """Change the medium, split T cells, restore the E:T ratio; return by what the culture was split."""
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
        label = f"feed {well.label}"
        well.add(
            encode(BLAST), pipetted(well.draw, label, wanted - live, e.pipetting_cv, round(day / e.time_step))
        )
    return split


def _test(
    e: ExhaustionCoculture, values: ParameterValues, seed: int, donor: int, culture: Well, label: str
) -> dict[str, float]:
    """Take T cells and give them fresh targets, with and without drug; return the shares of targets alive at the end.

    Where T cells are scarce, fewer targets keep the E:T ratio.
    """
    plan, survival = e.assay, {}
    wanted = plan.targets * plan.et_ratio
    for name, drug in (("drug_survival", plan.drug), ("control_survival", 0.0)):
        there = culture.count(*T_CELLS)
        taken = culture.take(min(wanted / there, 0.3) if there else 0.0, *T_CELLS)
        n = sum(cells for _, cells, _ in taken)
        well = Well(e, values, seed, donor, f"test {label} {name}", drug_pg_ml=drug)
        for code, cells, traits in taken:
            well.add(code, cells, traits)
        targets = pipetted(well.draw, f"fresh {well.label}", n / plan.et_ratio, e.pipetting_cv)
        well.add(encode(BLAST), targets)
        well.run(plan.duration)
        survival[name] = well.count(BLAST) / targets if targets else float("nan")
    return survival


def lysis_of_arm(table: Table, arm: str, day: float) -> np.ndarray:
    """Return the mean lysis of each donor in one arm on one day, percent."""
    here = (table["arm"] == arm) & (table["day"] == day)
    donors = np.unique(table["donor"][here])
    return np.array([table["specific_lysis_percent"][here & (table["donor"] == d)].mean() for d in donors])


def _findings(e: ExhaustionCoculture, table: Table) -> dict[str, Any]:
    found = []
    for arm in e.arms:
        for day in e.days:
            mean, sd = mean_sd(lysis_of_arm(table, arm.name, day))
            here = (table["arm"] == arm.name) & (table["day"] == day)
            found.append(
                {
                    "arm": arm.name,
                    "day": day,
                    "lysis_percent": mean,
                    "lysis_sd_percent": sd,
                    "t_cell_exhaustion_fraction": float(table["t_cell_exhaustion_fraction"][here].mean()),
                    "t_cell_expansion_fold": float(table["t_cell_expansion_fold"][here].mean()),
                }
            )
    return {"tests": found}


def _comparison(e: ExhaustionCoculture, table: Table) -> list[Comparison]:
    told = []
    for arm in e.arms:
        for day in e.days:
            observed = EXHAUSTION.get((arm.off <= 0, day))
            if observed is not None and (arm.off <= 0 or (arm.on, arm.off) == (7.0, 7.0)):
                mean, sd = mean_sd(lysis_of_arm(table, arm.name, day))
                what = f"% lysis on day {day:g}, {arm.name}"
                told.append(Comparison(what, mean, sd, f"{observed:g}", EXHAUSTION_SOURCE))
    return told
