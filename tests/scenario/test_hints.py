"""What a file may say and may not mean is told, and refused nowhere."""

from pathlib import Path

import pytest
from _pytest.capture import CaptureFixture

from simulation.cli import main
from simulation.scenario import parse_scenario
from simulation.scenario.hints import hints

TREATED = "name: x\nfollow_up: 200 d\nstart: {when: mrd, at_least: 1e-4}\ndli: {cd3: [1e5/kg]}\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"monitoring.mrd.days": ["day 56", "day 270", "day 360"]}, "monitoring.mrd.days: day 270, day 360 will not come"),
        ({"monitoring.mrd.days": ["day 56", "day 200"]}, ""),
        ({"monitoring.morphology.first": "day 201"}, "monitoring.morphology.first: day 201 will not come"),
    ],
)  # fmt: skip
def test_what_comes_after_the_last_day(change: dict[str, object], message: str) -> None:
    result = hints(parse_scenario(TREATED, change))
    assert len(result) == bool(message) and message in "".join(result)


def test_check_tells_them_of_scenarios_and_of_arms(tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    one, trial = tmp_path / "one.yaml", tmp_path / "trial.yaml"
    one.write_text(TREATED)
    trial.write_text(
        "name: t\ncohort: {name: c}\nfollow_up: 20 d\narms: {mine: one.yaml, other: {extends: one.yaml}}\n"
    )
    assert main(["check", str(one), str(trial)]) == 0
    written = capsys.readouterr().out
    assert "mine: monitoring.mrd.first: day 30 will not come, follow-up ends on day 20" in written
    assert written.count("will not come") == 4  # in each arm MRD and morphology
