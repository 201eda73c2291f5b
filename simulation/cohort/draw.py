"""Draw the patients of a cohort, and follow each through the first weeks: the same persons as in every trial."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from simulation.body.virtual_patient import patient_values
from simulation.life import Life, simulate
from simulation.scenario.schema import Scenario
from simulation.trial.schema import Cohort

__all__ = [
    "COUNTS_PER_UL",
    "DAYS_COUNTED",
    "FOLLOWED_DAYS",
    "GVHD_BY",
    "DrawnCohort",
    "draw",
    "early_scenario",
    "follow",
]

type Floats = npt.NDArray[np.float64]
COUNTS_PER_UL: Final = (50.0, 100.0)  # CD3+ cells whose first day is noted
DAYS_COUNTED: Final = (24.0, 34.0)  # on which blood is counted
GVHD_BY: Final = 100.0  # day by which acute GvHD is counted, as series do
FOLLOWED_DAYS: Final = 120.0  # later counts are "not reached"
_SIDE: Final = 3  # niches along one side: counts in blood do not depend on it
_EPS: Final = 1e-6


@dataclass(frozen=True, slots=True)
class DrawnCohort:
    """Hold the patients of a cohort, shape (patients,) in each array, patient 0 first.

    `values` are the parameters in canonical units. `early` are counts of blood without treatment, empty where nobody was
    followed: `cd3_day_24` in cells/uL, `day_cd3_50` in days, infinite where not reached in time; NaN for who
    died before; `agvhd_2`, `agvhd_3`, `nrm`: 100 where that grade, or death without relapse, came by day 100, else 0.
    """

    cohort: Cohort
    scenario: Scenario
    seed: int
    patients: int
    values: dict[str, Floats]
    early: dict[str, Floats] = field(default_factory=dict)


def draw(
    cohort: Cohort, scenario: Scenario, seed: int, patients: int, *, followed: bool = True,
    on_progress: Callable[[int], None] = lambda _: None,
) -> DrawnCohort:  # fmt: skip
    """Draw patients 0 to `patients` - 1 of a seed; with `followed` follow each to day 100, and until his T cells have recovered.

    Raises `ValueError` for fewer than one patient.
    """
    if patients < 1:
        raise ValueError("a cohort has at least one patient")
    people = [patient_values(scenario, seed, patient) for patient in range(patients)]
    values = {name: np.array([person[name] for person in people]) for name in people[0]}
    early: dict[str, Floats] = {}
    if followed:
        calm = early_scenario(scenario)
        weeks = []
        for patient in range(patients):
            on_progress(patient)
            weeks.append(follow(calm, seed, patient))
        early = {name: np.array([one[name] for one in weeks]) for name in weeks[0]}
    return DrawnCohort(cohort, scenario, seed, patients, values, early)


def early_scenario(scenario: Scenario) -> Scenario:
    """Return the first weeks of a scenario on a small marrow, recorded daily, without maps."""
    marrow = scenario.marrow.model_copy(update={"rows": _SIDE, "columns": _SIDE})
    changes = {"marrow": marrow, "marrow_maps": (), "follow_up": FOLLOWED_DAYS, "record_every": 1.0}
    return scenario.model_copy(update=changes)


def follow(scenario: Scenario, seed: int, patient: int) -> dict[str, float]:
    """Return one patient's counts of CD3+ cells in blood (cells/uL), the days on which they were reached, and acute GvHD."""
    (life,) = simulate([scenario], seed=seed, patient=patient, until=_recovered)
    columns = life.columns()
    days, cd3 = columns["day"], columns["cd3_per_ul"]
    counts = {f"cd3_day_{day:g}": _count_on(days, cd3, day) for day in DAYS_COUNTED}
    never = math.inf if life.day >= scenario.follow_up - _EPS else math.nan  # NaN: died before
    counts |= {f"day_cd3_{count:g}": _first_day(days, cd3, count, never) for count in COUNTS_PER_UL}
    came = life.outcomes()
    counts |= {f"agvhd_{grade}": _by_day_100(came[f"agvhd_grade_{grade}_day"]) for grade in (2, 3)}
    return counts | {"nrm": _by_day_100(came["nrm_day"])}


def _by_day_100(day: object) -> float:
    return 100.0 if isinstance(day, float) and day <= GVHD_BY else 0.0


def _recovered(life: Life) -> bool:
    recorded = abs(life.day - round(life.day)) < _EPS
    counted = recorded and life.day >= GVHD_BY - _EPS
    return counted and life.body.truth().cd3_per_ul >= COUNTS_PER_UL[-1]


def _count_on(days: Floats, cd3: Floats, day: float) -> float:
    at = int(np.searchsorted(days, day - _EPS))
    return float(cd3[at]) if at < days.size else float("nan")


def _first_day(days: Floats, cd3: Floats, count: float, never: float) -> float:
    reached = np.flatnonzero(cd3 >= count)
    return float(days[reached[0]]) if reached.size else never
