from pathlib import Path

import pytest

from simulation.calibration.estimate import interval, mean, median, ratio_of_medians, share, transformed
from simulation.calibration.experiments import CULTURE
from simulation.calibration.measures import MEASURES
from simulation.calibration.settings import load_settings
from simulation.calibration.targets import load_targets
from simulation.errors import UserError


def test_every_usable_target_of_the_evidence_is_there_and_every_other_says_why() -> None:
    targets = load_targets()
    numbers = {key.split("_")[0].rstrip("b") for key in targets}
    assert {f"C{i}" for i in range(1, 20)} <= numbers
    assert all(t.reason for t in targets.values() if t.use == "not_used")
    assert all(t.source for t in targets.values())


def test_every_target_belongs_to_an_experiment() -> None:
    known = {*load_settings(), CULTURE}
    assert all(t.experiment in known for t in load_targets().values() if t.use != "not_used")
    assert all(setting.measure in MEASURES for setting in load_settings().values())


def test_events_become_a_share_with_wilsons_interval() -> None:
    tower = load_targets()["C1"]
    assert (round(tower.observed, 3), round(tower.low, 3), round(tower.high, 3)) == (0.439, 0.381, 0.499)


def test_distance_is_in_standard_errors_of_both() -> None:
    target = load_targets()["C1"]
    exact, far = share([True] * 44 + [False] * 56), share([True] * 90 + [False] * 10)
    assert abs(target.z(exact)) < 0.3
    assert target.z(far) > 5.0
    assert abs(target.z(share([True, True]))) < abs(
        target.z(far)
    )  # two patients cannot contradict it as well
    assert target.z(share([])) == 5.0
    assert target.agrees(exact) and not target.agrees(far)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A: {what: x, use: fit, source: s, statistc: a.b}", "statistc"),
        ("A: {what: x, use: maybe, source: s}", "maybe"),
        (
            "A: {what: x, use: fit, source: s, statistic: a.b, scale: log, n: 1, observed: 1, low: 2, high: 1}",
            "low",
        ),
        ("[]", "targets"),
    ],
)
def test_a_mistake_in_a_file_of_targets_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "targets.yaml"
    file.write_text(text + "\n")
    with pytest.raises(UserError, match=message):
        load_targets(file)


def test_statistics_and_their_intervals() -> None:
    half = share([True] * 50 + [False] * 50)
    low, high = interval(half)
    assert half.value == 0.5 and 0.39 < low < 0.42 and 0.58 < high < 0.61
    assert share([False] * 10).value == 0.0 and interval(share([False] * 10))[0] > 0.0
    assert median([1.0, 10.0, 100.0, float("nan"), 0.0]).value == pytest.approx(10.0)
    assert ratio_of_medians([4.0, 4.0], [2.0, 2.0]).value == pytest.approx(2.0)
    assert not ratio_of_medians([], [1.0]).known
    assert mean([1.0, 3.0]).value == 2.0
    assert transformed(0.0, "logit") == -float("inf")
