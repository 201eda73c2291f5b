"""Means and intervals: the same as NumPy's and SciPy's on the whole table, whatever order and chunks rows come in."""

import numpy as np
import pytest
from scipy import stats

from simulation.analysis import responses
from simulation.analysis.paired import paired_interval
from simulation.clinic.outcomes import OUTCOMES
from simulation.statistics.proportions import unseen
from simulation.sweep.outcomes import numeric, outcome_value

DAYS, SHARE = numeric("relapse_free_days"), numeric("relapse")


def records(table: np.ndarray, order: np.ndarray) -> list[responses.Record]:
    points, arms, replicates, _ = table.shape
    every = [
        (p, a, r, table[p, a, r].tolist())
        for p in range(points)
        for a in range(arms)
        for r in range(replicates)
    ]
    return [every[i] for i in order]


def test_streamed_means_equal_those_of_the_whole_table(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    table = np.stack(
        [1e6 + rng.normal(size=(4, 2, 30)), (rng.random((4, 2, 30)) < 0.2).astype(float)], axis=-1
    )
    table[1, 0, 3, 0] = np.nan
    for chunk in (7, 8192):
        monkeypatch.setattr(responses, "_CHUNK", chunk)
        result = responses.accumulate(records(table, rng.permutation(240)), (DAYS, SHARE), 4, 2, 30)
        assert result.mean == pytest.approx(np.nanmean(table, axis=2), rel=1e-12)
        assert result.sd[..., 0] == pytest.approx(np.nanstd(table[..., 0], axis=2, ddof=1), rel=1e-6)
        assert result.n[1, 0].tolist() == [29, 30] and (result.runs == 30).all()
    values = table[2, 1, :, 0]
    interval = stats.t.interval(0.95, 29, values.mean(), stats.sem(values))
    assert (result.low[2, 1, 0], result.high[2, 1, 0]) == pytest.approx(interval)
    count = int(table[2, 1, :, 1].sum())
    wilson = stats.binomtest(count, 30).proportion_ci(0.95, method="wilson")
    assert (result.low[2, 1, 1], result.high[2, 1, 1]) == pytest.approx((wilson.low, wilson.high))


def test_points_whose_patients_are_alike_have_the_interval_of_what_is_possible() -> None:
    result = responses.accumulate(records(np.full((2, 1, 6, 1), 150.0), np.arange(12)), (DAYS,), 2, 1, 6)
    assert np.isnan(result.low).all() and np.isnan(result.high).all()
    cut = responses.within(result, [(0.0, 150.0)])
    assert cut.low[0, 0, 0] == pytest.approx(150 * (1 - unseen(6))) and cut.high[0, 0, 0] == 150.0
    open_end = responses.within(result, [(0.0, np.inf)])
    assert open_end.low[0, 0, 0] == pytest.approx(cut.low[0, 0, 0]) and np.isnan(open_end.high[0, 0, 0])


def test_pairs_who_are_alike_too() -> None:
    mean, low, high = paired_interval(np.zeros((2, 6)), [1.0, np.inf])
    assert mean.tolist() == [0.0, 0.0]
    assert (low[0], high[0]) == pytest.approx((-unseen(6), unseen(6)))
    assert np.isnan(low[1]) and np.isnan(high[1])


def test_nothing_of_none_and_all_of_all_have_an_interval() -> None:
    low, high = responses.wilson_interval(np.array([20, 20, 0]), np.array([0.0, 1.0, np.nan]), np.zeros(3))
    assert low[0] == 0 and 0.1 < high[0] < 0.2 and 0.8 < low[1] < 0.9 and high[1] == 1
    assert np.isnan(low[2])


def test_what_patients_have_in_common_is_no_noise() -> None:
    rng = np.random.default_rng(2)
    points, patients = np.linspace(0, 3, 12)[:, None], rng.normal(size=40) * 50
    share = {}
    for noise in (0.0, 1.0):
        table = (points + patients + noise * rng.normal(size=(12, 40)))[:, None, :, None]
        result = responses.accumulate(records(table, np.arange(480)), (DAYS,), 12, 1, 40)
        share[noise] = float(result.noise_share[0, 0])
    assert share[0.0] == pytest.approx(0, abs=1e-6)
    variance = np.var(np.linspace(0, 3, 12), ddof=1)
    assert share[1.0] == pytest.approx((1 / 40) / (variance + 1 / 40), rel=0.35)
    incomplete = responses.accumulate(records(table, np.arange(479)), (DAYS,), 12, 1, 40)
    assert np.isnan(incomplete.noise_share[0, 0])


def test_paired_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    gaps = 1.0 + rng.normal(size=(2000, 15))
    gaps[:, 3] = np.nan
    _, low, high = paired_interval(gaps)
    assert ((low < 1) & (high > 1)).mean() == pytest.approx(0.95, abs=0.02)  # four standard errors


def test_shares_have_the_denominators_of_the_table() -> None:
    row = {
        "relapse_day": 100.0,
        "agvhd_grade": 2,
        "relapse_cd19": "negative",
        "eradicated": False,
        "nrm_day": None,
    }
    row |= {"treatment_start_day": None, "mrd_negative_day": None, "complete_remission_day": None}
    names = (
        "relapse",
        "agvhd_2_4",
        "agvhd_3_4",
        "nrm",
        "eradicated",
        "complete_remission",
        "cd19_negative_relapse",
    )
    got = {name: outcome_value(numeric(name), row) for name in names}
    assert list(got.values()) == [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    assert np.isnan(outcome_value(numeric("nrm_day"), row))
    assert np.isnan(outcome_value(numeric("mrd_negative"), row)), "who is not treated counts for no response"
    spared = row | {"relapse_day": None, "relapse_cd19": None}
    for name in ("complete_remission", "cd19_negative_relapse"):
        assert np.isnan(outcome_value(numeric(name), spared)), "who has not relapsed counts for neither"


def test_more_days_without_leukaemia_are_better_and_more_relapses_are_not() -> None:
    numbers = [numeric(name) for name, one in OUTCOMES.items() if one.kind != "word"]
    better = {one.name for one in numbers if not one.less_is_better}
    assert {
        "relapse_free_days",
        "agvhd_free_relapse_free_days",
        "current_leukaemia_free_days",
        "in_remission_at_end",
        "eradicated",
        "complete_remission",
    } <= better
    assert better.isdisjoint(
        {"relapse", "agvhd_grade", "agvhd_2_4", "nrm", "blinatumomab_days", "dli_cells_per_kg"}
    )
