"""Results do not depend on how finely the computer resolves the patient: agents, steps, niches, single cells."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from simulation import load_scenario
from simulation.life import Life
from simulation.validation.patients import START, TINY, burden_plan, small
from tests.verification.mean_field import MeanField

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
AFTER = (7, 14, 28, 56)  # days after the start of treatment


def log10_blasts(
    name: str, start: float, *, grid: Any = 6, seed: Any = 1, patient: Any = 0, **overrides: object
) -> npt.NDArray[np.float64]:
    """Return log10 blasts on the days `AFTER` treatment began on a fixed day."""
    plan = {
        "marrow.rows": grid,
        "marrow.columns": grid,
        "marrow_maps": [],
        "start": {"when": "day", "day": f"day {start:g}"},
        "follow_up": f"{start + AFTER[-1] + 1:g} d",
        "stop.crs_grade": 4,
        # a mutant more or less, and how few blasts a wave of GvL leaves before treatment, is chance and not resolution
        "processes": {"antigen_loss": "off", "gvl": "off", "marrow_priming": "off"},
        # so is when the first blasts come to the place outside, where few do
        "parameters.rate_blast_blood_to_extramedullary": "1e-3 /day",
    }
    life = Life(load_scenario(SCENARIOS / f"{name}.yaml", plan | overrides), seed, patient)
    life.run()
    columns = life.columns()
    at = np.searchsorted(columns["day"], start + np.array(AFTER) - 1e-6)
    return np.asarray(np.log10(np.maximum(columns["blasts_cells"][at], 1.0)))


OVERT, MRD = ("therapeutic", 170.0), ("preemptive", 95.0)


def spread(result: npt.NDArray[np.float64]) -> float:
    """Return the widest range of log10 blasts over the days on which every run still holds 300 blasts.

    With fewer, the last cells' own chance (0.025 log10 for 300) is as large as what is asked about here. Days 7, 14 and 28
    must be among the days compared.
    """
    many = (result >= 2.5).all(axis=0)
    assert many[:3].all(), "too few blasts left to compare"
    return float(np.ptp(result[:, many], axis=0).max())


@cache
def by_step(name: str, start: float) -> npt.NDArray[np.float64]:
    """Return log10 blasts by step and day, means of twelve courses, whose chance is 0.014 log10 (standard error of a gap)."""
    return np.array(
        [
            np.mean([log10_blasts(name, start, time_step=dt, patient=k) for k in range(12)], axis=0)
            for dt in ("3 h", "6 h", "12 h")
        ]
    )


@pytest.mark.parametrize(("name", "start"), [OVERT, MRD])
def test_the_step_does_not_matter(name: str, start: float) -> None:
    """Steps of 3, 6 and 12 h, on every day."""
    result = by_step(name, start)
    assert (result >= 2.5).all()
    assert np.ptp(result, axis=0).max() < 0.06


@pytest.mark.parametrize(("burden", "within"), [(1e-2, 0.06), (0.3, 0.2)])
def test_the_error_is_second_order_in_the_step(burden: float, within: float) -> None:
    """In the mean field, which has no chance, halving the step quarters the gap; two weeks into treatment, where it is widest.

    `within`: log10 blasts between 12 h and 3 h, of four lost in marrows that hold 1 % blasts, of three in those with 30 %.
    """
    left = []
    for dt in ("3 h", "6 h", "12 h"):
        life = Life(
            small("preemptive", burden_plan(burden, 16.0) | {"time_step": dt, "record_every": "12 h"}, grid=2)
        )
        life.body = MeanField.of(life.body)
        life.run()
        left.append(
            np.log10(
                life.columns()["blasts_cells"][np.searchsorted(life.columns()["day"], START + 14.0 - 1e-6)]
            )
        )
    fine, coarse = left[1] - left[0], left[2] - left[1]
    assert 0.0 < fine < 0.45 * coarse
    assert fine + coarse < within


def test_acute_gvhd_is_second_order_in_the_step_and_cytokines_hardly_depend_on_it() -> None:
    """In the mean field of a patient with GvHD: the day of grade I, integrity, effectors; and the CRS score of a treated one.

    Where daughters of programmed divisions waited for the end of a step, grade I came 0.5 days later in steps of 12 h.
    """
    found = []
    for dt in ("3 h", "6 h", "12 h"):
        plan = {
            "marrow.rows": 2,
            "marrow.columns": 2,
            "marrow_maps": [],
            "time_step": dt,
            "follow_up": "45 d",
        }
        life = Life(load_scenario(SCENARIOS / "no_treatment.yaml", plan, "standard"), 1, 1)
        life.body = MeanField.of(life.body)
        life.run()
        treated = Life(small("preemptive", burden_plan(1e-2, 16.0) | {"time_step": dt}, grid=2))
        treated.body = MeanField.of(treated.body)
        treated.run()
        columns, integrity = life.columns(), life.columns()["tissue_integrity_fraction"]
        assert integrity[-1] < 0.5
        found.append(
            (
                np.interp(-0.9, -integrity[: np.argmin(integrity)], columns["day"][: np.argmin(integrity)]),
                integrity[columns["day"] == 30.0][0],
                np.log10(columns["alloreactive_effector_cells"][columns["day"] == 30.0][0]),
                treated.body.state.worst_crs_score,
            )
        )
    fine, coarse = np.abs(np.diff(np.array(found), axis=0))
    assert (fine[:2] < 0.45 * coarse[:2]).all(), (fine, coarse)
    assert (coarse < (0.15, 0.015, 0.01, 0.1)).all(), (fine, coarse)


EVEN = {  # no perfusion by chance, and so many founders that niches start alike
    "parameters.cv_marrow_perfusion": 0,
    "parameters.fraction_sanctuary": 0,
    "patient.n_residual_blasts": "1e7 cells",
}


def niches_alike(*grids: int) -> None:
    """Compare grids whose niches start alike but for their founders' number (binomial)."""
    assert spread(np.array([log10_blasts("therapeutic", 149.0, grid=n, **EVEN) for n in grids])) < 0.05


def test_the_number_of_niches_does_not_matter_where_niches_are_alike() -> None:
    niches_alike(3, 6, 12)


@pytest.mark.slow
def test_the_number_of_niches_does_not_matter_where_niches_are_alike_at_full_resolution() -> None:
    niches_alike(6, 12, 24)


@pytest.mark.slow
def test_with_perfusion_by_chance_the_mean_over_patients_does_not_depend_on_the_grid() -> None:
    """Fourteen days into treatment; means of 24 patients differ by at most 4 standard errors (false alarm 6e-5)."""
    results = [np.array([log10_blasts(*OVERT, grid=n, patient=k)[1] for k in range(24)]) for n in (6, 12)]
    error = np.sqrt(sum(f.var(ddof=1) / f.size for f in results))
    assert abs(results[0].mean() - results[1].mean()) < 4.0 * error


COMPARED = (
    "blasts_cells",
    "tcon_cells",
    "treg_cells",
    "engaged_cells",
    "marrow_t_exhaustion_fraction",
    "alloreactive_effector_cells",
    "tissue_integrity_fraction",
)


def tiny_patients(cells_per_agent: object, seeds: range) -> npt.NDArray[np.float64]:
    """Return what `COMPARED` is on days 8, 16 and 24, shape (patients, columns x days)."""
    plan = {**TINY, "resolution.cells_per_agent": cells_per_agent}
    scenario = load_scenario(SCENARIOS / "preemptive.yaml", plan)
    rows = []
    for seed in seeds:
        life = Life(scenario, seed, 0)
        life.run()
        columns = life.columns()
        rows.append([columns[name][day] for name in COMPARED for day in (8, 16, 24)])
        if cells_per_agent == 1:
            pop = life.body.state.pop
            assert pop.cells[: pop.top].max() == 1
    return np.array(rows)


def single_cells_against_cohorts(n: int) -> None:
    """Means of all 21 quantities differ by at most 4.5 standard errors, spreads by at most a third (1e-4 together)."""
    cohorts, singles = tiny_patients("unlimited", range(1000, 1000 + n)), tiny_patients(1, range(n))
    error = np.sqrt(cohorts.var(0, ddof=1) / n + singles.var(0, ddof=1) / n)
    far = np.abs(cohorts.mean(0) - singles.mean(0)) / error
    assert far.max() < 4.5, dict(zip(np.repeat(COMPARED, 3), far.round(1), strict=False))
    spread = cohorts[:, :12].std(0) / singles[:, :12].std(0)
    assert np.abs(np.log(spread)).max() < 4.5 / np.sqrt(n)


def test_one_cell_per_agent_gives_the_statistics_of_cohorts() -> None:
    single_cells_against_cohorts(50)


@pytest.mark.slow
def test_one_cell_per_agent_gives_the_statistics_of_cohorts_to_a_few_per_cent() -> None:
    single_cells_against_cohorts(700)
