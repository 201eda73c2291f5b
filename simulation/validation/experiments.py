"""Simulation experiments that several checks read."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from simulation.life import Life
from simulation.validation.patients import (
    SPREAD,
    Plan,
    column_at,
    follow,
    small,
    spread,
)


def paired_arms(patients: int, follow_up: float = 720.0, plan: Plan | None = None) -> list[dict[str, Any]]:
    """Return outcomes of the same patients treated early and late: (arm, log10 nadir, day of last relapse)."""
    rows = []
    for k in range(patients):
        row: dict[str, Any] = {}
        for arm in ("preemptive", "therapeutic"):
            life = follow(small(arm, {"follow_up": f"{follow_up:g} d"} | dict(plan or {})), k)
            out, columns = life.outcomes(), life.columns()
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


def damage_after(life: Life, day: float) -> float:
    """Return the worst loss of tissue integrity from a day on."""
    columns = life.columns()
    return float(1.0 - columns["tissue_integrity_fraction"][columns["day"] >= day].min())


def burden_at_start(interval: float, growth: float, patients: int) -> float:
    """Return the median true marrow blast fraction on the first day of pre-emptive treatment (nan: never treated)."""
    burdens = []
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
        life = follow(small("preemptive", plan), k)
        start = life.outcomes()["treatment_start_day"]
        if start is not None:
            burdens.append(column_at(life, "marrow_blast_fraction", [float(str(start))])[0])
    return float(np.median(burdens)) if burdens else float("nan")


def high_risk_trajectories(patients: int, follow_up: float = 540.0) -> list[dict[str, Any]]:
    """Return the outcomes of the shipped high-risk patient with the table's spread in all but the leukaemia."""
    scenario = small("perugia_high_risk", {"follow_up": f"{follow_up:g} d"} | spread(*SPREAD), grid=4)
    out = []
    for k in range(patients):
        life = follow(scenario, k)
        columns = life.columns()
        outcome = dict(life.outcomes())
        outcome["exhaustion_at_end"] = float(columns["marrow_t_exhaustion_fraction"][-1])
        out.append(outcome)
    return out


def had_classic_relapse(outcome: Mapping[str, Any]) -> bool:
    """Return whether a patient went into MRD-negative remission without GvHD and then relapsed again."""
    return (
        outcome["complete_remission_day"] is not None
        and outcome["mrd_negative_day"] is not None
        and int(outcome["agvhd_grade"]) < 2
        and outcome["second_relapse_day"] is not None
    )
