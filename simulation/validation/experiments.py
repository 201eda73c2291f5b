"""Cheap simulation experiments: each returns numbers that a stylised fact (docs/evidence.md) speaks of.

The command `validate` and the tests call the same functions, with more or fewer patients.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from simulation.course import Course
from simulation.validation.patients import (
    CONTINUOUS,
    MARROW_CELLS,
    SPREAD,
    START,
    Plan,
    burden_plan,
    column_at,
    follow,
    respond,
    small,
    spread,
)


def response_by_burden(fractions: Sequence[float], patients: int) -> npt.NDArray[np.float64]:
    """Return the share of patients, with the table's spread, who reach MRD below 1e-4, per burden at start."""
    shares = []
    for fraction in fractions:
        plan = burden_plan(fraction, 70.0) | spread(*SPREAD)
        shares.append(np.mean([respond(plan, k).responded for k in range(patients)]))
    return np.array(shares)


def paired_arms(patients: int, follow_up: float = 720.0, plan: Plan | None = None) -> list[dict[str, Any]]:
    """Return outcomes of the same patients treated early and late: (arm, log10 nadir, day of last relapse)."""
    rows = []
    for k in range(patients):
        row: dict[str, Any] = {}
        for arm in ("preemptive", "therapeutic"):
            course = follow(small(arm, {"follow_up": f"{follow_up:g} d"} | dict(plan or {})), k)
            out, columns = course.clinic.outcomes(course.body), course.columns()
            start = out["treatment_start_day"]
            if start is None:
                row[arm] = None
                continue
            later = columns["day"] > start
            overt = columns["marrow_blast_fraction"] >= 0.05
            clear = np.flatnonzero(later & ~overt)
            again = np.flatnonzero(overt & (np.arange(overt.size) > (clear[0] if clear.size else overt.size)))
            row[arm] = {
                "outcomes": out,
                "log10_nadir": float(np.log10(max(columns["blasts_cells"][later].min(), 1.0))),
                "overt_again": float(columns["day"][again[0]]) if len(again) else None,
                "in_remission": bool(clear.size),
                # Days below 5 % blasts from the start of treatment, or of remission, to overt disease or the end.
                "remission_days": float(
                    columns["day"][again[0] if len(again) else -1] - columns["day"][clear[0]]
                )
                if clear.size
                else 0.0,
                "relapse_free": out["relapse_free_days"],
            }
        rows.append(row)
    return rows


def blood_curve(hours: Sequence[float], fraction: float = 1e-3, **plan: Any) -> dict[str, list[float]]:
    """Return T cells in blood relative to the start of blinatumomab, and B cells /uL, by hours after it.

    Treatment begins on day 300, when normal B cells are back, in a patient with so many blasts.
    """
    start, cells = 300.0, fraction * MARROW_CELLS
    course = Course(
        small(
            "preemptive",
            {
                "allow_out_of_range": True,
                "patient.n_residual_blasts": "0 cells",
                "start": {"when": "day", "day": f"day {start:g}"},
                "dli": None,
                "follow_up": f"{start + 30:g} d",
            }
            | plan,
        )
    )
    while course.day < start - 1e-6:
        course.step()
    body = course.body
    for niche in range(body.state.places.n_niches):
        body.state.pop.add(0, niche, round(cells / body.state.places.n_niches))
    body._truth = None
    before = body.truth().cd3_per_ul
    found: dict[str, list[float]] = {"t_cells": [], "b_cells_per_ul": [body.truth().b_cells_per_ul]}
    for hour in hours:
        while course.day < start + hour / 24 - 1e-6:
            course.step()
        found["t_cells"].append(body.truth().cd3_per_ul / before)
        found["b_cells_per_ul"].append(body.truth().b_cells_per_ul)
    return found


def dose_response(doses: Sequence[float], fraction: float = 0.3) -> npt.NDArray[np.float64]:
    """Return log10 blasts lost in 28 days of continuous drug, per dose in ug/day."""
    return np.array(
        [
            respond(
                burden_plan(fraction, 30.0, blinatumomab=CONTINUOUS | {"dose": f"{dose} ug/day"})
            ).log10_kill_28
            for dose in doses
        ]
    )


def graft_outcomes(treg: str, tcon: str, phi: float, patients: int, **plan: Any) -> dict[str, float]:
    """Return the share with aGvHD II or more and the mean log10 blasts on day 120 after a graft."""
    changes = {
        "graft.treg": f"{treg} cells/kg",
        "graft.tcon": f"{tcon} cells/kg",
        "parameters.phi_bm": phi,
        "follow_up": "120 d",
        **spread("fraction_alloreactive_haploidentical", "treg_share_supported", "n_t_cell_set_point_early"),
        **plan,
    }
    scenario = small("no_treatment", changes)
    courses = [follow(scenario, k) for k in range(patients)]
    grades = [c.clinic.outcomes(c.body)["agvhd_grade"] for c in courses]
    return {
        "agvhd_2": float(np.mean([int(str(g)) >= 2 for g in grades])),
        "log10_blasts": float(np.mean([np.log10(c.body.truth().blasts + 1) for c in courses])),
    }


def damage_after(course: Course, day: float) -> float:
    """Return the worst loss of tissue integrity from a day on."""
    columns = course.columns()
    return float(1.0 - columns["tissue_integrity_fraction"][columns["day"] >= day].min())


def late_dli(cd3_per_kg: float, patients: int) -> dict[str, float]:
    """Return what one DLI on day 200 does without leukaemia, Treg or drug: worst damage, share with aGvHD II or more."""
    plan = {
        "allow_out_of_range": True,
        "patient.n_residual_blasts": "0 cells",
        "graft.tcon": "1e4 cells/kg",
        "start": {"when": "day", "day": "day 200"},
        "blinatumomab": None,
        "dli": {"cd3": [f"{cd3_per_kg:g}/kg"], "first": "day 1", "every": "42 d"},
        "follow_up": "320 d",
        **spread("fraction_alloreactive_haploidentical"),
    }
    courses = [follow(small("preemptive", plan), k) for k in range(patients)]
    damage = [damage_after(c, 200.0) for c in courses]
    return {"damage": float(np.mean(damage)), "agvhd_2": float(np.mean([d > 0.25 for d in damage]))}


def dli_outcomes(cd3_per_kg: float, drug: bool, patients: int, **plan: Any) -> dict[str, float]:
    """Return the damage and control that one DLI on day 54 brings, with or without blinatumomab, MRD 1e-3 at start."""
    changes = burden_plan(1e-3, 100.0) | spread("fraction_alloreactive_haploidentical")
    if cd3_per_kg:
        changes["dli"] = {"cd3": [f"{cd3_per_kg:g}/kg"], "first": "day 15", "every": "42 d"}
    if not drug:
        changes["blinatumomab"] = None
        if not cd3_per_kg:
            changes["start"] = {"when": "never"}
    scenario = small("preemptive", changes | plan)
    courses = [follow(scenario, k) for k in range(patients)]
    return {
        "damage": float(np.mean([damage_after(c, START + 14) for c in courses])),
        "agvhd_2": float(np.mean([int(str(c.clinic.outcomes(c.body)["agvhd_grade"])) >= 2 for c in courses])),
        "log10_blasts": float(np.mean([np.log10(c.body.truth().blasts + 1) for c in courses])),
    }


def crs_by_cycle(fraction: float) -> tuple[float, float]:
    """Return the worst CRS score in the first and in the second cycle of the full dose."""
    course = follow(small("preemptive", burden_plan(fraction, 75.0)))
    columns = course.columns()
    first = (columns["day"] >= START) & (columns["day"] < START + 28)
    second = (columns["day"] >= START + 42) & (columns["day"] < START + 70)
    return float(columns["crs_score"][first].max()), float(columns["crs_score"][second].max())


def treg_response(share: float, engaged_weight: float, fraction: float, patients: int) -> float:
    """Return the mean log10 blasts lost in 28 days for a Treg share that Tcon sustain (drug-activated weight given)."""
    plan = burden_plan(
        fraction,
        30.0,
        **{"parameters.treg_share_supported": share, "parameters.treg_engaged_weight": engaged_weight},
    )
    plan |= spread("cl_blinatumomab", "t_cell_fitness")
    return float(np.mean([respond(plan, k).log10_kill_28 for k in range(patients)]))


def immunosuppressed_response(drug: str | None, fraction: float, days: float = 30.0) -> float:
    """Return log10 blasts lost in 28 days with an immunosuppressant given from the start of treatment."""
    given = (
        [{"drug": drug, "from": f"day {START:g}", "to": f"day {START + days:g}", "level": 1}] if drug else []
    )
    return respond(burden_plan(fraction, 30.0, immunosuppression=given)).log10_kill_28


def burden_at_start(interval: float, growth: float, patients: int) -> float:
    """Return the median true marrow blast fraction on the first day of pre-emptive treatment (nan: never treated)."""
    found = []
    for k in range(patients):
        plan = {
            "patient.rate_blast_net_growth": f"{growth} /day",
            "monitoring.mrd.first": f"day {interval:g}",
            "monitoring.mrd.every": f"{interval:g} d",
            "monitoring.morphology": {
                "first": "day 30",
                "every": "30 d",
                "cells": 500,
                "delay": "1 d",
            },
            "blinatumomab": None,
            "dli": {"cd3": ["1e4/kg"], "first": "day 1", "every": "42 d"},
        }
        course = follow(small("preemptive", plan), k)
        start = course.clinic.outcomes(course.body)["treatment_start_day"]
        if start is not None:
            found.append(column_at(course, "marrow_blast_fraction", [float(str(start))])[0])
    return float(np.median(found)) if found else float("nan")


def high_risk_trajectories(patients: int, follow_up: float = 540.0) -> list[dict[str, Any]]:
    """Return the outcomes of the shipped high-risk patient with the table's spread in all but the leukaemia."""
    scenario = small("perugia_high_risk", {"follow_up": f"{follow_up:g} d"} | spread(*SPREAD), grid=4)
    out = []
    for k in range(patients):
        course = follow(scenario, k)
        columns = course.columns()
        outcome = dict(course.clinic.outcomes(course.body))
        outcome["exhaustion_at_end"] = float(columns["marrow_t_exhaustion_fraction"][-1])
        out.append(outcome)
    return out


def classic_course(outcome: Mapping[str, Any]) -> bool:
    """Return whether a patient went into MRD-negative remission without GvHD and then relapsed again."""
    return (
        outcome["complete_remission_day"] is not None
        and outcome["mrd_negative_day"] is not None
        and int(outcome["agvhd_grade"]) < 2
        and outcome["second_relapse_day"] is not None
    )
