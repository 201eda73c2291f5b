"""Reference numbers: statsmodels' CumIncidenceRight, frozen; and identities that hold for any data."""

import numpy as np
import pytest

from simulation.statistics.competing import aalen_johansen
from simulation.statistics.survival import kaplan_meier

TIMES = [1, 2, 2, 3, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 12]
CAUSES = [1, 0, 2, 1, 1, 2, 0, 1, 2, 1, 0, 2, 1, 0, 0]  # two causes, ties, censoring


def test_two_causes_with_ties_and_censoring() -> None:
    relapse, death = aalen_johansen(TIMES, CAUSES, 1), aalen_johansen(TIMES, CAUSES, 2)
    assert relapse.incidence[[1, 3, 5, 7, 9]] == pytest.approx(
        [0.06666667, 0.21111111, 0.28333333, 0.36587302, 0.47592593], abs=1e-8
    )
    assert relapse.se[[1, 3, 5, 7, 9]] == pytest.approx(
        [0.06440612, 0.10849703, 0.12016578, 0.13147492, 0.14550373], abs=1e-8
    )
    assert death.incidence[[2, 4, 6, 8]] == pytest.approx(
        [0.06666667, 0.13888889, 0.22142857, 0.30396825], abs=1e-8
    )
    assert death.se[[2, 4, 6, 8]] == pytest.approx([0.06440612, 0.09132935, 0.1137075, 0.12758804], abs=1e-8)


def test_causes_add_up_to_one_minus_survival() -> None:
    together = aalen_johansen(TIMES, CAUSES, 1).incidence + aalen_johansen(TIMES, CAUSES, 2).incidence
    curve = kaplan_meier(TIMES, np.array(CAUSES) > 0)
    assert together == pytest.approx(1 - curve.survival)


def test_without_censoring_it_is_a_share_with_a_shares_error() -> None:
    causes = [1, 2, 1, 1, 2, 1, 2, 1, 1, 1]
    found = aalen_johansen(np.arange(1, 11), causes, 1)
    assert found.incidence[-1] == pytest.approx(0.7)
    assert found.se[-1] == pytest.approx((0.7 * 0.3 / 10) ** 0.5)
    assert found.at(5.5)[0] == pytest.approx(0.3)


def test_with_one_cause_it_is_kaplan_meier() -> None:
    events = np.array(CAUSES) > 0
    found, curve = aalen_johansen(TIMES, events.astype(int), 1), kaplan_meier(TIMES, events)
    assert found.incidence == pytest.approx(1 - curve.survival)
    assert found.low == pytest.approx(1 - curve.high, abs=1e-9)
    assert found.high == pytest.approx(1 - curve.low, abs=1e-9)


def test_nothing_happened() -> None:
    found = aalen_johansen([365, 365], [0, 0], 1)
    assert found.at(365) == (0, 0, 0)
