"""Power by simulation against closed forms: Schoenfeld's for the log-rank test, those of means and of shares, exact binomial.

Seeds are fixed. Tolerances are three to four standard errors of 2,000 trials (at most 0.011 each) and the closed forms' own
error, which is of the order of 0.01 with a hundred patients.
"""

import math

import numpy as np
import pytest
from scipy import stats

from simulation.design.draws import ENDPOINTS, Conduct, StoredPatients, Tally, draw_trials
from simulation.design.study import _exact

TRIALS = 2000
HORIZON = 400.0
LIMIT = 1.959964
SLOW, FAST = 0.6 * 0.002, 0.002  # events a day


def _exponential(rate: float, n: int = 1500) -> StoredPatients:
    """Return patients whose events have exactly an exponential distribution, whole days."""
    days = np.maximum(np.ceil(-np.log1p(-(np.arange(n) + 0.5) / n) / rate), 1.0)
    free = days > HORIZON
    return StoredPatients(days, np.ones(n, bool), np.minimum(days, HORIZON), free)


def _drawn(
    one: StoredPatients, other: StoredPatients, patients: int, *, accrual: float = 0.0, follow_up: float = 1e5,
    drop_out: float = 0.0,
    allocation: float = 1.0,
) -> Tally:  # fmt: skip
    plan = Conduct(patients, allocation, accrual, follow_up, drop_out, min(HORIZON, follow_up), 1e6)
    return draw_trials(one, other, plan, TRIALS, np.random.default_rng(7))


def _power(tally: Tally, name: str) -> float:
    return float((tally.z[name] > LIMIT).mean())


def _normal(mean: float, variance: float) -> float:
    return float(stats.norm.cdf(mean / math.sqrt(variance) - LIMIT))


@pytest.mark.parametrize(("patients", "allocation"), [(80, 1.0), (160, 1.0), (160, 2.0)])
def test_the_log_rank_test_has_schoenfelds_power(patients: int, allocation: float) -> None:
    tally = _drawn(_exponential(SLOW), _exponential(FAST), patients, allocation=allocation)
    assert (tally.events == patients).all()  # everybody is followed to the event
    share = allocation / (1 + allocation)
    schoenfeld = float(
        stats.norm.cdf(abs(math.log(SLOW / FAST)) * math.sqrt(patients * share * (1 - share)) - LIMIT)
    )
    assert _power(tally, "log_rank") == pytest.approx(schoenfeld, abs=0.035)


def test_accrual_and_drop_out_cost_the_events_that_theory_says() -> None:
    accrual, follow_up, lost = 730.0, 365.0, 0.2
    rate_lost = -math.log1p(-lost) / 365.25
    tally = _drawn(
        _exponential(SLOW), _exponential(FAST), 200, accrual=accrual, follow_up=follow_up, drop_out=lost
    )
    expected = 0.0
    for rate in (SLOW, FAST):
        both = rate + rate_lost
        left = (math.exp(-both * follow_up) - math.exp(-both * (follow_up + accrual))) / (both * accrual)
        expected += 100 * rate / both * (1 - left)
    assert tally.events.mean() == pytest.approx(expected, rel=0.01)
    followed = math.exp(-rate_lost * follow_up)
    assert tally.known.mean() == pytest.approx(100 * followed, rel=0.01)
    power = stats.norm.cdf(math.log(FAST / SLOW) * math.sqrt(expected / 4) - LIMIT)
    assert _power(tally, "log_rank") == pytest.approx(power, abs=0.035)


def test_restricted_means_and_mean_days_have_the_power_of_a_difference_of_means() -> None:
    n = 150
    tally = _drawn(_exponential(SLOW), _exponential(FAST), 2 * n)
    means, variances = [], []
    for rate in (SLOW, FAST):
        gone = math.exp(-rate * HORIZON)
        mean = (1 - gone) / rate
        means.append(mean)
        variances.append(2 / rate**2 * (1 - gone * (1 + rate * HORIZON)) - mean**2)
    expected = _normal(means[0] - means[1], sum(variances) / n)
    assert 0.5 < expected < 0.95
    for name in ("restricted_mean", "mean_days"):
        assert _power(tally, name) == pytest.approx(expected, abs=0.035)


def test_shares_have_the_power_of_two_proportions() -> None:
    n = 150
    tally = _drawn(_exponential(SLOW), _exponential(FAST), 2 * n)
    p, q = (math.exp(-rate * HORIZON) for rate in (SLOW, FAST))
    pooled = (p + q) / 2
    null, alternative = math.sqrt(2 * pooled * (1 - pooled) / n), math.sqrt((p * (1 - p) + q * (1 - q)) / n)
    expected = float(stats.norm.cdf((p - q - LIMIT * null) / alternative))
    assert 0.5 < expected < 0.95
    for name in ("event_free", "leukaemia_free"):
        assert _power(tally, name) == pytest.approx(expected, abs=0.035)


def test_where_arms_are_alike_either_is_found_better_as_often_as_alpha_says() -> None:
    tally = _drawn(_exponential(FAST), _exponential(FAST), 120, accrual=365, follow_up=500, drop_out=0.1)
    for name in ENDPOINTS:
        for sign in (-1, 1):
            assert (sign * tally.z[name] > LIMIT).mean() == pytest.approx(0.025, abs=0.012), name


def test_one_arm_against_a_known_share_is_the_exact_binomial_test() -> None:
    n, known, share, alpha = 37, 0.3, 0.55, 0.05

    def tail(least: int, p: float) -> float:
        return sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(least, n + 1))

    least = next(k for k in range(n + 1) if tail(k, known) <= alpha)
    assert _exact(n, share, known, alpha) == pytest.approx(tail(least, share))


def test_nothing_to_see_is_no_significance() -> None:
    n = 50
    calm = StoredPatients(np.full(n, 500.0), np.zeros(n, bool), np.full(n, HORIZON), np.ones(n, bool))
    tally = draw_trials(
        calm, calm, Conduct(20, 1, 100, 500, 0.1, HORIZON, 500), 100, np.random.default_rng(1)
    )
    assert all((tally.z[name] == 0).all() for name in ENDPOINTS)
    assert (tally.events == 0).all()
