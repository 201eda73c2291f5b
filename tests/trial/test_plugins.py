"""A user's own rules in a virtual trial: they make a difference, the same one however many processes there are."""

import json
from pathlib import Path

import pytest

from simulation.cli import main
from simulation.errors import ExitStatus
from tests.rules import RULES, acting, write_rules

SMALL = """\
time_step: 1 d
follow_up: 12 d
marrow: {rows: 2, columns: 2}
marrow_maps: []
patient: {n_residual_blasts: 1e7 cells, rate_blast_net_growth: 0.2 /day}
"""


@pytest.fixture
def arms(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "rules").mkdir()
    write_rules(tmp_path / "rules/mine.py")
    without, with_rules = tmp_path / "without.yaml", tmp_path / "with.yaml"
    without.write_text(f"name: Without\n{SMALL}")
    with_rules.write_text("name: With\nextends: without.yaml\nplugin: {file: rules/mine.py}\n")
    return str(without), str(with_rules)


def compare(*words: str | Path) -> int:
    return main(["compare", *map(str, words), "--patients", "2", "-q", "--no-figures"])


def rows(out: Path) -> list[list[str]]:
    return [line.split(",") for line in (out / "patients.csv").read_text().splitlines()]


def test_a_plugin_makes_the_same_difference_with_any_number_of_processes(
    arms: tuple[str, str], tmp_path: Path
) -> None:
    outs = [tmp_path / workers for workers in ("0", "1", "2")]
    for out in outs:
        assert compare(*arms, "--workers", out.name, "--out", out) == ExitStatus.DONE
    assert rows(outs[0]) == rows(outs[1]) == rows(outs[2])
    header, *patients = rows(outs[0])
    left = {(row[0], row[1]): float(row[header.index("final_blasts")]) for row in patients}
    assert left["0", "with"] < 0.1 * left["0", "without"]
    (described,) = json.loads((outs[0] / "provenance.json").read_text())["plugins"]["with"]
    assert described["rules"] == {"poison": "a test"}
    assert described["parameters"] == {"my_rate": "0.5 /day"}
    written = [
        path for path in outs[0].rglob("*") if path.is_file() and str(tmp_path).encode() in path.read_bytes()
    ]
    assert written == []


def test_an_edited_file_is_another_trial(arms: tuple[str, str], tmp_path: Path) -> None:
    assert compare(*arms, "--workers", "0", "--out", tmp_path / "mine") == ExitStatus.DONE
    assert compare(*arms, "--workers", "0", "--out", tmp_path / "mine", "--resume") == ExitStatus.DONE
    again: list[str | Path] = [*arms, "--workers", "0", "--out", tmp_path / "mine", "--resume"]
    assert compare(*again, "--set", "name=x", "--plugin", tmp_path / "rules/mine.py") == ExitStatus.USAGE
    write_rules(tmp_path / "rules/mine.py", RULES + "# edited\n")
    assert compare(*again) == ExitStatus.OTHER_SCENARIO


def test_a_rule_that_fails_is_a_failed_row_which_says_why(
    arms: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rules(tmp_path / "rules/mine.py", acting("raise ValueError('no')"))
    assert compare(*arms, "--workers", "2", "--out", tmp_path / "mine") == ExitStatus.FAILED_RUNS
    message = capsys.readouterr().err
    assert "2 of 4 runs are missing, 2 of them failed" in message
    assert "patient 1, arm with: mine.py:8: ValueError: no" in message


def test_a_trial_file_names_its_plugins_relative_to_itself(arms: tuple[str, str], tmp_path: Path) -> None:
    from simulation.trial.load import load_trial

    file = tmp_path / "rules/trial.yaml"
    file.write_text(
        "name: Trial\ncohort: {name: all, between_patients: none}\ncommon: {plugin: {file: mine.py}}\n"
        "arms:\n  slow: {extends: ../without.yaml}\n  fast: {extends: ../without.yaml, plugin: {my_rate: 2 /day}}\n"
    )
    trial = load_trial(file)
    assert [dict(arm.scenario.plugin[0].values) for arm in trial.arms] == [{"my_rate": 0.5}, {"my_rate": 2.0}]


def test_a_repeat_keeps_the_patients_own_value(arms: tuple[str, str]) -> None:
    from simulation.scenario import load_scenario, resolve_parameters
    from simulation.trial.schema import Arm
    from simulation.trial.task import repeated_arm

    drawn = "plugin.my_rate={distribution: uniform, low: 0 /day, high: 2 /day}"
    arm = Arm("with", load_scenario(arms[1], [drawn]))
    own = [resolve_parameters(repeated_arm(arm, 1, patient, 1).scenario).my_rate for patient in (0, 1, 1)]
    assert own[0] != own[1] == own[2]
