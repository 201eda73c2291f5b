"""Statistical tests use fixed seeds; each says how often it would fail by chance with a random seed."""

import math

import numpy as np
import pytest

from simulation.clinic.assays import reaches

from .fake_patient import FakePatient, days, follow, make_clinic, only

DAILY_MRD = {"first": "day 0", "every": "1 d", "cells": "1e5", "sensitivity": "1e-5", "delay": "0 d"}


def daily(fraction: float, n: int, **patient: object) -> np.ndarray:
    """Measured MRD of `n` daily aspirates."""
    clinic = make_clinic(monitoring={"pulls": 1, "mrd": DAILY_MRD, "morphology": None, "blood": None})
    follow(clinic, FakePatient(fraction, step=1.0, **patient), until=float(n))  # type: ignore[arg-type]
    return np.array([event.value for event in clinic.events.of_kind("result", "mrd")])


def test_samples_are_taken_and_reported_by_schedule_and_delay() -> None:
    clinic = make_clinic()
    follow(clinic, FakePatient(1e-3), until=100.0)
    assert days(clinic, "test", "mrd") == [30.0, 60.0, 90.0]
    assert days(clinic, "result", "mrd") == [33.0, 63.0, 93.0]
    assert days(clinic, "result", "morphology") == [31.0, 61.0, 91.0]
    assert days(clinic, "result", "blood_cd3") == [7.0 * week for week in range(1, 15)]


@pytest.mark.parametrize("step", [1 / 24, 0.25, 0.3, 0.7, 1.0])
def test_no_sample_is_lost_or_drifts_at_any_step(step: float) -> None:
    clock = {
        "time_step": f"{step} d",
        "record_every": f"{step} d",
        "follow_up": "210 d",
        "graft.treg": "0/kg",
    }
    clinic = make_clinic(**{"monitoring.mrd.every": "10 d"} | clock)
    follow(clinic, FakePatient(1e-3, step=step), until=100.0)
    planned = [30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0]
    assert days(clinic, "test", "mrd") == pytest.approx(
        [math.ceil(day / step - 1e-6) * step for day in planned]
    )


def test_no_test_means_no_result() -> None:
    clinic = make_clinic(monitoring={"pulls": 1, "mrd": None, "morphology": None, "blood": None})
    follow(clinic, FakePatient(0.9, blood_blasts=1e4), until=100.0)
    assert days(clinic, "test") == [] and days(clinic, "result") == []


def test_measured_mrd_has_binomial_mean_and_variance() -> None:
    # 4 standard errors either side: a false alarm in 6e-5 of seeds for the mean, about 1e-4 for the variance
    n, cells, fraction = 1500, 1e5, 1e-3
    measured = daily(fraction, n)
    variance = fraction * (1 - fraction) / cells
    assert abs(measured.mean() - fraction) < 4 * math.sqrt(variance / n)
    assert abs(measured.var(ddof=1) / variance - 1) < 4 * math.sqrt(2 / (n - 1))


def test_an_aspirate_comes_from_one_place_of_a_patchy_marrow() -> None:
    # all leukaemia in one of four niches: a quarter of the aspirates see four times the
    # mean, the others nothing; 4 standard errors of the share: a false alarm in 6e-5 of seeds
    n, fraction = 800, 1e-2
    measured = daily(fraction, n, niche_factors=(0.0, 4.0, 0.0, 0.0))
    hit = measured > 0
    assert abs(hit.mean() - 0.25) < 4 * math.sqrt(0.25 * 0.75 / n)
    assert measured[hit].mean() == pytest.approx(4 * fraction, rel=0.02)


def test_an_aspirate_of_many_pulls_sees_the_mean_of_a_patchy_marrow() -> None:
    # 100 pulls over four niches, one of which holds everything: the share of pulls there has SD 0.043
    clinic = make_clinic(**{"monitoring.pulls": 100, "monitoring.mrd.every": "1 d"})
    follow(clinic, FakePatient(1e-2, niche_factors=(0.0, 4.0, 0.0, 0.0)), until=230.0)
    values = np.array([event.value for event in clinic.events.of_kind("test", "mrd")], float)
    assert len(values) == 200
    assert values.mean() == pytest.approx(1e-2, rel=0.06)  # 5 standard errors
    assert 0.1e-2 < values.std() < 0.3e-2


def test_below_the_sensitivity_the_result_is_negative() -> None:
    # 5 blasts expected in 1e6 cells, 10 needed: positive with probability 0.032, so 12 positives in 100
    # would come in 5e-5 of seeds
    clinic = make_clinic(**{"monitoring.mrd.every": "1 d", "monitoring.mrd.first": "day 0"})
    follow(clinic, FakePatient(5e-6, step=1.0), until=103.0)
    values = [event.value for event in clinic.events.of_kind("result", "mrd")]
    assert len(values) == 100
    assert sum(value == 0.0 for value in values) > 88
    assert all(value == 0.0 or value >= 1e-5 for value in values if value is not None)
    assert "negative (below 1e-05)" in clinic.events.of_kind("result", "mrd")[0].detail


def test_one_aspirate_serves_both_tests() -> None:
    clinic = make_clinic()
    follow(clinic, FakePatient(0.2, niche_factors=(0.0, 1.0) * 8), until=31.0)
    mrd, morphology = only(clinic, "test", "mrd"), only(clinic, "test", "morphology")
    site = mrd.detail.split("site ")[1].split(":")[0]
    assert f"site {site}:" in morphology.detail
    assert (mrd.value == 0.0) == (morphology.value == 0.0)


def test_results_do_not_depend_on_what_else_was_sampled() -> None:
    few = make_clinic()
    many = make_clinic(**{"monitoring.morphology.every": "1 d", "monitoring.blood.every": "1 d"})
    for clinic in (few, many):
        follow(clinic, FakePatient(1e-3, niche_factors=(0.5, 1.0, 1.5)), until=200.0)
    assert few.events.of_kind("result", "mrd") == many.events.of_kind("result", "mrd")


def test_circulating_blasts_make_an_aspirate_at_once_until_relapse_is_known() -> None:
    clinic = make_clinic(**{"monitoring.mrd.first": "day 300", "monitoring.morphology.first": "day 300"})
    patient = FakePatient(0.6, blood_blasts=lambda day: 60.0 if day >= 10 else 49.0)
    follow(clinic, patient, until=60.0)
    assert days(clinic, "test", "morphology") == [14.0]
    assert days(clinic, "test", "mrd") == [14.0]
    assert "60 circulating blasts" in only(clinic, "test", "mrd").detail


def test_a_prompted_aspirate_is_repeated_while_the_marrow_shows_no_relapse() -> None:
    clinic = make_clinic(**{"monitoring.mrd": None, "monitoring.morphology.first": "day 300"})
    follow(clinic, FakePatient(0.01, blood_blasts=60.0), until=22.0)
    assert days(clinic, "test", "morphology") == [7.0, 14.0, 21.0]


def test_the_fraction_of_cd19_negative_blasts_is_counted_among_the_blasts_seen() -> None:
    clinic = make_clinic()
    follow(clinic, FakePatient(0.5, cd19_negative=0.25), until=34.0)
    assert "75% of them CD19+" in only(clinic, "result", "mrd").detail


def test_reaching_a_level_is_not_spoilt_by_rounding() -> None:
    assert reaches(3 / 10_000, 0.1 * 3 / 1000)
    assert reaches(100 / 1_000_000, 1e-4)
    assert not reaches(99 / 1_000_000, 1e-4)
    assert not reaches(0.0, 0.0)


def test_last_mrd_is_nan_before_the_first_result() -> None:
    clinic = make_clinic()
    patient = FakePatient(1e-3)
    follow(clinic, patient, until=33.0)
    assert math.isnan(clinic.last_mrd)
    follow(clinic, patient, until=34.0)
    assert clinic.last_mrd == pytest.approx(1e-3, rel=0.2)


def test_a_requested_aspirate_adds_the_tests_that_were_not_due() -> None:
    # MRD alone is due on day 70; blood of the same day asks for both, MRD is not done twice
    clinic = make_clinic(**{"monitoring.mrd.first": "day 70", "monitoring.morphology.first": "day 300"})
    follow(clinic, FakePatient(0.01, blood_blasts=lambda day: 60.0 if 69 < day < 71 else 0.0), until=80.0)
    mrd, morphology = only(clinic, "test", "mrd"), only(clinic, "test", "morphology")
    assert mrd.day == morphology.day == 70.0
    assert "scheduled" in mrd.detail and "circulating blasts" in morphology.detail


def test_without_morphology_the_mrd_assay_tells_overt_relapse() -> None:
    clinic = make_clinic(
        start={"when": "overt_relapse"}, **{"monitoring.morphology": None, "monitoring.mrd.first": "day 300"}
    )
    follow(clinic, FakePatient(0.4, blood_blasts=100.0), until=20.0)
    assert only(clinic, "trigger").day == 10.0  # blood and aspirate on day 7, MRD result three days later


def test_without_any_marrow_test_the_clinic_says_so() -> None:
    clinic = make_clinic(**{"monitoring.morphology": None, "monitoring.mrd": None})
    follow(clinic, FakePatient(0.4, blood_blasts=100.0), until=8.0)
    assert "no marrow test in this scenario (100 circulating blasts /uL)" in only(clinic, "note").detail
