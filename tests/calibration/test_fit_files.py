import subprocess
import sys
from pathlib import Path

import pytest

from simulation.calibration.problem import load_problem
from simulation.errors import UserError
from simulation.parameters import ParameterTable

ROOT = Path(__file__).parents[2]
FITS = sorted(
    file
    for file in (ROOT / "scenarios" / "calibration").glob("*.yaml")
    if not file.name.endswith(".fitted.yaml")
)
GOOD = """
name: Small
parameters: {rate_kill_max: {}}
targets: {C4: 1}
patients: {mrd: 2}
fidelity: {side: 2, time_step: 12 h}
effort: {design: 2, keep: 2, rounds: 1, particles: 1, finalists: 1, confirm: 1}
"""


@pytest.mark.parametrize("file", FITS, ids=lambda f: f.name)
def test_shipped_fits_can_be_read_and_stay_within_the_table(file: Path) -> None:
    problem = load_problem(file)
    table = ParameterTable.load()
    for free in problem.free:
        row = table[free.parameter]
        inside = free.name != free.parameter or (row.low <= free.low and free.high <= row.high)
        assert inside or free.reason
    assert problem.targets


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("rate_kill_max", "rate_kil_max"), "rate_kill_max"),
        (("C4", "C44"), "no such target"),
        (("C4", "C5"), "not_used"),
        (("{rate_kill_max: {}}", "{rate_kill_max: {high: 900 kills/day}}"), "reason"),
        (("{rate_kill_max: {}}", "{rate_kill_max: {low: 5 kills/day, high: 3 kills/day}}"), "low below high"),
        (("mrd: 2", "mdr: 2"), "mrd"),
        (("name: Small", "nam: Small"), "nam"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    file = tmp_path / "fit.yaml"
    file.write_text(GOOD.replace(*change))
    with pytest.raises(UserError, match=message) as caught:
        load_problem(file)
    assert "fit.yaml" in str(caught.value)


def test_a_range_beyond_the_table_needs_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "fit.yaml"
    file.write_text(
        GOOD.replace("{rate_kill_max: {}}", "{rate_kill_max: {high: 30 kills/day, reason: because}}")
    )
    assert load_problem(file).free[0].reason == "because"


def test_the_command_fits_writes_and_resumes(tmp_path: Path) -> None:
    file, out = tmp_path / "fit.yaml", tmp_path / "fit"
    file.write_text(GOOD)
    command = [sys.executable, "run_sim.py", "calibrate", str(file), "--out", str(out), "--quiet"]
    first = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "## Targets" in first.stdout
    log = (out / "evaluations.jsonl").read_bytes()
    assert log.count(b"\n") == 3
    subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (out / "evaluations.jsonl").read_bytes() == log
    assert {"fitted.yaml", "record.md", "record.json"} <= {f.name for f in out.iterdir()}
