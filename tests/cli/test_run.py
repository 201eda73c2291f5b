"""The command `run` without the model: a runner of three days stands in for it."""

import csv
import json
import math
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

from simulation.cli import running
from simulation.errors import ExitStatus, UserError
from simulation.fast import is_fast
from simulation.results import Result
from simulation.scenario.schema import Scenario
from tests.rules import write_rules

from .conftest import Sim

SCENARIOS = Callable[..., Path]


@dataclass
class FakeRunner:
    """Simulates three days of nothing and remembers what it was asked for."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    on_day: Callable[[int], None] = lambda day: None

    def run(self, scenario: Scenario, **asked: Any) -> Result:
        self.asked.append({"scenario": scenario} | asked)
        days = [0.0]
        for day in (1, 2, 3):
            if asked["should_stop"]():
                break
            self.on_day(day)
            days.append(float(day))
            asked["on_progress"](progress(day))
        outcomes = {
            "scenario": scenario.name,
            "seed": asked["seed"],
            "days_simulated": days[-1],
            "relapse_day": None,
        }
        columns = {"day": np.array(days), "blasts_cells": np.full(len(days), 1e6)}
        interrupted = len(days) < 4
        return Result(
            scenario, asked["seed"], asked["patient"], columns, (), outcomes, interrupted=interrupted
        )


def progress(day: float) -> SimpleNamespace:
    return SimpleNamespace(
        day=day, days=3.0, blasts=1e6, mrd=math.nan, blast_fraction=1e-6, cd3_per_ul=150.0, agvhd_grade=0
    )


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeRunner:
    fake = FakeRunner()
    module = ModuleType("simulation.runner")
    module.run = fake.run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "simulation.runner", module)

    def write(result: Result, folder: Path, **options: object) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "summary.json").write_text(json.dumps(result.summary))
        return folder

    monkeypatch.setattr(running, "write_result", write)
    monkeypatch.chdir(tmp_path)
    return fake


def test_one_file_gives_one_folder_and_a_table(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS
) -> None:
    answer = sim("run", scenario_file(), "--out", "here")
    assert answer.status == ExitStatus.DONE
    assert Path("here/summary.json").is_file()
    assert answer.out.splitlines()[-1] == "Results: here"
    assert "Patient small" in answer.out
    assert not answer.err  # stderr is no terminal here


def test_the_runner_gets_what_was_asked_for(sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS) -> None:
    answer = sim(
        "run", scenario_file(), "--seed", 5, "--patient", 7, "--days", 9, "--set", "marrow.rows=4", "--quiet"
    )
    assert answer.status == ExitStatus.DONE
    (asked,) = runner.asked
    assert (asked["seed"], asked["patient"]) == (5, 7)
    assert (asked["scenario"].follow_up, asked["scenario"].marrow.rows) == (9.0, 4)


def test_days_take_a_unit_too(sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS) -> None:
    sim("run", scenario_file(), "--days", "2 wk")
    assert runner.asked[0]["scenario"].follow_up == 14.0


@pytest.mark.parametrize("days", ["many", "-3", "0", "1e9"])
def test_impossible_days_are_a_usage_error(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS, days: str
) -> None:
    answer = sim("run", scenario_file(), "--days", days)
    assert answer.status == ExitStatus.USAGE
    assert not runner.asked
    assert "follow_up" in answer.err or "--days" in answer.err


def test_quiet_prints_only_the_place(sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS) -> None:
    answer = sim("run", scenario_file(), "--quiet")
    assert (Path(answer.out.strip()) / "summary.json").is_file()
    assert not answer.err


def test_fast_is_coarser_told_and_has_not_the_last_word(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS
) -> None:
    file = scenario_file()
    answer = sim("show", file, "--fast", "--set", "marrow.rows=3")
    assert (
        re.search(r"marrow: .*rows: 3, columns: 6|rows: 3\n *columns: 6", answer.out)
        and "time_step: 1 d" in answer.out
    )
    assert "T cells at the end are 28 to 72 /uL more" in answer.err
    resolved = [
        yaml.safe_load(sim("show", file, *words).out)
        for words in ((), ("--set", "time_step=1 d"), ("--fast",))
    ]
    assert [is_fast(scenario) for scenario in resolved] == [False, False, True]
    assert "--fast" not in sim("show", file).err
    assert sim("run", file, "--fast", "--quiet").err == ""


def test_the_set_of_a_patient_is_told_with_what_it_assumes_and_not_when_quiet(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS
) -> None:
    words = ("run", scenario_file(), "--posterior", "--patient", 7, "--cohort", "none")
    assert re.search(r"parameter set \d+ of \d+ .*, as in comparisons with 4 patients a set", sim(*words).err)
    assert sim(*words, "--quiet").err == ""


def test_json_of_one_file_is_an_object(sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS) -> None:
    answer = sim("run", scenario_file(), "--json", "--seed", 4)
    document = json.loads(answer.out)
    assert document["seed"] == 4
    assert document["interrupted"] is False
    stored = json.loads((Path(document.pop("folder")) / "summary.json").read_text())
    assert document == stored


def test_json_of_several_files_is_a_list_in_their_order(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS
) -> None:
    answer = sim("run", scenario_file("b"), scenario_file("a"), "--json", "--no-figures")
    assert [summary["scenario"] for summary in json.loads(answer.out)] == ["Patient b", "Patient a"]


def test_several_files_share_the_patient_and_end_with_a_comparison(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS
) -> None:
    answer = sim("run", scenario_file("late"), scenario_file("early"), "--seed", 2, "--out", "both")
    assert answer.status == ExitStatus.DONE
    assert [(asked["seed"], asked["patient"]) for asked in runner.asked] == [(2, 0)] * 2
    both = Path("both")
    files = {"comparison.csv", "report.html", "overview.png"}
    assert {path.name for path in both.iterdir()} == {"late", "early", *files}
    report = (both / "report.html").read_text()
    for name in ("late", "early"):
        assert f'<a href="{name}/report.html">Patient {name}</a>' in report
    assert "<figure" in report and "Current leukaemia-free survival" in report
    with (both / "comparison.csv").open() as file:
        assert [row["scenario"] for row in csv.DictReader(file)] == ["Patient late", "Patient early"]
    header = answer.out.splitlines()[0]
    assert "Patient late" in header
    assert "Patient early" in header


def test_no_figures_draws_no_overview(sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS) -> None:
    sim("run", scenario_file("a"), scenario_file("b"), "--out", "both", "--no-figures")
    assert {path.name for path in Path("both").iterdir()} == {"a", "b", "comparison.csv", "report.html"}
    assert "<figure" not in Path("both/report.html").read_text()


@pytest.mark.parametrize(
    ("options", "endings"),
    [(["--format", "svg"], {"svg"}), (["--format", "pdf", "--format", "png"], {"pdf", "png"})],
)
def test_figures_have_the_formats_asked_for_and_no_older_one_stays(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS, options: list[str], endings: set[str]
) -> None:
    words = ("run", scenario_file("a"), scenario_file("b"), "--out", "both", "--overwrite")
    assert sim(*words).status == ExitStatus.DONE
    for run in ("a", "b"):  # the fake runs leave nothing that could be replaced
        shutil.rmtree(Path("both", run))
    assert sim(*words, *options).status == ExitStatus.DONE
    assert {path.suffix[1:] for path in Path("both").glob("overview.*")} == endings


def test_formats_and_no_figures_exclude_each_other(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS
) -> None:
    for words in (("--no-figures", "--format", "svg"), ("--format", "svg", "--no-figures")):
        answer = sim("run", scenario_file("a"), *words)
        assert answer.status == ExitStatus.USAGE
        assert "exclude each other" in answer.err
    assert sim("run", scenario_file("a"), "--format", "jpg").status == ExitStatus.USAGE
    assert not runner.asked


def test_files_of_one_name_get_two_folders(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS, tmp_path: Path
) -> None:
    file = scenario_file("same")
    sim("run", file, file, "--out", "both", "--no-figures")
    assert {path.name for path in Path("both").iterdir() if path.is_dir()} == {"same", "same-2"}


def test_without_out_nothing_is_ever_overwritten(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS
) -> None:
    places = {sim("run", scenario_file(), "--quiet").out for _ in range(3)}
    both = {
        sim("run", scenario_file("a"), scenario_file("b"), "--quiet", "--no-figures").out for _ in range(3)
    }
    assert len(places) == len(both) == 3


def test_a_folder_that_is_in_use_is_refused_before_anything_runs(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS
) -> None:
    Path("mine").mkdir()
    Path("mine/letter.txt").write_text("dear")
    for files in ([scenario_file()], [scenario_file("a"), scenario_file("b")]):
        Path("mine/comparison.csv").write_text("x")
        answer = sim("run", *files, "--out", "mine")
        assert answer.status == ExitStatus.USAGE
        assert "mine" in answer.err
    assert not runner.asked
    assert Path("mine/letter.txt").read_text() == "dear"


def test_all_files_are_validated_before_anything_runs(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS, tmp_path: Path
) -> None:
    good, bad = scenario_file("good"), scenario_file("bad", "folow_up: 1 d\n")
    before = set(tmp_path.iterdir())
    answer = sim("run", good, bad, "missing.yaml")
    assert answer.status == ExitStatus.USAGE
    assert str(bad) in answer.err
    assert "missing.yaml" in answer.err
    assert not runner.asked
    assert set(tmp_path.iterdir()) == before


def test_a_wrong_change_is_told_once_for_several_files(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS
) -> None:
    answer = sim("run", scenario_file("a"), scenario_file("b"), "--set", "folow_up=1 d")
    assert answer.status == ExitStatus.USAGE
    assert answer.err.count("folow_up=1 d") == 1


@pytest.mark.parametrize(("option", "value"), [("--seed", "-1"), ("--seed", "x"), ("--patient", "-1")])
def test_impossible_numbers_are_usage_errors(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS, option: str, value: str
) -> None:
    answer = sim("run", scenario_file(), option, value)
    assert answer.status == ExitStatus.USAGE
    assert option in answer.err
    assert not runner.asked


def test_a_run_that_fails_leaves_the_ones_before_it_and_no_empty_folder(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS
) -> None:
    def fail(day: int) -> None:
        if len(runner.asked) == 2:
            raise UserError("cannot go on")

    runner.on_day = fail
    answer = sim("run", scenario_file("a"), scenario_file("b"), "--out", "both", "--json")
    assert answer.status == ExitStatus.USAGE
    assert answer.err == "Error: cannot go on\n"
    assert not answer.out
    assert [path.name for path in Path("both").iterdir()] == ["a"]


def test_a_plugin_is_part_of_the_scenario_that_runs(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS, tmp_path: Path
) -> None:
    plugin = write_rules(tmp_path / "mine.py")
    sim("run", scenario_file(), "--plugin", plugin, "--set", "plugin.my_rate=1 /day")
    (used,) = runner.asked[0]["scenario"].plugin
    assert (used.name, used.path, dict(used.values)) == ("mine.py", str(plugin), {"my_rate": 1.0})


def test_ctrl_c_before_the_first_step_leaves_nothing(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = runner.run

    def press_and_run(scenario: Scenario, **asked: Any) -> Result:
        os.kill(os.getpid(), signal.SIGINT)
        return whole(scenario, **asked)

    monkeypatch.setattr(sys.modules["simulation.runner"], "run", press_and_run)
    answer = sim("run", scenario_file(), "--out", "mine")
    assert answer.status == ExitStatus.INTERRUPTED
    assert "Nothing was simulated" in answer.err
    assert not Path("mine").exists()


def test_ctrl_c_keeps_what_is_done_and_starts_nothing_more(
    sim: Sim, runner: FakeRunner, scenario_file: SCENARIOS
) -> None:
    def press(day: int) -> None:
        if day == 2:
            os.kill(os.getpid(), signal.SIGINT)

    runner.on_day = press
    handler = signal.getsignal(signal.SIGINT)
    answer = sim("run", scenario_file("a"), scenario_file("b"), "--out", "both", "--no-figures")
    assert answer.status == ExitStatus.INTERRUPTED
    assert len(runner.asked) == 1
    assert json.loads(Path("both/a/summary.json").read_text())["days_simulated"] == 2
    assert not Path("both/b").exists()
    assert "Ctrl-C again" in answer.err
    assert signal.getsignal(signal.SIGINT) is handler
