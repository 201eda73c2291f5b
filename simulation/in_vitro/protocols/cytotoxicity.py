"""Cytotoxicity: live targets with and without drug, at several E:T ratios, concentrations and times."""

from collections.abc import Callable
from typing import Any

import numpy as np

from simulation.biology.traits import BLAST, ENGAGED_TCON, TCON, encode
from simulation.in_vitro.donors import donor_values
from simulation.in_vitro.evidence import loeffler, roskopf
from simulation.in_vitro.result import Comparison, ExperimentResult, Rows, Table
from simulation.in_vitro.schema import Cytotoxicity
from simulation.in_vitro.statistics import hill_fit, mean_sd, specific_lysis
from simulation.in_vitro.wells import Well, pipetted

__all__ = ["cytotoxicity"]

_HOURS = 24.0


def cytotoxicity(e: Cytotoxicity, seed: int, done: Callable[[int], None]) -> ExperimentResult:
    """Run the plate and evaluate it; `done` is told the number of wells finished so far."""
    rows, finished = Rows(), 0
    for donor in range(e.donors):
        values = donor_values(e, seed, donor)
        for et_ratio in e.et_ratios:
            wells: list[dict[str, Any]] = []
            for drug in (0.0, *e.drug):
                for replicate in range(e.replicates):
                    wells += _one_well(e, values, seed, donor, et_ratio, drug, replicate)
                    finished += 1
                    done(finished)
            _evaluate(wells, rows)
    table = rows.table()
    curves = _curves(e, table)
    return ExperimentResult(
        e, seed, {"wells": table, "curves": curves}, _findings(e, table, curves), _comparison(table)
    )


def _one_well(
    e: Cytotoxicity, values: Any, seed: int, donor: int, et_ratio: float, drug: float, replicate: int
) -> list[dict[str, Any]]:
    well = Well(
        e,
        values,
        seed,
        donor,
        f"{et_ratio!r} {drug!r} {replicate}",
        drug_pg_ml=drug,
        targets_divide=e.targets_divide,
    )
    targets = pipetted(well.draw, f"targets {well.label}", e.targets, e.pipetting_cv)
    effectors = pipetted(well.draw, f"effectors {well.label}", e.targets * et_ratio, e.pipetting_cv)
    well.add(encode(BLAST), targets)
    well.add(encode(ENGAGED_TCON if e.effectors == "preactivated" else TCON), effectors)
    read = []
    for time in e.times:
        well.run(time - well.day)
        read.append(
            {
                "donor": donor + 1,
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
    found = []
    for time in np.unique(table["time_h"]):
        for et_ratio in e.et_ratios:
            fits = (curves["time_h"] == time) & (curves["et_ratio"] == et_ratio)
            logs, spread = mean_sd(np.log10(curves["ec50_pg_per_ml"][fits]))
            most, sd = mean_sd(lysis_of_donors(table, time, et_ratio, e.drug[-1]))
            found.append(
                {
                    "time_h": float(time),
                    "et_ratio": et_ratio,
                    "ec50_pg_per_ml": 10.0**logs,
                    "ec50_sd_log10": spread,
                    "lysis_at_highest_drug_percent": most,
                    "lysis_sd_percent": sd,
                }
            )
    return {
        "curves": found,
        "largest_kills_per_t_cell_per_day": float(table["kills_per_t_cell_per_day"].max()),
    }


def lysis_of_donors(table: Table, time: float, et_ratio: float, drug: float) -> np.ndarray:
    """Return the mean lysis of each donor at one condition, percent."""
    here = (table["time_h"] == time) & (table["et_ratio"] == et_ratio) & (table["drug_pg_per_ml"] == drug)
    donors = np.unique(table["donor"][here])
    return np.array([table["specific_lysis_percent"][here & (table["donor"] == d)].mean() for d in donors])


def _comparison(table: Table) -> list[Comparison]:
    """Compare with published assays where their conditions were tested."""
    told = []
    for published in (loeffler(), roskopf()):
        for time, et_ratio, drug in published.conditions:
            values = lysis_of_donors(table, time, et_ratio, drug)
            if values.size:
                mean, sd = mean_sd(values)
                what = published.what(time, et_ratio, drug)
                told.append(Comparison(what, mean, sd, published.observed, published.source))
    return told
