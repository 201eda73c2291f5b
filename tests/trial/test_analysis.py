"""comparison.json: its keys, and every share's denominator, on patients made by hand."""

import json
from collections.abc import Sequence

import numpy as np
import pytest

from simulation.results.trial_view import ArmView
from simulation.trial.analysis import compare
from simulation.trial.schema import Trial
from simulation.trial.table import TrialTable

ARM_KEYS = {
    "n", "relapse_fraction", "complete_remission_fraction", "mrd_negative_fraction", "agvhd_2_4_fraction",
    "agvhd_3_4_fraction", "cd19_negative_relapse_fraction", "extinct_fraction", "median_relapse_free_days", "rmst_days",
    "mean_blinatumomab_days",
}  # fmt: skip
PAIR_KEYS = {
    "arm", "versus", "rmst_difference_days", "rmst_difference_interval_paired", "rmst_difference_interval_unpaired",
    "win", "tie", "loss",
}  # fmt: skip
NAN = float("nan")


def arm(key: str, **columns: Sequence[object]) -> ArmView:
    """Make an arm of eight patients of whom nothing is known but what is given."""
    n = 8
    made: dict[str, Sequence[object]] = {
        name: [NAN] * n
        for name in ("relapse_day", "treatment_start_day", "complete_remission_day", "mrd_negative_day", "death_day",
                     "mrd_nadir", "parted_day")
    }  # fmt: skip
    made |= {name: [0.0] * n for name in ("agvhd_grade", "blinatumomab_days", "dli_cells_per_kg")}
    made |= {name: [42.0] * n for name in ("relapse_free_days", "grfs_days", "leukaemia_free_days")}
    made |= {name: [False] * n for name in ("extinct", "in_remission_at_end")}
    made |= {name: [True] * n for name in ("relapse_free_censored", "grfs_censored")}
    made |= {name: [""] * n for name in ("relapse_cd19", "cause_of_failure")}
    made |= {"patient": list(range(n)), "rate_blast_net_growth": [0.2 + 0.01 * i for i in range(n)]}
    made |= {"n_residual_blasts": [1e6] * n, "n_cd19_negative_reservoir": [0.0] * n}
    made |= columns
    return ArmView(key, key, {name: np.array(values) for name, values in made.items()})


@pytest.fixture
def table() -> TrialTable:
    relapse = [10.0, 20.0, 30.0, 40.0, NAN, NAN, NAN, NAN]
    relapsed: dict[str, Sequence[object]] = {
        "relapse_day": relapse,
        "relapse_free_days": [10.0, 20.0, 30.0, 40.0, 42.0, 42.0, 42.0, 5.0],
        "relapse_free_censored": [False] * 4 + [True] * 3 + [False],
        "death_day": [NAN] * 7 + [5.0],
    }
    late = arm(
        "late",
        **relapsed,
        treatment_start_day=[12.0, 22.0, 32.0, NAN, NAN, NAN, NAN, NAN],
        complete_remission_day=[25.0, NAN, NAN, NAN, NAN, NAN, NAN, NAN],
        mrd_negative_day=[30.0, 40.0, NAN, NAN, NAN, NAN, NAN, NAN],
        relapse_cd19=["negative", "mixed", "positive", "positive", "", "", "", ""],
        agvhd_grade=[0.0, 1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 3.0],
        extinct=[True] + [False] * 7,
        blinatumomab_days=[14.0, 14.0, 10.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        cause_of_failure=["", "exhausted", "exhausted", "", "", "", "", ""],
    )
    early = arm("early", treatment_start_day=[8.0] * 8, blinatumomab_days=[28.0] * 8)
    return TrialTable((arm("none", **relapsed), late, early), 0, {})


def test_every_key_that_readers_rely_on_is_there(trial: Trial, table: TrialTable) -> None:
    found = compare(trial, table)
    assert set(found["arms"]) == {"none", "late", "early"}
    for one in found["arms"].values():
        assert set(one) >= ARM_KEYS
    assert {(pair["arm"], pair["versus"]) for pair in found["pairs"]} == {
        ("early", "late"), ("late", "none"), ("early", "none"),
    }  # fmt: skip
    for pair in found["pairs"]:
        assert set(pair) >= PAIR_KEYS
    assert (found["pairs"][0]["arm"], found["pairs"][0]["versus"]) == trial.main
    json.dumps(found, allow_nan=False)


def test_denominators(trial: Trial, table: TrialTable) -> None:
    late = compare(trial, table)["arms"]["late"]
    assert late["relapse_fraction"] == 4 / 8
    assert late["complete_remission_fraction"] == 1 / 4  # of those with overt relapse
    assert late["mrd_negative_fraction"] == pytest.approx(2 / 3)  # of those treated
    assert late["cd19_negative_relapse_fraction"] == 1 / 4  # of those with relapse; mixed is not negative
    assert late["agvhd_2_4_fraction"] == 4 / 8
    assert late["agvhd_3_4_fraction"] == 3 / 8
    assert late["extinct_fraction"] == 1 / 8
    assert late["death_fraction"] == 1 / 8
    assert late["mean_blinatumomab_days"] == 38 / 8
    assert late["cause_of_failure"] == {"exhausted": 2}
    assert late["shares"]["relapse"]["count"] == 4
    assert late["shares"]["relapse"]["low"] < 0.5 < late["shares"]["relapse"]["high"]


def test_nobody_to_count_is_null_not_zero(trial: Trial, table: TrialTable) -> None:
    arms = compare(trial, table)["arms"]
    assert arms["none"]["mrd_negative_fraction"] is None  # nobody was treated
    assert arms["early"]["complete_remission_fraction"] is None  # nobody relapsed
    assert arms["early"]["median_relapse_free_days"] is None  # not reached


def test_death_competes_with_relapse(trial: Trial, table: TrialTable) -> None:
    late = compare(trial, table)["arms"]["late"]
    assert late["cumulative_incidence_at_end"]["relapse"]["value"] == pytest.approx(0.5)
    assert late["cumulative_incidence_at_end"]["non_relapse_death"]["value"] == pytest.approx(1 / 8)
    assert late["rmst_days"] == pytest.approx((10 + 20 + 30 + 40 + 3 * 42 + 5) / 8)
    assert late["median_relapse_free_days"] == 30  # the first day by which half had the event


def test_pairs(trial: Trial, table: TrialTable) -> None:
    pair = compare(trial, table)["pairs"][0]
    gaps = np.array([32, 22, 12, 2, 0, 0, 0, 37])
    assert pair["rmst_difference_days"] == pytest.approx(gaps.mean())
    low, high = pair["rmst_difference_interval_paired"]
    assert low < gaps.mean() < high
    wide = pair["rmst_difference_interval_unpaired"]
    assert wide[0] < gaps.mean() < wide[1]
    assert (pair["win"], pair["tie"], pair["loss"]) == (5, 3, 0)
    assert pair["number_needed_to_treat"]["value"] == pytest.approx(2)
    assert pair["extra_blinatumomab_days_per_relapse_avoided"]["value"] == pytest.approx((8 * 28 - 38) / 4)
    assert pair["extra_treated_per_relapse_avoided"]["value"] == pytest.approx(5 / 4)
    told = pair["differences"]["relapse_free_days"]
    assert told["monte_carlo_se"] == pytest.approx(gaps.std(ddof=1) / 8**0.5)
    assert told["sd_between_patients"] == pytest.approx(gaps.std(ddof=1))


def test_no_patient_yet(trial: Trial) -> None:
    empty = TrialTable((ArmView("none", "none", {"patient": np.array([])}),), 3, {})
    found = compare(trial, empty)
    assert found["arms"] == {}
    assert found["patients_left_out"] == 3
