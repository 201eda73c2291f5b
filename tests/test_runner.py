"""`run` from Python: another follow-up, whose mistakes are a person's, and the person it was."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulation import UserError, load_scenario, run

SCENARIOS = Path(__file__).parents[1] / "scenarios"
SMALL = {"marrow.rows": 2, "marrow.columns": 2, "marrow_maps": []}


@pytest.mark.parametrize("days", [5, 5.0, np.int64(5), np.float64(5)])
def test_another_follow_up(days: Any) -> None:
    result = run(load_scenario(SCENARIOS / "no_treatment.yaml", SMALL), days=days)
    assert result.outcomes["days_simulated"] == 5


@pytest.mark.parametrize(
    ("days", "message"),
    [
        (40, r"days=40: start\.day: expected day -4 .* to day 39\.5 .*, got day 60"),
        (-3, r"days=-3: follow_up: expected a time"),
        (1e9, r"days=1000000000\.0: follow_up: expected a time"),
        (40.1, r"days=40\.1: follow_up: expected a whole number of steps of 12 h, such as 40 d, got 40\.1 d"),
        ("40 d", "days: expected a number of days, got '40 d'"),
        (math.nan, "days: expected a number of days, got nan"),
        (math.inf, "days: expected a number of days, got inf"),
        (True, "days: expected a number of days, got True"),
    ],
)
def test_a_follow_up_that_cannot_be(days: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        run(load_scenario(SCENARIOS / "prophylactic.yaml"), days=days)


def test_the_result_knows_who_it_was() -> None:
    scenario = load_scenario(SCENARIOS / "no_treatment.yaml", SMALL, cohort="standard")
    first = run(scenario, seed=3, patient=7, days=2)
    assert first.patient_values["weight"] == (first.values["weight"], "kg")
    again = run(first.resolved, seed=3, patient=7)
    assert again.summary == first.summary
    assert again.trajectory.equals(first.trajectory)
    assert run(scenario, seed=3, patient=8, days=2).patient_values != first.patient_values
