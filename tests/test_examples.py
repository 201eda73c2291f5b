"""The examples run, and show what they say they show."""

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulation import load_scenario, simulate
from simulation.calibration.problem import Effort

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"


def test_early_or_late(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / "early_or_late.py"))["main"](str(tmp_path / "figure.png"))
    lines = capsys.readouterr().out.splitlines()
    table = {words[0]: [float(word) for word in words[1:]] for words in map(str.split, lines[1:4])}
    assert list(table) == ["none", "therapeutic", "pre-emptive"]
    relapse, free, blasts, grade, drug = zip(*table.values(), strict=True)
    assert relapse[0] == relapse[1], "until their strategies part, two lives of one patient are the same"
    assert not relapse[2] <= relapse[1], "MRD comes before overt relapse"
    assert free[0] < free[1] < free[2] <= 400
    assert blasts[0] == max(blasts) > 1e11
    assert set(grade) <= {0, 1, 2, 3, 4}
    assert drug[0] == 0 < min(drug[1:])
    assert (tmp_path / "figure.png").read_bytes()[:4] == b"\x89PNG"


SMALL = {
    "follow_up": "60 d",
    "time_step": "1 d",
    "marrow.rows": 3,
    "marrow.columns": 3,
    "marrow_maps": [],
    "start.at_least": "1e-5",
    "patient.n_residual_blasts": "1e7 cells",
    "patient.rate_blast_net_growth": "0.15 /day",
}


# leukaemia that comes back within the follow-up, so that early and late differ
FAST = {key: value for key, value in SMALL.items() if key != "start.at_least"} | {
    "follow_up": "120 d",
    "patient.rate_blast_net_growth": "0.25 /day",
}


def example(name: str) -> Any:
    """Return the names that an example defines."""
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))


def test_every_example_is_run_here_and_told_on_the_page() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    page = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
    for file in EXAMPLES.glob("*.py"):
        assert f'"{file.stem}"' in here or f'"{file.name}"' in here
        assert f"](../examples/{file.name})" in page


def test_add_a_rule(capsys: pytest.CaptureFixture[str]) -> None:
    result = example("add_a_rule")
    result["main"](6, FAST)
    rows = [list(map(int, line.split())) for line in capsys.readouterr().out.splitlines()[1:]]
    assert [patient for patient, *_ in rows] == [1, 2, 3, 4, 5, 6]
    assert any(plain > 0 for _, plain, _ in rows) and any(plain != hidden for _, plain, hidden in rows)
    # the rule acts: with every niche a hideout in which nothing is killed, blasts are more
    settings = {key: value for key, value in SMALL.items() if key != "start.at_least"}
    scenario = load_scenario(
        ROOT / "scenarios" / "prophylactic.yaml", settings | {"start": {"when": "day", "day": "day 20"}}
    )
    plain, hidden = (
        float(str(simulate([scenario], seed=1, rules=rules)[0].outcomes()["final_blasts"]))
        for rules in ((), (result["Hideout"](access=2.0, kill_factor=0.0),))
    )
    assert hidden > plain


def test_design_a_trial(capsys: pytest.CaptureFixture[str]) -> None:
    # slow enough for patients to matter in both arms
    slow = FAST | {"follow_up": "200 d", "patient.rate_blast_net_growth": "0.15 /day"}
    example("design_a_trial")["main"](12, 5.0, slow)
    output = capsys.readouterr().out
    groups, twins = (int(word) for word in re.findall(r"(\d+) patients", output))
    within, early, late = (float(word) for word in re.findall(r"(\d+)(?: days (?:early|late)|\))", output))
    assert 0 < twins < groups, "what patients have in common does not count between twins"
    # textbook: two-sided 5 %, power of 80 %
    assert groups == pytest.approx((early**2 + late**2) * (2.8 / 5) ** 2, rel=0.1)
    assert twins == pytest.approx(within**2 * (2.8 / 5) ** 2, rel=0.15)


def test_sweep_and_sensitivity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = example("sweep_and_sensitivity")
    result["main"](str(tmp_path), 2)
    output = re.findall(r"(\S+)  µ\* +(\S+) days", capsys.readouterr().out)
    assert {name for name, _ in output} == {
        "rate_blast_net_growth",
        "rate_kill_max",
        "graft.tcon",
        "cl_blinatumomab",
    }
    sizes = [float(size) for _, size in output]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 0


def test_calibrate_on_your_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    effort = Effort(design=2, keep=2, rounds=1, particles=1, finalists=1, confirm=1)
    example("calibrate_on_your_data")["main"](str(tmp_path), effort, 3)
    output = capsys.readouterr().out
    assert "observed 0.70" in output and "best candidate of 3" in output
    assert "rate_kill_max" in output and "not known: only" in output, (
        "three candidates are no evidence, and it says so"
    )


def test_mesa_user(capsys: pytest.CaptureFixture[str]) -> None:
    example("mesa_user")["main"](6.0)
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"day \d+: \d+ agents, \S+ blasts in \d+ of them", lines[0])
    blasts = re.findall(r"(\S+) blasts, in the twin given T cells (\S+)", "\n".join(lines))
    assert len(blasts) == 1 and all(float(number) > 0 for number in blasts[0])


def test_another_engager(tmp_path: Path) -> None:
    """Its trial is valid in the copy that it makes; tests/products/test_new_product.py runs it there."""
    folder = example("another_engager")["copy_with_it"](tmp_path)
    code = "import sys; from simulation.cli import main; sys.exit(main(sys.argv[1:]))"
    files = ["examples/anti_cd22/trial.yaml", "examples/anti_cd22/mrd_anti_cd22.yaml"]
    done = subprocess.run(
        [sys.executable, "-c", code, "check", *files], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout.count("valid") == 2, done.stdout + done.stderr
