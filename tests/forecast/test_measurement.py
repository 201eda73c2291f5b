"""A measurement weighs as its error says, and what was not found is censored, not zero."""

import numpy as np
import pytest

from simulation.forecast.measurement import Errors, MeasuredValue, fit

LIMIT = 1e-5


@pytest.mark.parametrize("truth", [0.0, 2e-6, 1e-5, 3e-5])
def test_not_found_is_as_likely_as_noise_makes_it(truth: float) -> None:
    errors = Errors(mrd=0.4)
    noise = np.random.default_rng(1).normal(0.0, 0.4, 200_000)
    missed = np.mean(np.log10(max(truth, 1e-30)) + noise < np.log10(LIMIT))
    likelihood = np.exp(fit(MeasuredValue(30, "mrd", LIMIT, below=True), truth, errors))
    assert likelihood == pytest.approx(missed, abs=0.004)  # four standard errors


def test_a_result_below_the_limit_does_not_tell_what_is_far_below_it_apart() -> None:
    result = fit(MeasuredValue(30, "mrd", LIMIT, below=True), [0.0, 1e-9, 1e-7], Errors())
    assert result == pytest.approx(0.0, abs=1e-6)
    value = fit(MeasuredValue(30, "mrd", LIMIT), [0.0, 1e-9, 1e-7], Errors())
    assert value[0] < value[1] < value[2] < -5


def test_twice_the_error_is_two_standard_deviations() -> None:
    assert fit(MeasuredValue(30, "cd3", 100.0), 100.0 * np.exp(0.6), Errors(cd3=0.3)) == pytest.approx(-2.0)
    assert fit(MeasuredValue(30, "mrd", 1e-4), 1e-4 * 10**0.8, Errors(mrd=0.4)) == pytest.approx(-2.0)


def test_grades_differ_by_the_share_that_is_graded_wrongly() -> None:
    result = np.exp(fit(MeasuredValue(30, "agvhd", 2), [0, 1, 2, 3], Errors(agvhd=0.2)))
    assert result == pytest.approx([0.04, 0.2, 1.0, 0.2])
    assert np.exp(fit(MeasuredValue(30, "agvhd", 2), [1, 2], Errors(agvhd=0.0))).tolist() == [0.0, 1.0]


def test_who_has_died_was_not_measured() -> None:
    assert fit(MeasuredValue(30, "mrd", LIMIT, below=True), np.nan, Errors()) == -np.inf
