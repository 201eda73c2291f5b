"""Continuous exposure exhausts, an interval restores, and the culture keeps its schedule."""

import numpy as np
import pytest

from simulation.in_vitro.assays.exhaustion_coculture import Arm, is_on, lysis_of_arm
from simulation.in_vitro.result import ExperimentResult

from .plates import COCULTURE, run


@pytest.fixture(scope="module")
def culture() -> ExperimentResult:
    return run(COCULTURE)


def exhaustion(result: ExperimentResult, arm: str, day: float) -> float:
    table = result.tables["tests"]
    return float(table["t_cell_exhaustion_fraction"][(table["arm"] == arm) & (table["day"] == day)].mean())


def test_an_interval_restores_function_by_day_14(culture: ExperimentResult) -> None:
    table = culture.tables["tests"]
    assert lysis_of_arm(table, "TFI", 14.0) > lysis_of_arm(table, "continuous", 14.0) + 15.0
    assert exhaustion(culture, "TFI", 14.0) < 0.25 < exhaustion(culture, "continuous", 14.0)


def test_continuous_exposure_loses_function(culture: ExperimentResult) -> None:
    table = culture.tables["tests"]
    assert lysis_of_arm(table, "continuous", 14.0) < lysis_of_arm(table, "continuous", 7.0) - 10.0


def test_without_exhaustion_function_stays() -> None:
    result = run(COCULTURE, {"processes": {"exhaustion": "off"}})
    assert lysis_of_arm(result.tables["tests"], "continuous", 14.0) > 95.0


def test_lysis_saturates_so_that_it_is_not_one_minus_exhaustion(culture: ExperimentResult) -> None:
    day_7 = exhaustion(culture, "continuous", 7.0)
    (lysis,) = lysis_of_arm(culture.tables["tests"], "continuous", 7.0)
    assert lysis > 100.0 * (1.0 - day_7) + 10.0


def test_feeds_keep_the_culture_at_its_size(culture: ExperimentResult) -> None:
    result = run(COCULTURE, {"processes": {"exhaustion": "off"}})
    for one in (culture, result):
        table = one.tables["tests"]
        assert (table["culture_t_cells"] < 3 * 10_000).all()
        assert (table["culture_targets_cells"] < 2 * 40_000).all()


def test_schedule_of_an_arm() -> None:
    arm = Arm.model_validate({"name": "a", "on": "7 d", "off": "7 d"})
    days = np.array([0.0, 6.9, 7.0, 13.9, 14.0, 21.0])
    assert [is_on(arm, day) for day in days] == [True, True, False, False, True, False]
    assert is_on(Arm.model_validate({"name": "a", "on": "7 d"}), 20.0)
