"""comparison.json: its keys, and every share's denominator, on patients made by hand."""

import json
from collections.abc import Sequence

import numpy as np
import pytest

from simulation.clinic.outcomes import OUTCOMES
from simulation.results.trial_view import ArmView
from simulation.statistics.proportions import unseen
from simulation.trial import pair_words
from simulation.trial.analysis import compare, main_half_width
from simulation.trial.over_time import over_time
from simulation.trial.schema import Trial
from simulation.trial.table import TrialTable

ARM_KEYS = {"n", "shares", "rmst", "median", "means", "cumulative_incidence_at_end", "cause_of_failure"}
PAIR_KEYS = {"arm", "versus", "differences", "number_needed_to_treat", "extra_per_relapse_avoided"}
NAN = float("nan")


def arm(key: str, **columns: Sequence[object]) -> ArmView:
    """Make an arm of eight patients of whom nothing is known but what is given."""
    n = 8
    data: dict[str, Sequence[object]] = {
        name: [NAN] * n for name, one in OUTCOMES.items() if one.kind in ("day", "amount")
    }
    data["parted_day"] = [NAN] * n
    data["days_simulated"] = [42.0] * n
    data |= {
        name: [0.0] * n for name in ("agvhd_grade", "crs_grade", "blinatumomab_days", "dli_cells_per_kg")
    }
    data |= {
        name: [42.0] * n
        for name in ("relapse_free_days", "agvhd_free_relapse_free_days", "current_leukaemia_free_days")
    }
    data |= {name: [False] * n for name in ("eradicated", "in_remission_at_end")}
    data |= {name: [True] * n for name in ("relapse_free_at_end", "agvhd_free_relapse_free_at_end")}
    data |= {name: [""] * n for name in ("relapse_cd19", "cause_of_failure", "history")}
    data |= {"patient": list(range(n)), "rate_blast_net_growth": [0.2 + 0.01 * i for i in range(n)]}
    data |= {"n_residual_blasts": [1e6] * n, "n_cd19_negative_reservoir": [0.0] * n}
    data |= columns
    return ArmView(key, key, {name: np.array(values) for name, values in data.items()}, 1e-4)


@pytest.fixture
def table() -> TrialTable:
    relapse = [10.0, 20.0, 30.0, 40.0, NAN, NAN, NAN, NAN]
    relapsed: dict[str, Sequence[object]] = {
        "relapse_day": relapse,
        "relapse_free_days": [10.0, 20.0, 30.0, 40.0, 42.0, 42.0, 42.0, 5.0],
        "relapse_free_at_end": [False] * 4 + [True] * 3 + [False],
        "nrm_day": [NAN] * 7 + [5.0],
    }
    late = arm(
        "late",
        **relapsed,
        treatment_start_day=[12.0, 22.0, 32.0, NAN, NAN, NAN, NAN, NAN],
        complete_remission_day=[25.0, NAN, NAN, NAN, NAN, NAN, NAN, NAN],
        mrd_negative_day=[30.0, 40.0, NAN, NAN, NAN, NAN, NAN, NAN],
        relapse_cd19=["negative", "mixed", "positive", "positive", "", "", "", ""],
        agvhd_grade=[0.0, 1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 3.0],
        eradicated=[True] + [False] * 7,
        blinatumomab_days=[14.0, 14.0, 10.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        cause_of_failure=["", "exhausted", "exhausted", "", "", "", "", ""],
    )
    early = arm("early", treatment_start_day=[8.0] * 8, blinatumomab_days=[28.0] * 8)
    return TrialTable((arm("none", **relapsed), late, early), 0, {})


def test_every_key_that_readers_rely_on_is_there(trial: Trial, table: TrialTable) -> None:
    comparison = compare(trial, table)
    assert set(comparison["arms"]) == {"none", "late", "early"}
    for one in comparison["arms"].values():
        assert set(one) >= ARM_KEYS
    assert {(pair["arm"], pair["versus"]) for pair in comparison["pairs"]} == {
        ("early", "late"), ("late", "none"), ("early", "none"),
    }  # fmt: skip
    for pair in comparison["pairs"]:
        assert set(pair) >= PAIR_KEYS
    assert (comparison["pairs"][0]["arm"], comparison["pairs"][0]["versus"]) == trial.main
    json.dumps(comparison, allow_nan=False)


def test_denominators(trial: Trial, table: TrialTable) -> None:
    late = compare(trial, table)["arms"]["late"]
    share = {name: message["value"] for name, message in late["shares"].items()}
    assert share["relapse"] == 4 / 8
    assert share["complete_remission"] == 1 / 4  # of those with overt relapse
    assert share["mrd_negative"] == pytest.approx(2 / 3)  # of those treated
    assert share["cd19_negative_relapse"] == 1 / 4  # of those with relapse; mixed is not negative
    assert share["agvhd_2_4"] == 4 / 8
    assert share["agvhd_3_4"] == 3 / 8
    assert share["eradicated"] == 1 / 8
    assert share["nrm"] == 1 / 8
    assert late["means"]["blinatumomab_days"] == 38 / 8
    assert late["cause_of_failure"] == {"exhausted": 2}
    assert late["shares"]["relapse"]["count"] == 4
    assert late["shares"]["relapse"]["low"] < 0.5 < late["shares"]["relapse"]["high"]


def test_nobody_to_count_is_null_not_zero(trial: Trial, table: TrialTable) -> None:
    arms = compare(trial, table)["arms"]
    assert arms["none"]["shares"]["mrd_negative"]["value"] is None  # nobody was treated
    assert arms["early"]["shares"]["complete_remission"]["value"] is None  # nobody relapsed
    assert arms["early"]["median"]["relapse_free_days"]["value"] is None  # not reached


def test_death_competes_with_relapse(trial: Trial, table: TrialTable) -> None:
    late = compare(trial, table)["arms"]["late"]
    assert late["cumulative_incidence_at_end"]["relapse"]["value"] == pytest.approx(0.5)
    assert late["cumulative_incidence_at_end"]["nrm"]["value"] == pytest.approx(1 / 8)
    assert late["rmst"]["relapse_free_days"]["value"] == pytest.approx((10 + 20 + 30 + 40 + 3 * 42 + 5) / 8)
    assert late["median"]["relapse_free_days"]["value"] == 30  # the first day by which half had the event


def test_pairs(trial: Trial, table: TrialTable) -> None:
    pair = compare(trial, table)["pairs"][0]
    gaps = np.array([32, 22, 12, 2, 0, 0, 0, 37])
    difference = pair["differences"]["relapse_free_days"]
    assert difference["value"] == pytest.approx(gaps.mean())
    low, high = difference["interval_paired"]
    assert low < gaps.mean() < high
    wide = difference["interval_unpaired"]
    assert wide[0] < gaps.mean() < wide[1]
    assert (difference["win"], difference["tie"], difference["loss"]) == (5, 3, 0)
    assert pair["number_needed_to_treat"]["value"] == pytest.approx(2)
    extra = pair["extra_per_relapse_avoided"]
    assert extra["blinatumomab_days"]["value"] == pytest.approx((8 * 28 - 38) / 4)
    assert extra["treated"]["value"] == pytest.approx(5 / 4)
    assert difference["monte_carlo_se"] == pytest.approx(gaps.std(ddof=1) / 8**0.5)
    assert difference["sd_between_patients"] == pytest.approx(gaps.std(ddof=1))


def test_no_patient_yet(trial: Trial) -> None:
    empty = TrialTable((ArmView("none", "none", {"patient": np.array([])}, 1e-4),), 3, {})
    comparison = compare(trial, empty)
    assert comparison["arms"] == {}
    assert comparison["patients_left_out"] == 3


def forty(key: str, **columns: Sequence[object]) -> ArmView:
    """Make an arm of forty patients: five times the eight."""
    one = arm(key)
    return ArmView(key, key, {name: np.tile(values, 5) for name, values in one.columns.items()} | {
        name: np.array(values) for name, values in columns.items()
    }, 1e-4)  # fmt: skip


def overt(*spans: tuple[float, float]) -> str:
    return json.dumps({"overt": spans})


def test_days_up_to_a_day_are_counted_as_the_outcome_is() -> None:
    one = arm(
        "late",
        history=[overt((-3.0, 2.0), (10.0, 14.0), (30.0, 42.0))] + [""] * 7,
        nrm_day=[NAN, 20.0] + [NAN] * 6,
        relapse_free_days=[10.0] + [42.0] * 7,
    )
    assert one.days_until("current_leukaemia_free_days", 42.0)[:3].tolist() == [24.0, 20.0, 42.0]
    assert one.days_until("current_leukaemia_free_days", 12.0)[:3].tolist() == [8.0, 12.0, 12.0]
    assert one.days_until("relapse_free_days", 12.0)[:2].tolist() == [10.0, 12.0]


def test_an_early_lead_that_melts_away_is_told() -> None:
    # one arm is ahead by ten days in each patient at first, and loses them in the last quarter: it would be behind
    rng = np.random.default_rng(1)
    late = [overt((5.0 + u, 15.0 + 2 * u)) for u in rng.random(40)]
    early = [overt((33.0, 39.0 + u)) for u in rng.random(40)]
    curve = over_time(
        forty("early", history=early), forty("late", history=late), "current_leukaemia_free_days", 42.0
    )
    assert curve["value"][11] == pytest.approx(10.5, abs=0.3)  # up to day 21
    assert curve["low"][-1] > 0
    assert curve["if_it_went_on"]["interval"][1] < 0
    assert curve["follow_up_decides"]
    few = over_time(
        arm("early", history=early[:8]), arm("late", history=late[:8]), "current_leukaemia_free_days", 42.0
    )
    assert few["follow_up_decides"]  # a warning needs fewer patients than a claim


def test_a_lead_that_lasts_is_no_matter_of_follow_up() -> None:
    rng = np.random.default_rng(1)
    late = [overt((5.0 + u, 42.0)) for u in rng.random(40)]
    curve = over_time(forty("early"), forty("late", history=late), "current_leukaemia_free_days", 42.0)
    assert curve["low"][-1] > 0
    assert curve["if_it_went_on"]["value"] > curve["value"][-1]
    assert not curve["follow_up_decides"]
    # the first of them differ from day 5 on: before, twins are the same, and that is no matter of chance
    assert [low is None for low in curve["low"]] == [day <= 5.0 for day in curve["days"]]
    (line,) = pair_words.over_time({"difference_over_time": curve})
    assert "by day 42" in line and "nobody" not in line
    early = {**curve, "low": [None] * 23 + curve["low"][-1:]}
    assert "(nobody differs yet) by day" in pair_words.over_time({"difference_over_time": early})[0]


def test_correlations_have_an_interval_and_say_of_how_many(trial: Trial, table: TrialTable) -> None:
    result = compare(trial, table)["sensitivity"]
    assert result == {}  # nobody differs in the primary outcome
    late = arm("late", current_leukaemia_free_days=[42.0, 30.0, 35.0, 20.0, 21.0, 10.0, 12.0, 5.0])
    correlations = compare(trial, TrialTable((arm("none"), late, arm("early")), 0, {}))["sensitivity"]
    one = correlations["rate_blast_net_growth"]
    assert one["n"] == 8
    assert -1 < one["interval"][0] < one["value"] < one["interval"][1] <= 1


def test_two_patients_alike_are_no_precision(trial: Trial) -> None:
    arms = tuple(arm(key) for key in ("none", "late", "early"))
    assert main_half_width(trial, TrialTable(arms, 0, {})) == pytest.approx(42 * unseen(8))
