"""Published baselines: what agrees, what cannot, and files that are wrong."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulation.cohort.baselines import PACKAGED_BASELINES, Baseline, judged, load_baselines
from simulation.cohort.draw import draw
from simulation.cohort.measures import MEASURES
from simulation.errors import UserError
from simulation.trial.load import load_cohort_arm
from tests.cohort.conftest import STANDARD

NORMAL = np.random.default_rng(1).normal(10.0, 2.0, 2000)  # its mean is 10 to 0.04


def published(**changes: Any) -> Baseline:
    keys: dict[str, Any] = {
        "what": "Weight", "measure": "growth_percent", "statistic": "mean", "value": 10.0, "sd": 2.0, "n": 100,
        "origin": "independent", "source": "made up",
    }  # fmt: skip
    return Baseline.model_validate(keys | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "agrees"),
        ({"value": 10.3}, "agrees"),  # within 1.96 x 0.2
        ({"value": 10.6}, "typical value lower"),
        ({"value": 9.4}, "typical value higher"),
        ({"sd": 5.0}, "spread narrower"),
        ({"sd": 0.5, "value": 10.0, "n": 2}, "spread wider"),
        ({"value": 20.0, "sd": 9.0}, "typical value lower, spread narrower"),
        ({"value": 10.6, "n": None}, "agrees"),  # weaker: within one SD of patients
        ({"value": 12.5, "n": None}, "typical value lower"),
        ({"value": 20.0, "judge": "at_most"}, "agrees"),
        ({"value": 9.0, "judge": "at_most"}, "typical value higher"),
        ({"value": 30.0, "judge": "spread"}, "agrees"),
        ({"value": 30.0, "judge": "spread", "sd": 9.0}, "spread narrower"),
        ({"value": 30.0, "judge": "not"}, "not judged"),
        ({"sd": None, "n": None, "low": 9.0, "high": 11.0, "interval": "limits"}, "agrees"),
        ({"sd": None, "low": 2.0, "high": 9.0, "interval": "limits"}, "typical value higher"),
        ({"sd": None, "low": 8.65, "high": 11.35, "interval": "iqr"}, "agrees"),
        ({"sd": None, "low": 6.1, "high": 13.9, "interval": "95 %"}, "agrees"),
        ({"sd": None, "low": 5.0, "high": 15.0, "interval": "range", "statistic": "median"}, "agrees"),
    ],
)
def test_a_cohort_is_judged_by_typical_value_and_spread(changes: dict[str, Any], words: str) -> None:
    result = judged(published(**changes), NORMAL)
    assert result.words == words
    assert result.agrees is (None if words == "not judged" else words == "agrees")


def test_what_is_told_is_of_the_patients() -> None:
    result = judged(published(low=10.0, high=99.0, interval="range"), NORMAL)
    assert result.value == pytest.approx(NORMAL.mean())
    assert result.inside == pytest.approx(0.5, abs=0.03)
    assert result.spread == pytest.approx(1.0, abs=0.05)
    assert (result.low, result.high) == pytest.approx((6.08, 13.92), abs=0.3)


def test_a_spread_from_a_range_is_that_of_its_normal_scores() -> None:
    """Check against draws: the mean range of n normal values is near 2 z SD (Wan 2014); within 3 % at n = 28."""
    n = 28
    ranges = np.ptp(np.random.default_rng(2).normal(0, 3.0, (20_000, n)), axis=1).mean()
    one = published(sd=None, n=n, low=-ranges / 2, high=ranges / 2, interval="range", value=0.0)
    assert one.patient_sd == pytest.approx(3.0, rel=0.03)


def test_patients_beyond_follow_up_count_in_the_median_and_the_dead_do_not() -> None:
    days = np.array([20.0] * 30 + [30.0] * 31 + [math.inf] * 12 + [math.nan] * 50)
    result = judged(published(statistic="median", value=30.0, sd=8.0), days)
    assert result.value == 30.0
    assert result.high == math.inf
    assert math.isfinite(result.spread)
    assert judged(published(), np.full(5, math.nan)).agrees is None


def test_a_handful_of_patients_is_not_judged() -> None:
    assert judged(published(value=50.0), NORMAL[:5]).words == "too few patients"


def test_the_packaged_file_names_measures_and_a_source_for_each() -> None:
    baselines = load_baselines()
    drawn = draw(*load_cohort_arm(STANDARD), 1, 20, followed=False)
    assert {"net_growth", "treg_share", "steady_state", "clearance", "treg_dose", "tcon_dose"} <= set(
        baselines
    )
    for baseline in baselines.values():
        assert baseline.source
        measure = MEASURES[baseline.measure]
        assert measure.known(drawn) is not measure.early
    growth = baselines["net_growth"]
    assert (growth.value, growth.sd, growth.low, growth.high, growth.n) == (6.9, 7.3, -1.2, 27.3, 23)
    assert baselines["steady_state"].value == 616


def test_drug_and_treg_are_in_the_units_of_the_papers() -> None:
    drawn = draw(*load_cohort_arm(STANDARD), 1, 1, followed=False)
    drawn.values["cl_blinatumomab"][0] = 2.22 * 24
    drawn.values["treg_share_supported"][0] = 0.06
    assert MEASURES["steady_state_28"].of(drawn)[0] == pytest.approx(
        526, abs=1
    )  # docs/evidence.md#p5: 526 from CL
    assert MEASURES["clearance_l_per_h"].of(drawn)[0] == pytest.approx(2.22)
    assert MEASURES["treg_percent_of_cd4"].of(drawn)[0] == pytest.approx(100 * 0.06 / 0.56)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("measure: growth_percent", "measure: growth_percnt", "did you mean 'growth_percent'?"),
        ("value: 6.9", "valu: 6.9", "did you mean 'value'?"),
        ("  statistic: mean\n", "", "statistic: this key is missing"),
        ("low: -1.2", "low: 99", "it is not above low"),
        ("  interval: range\n", "", "belong together"),
        ("judge: same", "judge: sam", "did you mean 'same'?"),
        ("n: 23", "n: 0.5", "n: "),
    ],
)
def test_a_mistake_in_a_file_of_baselines_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = PACKAGED_BASELINES.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "mine.yaml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_baselines(file)
    assert message in str(caught.value)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "", "a: 3\n"])
def test_a_file_that_holds_no_baselines_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError):
        load_baselines(file)
