"""What a run with a user's own rules leaves behind, and how it runs again; --plugin on every command that takes scenarios."""

import json
import shutil
from pathlib import Path

import pytest

from simulation.errors import ExitStatus
from tests.rules import RULES, acting, write_rules

from .conftest import Sim

TINY = "name: Tiny\ntime_step: 1 d\nfollow_up: 6 d\nmarrow: {rows: 2, columns: 2}\nmarrow_maps: []\n"
QUIET = ("-q", "--no-figures")


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a scenario and, in another, rules and what they import."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    write_rules(tmp_path / "rules" / "mine.py", "import helper\n" + RULES)
    write_rules(tmp_path / "rules" / "helper.py", "x = 1\n")
    (tmp_path / "tiny.yaml").write_text(TINY)
    return tmp_path


def test_a_results_folder_names_its_plugin_and_runs_again_elsewhere(
    tiny: Path, sim: Sim, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--plugin", "rules/mine.py", "--set", "plugin.my_rate=1 /day")
    assert sim("run", "tiny.yaml", *words, "--out", "a", *QUIET).status == ExitStatus.DONE
    (described,) = json.loads((tiny / "a/provenance.json").read_text())["plugins"]
    assert (described["file"], described["rules"]) == ("mine.py", {"poison": "a test"})
    assert described["parameters"] == {"my_rate": "1 /day"}
    assert described["sha256"] in (tiny / "a/scenario.resolved.yaml").read_text()
    report = (tiny / "a/report.html").read_text()
    assert f"mine.py (sha256 {described['sha256'][:12]}...) with my_rate 1 /day" in report
    files = [path for path in (tiny / "a").rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"mine.py", "helper.py"}
    assert [path.name for path in files if str(tiny).encode() in path.read_bytes()] == []

    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.move(tiny / "a", elsewhere / "a")
    shutil.rmtree(tiny / "rules")
    monkeypatch.chdir(elsewhere)
    assert sim("run", "a/scenario.resolved.yaml", "--out", "b", *QUIET).status == ExitStatus.DONE
    for name in ("trajectory.csv", "summary.json", "scenario.resolved.yaml", "plugins/mine.py"):
        assert (elsewhere / "a" / name).read_bytes() == (elsewhere / "b" / name).read_bytes()
    write_rules(elsewhere / "a/plugins/mine.py", RULES)
    answer = sim("run", "a/scenario.resolved.yaml", "--out", "c", *QUIET)
    assert answer.status == ExitStatus.USAGE
    assert "plugin.sha256: expected" in answer.err
    assert "mine.py is not the file that this scenario was made with" in answer.err


def test_an_edited_or_another_plugin_is_another_scenario(tiny: Path, sim: Sim) -> None:
    words = ("run", "tiny.yaml", "--out", "a", *QUIET)
    assert sim(*words, "--plugin", "rules/mine.py").status == ExitStatus.DONE
    assert sim(*words, "--plugin", "rules/mine.py", "--overwrite").status == ExitStatus.DONE
    assert sim(*words, "--overwrite").status == ExitStatus.OTHER_SCENARIO
    write_rules(tiny / "rules" / "helper.py", "x = 2\n")
    assert sim(*words, "--plugin", "rules/mine.py", "--overwrite").status == ExitStatus.OTHER_SCENARIO


def test_an_error_in_a_rule_is_its_authors_mistake(tiny: Path, sim: Sim) -> None:
    write_rules(tiny / "rules" / "mine.py", acting("raise ValueError('no')"))
    answer = sim("run", "tiny.yaml", "--plugin", "rules/mine.py", "--out", "a", *QUIET)
    assert answer.status == ExitStatus.USAGE
    assert answer.err == "Error: mine.py:8: ValueError: no\n"
    assert not (tiny / "a").exists()


def test_show_prints_where_the_file_is_from_here(tiny: Path, sim: Sim) -> None:
    answer = sim("show", "tiny.yaml", "--plugin", "rules/mine.py")
    assert "  file: rules/mine.py\n" in answer.out
    assert "  my_rate: 0.5 /day\n" in answer.out
    (tiny / "shown.yaml").write_text(answer.out)
    assert sim("check", "shown.yaml").status == ExitStatus.DONE


@pytest.mark.parametrize("command", ["check", "show", "sweep --dry-run", "cohort --draw-only --patients 2"])
def test_what_does_not_simulate_executes_nothing(tiny: Path, sim: Sim, command: str) -> None:
    trace = tiny / "executed"
    (tiny / "cohorts").mkdir()
    (tiny / "cohorts/all.yaml").write_text("name: All\nbetween_patients: none\npatient: {}\n")
    (tiny / "none.yaml").write_text(
        "name: No run\nscenario: tiny.yaml\nparameters: {phi_bm: [0]}\ndesign: {kind: grid}\n"
    )
    write_rules(tiny / "rules" / "mine.py", f"open({str(trace)!r}, 'w')\n" + RULES)
    file = {"cohort": "cohorts/all.yaml", "sweep": "none.yaml"}.get(command.split()[0], "tiny.yaml")
    answer = sim(*command.split(), file, "--plugin", "rules/mine.py")
    assert answer.status == ExitStatus.DONE, answer.err
    assert trace.exists() == command.startswith("sweep")  # a dry run measures how long a run takes


def test_a_cohort_with_rules_is_followed_with_them(tiny: Path, sim: Sim) -> None:
    (tiny / "cohorts").mkdir()
    (tiny / "cohorts/all.yaml").write_text("name: All\nbetween_patients: none\npatient: {}\n")
    write_rules(tiny / "rules" / "mine.py", acting("raise ValueError('no')"))
    answer = sim("cohort", "cohorts/all.yaml", "--patients", "1", "--plugin", "rules/mine.py", "-q")
    assert (answer.status, answer.err) == (ExitStatus.USAGE, "Error: mine.py:8: ValueError: no\n")


def test_a_plugin_that_is_not_there(tiny: Path, sim: Sim) -> None:
    for command in ("run", "show", "check"):
        answer = sim(command, "tiny.yaml", "--plugin", "rules/mint.py")
        assert answer.status == ExitStatus.USAGE
        assert "--plugin: plugin.file: mint.py: there is no such file (did you mean 'mine.py'?)" in answer.err
