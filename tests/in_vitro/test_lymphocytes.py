"""The drug does not enhance alloreactivity (S6), Treg suppress, and generations are counted exactly."""

import itertools

import numpy as np
import pytest

from simulation.in_vitro.assays.mixed_lymphocyte_reaction import alloreactive_ratio, of_donors
from simulation.in_vitro.assays.suppression_assay import READOUTS, suppression_of_donors
from simulation.in_vitro.result import ExperimentResult
from simulation.in_vitro.statistics import division_index, percent_divided

from .plates import MLR, SUPPRESSION, run


@pytest.fixture(scope="module")
def reaction() -> ExperimentResult:
    return run(MLR)


@pytest.fixture(scope="module")
def suppression() -> ExperimentResult:
    return run(SUPPRESSION)


@pytest.mark.parametrize("cd19", ["none", "b_cells"])
def test_the_drug_does_not_enhance_alloreactivity(reaction: ExperimentResult, cd19: str) -> None:
    # 3,000 alloreactive cells in each of 4 wells, clans of some 10: the ratio of two means has a standard error of 4 %.
    assert alloreactive_ratio(reaction.tables["wells"], cd19, 10_000.0, 0.0).mean() < 1.16
    assert alloreactive_ratio(reaction.tables["wells"], cd19, 10_000.0, 0.0).mean() > 0.84


def test_the_drug_makes_t_cells_divide_only_where_cd19_cells_are(reaction: ExperimentResult) -> None:
    wells = reaction.tables["wells"]
    own = {
        (cd19, drug): of_donors(wells, "divided_percent", cd19, drug, 0.0, "autologous").mean()
        for cd19 in ("none", "b_cells")
        for drug in (0.0, 10_000.0)
    }
    assert own["none", 0.0] == own["none", 10_000.0] == own["b_cells", 0.0] == 0.0
    assert own["b_cells", 10_000.0] > 0.3


def test_allogeneic_stimulators_make_cells_divide(reaction: ExperimentResult) -> None:
    wells = reaction.tables["wells"]
    assert of_donors(wells, "alloreactive_expansion_fold", "none", 0.0, 0.0).min() > 3.0
    assert of_donors(wells, "alloreactive_expansion_fold", "none", 0.0, 0.0, "autologous").max() <= 1.0


@pytest.mark.parametrize("column", ["divided_percent", "alloreactive_expansion_fold"])
def test_treg_suppress_the_reaction(reaction: ExperimentResult, column: str) -> None:
    values = [
        of_donors(reaction.tables["wells"], column, "none", 0.0, treg).mean() for treg in (0.0, 0.25, 1.0)
    ]
    assert values[0] > 1.1 * values[1] > 1.1 * 1.1 * values[2]


@pytest.mark.parametrize("readout", READOUTS)
def test_suppression_rises_with_treg(suppression: ExperimentResult, readout: str) -> None:
    wells = suppression.tables["wells"]
    values = [suppression_of_donors(wells, readout, treg).mean() for treg in (0.125, 0.25, 0.5, 1.0)]
    assert all(b > a for a, b in itertools.pairwise(values))
    assert 10.0 < values[0] < values[-1] <= 100.0


def test_suppression_of_divided_cells_is_near_published_values(suppression: ExperimentResult) -> None:
    wells = suppression.tables["wells"]
    for treg, observed in ((0.125, 30.0), (0.25, 50.0), (0.5, 70.0), (1.0, 85.0)):
        value = float(suppression_of_donors(wells, "divided_percent", treg).mean())
        assert value == pytest.approx(observed, abs=12.0)


def test_with_treg_switched_off_nothing_is_suppressed() -> None:
    result = run(SUPPRESSION, {"processes": {"treg": "off"}, "treg": ["1:1"]})
    assert abs(suppression_of_donors(result.tables["wells"], "divided_percent", 1.0).mean()) < 5.0


def test_generations_hold_every_responder(reaction: ExperimentResult) -> None:
    wells = reaction.tables["wells"]
    total = np.sum([wells[name] for name in wells if name.startswith("generation_")], axis=0)
    assert total.tolist() == wells["responders_live_cells"].tolist()


def test_dilution_indices() -> None:
    generations = np.array([50.0, 0.0, 200.0])  # of 100 original cells, 50 divided twice
    assert percent_divided(generations) == pytest.approx(50.0)
    assert division_index(generations) == pytest.approx(1.0)
    assert percent_divided(np.zeros(3)) == division_index(np.zeros(3)) == 0.0
