"""Where the mean gain changes its sign, and how well that place is known."""

import numpy as np
import pytest

from simulation.analysis.threshold import find_threshold


def test_a_straight_line_crosses_where_it_does() -> None:
    levels = [30.0, 10.0, 20.0, 0.0]
    spread = np.linspace(-1.0, 1.0, 24)  # how patients differ, at every level alike
    gains = np.array([x - 12.0 + spread for x in levels])
    result = find_threshold(levels, gains)
    (crossing,) = result.crossings
    assert crossing.at == pytest.approx(12.0) and crossing.wins_above
    half = 1.96 * spread.std() / 24**0.5
    assert (crossing.low, crossing.high) == pytest.approx((12.0 - half, 12.0 + half), abs=0.05)
    assert result.levels.tolist() == [0, 10, 20, 30] and result.verdict == "mixed"


def test_levels_over_decades_are_joined_on_a_logarithmic_scale() -> None:
    gains = np.array([[-1.0] * 3, [1.0] * 3, [1.0] * 3])
    assert find_threshold([1e-4, 1e-2, 1.0], gains).crossings[0].at == pytest.approx(1e-3)
    assert find_threshold([0.0, 1e4, 1e6], gains).crossings[0].at == pytest.approx(5e3)


def test_an_advantage_that_ends_and_one_that_is_only_between() -> None:
    ends = find_threshold([0, 1, 2], np.array([[2.0] * 4, [1.0] * 4, [-1.0] * 4]))
    assert [c.at for c in ends.crossings] == pytest.approx([1.5]) and not ends.crossings[0].wins_above
    between = find_threshold([0, 1, 2], np.array([[-1.0] * 4, [1.0] * 4, [-1.0] * 4]))
    assert [c.wins_above for c in between.crossings] == [True, False]


@pytest.mark.parametrize(("gain", "verdict"), [(1.0, "always"), (-1.0, "never"), (0.0, "open")])
def test_no_crossing(gain: float, verdict: str) -> None:
    gains = gain * (1.0 + np.linspace(-0.5, 0.5, 3 * 24).reshape(3, 24))
    result = find_threshold([1, 2, 3], gains)
    assert not result.crossings and result.verdict == verdict
    assert (
        find_threshold([1, 2, 3], gains[:, :19]).verdict == "open"
    )  # too few patients to be certain of anything


def test_patients_who_are_all_alike_leave_open_what_the_others_would_be() -> None:
    gains = np.ones((2, 24))
    assert find_threshold([1, 2], gains).verdict == "open"  # no bound is known
    assert find_threshold([1, 2], gains, most=1.0).verdict == "always"  # a share: 24 of 24
    assert (
        find_threshold([1, 2], gains, most=365.0).verdict == "open"
    )  # one day of 365, and 14 % may lose a year
    between = find_threshold([0, 1], np.array([[-1.0] * 24, [1.0] * 24]), most=1.0)
    assert np.isnan(between.crossings[0].low) and np.isnan(between.agreement)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    levels, kept = np.array([0.0, 1.0, 2.0, 3.0]), 0
    for _ in range(120):
        patients = (
            rng.normal(size=(1, 40)) * 2
        )  # each patient's own level: common to all points, as with twins
        gains = (levels - 1.3)[:, None] + patients + 0.3 * rng.normal(size=(4, 40))
        result = find_threshold(levels.tolist(), gains)
        if len(result.crossings) == 1:
            kept += result.crossings[0].low <= 1.3 <= result.crossings[0].high
    assert kept >= 120 * 0.87  # nominal 0.95; a share below 0.87 has a chance of about 1 in 5000


def test_patients_with_gaps_are_left_out_and_too_little_is_refused() -> None:
    gains = np.array([[-1.0, np.nan, -1.0], [1.0, 50.0, 1.0]])
    assert find_threshold([0, 1], gains).crossings[0].at == pytest.approx(0.5)
    with pytest.raises(ValueError, match="two levels"):
        find_threshold([1], np.ones((1, 3)))
    with pytest.raises(ValueError, match="no patient"):
        find_threshold([0, 1], np.array([[np.nan], [1.0]]))


def test_a_handful_of_patients_gives_a_place_and_no_interval() -> None:
    result = find_threshold([0, 1], np.array([[-1.0] * 5, [1.0] * 5]))
    assert result.crossings[0].at == pytest.approx(0.5) and np.isnan(result.crossings[0].low)
