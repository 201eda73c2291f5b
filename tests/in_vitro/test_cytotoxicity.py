"""Lysis behaves as in the laboratory: it rises, saturates, and never outruns the T cells."""

import itertools

import numpy as np
import pytest

from simulation.in_vitro.assays.cytotoxicity import lysis_of_donors
from simulation.in_vitro.result import ExperimentResult
from simulation.in_vitro.statistics import hill, hill_fit
from simulation.parameters import ParameterTable

from .plates import CYTOTOXICITY, run

NOISE = 6.0  # percent: pipetting of 5 % in two wells and their controls, with a margin


@pytest.fixture(scope="module")
def plate() -> ExperimentResult:
    return run(CYTOTOXICITY)


def lysis(result: ExperimentResult, hours: float, et_ratio: float, drug: float) -> float:
    (value,) = lysis_of_donors(result.tables["wells"], hours, et_ratio, drug)
    return float(value)


@pytest.mark.parametrize("et_ratio", [0.1, 1.0, 5.0])
def test_lysis_rises_with_concentration_and_saturates(plate: ExperimentResult, et_ratio: float) -> None:
    values = [lysis(plate, 24.0, et_ratio, drug) for drug in (1.0, 10.0, 100.0, 10_000.0)]
    assert all(b > a - NOISE for a, b in itertools.pairwise(values))
    assert values[-1] > values[0] + 2 * NOISE
    assert abs(values[-1] - values[-2]) < 2 * NOISE


@pytest.mark.parametrize(("hours", "et_ratios"), [(4.0, (0.1, 1.0, 5.0)), (24.0, (0.01, 0.1, 1.0))])
def test_lysis_rises_with_the_et_ratio(
    plate: ExperimentResult, hours: float, et_ratios: tuple[float, ...]
) -> None:
    """After a day a tenth as many T cells as targets have killed nearly all: what rises then lies below."""
    values = [lysis(plate, hours, et_ratio, 10_000.0) for et_ratio in et_ratios]
    assert values[1] > values[0] + NOISE
    assert values[2] > values[1] - NOISE
    assert values[2] <= 100.0


def test_no_drug_no_lysis(plate: ExperimentResult) -> None:
    wells = plate.tables["wells"]
    without = wells["drug_pg_per_ml"] == 0.0
    assert wells["kills_cells"][without].sum() == 0
    for hours in (4.0, 24.0):
        for et_ratio in (0.1, 1.0, 5.0):
            assert lysis(plate, hours, et_ratio, 0.0) == pytest.approx(0.0, abs=1e-9)  # mean of the controls


def test_t_cells_never_kill_faster_than_k_max(plate: ExperimentResult) -> None:
    most = ParameterTable.load()["rate_kill_max"].value
    wells = plate.tables["wells"]
    fast = wells["kills_per_t_cell_per_day"]
    assert fast.max() < most * 1.05  # drawn numbers of some hundred kills
    # where targets abound, and T cells need no time to wake, the limit is nearly reached
    awake = {"effectors": "preactivated", "et_ratios": ["1:10"], "drug": ["10000 pg/mL"], "times": ["4 h"]}
    abound = run(CYTOTOXICITY, awake).tables["wells"]
    given = abound["drug_pg_per_ml"] > 0
    assert abound["kills_per_t_cell_per_day"][given].min() > 0.8 * most


def test_preactivated_t_cells_kill_more_at_once(plate: ExperimentResult) -> None:
    fresh = run(CYTOTOXICITY, {"effectors": "preactivated"})
    assert lysis(fresh, 4.0, 1.0, 10.0) > lysis(plate, 4.0, 1.0, 10.0) + NOISE


def test_a_corner_of_the_plate_does_not_depend_on_the_rest_of_it(plate: ExperimentResult) -> None:
    alone = run(CYTOTOXICITY, {"et_ratios": ["1:1"], "drug": ["10 pg/mL"], "times": ["24 h"]})
    assert lysis(alone, 24.0, 1.0, 10.0) == lysis(plate, 24.0, 1.0, 10.0)


def test_single_cell_agents_give_the_same_mean() -> None:
    # 12 wells of 500 targets: the standard error of a mean is below 1.5 percent of lysis; 3 of them on either side.
    few = {"targets": 500, "et_ratios": ["1:3"], "drug": ["10 pg/mL"], "times": ["24 h"], "replicates": 12}
    cohorts = run(CYTOTOXICITY, few | {"time_step": "2 h"})
    singles = run(CYTOTOXICITY, few | {"time_step": "2 h", "resolution.cells_per_agent": 1}, seed=2)
    assert lysis(singles, 24.0, 1 / 3, 10.0) == pytest.approx(lysis(cohorts, 24.0, 1 / 3, 10.0), abs=9.0)


def test_a_shorter_step_gives_the_same_lysis() -> None:
    corner = {
        "et_ratios": ["1:3"],
        "drug": ["10 pg/mL"],
        "times": ["24 h"],
        "pipetting_cv": 0,
        "targets": 100_000,
    }
    coarse, fine = run(CYTOTOXICITY, corner), run(CYTOTOXICITY, corner | {"time_step": "5 min"})
    assert lysis(fine, 24.0, 1 / 3, 10.0) == pytest.approx(lysis(coarse, 24.0, 1 / 3, 10.0), abs=2.5)


def test_hill_fit_finds_the_curve_it_was_given() -> None:
    drug = np.geomspace(1.0, 10_000.0, 9)
    top, ec50, slope = hill_fit(drug, hill(drug, 80.0, np.log10(50.0), 1.2))
    assert (top, ec50, slope) == pytest.approx((80.0, 50.0, 1.2), rel=1e-4)


def test_hill_fit_tells_no_ec50_where_there_is_no_curve() -> None:
    drug = np.geomspace(1.0, 10_000.0, 9)
    assert np.isnan(hill_fit(drug, np.full(9, 1.0))).all()  # no lysis
    assert np.isnan(hill_fit(drug, np.full(9, 100.0))[1])  # all dead already at the lowest concentration
