"""Reference numbers: statsmodels' CumIncidenceRight, frozen; and identities that hold for any data."""

import numpy as np
import pytest

from simulation.statistics.competing import aalen_johansen
from simulation.statistics.proportions import wilson
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
    incidence = aalen_johansen(np.arange(1, 11), causes, 1)
    assert incidence.incidence[-1] == pytest.approx(0.7)
    assert incidence.se[-1] == pytest.approx((0.7 * 0.3 / 10) ** 0.5)
    assert incidence.at(5.5)[0] == pytest.approx(0.3)


def test_with_one_cause_it_is_kaplan_meier() -> None:
    events = np.array(CAUSES) > 0
    incidence, curve = aalen_johansen(TIMES, events.astype(int), 1), kaplan_meier(TIMES, events)
    assert incidence.incidence == pytest.approx(1 - curve.survival)
    assert incidence.low == pytest.approx(1 - curve.high, abs=1e-9)
    assert incidence.high == pytest.approx(1 - curve.low, abs=1e-9)


def test_nothing_happened() -> None:
    incidence = aalen_johansen([365, 365], [0, 0], 1)
    assert incidence.at(365) == pytest.approx((0, 0, wilson(0, 2).high))
    assert incidence.high == pytest.approx([wilson(0, 2).high] * 2)  # on every day, not only on the last


def test_everything_happened_to_everybody() -> None:
    incidence = aalen_johansen([5, 5, 5], [1, 1, 1])
    assert incidence.at(5) == pytest.approx((1, wilson(3, 3).low, 1))


def test_those_who_had_the_other_cause_count_as_known_and_the_censored_do_not() -> None:
    incidence = aalen_johansen([1, 2, 3, 9, 9], [2, 2, 0, 0, 0], cause=1)
    assert incidence.at(9) == pytest.approx((0, 0, wilson(0, 4).high))  # the one of day 3 left before


def test_with_one_cause_and_no_event_it_is_kaplan_meier_too() -> None:
    days = [3.0, 9.0, 9.0, 9.0]
    incidence, curve = aalen_johansen(days, [0] * 4), kaplan_meier(days, [0] * 4)
    assert incidence.high == pytest.approx(1 - curve.low)


@pytest.mark.parametrize("causes", [[1.7, 0], [-1, 0], [float("nan"), 0], ["1", "0"], [None, 0]])
def test_what_is_no_cause_is_refused(causes: list[object]) -> None:
    with pytest.raises(ValueError, match="causes must be"):
        aalen_johansen([1, 2], causes)  # type: ignore[arg-type]


def test_nothing_is_said_after_the_last_follow_up() -> None:
    with pytest.raises(ValueError, match=r"nothing is known of day 1000: follow-up ends on day 40"):
        aalen_johansen([10, 40], [1, 0]).at(1000)
    assert aalen_johansen([10, 40], [1, 2]).at(1000)[0] == 0.5  # nobody is left to whom anything may happen
