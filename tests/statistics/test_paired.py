import numpy as np
import pytest
from scipy import stats

from simulation.statistics.paired import (
    avoided,
    efficiency_of_pairing,
    mean_difference,
    ratio_of_means,
    spread,
    tally,
)
from simulation.statistics.proportions import wilson
from simulation.statistics.variance import components


def test_wilson_is_the_textbooks() -> None:
    # Newcombe 1998, table I: 81/263, 15/148, 0/20, 1/29
    for count, of, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
                                 (1, 29, 0.0061, 0.1718)):  # fmt: skip
        found = wilson(count, of)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    assert wilson(0, 0).value is None
    with pytest.raises(ValueError, match="is no share"):
        wilson(3, 2)


def test_mean_difference_and_its_bootstrap_interval() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.normal(12, 5, 200), rng.normal(10, 5, 200)
    found = mean_difference(one, other)
    low, high = stats.ttest_rel(one, other).confidence_interval()
    assert found.value == pytest.approx((one - other).mean())
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.1)
    assert mean_difference(one, other) == found  # the same numbers every time


def test_twins_who_do_not_differ() -> None:
    same = np.array([3.0, 4.0, 5.0])
    found = mean_difference(same, same)
    assert (found.value, found.se, found.low, found.high) == (0, 0, 0, 0)
    assert np.isnan(mean_difference(same[:1], same[:1]).low)
    assert np.isnan(efficiency_of_pairing(same[:1], same[:1]))
    assert efficiency_of_pairing(same, same) == np.inf


def test_wins_ties_and_losses() -> None:
    one, other = [10, 10, 10, 10, 10], [10, 9.5, 5, 11, 20]
    assert vars_of(tally(one, other)) == (2, 1, 2)
    assert vars_of(tally(one, other, 2)) == (1, 3, 1)
    assert vars_of(tally(one, other, 5)) == (1, 3, 1)  # a difference of the margin itself counts


def vars_of(found: object) -> tuple[int, int, int]:
    return found.win, found.tie, found.loss  # type: ignore[attr-defined]


def test_pairing_gains_what_correlation_says() -> None:
    # equal variances: the gain is 1 / (1 - correlation)
    rng = np.random.default_rng(5)
    shared = rng.normal(0, 3, 20_000)
    one, other = shared + rng.normal(0, 1, 20_000), shared + rng.normal(0, 1, 20_000)
    assert efficiency_of_pairing(one, other) == pytest.approx(1 / (1 - 0.9), rel=0.05)


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


def test_cost_per_event_avoided() -> None:
    drug, saved = np.full(50, 28.0), np.array([1.0] * 10 + [0.0] * 40)
    found = ratio_of_means(drug, saved)
    assert found.value == pytest.approx(140)
    assert found.low < 140 < found.high
    assert np.isnan(ratio_of_means(drug, np.zeros(50)).value)


def test_spread_is_of_patients_and_does_not_shrink_with_their_number() -> None:
    rng = np.random.default_rng(7)
    few, many = (spread(rng.normal(0, 10, n)) for n in (500, 50_000))
    assert many == pytest.approx((-16.4, 0, 16.4), abs=0.4)
    assert few == pytest.approx(many, abs=3)


def test_variance_is_split_into_chance_and_patients() -> None:
    rng = np.random.default_rng(11)
    patients = rng.normal(0, 8, (4000, 1))
    found = components(patients + rng.normal(0, 6, (4000, 3)))
    assert found.chance_sd == pytest.approx(6, rel=0.03)
    assert found.between_sd == pytest.approx(8, rel=0.03)
    assert found.chance_share == pytest.approx(0.36, rel=0.06)
    assert np.isnan(components(np.ones((5, 1))).chance_sd)
    alike = components(rng.normal(0, 6, (300, 2)))
    assert alike.between_sd < 1.5
