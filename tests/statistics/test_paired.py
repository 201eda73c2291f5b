import numpy as np
import pytest
from scipy import stats

from simulation.statistics.correlation import rank_correlation
from simulation.statistics.paired import (
    avoided,
    beyond_chance,
    differing,
    efficiency_of_pairing,
    mean_difference,
    precision,
    ratio_of_means,
    spread,
    tally,
)
from simulation.statistics.proportions import LEAST_WHO_DIFFER, unseen, wilson
from simulation.statistics.variance import components


def test_wilson_is_the_textbooks() -> None:
    # Newcombe 1998, table I: 81/263, 15/148, 0/20, 1/29
    for count, of, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
                                 (1, 29, 0.0061, 0.1718)):  # fmt: skip
        share = wilson(count, of)
        assert (share.low, share.high) == pytest.approx((low, high), abs=5e-5)
    assert wilson(0, 0).value is None
    with pytest.raises(ValueError, match="is no share"):
        wilson(3, 2)


def test_mean_difference_and_its_bootstrap_interval() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.normal(12, 5, 200), rng.normal(10, 5, 200)
    difference = mean_difference(one, other)
    low, high = stats.ttest_rel(one, other).confidence_interval()
    assert difference.value == pytest.approx((one - other).mean())
    assert (difference.low, difference.high) == pytest.approx((low, high), abs=0.1)
    assert difference.se == pytest.approx(stats.sem(one - other))
    assert mean_difference(one, other) == difference  # the same numbers every time


def test_twins_who_do_not_differ() -> None:
    same = np.array([3.0, 4.0, 5.0])
    difference = mean_difference(same, same)
    assert (difference.value, difference.se) == (0, 0)
    assert np.isnan(difference.low) and np.isnan(difference.high)  # three alike fix nothing without a bound
    bounded = mean_difference(same, same, most=10.0)
    assert (bounded.low, bounded.high) == pytest.approx((-10 * unseen(3), 10 * unseen(3)))
    assert unseen(3) == pytest.approx(wilson(0, 3).high)
    assert np.isnan(mean_difference(same[:1], same[:1]).low)
    assert np.isnan(efficiency_of_pairing(same[:1], same[:1]))
    assert efficiency_of_pairing(same, same) == np.inf
    assert np.isnan(efficiency_of_pairing([3.0, 3.0], [5.0, 5.0]))  # nothing varies in either arm


def test_nobody_avoids_anything_is_not_known_exactly() -> None:
    gain, _ = avoided([0] * 6, [0] * 6)
    assert (gain.low, gain.high) == pytest.approx((-unseen(6), unseen(6)))


def test_a_few_alike_are_no_precision() -> None:
    two = precision([3.0, 3.1], [0.0, 0.0], most=60)
    assert two == pytest.approx(60 * unseen(2))  # the bootstrap of two values would say 0.05
    rng = np.random.default_rng(2)
    one, other = rng.normal(5, 1, 40), rng.normal(0, 1, 40)
    assert precision(one, other, most=60) == mean_difference(one, other).half_width
    assert np.isnan(precision([1.0], [0.0], most=60))
    just = precision(one[:LEAST_WHO_DIFFER], other[:LEAST_WHO_DIFFER], most=60)
    assert just == mean_difference(one[:LEAST_WHO_DIFFER], other[:LEAST_WHO_DIFFER]).half_width


def test_beyond_chance_is_said_of_enough_patients_only() -> None:
    assert beyond_chance(0.5, 2.0, LEAST_WHO_DIFFER) == 1
    assert beyond_chance(-2.0, -0.5, LEAST_WHO_DIFFER) == -1
    assert beyond_chance(-2.0, 0.5, 500) == 0
    assert beyond_chance(0.0, 2.0, 500) == beyond_chance(-2.0, 0.0, 500) == 0  # no difference is not excluded
    assert beyond_chance(0.5, 2.0, LEAST_WHO_DIFFER - 1) == 0
    assert beyond_chance(None, None, 500) == beyond_chance(float("nan"), float("nan"), 500) == 0
    assert differing([1, 2, 3], [1, 0, 0]) == 2


@pytest.mark.parametrize("flags", [[1, 2, 1, 2], [1, float("nan"), 0, 0], ["False", "True", "False", "True"]])
def test_what_is_no_flag_is_refused(flags: list[object]) -> None:
    with pytest.raises(ValueError, match="events must be"):
        avoided(flags, [0, 0, 0, 0])  # type: ignore[arg-type]


def test_a_missing_value_is_refused_and_not_left_out() -> None:
    for what in (tally, mean_difference, ratio_of_means):
        with pytest.raises(ValueError, match="1 are missing"):
            what([1.0, float("nan"), 3.0], [1.0, 2.0, 3.0])


def test_rank_correlation_has_bonett_and_wrights_interval() -> None:
    rng = np.random.default_rng(4)
    a = rng.normal(size=50)
    correlation = rank_correlation(a, a + rng.normal(size=50))
    r = correlation.value
    half = 1.959964 * ((1 + r**2 / 2) / 47) ** 0.5
    assert (correlation.low, correlation.high) == pytest.approx(
        (np.tanh(np.arctanh(r) - half), np.tanh(np.arctanh(r) + half))
    )
    assert np.isnan(rank_correlation([1, 2, 3], [1, 3, 2]).low)
    assert np.isnan(rank_correlation([1, 2, 3, 4], [1, 2, 3, 4]).low)
    with pytest.raises(ValueError, match="that vary"):
        rank_correlation([1, 1, 1], [1, 2, 3])


def test_wins_ties_and_losses() -> None:
    one, other = [10, 10, 10, 10, 10], [10, 9.5, 5, 11, 20]
    assert vars_of(tally(one, other)) == (2, 1, 2)
    assert vars_of(tally(one, other, 2)) == (1, 3, 1)
    assert vars_of(tally(one, other, 5)) == (1, 3, 1)  # a difference of the margin itself counts


def vars_of(result: object) -> tuple[int, int, int]:
    return result.win, result.tie, result.loss  # type: ignore[attr-defined]


def test_pairing_gains_what_correlation_says() -> None:
    # equal variances: the gain is 1 / (1 - correlation)
    rng = np.random.default_rng(5)
    shared = rng.normal(0, 3, 20_000)
    one, other = shared + rng.normal(0, 1, 20_000), shared + rng.normal(0, 1, 20_000)
    assert efficiency_of_pairing(one, other) == pytest.approx(1 / (1 - 0.9), rel=0.05)


def test_what_pairing_gains_with_two_patients() -> None:
    # variances 2 and 0.5, of the difference 0.5
    assert efficiency_of_pairing([0.0, 2.0], [0.0, 1.0]) == pytest.approx(5)


def test_number_needed_to_treat() -> None:
    without = np.array([1] * 60 + [0] * 40)
    with_it = np.array([1] * 40 + [0] * 60)
    gain, needed = avoided(without, with_it)
    assert gain.value == pytest.approx(0.2)
    assert needed.value == pytest.approx(5)
    assert needed.low == pytest.approx(1 / gain.high)
    assert needed.high == pytest.approx(1 / gain.low)
    assert np.isnan(avoided(with_it, without)[1].value)  # harm: there is no such number
    few = avoided([1, 0, 0, 1, 0, 0, 0, 1], [0, 0, 1, 0, 0, 0, 1, 0])
    assert few[1].high == np.inf  # no benefit is possible as well
    gain, needed = avoided([1, 1] + [0] * 10, [0] * 12)
    assert gain.low == 0 and needed.high == np.inf  # just not excluded


def test_cost_per_event_avoided() -> None:
    drug, saved = np.full(50, 28.0), np.array([1.0] * 10 + [0.0] * 40)
    ratio = ratio_of_means(drug, saved)
    assert ratio.value == pytest.approx(140)
    assert ratio.low < 140 < ratio.high
    assert np.isnan(ratio_of_means(drug, np.zeros(50)).value)
    few = ratio_of_means([28.0, 28.0], [2.0, 2.0])
    assert few.value == 14 and np.isnan((few.se, few.low, few.high)).all()  # alike: there is no interval


def test_a_ratio_of_two_patients_has_the_limits_that_can_be_counted() -> None:
    # draws of two: the first twice, the second twice (a quarter each), or both
    for top, bottom, low, high in (
        ([0.0, 2.0], [1.0, 1.0], 0, 2),
        ([0.0, 2.0], [0.25, 0.25], 0, 8),
        ([1.0, 2.0], [1.0, 2.0], 1, 1),
        ([0.0, 1.0], [0.0, 1.0], 1, np.inf),  # nobody's event, nobody's cost: no finite ratio
    ):
        ratio = ratio_of_means(top, bottom)
        assert (ratio.low, ratio.high) == (low, high)


def test_the_interval_of_a_ratio_is_that_of_the_delta_method() -> None:
    rng = np.random.default_rng(8)
    top, bottom = rng.normal(100, 10, 2000), rng.normal(5, 1, 2000)
    ratio = top.mean() / bottom.mean()
    se = np.std(top - ratio * bottom, ddof=1) / 2000**0.5 / bottom.mean()
    for confidence in (0.95, 0.8):
        z = stats.norm.ppf(0.5 + confidence / 2)
        result = ratio_of_means(top, bottom, confidence)
        assert (result.low, result.high) == pytest.approx((ratio - z * se, ratio + z * se), abs=0.08 * z * se)


def test_spread_is_of_patients_and_does_not_shrink_with_their_number() -> None:
    rng = np.random.default_rng(7)
    few, many = (spread(rng.normal(0, 10, n)) for n in (500, 50_000))
    assert many == pytest.approx((-16.4, 0, 16.4), abs=0.4)
    assert few == pytest.approx(many, abs=3)


def test_variance_is_split_into_chance_and_patients() -> None:
    rng = np.random.default_rng(11)
    patients = rng.normal(0, 8, (4000, 1))
    parts = components(patients + rng.normal(0, 6, (4000, 3)))
    assert parts.chance_sd == pytest.approx(6, rel=0.03)
    assert parts.between_sd == pytest.approx(8, rel=0.03)
    assert parts.chance_share == pytest.approx(0.36, rel=0.06)
    assert np.isnan(components(np.ones((5, 1))).chance_sd)
    alike = components(rng.normal(0, 6, (300, 2)))
    assert alike.between_sd < 1.5
