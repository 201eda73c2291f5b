"""Reference numbers: R's survival 3.x on its own examples (aml, and Gehan's 6-MP trial), lifelines and statsmodels."""

import numpy as np
import pytest

from simulation.statistics.proportions import unseen
from simulation.statistics.survival import Estimate, kaplan_meier, log_rank, rmst, rmst_difference

# Freireich 1963 / Gehan 1965: remission of acute leukaemia, weeks; 1 = relapse
MP = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
MP_EVENT = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
# R: survival::aml
MAINTAINED = ([9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0])
NOT_MAINTAINED = ([5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45], [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1])


def test_kaplan_meier_is_the_textbooks() -> None:
    curve = kaplan_meier(MP, MP_EVENT)
    expected = [0.857143, 0.806723, 0.752941, 0.690196, 0.627451, 0.537815, 0.448179]
    assert curve.at([6, 7, 10, 13, 16, 22, 23]) == pytest.approx(expected, abs=5e-7)
    assert curve.at([0, 5.9]) == pytest.approx([1, 1])
    assert curve.quantile()[0] == 23


def test_bands_are_log_log_and_equal_lifelines() -> None:
    curve = kaplan_meier(MP, MP_EVENT)
    where = curve.times == 10
    assert float(curve.low[where][0]) == pytest.approx(0.503200, abs=5e-7)
    assert float(curve.high[where][0]) == pytest.approx(0.889362, abs=5e-7)
    assert ((curve.low >= 0) & (curve.low <= curve.survival) & (curve.survival <= curve.high)).all()


def test_numbers_at_risk_count_ties_and_the_censored() -> None:
    curve = kaplan_meier(MP, MP_EVENT)
    at = dict(
        zip(
            curve.times.tolist(), zip(curve.at_risk.tolist(), curve.events.tolist(), strict=True), strict=True
        )
    )
    assert at[6.0] == (21, 3)
    assert at[10.0] == (15, 1)
    assert at[35.0] == (1, 0)


def test_median_and_its_limits() -> None:
    assert kaplan_meier(PLACEBO, [1] * 21).quantile() == (8, 4, 11)
    day, low, high = kaplan_meier(*MAINTAINED).quantile()
    assert (day, low) == (31, 13)
    assert np.isnan(high)


def test_restricted_mean_equals_r() -> None:
    # print(survfit(Surv(time, status) ~ x, aml), rmean = "common"): 52.6 (19.83) and 22.7 (4.18)
    kept, left = rmst(*MAINTAINED, 161), rmst(*NOT_MAINTAINED, 161)
    assert (kept.value, kept.se) == pytest.approx((52.645455, 19.828603), abs=5e-7)
    assert (left.value, left.se) == pytest.approx((22.708333, 4.180942), abs=5e-7)
    six = rmst(MP, MP_EVENT, 35)
    assert (six.value, six.se) == pytest.approx((23.287395, 2.827468), abs=5e-7)
    gap = rmst_difference(kept, left)
    assert gap.value == pytest.approx(29.937121, abs=1e-6)
    assert gap.se == pytest.approx(np.hypot(19.828603, 4.180942), abs=1e-6)


def test_restricted_mean_without_censoring_is_the_mean() -> None:
    days = np.array([3.0, 8.0, 8.0, 20.0, 365.0])
    estimate = rmst(days, [True, True, True, True, False], 365)
    assert estimate.value == pytest.approx(days.mean())
    assert estimate.se == pytest.approx(days.std() / 5**0.5)


def test_log_rank_equals_r() -> None:
    chi_square, p = log_rank(MP, MP_EVENT, PLACEBO, [1] * 21)
    assert chi_square == pytest.approx(16.792941, abs=1e-6)
    assert p == pytest.approx(4.168809e-5, rel=1e-6)
    assert log_rank(*MAINTAINED, *NOT_MAINTAINED)[0] == pytest.approx(3.396389, abs=1e-6)


def test_nothing_happened_to_anybody() -> None:
    curve = kaplan_meier([365, 365, 365], [False] * 3)
    assert curve.survival.tolist() == curve.high.tolist() == [1, 1]
    assert curve.low == pytest.approx([1 - unseen(3)] * 2)
    assert np.isnan(curve.quantile()[0])
    estimate = rmst([365] * 3, [False] * 3, 365)
    assert (estimate.value, estimate.se, estimate.high) == (365, 0, 365)
    assert estimate.low == pytest.approx(365 * (1 - unseen(3)))
    assert log_rank([365], [False], [365], [False]) == (0.0, 1.0)


def test_the_band_before_the_first_event_rests_on_those_still_at_risk() -> None:
    curve = kaplan_meier([2, 4, 6, 8], [False, False, True, True])
    at = dict(zip(curve.times.tolist(), curve.low.tolist(), strict=True))
    assert [at[0.0], at[2.0], at[4.0]] == pytest.approx([1 - unseen(4), 1 - unseen(4), 1 - unseen(3)])


def test_everything_happened_to_everybody_at_once() -> None:
    curve = kaplan_meier([10, 10], [True, True])
    assert curve.survival.tolist() == [1, 0]
    assert curve.low[-1] == 0
    assert curve.high[-1] == pytest.approx(unseen(2))
    estimate = rmst([10, 10], [True, True], 365)
    assert estimate.value == 10
    share = unseen(2)
    assert (estimate.low, estimate.high) == pytest.approx((10 - share * 10, 10 + share * 355))


def test_the_difference_of_two_groups_without_events_is_not_known_exactly() -> None:
    alike = rmst([100] * 6, [False] * 6, 100)
    gap = rmst_difference(alike, alike)
    assert (gap.value, gap.low, gap.high) == pytest.approx((0, -100 * unseen(6), 100 * unseen(6)))


def test_nothing_is_said_after_the_last_follow_up() -> None:
    days, flags = [10, 20, 30, 40], [1, 0, 1, 0]
    with pytest.raises(ValueError, match=r"nothing is known of day 1000: follow-up ends on day 40"):
        rmst(days, flags, 1000)
    with pytest.raises(ValueError, match=r"nothing is known of day 41"):
        kaplan_meier(days, flags).at([5, 41])
    assert rmst(days, [1, 0, 1, 1], 1000).value == rmst(days, [1, 0, 1, 1], 40).value  # nobody is left


@pytest.mark.parametrize("status", [[1, 2, 1, 2], [1, float("nan"), 0, 0], ["False"] * 4, [None, 0, 0, 1]])
def test_what_is_no_flag_is_refused(status: list[object]) -> None:
    with pytest.raises(ValueError, match="events must be"):
        kaplan_meier([5, 6, 7, 8], status)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="events must be"):
        log_rank([5, 6, 7, 8], status, [5], [1])  # type: ignore[arg-type]


@pytest.mark.parametrize("days", [[], [-1.0], [float("nan")]])
def test_impossible_times_are_refused(days: list[float]) -> None:
    with pytest.raises(ValueError, match=r"follow-up times"):
        kaplan_meier(days, [True] * len(days))


def test_band_covers_about_as_often_as_it_says() -> None:
    # 400 samples, one point: the share covered lies within 0.915..0.985 but for one chance in a thousand
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        days = rng.exponential(100, 60)
        curve = kaplan_meier(np.minimum(days, 150), days < 150)
        where = np.searchsorted(curve.times, 80, side="right") - 1
        covered += bool(curve.low[where] <= np.exp(-0.8) <= curve.high[where])
    assert 0.915 < covered / 400 < 0.985


def test_the_interval_of_a_restricted_mean_stays_within_follow_up() -> None:
    estimate = rmst([300.0, 365.0, 365.0, 365.0], [True, False, False, False], 365.0)
    assert estimate.value + 1.96 * estimate.se > 365.0  # the plain interval would not
    assert estimate.low < estimate.value < estimate.high == 365.0


def test_a_curve_is_known_to_the_last_follow_up_and_begins_at_one_however_early_the_first_event() -> None:
    curve = kaplan_meier(MP, MP_EVENT)
    assert curve.at(35) == pytest.approx(0.448179, abs=5e-7)
    with pytest.raises(ValueError, match="35"):
        curve.at(35.5)
    early = kaplan_meier([0.5, 0.5, 3.0, 4.0], [True, True, False, True])
    assert early.times.tolist() == [0.0, 0.5, 3.0, 4.0]
    assert early.at([0.0, 0.4, 0.5, 3.9]) == pytest.approx([1.0, 1.0, 0.5, 0.5])
    assert (early.at_risk[0], early.events[0]) == (4, 0)


def test_a_day_before_everything_has_survival_one_and_follow_up_may_be_shorter_than_a_day() -> None:
    curve = kaplan_meier([0.2, 0.5], [True, False])
    assert curve.at([-1.0, 0.1, 0.4]) == pytest.approx([1.0, 1.0, 0.5])


def test_an_event_on_day_0_is_where_the_curve_begins() -> None:
    curve = kaplan_meier([0, 5], [True, False])
    assert (curve.times.tolist(), curve.survival.tolist()) == ([0.0, 5.0], [0.5, 0.5])
    assert (curve.at_risk.tolist(), curve.events.tolist()) == ([2, 1], [1, 0])
    gone = kaplan_meier([0, 0], [True, True])
    assert (gone.times.tolist(), gone.survival.tolist(), gone.low.tolist()) == ([0.0], [0.0], [0.0])
    assert gone.high == pytest.approx([unseen(2)])


@pytest.mark.parametrize("days", [[1, 2, 3], [0, 5, 5]])
def test_when_nobody_is_left_the_band_reaches_up_to_what_it_was_before(days: list[int]) -> None:
    curve = kaplan_meier(days, [True] * 3)
    assert (curve.survival[-1], curve.low[-1]) == (0.0, 0.0)
    assert curve.high[-1] == curve.high[-2] > 0.7


def test_without_events_the_band_stays_as_it_was() -> None:
    curve = kaplan_meier(MP, MP_EVENT)
    last = curve.times >= 23
    assert last.sum() > 2 and len(set(curve.low[last])) == len(set(curve.high[last])) == 1


def test_quartiles_and_a_level_that_is_just_reached() -> None:
    assert kaplan_meier(PLACEBO, [1] * 21).quantile(0.25)[0] == 4  # 1 - 7/21
    assert kaplan_meier([1, 2], [1, 1]).quantile()[0] == 1


def test_a_restricted_mean_has_the_interval_of_its_confidence_and_is_not_negative() -> None:
    estimate = rmst(*MAINTAINED, 161, confidence=0.8)
    assert (estimate.low, estimate.high) == pytest.approx(
        (52.645455 - 1.281552 * 19.828603, 52.645455 + 1.281552 * 19.828603)
    )
    early = rmst([1.0, 1.0, 1.0, 365.0], [True] * 4, 365.0)
    assert early.value - 1.96 * early.se < 0 == early.low  # the plain interval would be


def test_the_limits_of_a_difference_are_those_of_zou_and_donner() -> None:
    gap = rmst_difference(Estimate(10, 1, 7, 14), Estimate(4, 2, 3, 8))
    assert (gap.value, gap.se) == pytest.approx((6, 5**0.5))
    assert (gap.low, gap.high) == pytest.approx((6 - 5, 6 + 17**0.5))  # 3 and 4 below, 4 and 1 above
    assert Estimate(3, 0, 2, 6).half_width == 2


def test_log_rank_where_one_group_has_no_event_or_one_patient_is_left() -> None:
    # observed 3, expected 1/2 + 2/5 + 1/4, variance 1/4 + 6/25 + 3/16
    assert log_rank([1, 2, 3], [1] * 3, [10] * 3, [0] * 3)[0] == pytest.approx(1.85**2 / 0.6775)
    assert log_rank([5], [True], [3], [False]) == (0.0, 1.0)  # alone at risk: nothing to compare


def test_after_the_last_event_of_all_nobody_lives() -> None:
    assert kaplan_meier([5, 10], [True, True]).at([7, 1000]) == pytest.approx([0.5, 0.0])
