"""Simulation experiments of the stylised facts: those of `simulation.validation`, and one at the bench."""

import numpy as np

from simulation.biology.places import PlaceKind
from simulation.biology.traits import EXHAUSTION_REVERSIBLE, EXHAUSTION_TERMINAL
from simulation.course import Course
from simulation.parameters import ParameterTable
from simulation.validation.experiments import (
    blood_curve,
    burden_at_start,
    classic_course,
    crs_by_cycle,
    damage_after,
    dli_outcomes,
    dose_response,
    graft_outcomes,
    high_risk_trajectories,
    immunosuppressed_response,
    late_dli,
    paired_arms,
    response_by_burden,
    treg_response,
)
from simulation.validation.patients import (
    CONTINUOUS,
    MARROW_CELLS,
    SCENARIOS,
    SPREAD,
    START,
    Plan,
    Response,
    burden_plan,
    column_at,
    follow,
    respond,
    small,
    spread,
)

__all__ = [
    "CONTINUOUS", "MARROW_CELLS", "SCENARIOS", "SPREAD", "START", "Plan", "Response", "blood_curve", "burden_at_start",
    "burden_plan", "classic_course", "column_at", "crs_by_cycle", "damage_after", "dli_outcomes", "dose_response",
    "exhaustion_of_marrow", "follow", "graft_outcomes", "high_risk_trajectories", "immunosuppressed_response", "late_dli",
    "lysis_under_continuous_exposure", "paired_arms", "respond", "response_by_burden", "small", "spread", "treg_response",
]  # fmt: skip


def exhaustion_of_marrow(course: Course) -> float:
    """Return the mean exhaustion of T cells in the marrow that are engaged now."""
    state = course.body.state
    pop, rows = state.pop, state.pop.rows()
    kind = pop.code[rows] & 15
    keep = (pop.place[rows] < state.places.n_niches) & (kind >= 3) & (kind <= 4)
    rows = rows[keep]
    if not rows.size:
        return float("nan")
    total = pop.traits[rows, EXHAUSTION_REVERSIBLE] + pop.traits[rows, EXHAUSTION_TERMINAL]
    return float(np.average(total, weights=pop.cells[rows]))


def lysis_under_continuous_exposure(free_interval: bool) -> dict[int, float]:
    """Return 1 - exhaustion of T cells kept with targets and drug (well by hand), by day; with or without a week off.

    The co-culture of Philipp 2022 in its essentials: antigen is replenished, drug constant or absent on days 7-14.
    """
    from simulation.biology.traits import BLAST, TCON, encode
    from tests.biology.lab import BENCH, Lab

    table = ParameterTable.load().values()
    lab = Lab(PlaceKind.WELL, **{name: table[name] for name in BENCH})
    lab.add(encode(TCON), 1e6)
    lab.add(encode(BLAST), 4e6)
    found = {}
    for day in range(28):
        lab.drug(0.0 if free_interval and 7 <= day < 14 else 500.0)
        lab.run(1.0, 0.25, "contact", "activation", "exhaustion")
        exhausted = lab.trait(EXHAUSTION_REVERSIBLE) + lab.trait(EXHAUSTION_TERMINAL)
        found[day + 1] = float(1.0 - exhausted)
    return found
