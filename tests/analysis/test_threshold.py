"""Where the mean gain changes its sign, and how well that place is known."""

import numpy as np
import pytest

from simulation.analysis.threshold import find_threshold


def test_a_straight_line_crosses_where_it_does() -> None:
    levels = [30.0, 10.0, 20.0, 0.0]
    gains = np.array([[x - 12.0] * 12 for x in levels])
    found = find_threshold(levels, gains)
    (crossing,) = found.crossings
    assert crossing.at == pytest.approx(12.0) and crossing.wins_above
    assert (crossing.low, crossing.high) == pytest.approx((12.0, 12.0))
    assert found.levels.tolist() == [0, 10, 20, 30] and found.verdict == "mixed"


def test_levels_over_decades_are_joined_on_a_logarithmic_scale() -> None:
    gains = np.array([[-1.0] * 3, [1.0] * 3, [1.0] * 3])
    assert find_threshold([1e-4, 1e-2, 1.0], gains).crossings[0].at == pytest.approx(1e-3)
    assert find_threshold([0.0, 1e4, 1e6], gains).crossings[0].at == pytest.approx(5e3)


def test_an_advantage_that_ends_and_one_that_is_only_between() -> None:
    ends = find_threshold([0, 1, 2], np.array([[2.0] * 4, [1.0] * 4, [-1.0] * 4]))
    assert [c.at for c in ends.crossings] == pytest.approx([1.5]) and not ends.crossings[0].wins_above
    between = find_threshold([0, 1, 2], np.array([[-1.0] * 4, [1.0] * 4, [-1.0] * 4]))
    assert [c.wins_above for c in between.crossings] == [True, False]


@pytest.mark.parametrize(("gain", "verdict"), [(1.0, "always"), (-1.0, "never"), (0.0, "never")])
def test_no_crossing(gain: float, verdict: str) -> None:
    found = find_threshold([1, 2, 3], np.full((3, 6), gain))
    assert not found.crossings and found.verdict == verdict


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    levels, held = np.array([0.0, 1.0, 2.0, 3.0]), 0
    for _ in range(120):
        patients = (
            rng.normal(size=(1, 40)) * 2
        )  # each patient's own level: common to all points, as with twins
        gains = (levels - 1.3)[:, None] + patients + 0.3 * rng.normal(size=(4, 40))
        found = find_threshold(levels.tolist(), gains)
        if len(found.crossings) == 1:
            held += found.crossings[0].low <= 1.3 <= found.crossings[0].high
    assert held >= 120 * 0.87  # nominal 0.95; a share below 0.87 has a chance of about 1 in 5000


def test_patients_with_gaps_are_left_out_and_too_little_is_refused() -> None:
    gains = np.array([[-1.0, np.nan, -1.0], [1.0, 50.0, 1.0]])
    assert find_threshold([0, 1], gains).crossings[0].at == pytest.approx(0.5)
    with pytest.raises(ValueError, match="two levels"):
        find_threshold([1], np.ones((1, 3)))
    with pytest.raises(ValueError, match="no patient"):
        find_threshold([0, 1], np.array([[np.nan], [1.0]]))


def test_a_handful_of_patients_gives_a_place_and_no_interval() -> None:
    found = find_threshold([0, 1], np.array([[-1.0] * 5, [1.0] * 5]))
    assert found.crossings[0].at == pytest.approx(0.5) and np.isnan(found.crossings[0].low)
