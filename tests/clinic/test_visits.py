"""Visits on listed days, missed visits, and waits that are drawn; statistical tests say how often they fail by chance."""

import math
from typing import Any

import numpy as np
import pytest

from simulation.clinic.assays import BloodResult, MarrowResult
from simulation.errors import UserError
from simulation.scenario.load import parse_scenario
from simulation.scenario.schema import Scenario
from simulation.sweep.targets import find_target

from .fake_patient import FakePatient, days, follow, make_clinic, only

LISTED = ["day 56", "day 100", "day 180", "day 270"]


def daily(*tests: str, delay: str = "0 d") -> dict[str, Any]:
    record = {"first": "day 0", "every": "1 d", "delay": delay}
    return {f"monitoring.{test}.{key}": value for test in tests for key, value in record.items()}


def test_tests_are_done_on_listed_days_only() -> None:
    clinic = make_clinic(**{"monitoring.mrd.days": LISTED, "follow_up": "365 d"})
    follow(clinic, FakePatient(1e-3), until=364.0)
    assert days(clinic, "test", "mrd") == [56.0, 100.0, 180.0, 270.0]
    assert days(clinic, "result", "mrd") == [59.0, 103.0, 183.0, 273.0]
    assert days(clinic, "test", "morphology")[:2] == [30.0, 60.0], "each test has its own days"


@pytest.mark.parametrize("step", [0.3, 0.7, 1.0])
def test_a_listed_day_within_a_step_is_its_end(step: float) -> None:
    clock = {
        "time_step": f"{step} d",
        "record_every": f"{step} d",
        "follow_up": "210 d",
        "graft.treg": "0/kg",
    }
    clinic = make_clinic(**{"monitoring.mrd.days": ["day 10.1", "day 20", "day 20.05"]} | clock)
    follow(clinic, FakePatient(1e-3, step=step), until=60.0)
    expected = dict.fromkeys(math.ceil(day / step - 1e-6) * step for day in (10.1, 20.0, 20.05))
    assert days(clinic, "test", "mrd") == pytest.approx(list(expected))


def test_a_missed_visit_misses_all_tests_of_its_day() -> None:
    # 400 visits at 30 %: outside 23-37 % by chance in 2 of 1000 seeds
    clinic = make_clinic(
        follow_up="500 d", **{"monitoring.missed": "30 %"} | daily("mrd", "morphology", "blood")
    )
    follow(clinic, FakePatient(1e-3, step=1.0), until=400.0)
    missed = days(clinic, "note", "visit")
    done = days(clinic, "test", "mrd")
    assert 0.23 < len(missed) / 400 < 0.37
    assert sorted(missed + done) == [float(day) for day in range(400)]
    assert done == days(clinic, "test", "morphology") == days(clinic, "result", "blood_cd3")
    assert clinic.events.of_kind("note", "visit")[0].detail == "visit missed: no mrd, morphology, blood"


def test_nobody_misses_an_aspirate_that_is_asked_for() -> None:
    clinic = make_clinic(**{"monitoring.missed": 1.0, "orders": [{"day": "day 40", "test": "marrow"}]})
    follow(clinic, FakePatient(1e-3), until=60.0)
    assert days(clinic, "test") == [40.0, 40.0]


def test_turnaround_is_drawn_for_each_sample() -> None:
    # mean of 300 uniform draws from 2 to 10 d: 6 +- 0.4 but for a chance of 3e-3
    clinic = make_clinic(follow_up="365 d", **daily("mrd", delay="2 d to 10 d"))
    follow(clinic, FakePatient(1e-3), until=320.0)
    reported = np.array(
        [float(one.detail.rpartition("day ")[2]) for one in clinic.events.of_kind("test", "mrd")]
    )
    waits = reported[:300] - np.arange(300.0)
    assert waits.min() >= 2.0 and waits.max() <= 10.0
    assert abs(waits.mean() - 6.0) < 0.4
    assert len(set(np.round(waits, 3))) > 290, "each has a number of its own"


def test_a_result_that_comes_after_a_later_samples_changes_nothing() -> None:
    clinic = make_clinic(start={"when": "mrd", "at_least": "1e-4"})
    newer = MarrowResult("mrd", 60.0, 62.0, 0.0, 1e-5, {}, False)
    older = MarrowResult("mrd", 50.0, 65.0, 1e-2, 1e-5, {}, False)
    clinic._take_in(newer, 62.0)
    clinic._take_in(older, 65.0)
    assert clinic.last_mrd == 0.0
    follow(clinic, FakePatient(0.0), until=29.0)
    assert days(clinic, "trigger") == []


@pytest.mark.parametrize("sampled", [50.0, 61.0])
def test_blood_that_comes_after_a_later_samples_asks_for_no_marrow(sampled: float) -> None:
    tests = ("mrd", "morphology", "blood")
    clinic = make_clinic(**{f"monitoring.{test}.first": "day 300" for test in tests})
    for result in (BloodResult(60.0, 62.0, 100.0, 0.0, 0.0), BloodResult(sampled, 65.0, 100.0, 0.0, 500.0)):
        clinic._laboratory._pending.add(result.reported, result)
    follow(clinic, FakePatient(0.3), until=80.0)
    assert days(clinic, "test", "morphology") == ([65.0] if sampled > 60.0 else [])


def _begin(seed: int, delay: Any) -> float:
    clinic = make_clinic(start={"when": "day", "day": "day 10", "delay": delay}, dli={"cd3": ["1e6/kg"]})
    follow(clinic, FakePatient(seed=seed), until=12.0)
    return float(only(clinic, "trigger").detail.rpartition("day ")[2]) - 10.0


def test_the_wait_for_treatment_is_drawn_once_for_a_patient() -> None:
    # 100 draws: the mean of 7 to 42 d is within 21.3-27.7 but for a chance of 2e-3
    waits = [_begin(seed, "7 d to 42 d") for seed in range(100)]
    assert min(waits) >= 7.0 and max(waits) <= 42.0
    assert 21.3 < np.mean(waits) < 27.7
    assert _begin(5, "7 d to 42 d") == _begin(5, "7 d to 42 d"), "the same patient waits as long in every arm"
    block = {"distribution": "choice", "values": ["2 d", "9 d"]}
    assert {_begin(seed, block) for seed in range(12)} == {2.0, 9.0}


def test_parts_of_a_combination_wait_each_for_itself() -> None:
    both = {"when": "all_of", "delay": "1 d to 2 d", "triggers": [
        {"when": "day", "day": "day 10", "delay": "10 d to 20 d"}, {"when": "day", "day": "day 10", "delay": "10 d to 20 d"},
    ]}  # fmt: skip
    clinic = make_clinic(start=both, dli={"cd3": ["1e6/kg"]})
    asked: list[str] = []
    trigger = clinic._trigger
    assert trigger.is_met(10.0)
    assert trigger.delay(10.0, lambda name: asked.append(name) or 0.5) == 16.5  # type: ignore[func-returns-value]
    assert asked == ["start", "start.0", "start.1"]
    assert trigger.delay(10.0) == 16.5, "without a draw the median"


def written(key: str, value: object) -> Scenario:
    return parse_scenario("name: x", {key: value})


@pytest.mark.parametrize(
    "value",
    [
        "3 d",
        "7 d to 42 d",
        {"distribution": "lognormal", "median": "14 d", "sigma": 0.4, "source": "assumption"},
        {"distribution": "mixture", "parts": [{"weight": 1, "distribution": "fixed", "value": "3 d"},
                                              {"weight": 2, "distribution": "uniform", "low": "7 d", "high": "9 d"}]},
    ],
)  # fmt: skip
def test_waits_survive_being_written_in_full(value: object) -> None:
    scenario = written("monitoring.mrd.delay", value)
    again = parse_scenario(scenario.to_yaml())
    assert again == scenario and hash(again) == hash(scenario)


def test_a_range_in_braces_is_that_range() -> None:
    bare, braced = (
        parse_scenario(
            f"name: x\nstart: {{when: mrd, at_least: 1e-4, delay: {delay}}}\ndli: {{cd3: [1e5/kg]}}\n"
        )
        for delay in ("7 d to 42 d", "{7 d to 42 d}")
    )
    assert bare == braced
    with pytest.raises(UserError, match=r"start.delay: expected a range from low to high"):
        parse_scenario("name: x\nstart: {when: mrd, at_least: 1e-4, delay: {42 d to 7 d}}\n")


def test_a_wait_may_be_swept_as_a_time() -> None:
    for value in ("3 d", "7 d to 42 d"):
        scenario = parse_scenario("name: x", {"start": {"when": "day", "day": "day 9", "delay": value}})
        for path in ("start.delay", "monitoring.mrd.delay"):
            target = find_target(path, scenario)
            assert (target.kind, target.unit, target.low) == ("quantity", "d", 0.0)


def test_listed_days_replace_the_bases_and_the_reverse() -> None:
    listed = parse_scenario("name: x\nmonitoring: {mrd: {days: [day 5, day 9]}}\n").monitoring.mrd
    assert listed is not None and (listed.first, listed.every, listed.days) == (None, None, (5.0, 9.0))
    scenario = written("monitoring.mrd.days", ["day 5", "day 9"])
    assert scenario.monitoring.mrd == listed
    assert parse_scenario(scenario.to_yaml()) == scenario
    back = parse_scenario(
        scenario.to_yaml(), {"monitoring.mrd.first": "day 3", "monitoring.mrd.every": "7 d"}
    )
    assert back.monitoring.mrd is not None and back.monitoring.mrd.days is None


def test_a_base_that_draws_a_wait_is_replaced_as_a_whole(tmp_path: Any) -> None:
    base = tmp_path / "base.yaml"
    base.write_text(
        "name: base\nstart: {when: day, day: day 9, delay: {distribution: lognormal, median: 9 d, sigma: 1}}\n"
        "dli: {cd3: [1e6/kg]}\n"
    )
    text = f"name: x\nextends: {base}\nstart: {{delay: {{distribution: uniform, low: 1 d, high: 2 d}}}}\n"
    assert parse_scenario(text).start.delay.second == 2.0  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("delay", "words"),
    [
        ({"distribution": "fixed", "value": "1 d"}, "1 day"),
        ({"distribution": "lognormal", "median": "1 d", "sigma": 0.5}, "1 day (the median of a lognormal distribution)"),
        ({"distribution": "lognormal", "median": "9 d", "sigma": 0.5}, "9 days (the median of a lognormal distribution)"),
        ("7 d to 42 d", "7 to 42 days"),
    ],
)  # fmt: skip
def test_a_wait_is_told_in_words(delay: Any, words: str) -> None:
    scenario = parse_scenario("name: x", {"start": {"when": "mrd", "at_least": 1e-3, "delay": delay}})
    assert scenario.start.words().endswith(f", {words} later")
