"""A user's own rules in a sweep: their parameters are factors, and their files travel with the sweep's folder."""

import json
from pathlib import Path

import pytest

from simulation.cli import main
from simulation.errors import ExitStatus, UserError
from simulation.sweep.execute import execute
from simulation.sweep.load import load_sweep
from simulation.sweep.plan import Plan, load_plan
from simulation.sweep.prepare import prepare
from simulation.sweep.table import Table
from tests.rules import RULES, write_rules

SWEEP = """\
name: Rates
scenario: base.yaml
set: {plugin: {file: rules/mine.py}}
parameters:
  plugin.my_rate: [0 /day, 1 /day]
design: {kind: grid}
replicates: 1
seed: 2
outcomes: [final_blasts]
"""
BASE = """\
name: Base
time_step: 1 d
follow_up: 8 d
marrow: {rows: 2, columns: 2}
marrow_maps: []
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    write_rules(tmp_path / "rules" / "mine.py")
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    return tmp_path / "sweep.yaml"


def blasts(folder: Path, plan: Plan) -> dict[float, float]:
    return {row["plugin.my_rate"]: row["final_blasts"] for row in Table(folder, plan).rows()}


def test_a_plugins_parameter_is_a_factor_and_the_folder_can_be_moved(file: Path, tmp_path: Path) -> None:
    from simulation.sweep.expand import expand

    folder = tmp_path / "out"
    plan = prepare(load_sweep(file), folder, 2, resume=False)
    for workers in (0, 2):
        assert execute(folder, plan, workers=workers).missing == 0
    left = blasts(folder, plan)
    assert left[1.0] < 0.01 * left[0.0]
    moved = folder.rename(tmp_path / "moved")
    write_rules(tmp_path / "rules" / "mine.py", "RULES = []\n")  # the sweep has its own copy
    more = expand(moved, add=["plugin.my_rate=[2 /day]"])
    assert execute(moved, more, workers=0).failed == 0
    assert blasts(moved, load_plan(moved))[2.0] < left[1.0]
    written = [
        path for path in moved.rglob("*") if path.is_file() and str(tmp_path).encode() in path.read_bytes()
    ]
    assert [path.name for path in written] == ["plan.json"]  # in which `file` is the one that was typed
    assert str(tmp_path) not in json.dumps(json.loads(written[0].read_text())["arms"])


def test_the_same_with_two_processes_as_with_one(file: Path, tmp_path: Path) -> None:
    results = []
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        plan = prepare(load_sweep(file), folder, 2, resume=False)
        execute(folder, plan, workers=workers)
        results.append(blasts(folder, plan))
    assert results[0] == results[1]
    assert len(results[0]) == 2


def test_an_edited_file_is_another_sweep(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["sweep", "sweep.yaml", "--out", "out", "--workers", "0", "-q"]
    assert main(words) == ExitStatus.DONE
    assert main([*words, "--resume"]) == ExitStatus.DONE
    write_rules(tmp_path / "rules" / "mine.py", RULES + "# edited\n")
    assert main([*words, "--resume"]) == ExitStatus.OTHER_SCENARIO


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("plugin.my_rat", "no plugin has such a parameter (did you mean 'plugin.my_rate'?)"),
        ("plugin.file", "files of rules are compared as arms"),
    ],
)
def test_a_wrong_path_names_the_nearest(file: Path, name: str, words: str) -> None:
    file.write_text(SWEEP.replace("plugin.my_rate:", f"{name}:"))
    with pytest.raises(UserError) as caught:
        load_sweep(file)
    assert words in str(caught.value)


def test_a_value_outside_the_files_range_is_refused(file: Path) -> None:
    file.write_text(SWEEP.replace("[0 /day, 1 /day]", "{low: 0 /day, high: 3 /day, n: 3}"))
    with pytest.raises(UserError, match="0 /day to 2 /day, got 3 /day"):
        load_sweep(file)


def test_the_parameter_of_one_of_several_plugins(file: Path, tmp_path: Path) -> None:
    write_rules(tmp_path / "rules" / "none.py", "RULES = []\n")
    both = "set: {plugin: [{file: rules/none.py}, {file: rules/mine.py}]}"
    file.write_text(SWEEP.replace("set: {plugin: {file: rules/mine.py}}", both))
    folder = tmp_path / "out"
    plan = prepare(load_sweep(file), folder, 2, resume=False)
    execute(folder, plan, workers=0)
    left = blasts(folder, plan)
    assert left[1.0] < 0.01 * left[0.0]
