from collections.abc import Callable
from pathlib import Path

import pytest

from simulation.errors import ExitStatus

from .conftest import Sim


def test_valid_files_are_named(sim: Sim, scenario_file: Callable[..., Path]) -> None:
    first, second = scenario_file("a"), scenario_file("b")
    answer = sim("check", first, second)
    assert answer.status == ExitStatus.DONE
    assert [line.split()[:2] for line in answer.out.splitlines()] == [
        ["valid", str(first)],
        ["valid", str(second)],
    ]
    assert not answer.err


def test_every_file_that_is_not_valid_is_told(sim: Sim, scenario_file: Callable[..., Path]) -> None:
    good, bad = scenario_file("good"), scenario_file("bad", "folow_up: 3 d\n")
    answer = sim("check", bad, "missing.yaml", good)
    assert answer.status == ExitStatus.USAGE
    assert f"{bad}:4" in answer.err
    assert "follow_up" in answer.err
    assert "missing.yaml" in answer.err
    assert answer.out.split()[:2] == ["valid", str(good)]


def test_treatment_before_a_stated_disease_is_valid_and_said(
    sim: Sim, scenario_file: Callable[..., Path]
) -> None:
    early = "start: {when: day, day: day 2}\ndli: {cd3: [1e5/kg]}\n"
    answer = sim("check", scenario_file("a", f"{early}disease: {{on: day 3, mrd: 1e-3}}\n"))
    assert answer.status == ExitStatus.DONE
    assert "treatment starts on day 2, before the disease of day 3" in answer.out
    assert not answer.err


def test_check_writes_nothing(sim: Sim, scenario_file: Callable[..., Path], tmp_path: Path) -> None:
    file = scenario_file()
    sim("check", file)
    assert list(tmp_path.iterdir()) == [file]


def test_a_change_on_the_command_line_is_checked_as_well(
    sim: Sim, scenario_file: Callable[..., Path]
) -> None:
    answer = sim("check", scenario_file(), "--set", "marrow.rows=many")
    assert answer.status == ExitStatus.USAGE
    assert "marrow.rows" in answer.err


def test_show_prints_a_scenario_that_is_the_same(
    sim: Sim, scenario_file: Callable[..., Path], tmp_path: Path
) -> None:
    from simulation.scenario.load import load_scenario

    file = scenario_file()
    answer = sim("show", file, "--set", "follow_up=30 d")
    assert answer.status == ExitStatus.DONE
    (tmp_path / "shown.yaml").write_text(answer.out)
    shown = load_scenario(tmp_path / "shown.yaml")
    assert shown == load_scenario(file, ["follow_up=30 d"])
    assert shown.follow_up == 30.0


@pytest.mark.parametrize("words", [["show"], ["check"], ["run"]])
def test_a_missing_file_argument_is_asked_for(sim: Sim, words: list[str]) -> None:
    answer = sim(*words)
    assert answer.status == ExitStatus.USAGE
    assert "FILE" in answer.err
