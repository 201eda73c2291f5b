"""Every example of docs/extending.md runs, in order."""

import multiprocessing
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulation.plugins import rules_of
from simulation.scenario import Scenario, load_scenario

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "extending.md"
BLOCKS = re.findall(r"^```(python|sh)\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# file: (\S+)\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that looks like a clone to the examples, with the page's files in it."""
    place = tmp_path_factory.mktemp("clone")
    for name in ("scenarios", "run_sim.py"):
        (place / name).symlink_to(ROOT / name)
    for language, text in BLOCKS:
        if language == "python" and (named := FILE.match(text)):
            (place / named[1]).write_text(text)
    return place


def test_the_page_has_examples_of_each_kind() -> None:
    headings = re.findall(r"^## (.*)$", PAGE.read_text(), re.MULTILINE)
    assert headings == [
        "A rule",
        "A treatment",
        "A product",
        "Agents by hand",
        "An agent class",
        "A scripted agent",
        "Data",
        "Batches and copies",
        "A place",
        "An outcome",
        "A figure",
        "An assay",
    ]
    for part in PAGE.read_text().split("\n## ")[1:]:
        assert "```python" in part


def test_python_examples(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    names: dict[str, Any] = {"__name__": "notebook"}
    for language, text in BLOCKS:
        if language == "python" and not FILE.match(text) and not text.startswith("    # in "):
            exec(compile(text, str(PAGE), "exec"), names)
    multiprocessing.set_start_method(None, force=True)  # `batch_run` sets one for the whole process
    assert [run["patient"] for run in names["runs"]] == [7, 8, 7, 8]
    assert (
        len({run["blasts_cells"] for run in names["runs"]}) == 2
    )  # twins are alike so early, patients are not
    assert names["model"].record() == names["twin"].record() == names["again"].record()
    output = capsys.readouterr().out
    assert "90.0 True" in output  # the DLI after a positive test
    assert names["helper"].note == "mine"
    assert len(set(names["hunters"].get("position"))) == 1  # all went where most blasts are
    assert names["hunters"].agg("moves", max) > 0
    assert re.search(r"[1-9]\d* NK cells", output)


def test_nk_cells_of_the_page_kill_what_they_should(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    from natural_killer import MissingSelf, NaturalKiller  # type: ignore[import-not-found]

    from simulation.mesa_model import LeukemicBlast, TransplantModel

    def left(*, with_nk: bool) -> tuple[int, int]:
        model = TransplantModel("scenarios/no_treatment.yaml", seed=1, rules=[MissingSelf()])
        model.run_for(5)
        LeukemicBlast(model, place=(0, 0), cells=1_000_000, hla_haplotype=False)
        LeukemicBlast(model, place=(0, 0), cells=1_000_000, clone=7)
        if with_nk:
            NaturalKiller(model, place=(0, 0), cells=2_000_000_000)
        model.run_for(2)
        blasts = model.agents.select(agent_type=LeukemicBlast)
        lost, clone = blasts.column("hla_haplotype"), blasts.column("clone")
        cells = blasts.column("cells")
        return int(cells[~lost].sum()), int(cells[clone == 7].sum())

    (lost_with, own_with), (lost_without, own_without) = left(with_nk=True), left(with_nk=False)
    assert lost_with < 0.8 * lost_without
    assert own_with > 0.9 * own_without


def test_shell_examples(folder: Path) -> None:
    commands = [line for language, text in BLOCKS if language == "sh" for line in text.splitlines()]
    assert commands
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "python"
        done = subprocess.run(
            [sys.executable, *arguments, "--no-figures"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        assert "Results: " in done.stdout


def plugged(folder: Path, *names: str) -> Scenario:
    blocks = [{"file": str(folder / name)} for name in names]
    return load_scenario(folder / "scenarios" / "no_treatment.yaml", {"plugin": blocks})


@pytest.mark.parametrize("name", ["my_rule.py", "interleukin_2.py", "natural_killer.py"])
def test_every_rule_of_the_page_is_a_plugin(folder: Path, name: str) -> None:
    (rule,) = rules_of(plugged(folder, name).plugin)
    assert rule.source


def test_the_treatment_of_the_page_does_something(folder: Path) -> None:
    from simulation.mesa_model import TransplantModel

    def treg(*names: str) -> float:
        model = TransplantModel(plugged(folder, *names), seed=1)
        model.datacollector = None
        model.run_until(30)
        return model.record()["treg_cells"]

    assert treg("interleukin_2.py") > 1.2 * treg()
