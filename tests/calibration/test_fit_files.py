import subprocess
import sys
from pathlib import Path

import pytest

from simulation.calibration.abc import Fit
from simulation.calibration.fit_file import load_problem, read_parameter_set
from simulation.errors import UserError
from simulation.parameters import ParameterTable

ROOT = Path(__file__).parents[2]
FITS = sorted(
    file
    for file in (ROOT / "scenarios" / "calibration").glob("*.yaml")
    if not file.name.endswith(".fitted.yaml") and file.name != "posterior.yaml"  # which joins what they leave
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
        (("C4: 1", "C4: -5"), r":4: targets.C4: expected .* got -5"),
        (("C4: 1", "C4: nan"), r":4: targets.C4"),
        (("C4: 1", "C4: [1]"), r":4: targets.C4"),
        (("C4: 1", "C4: true"), r":4: targets.C4"),
        (("{C4: 1}", "[C4]"), r":4: targets: expected a block of keys, got a list"),
        (("mrd: 2", "mrd: 1.5"), r":5: patients.mrd: expected a whole number"),
        (("mrd: 2", "mrd: -5"), r":5: patients.mrd"),
        (("mrd: 2", "mrd: true"), r":5: patients.mrd"),
        (("side: 2", "side: -5"), r":6: fidelity.side: expected a whole number"),
        (("side: 2", "sid: 2"), r":6: fidelity.sid: there is no such key \(did you mean 'side'"),
        (("time_step: 12 h", "time_step: nan"), r":6: fidelity.time_step"),
        (("time_step: 12 h", "time_step: 12"), r":6: fidelity.time_step"),
        (
            ("fidelity: {side: 2, time_step: 12 h}", "fidelity: [1]"),
            r":6: fidelity: expected a block with the keys side",
        ),
        (("design: 2", "design: 1.5"), r":7: effort.design"),
        (("rounds: 1", "rounds: [1]"), r":7: effort.rounds"),
        (("keep: 2", "keep: 3"), r":7: effort.keep: expected at most the design, 2, got keep: 3"),
        (("name: Small", "name: [1]"), r":2: name: expected text"),
        (("name: Small", "name: Small\nseed: -5"), r":3: seed"),
        (("name: Small", "name: Small\nseed: 1.5"), r":3: seed"),
        (("name: Small", "name: Small\ngiven: [1]"), r":3: given: expected the name of a parameter set"),
        (
            ("name: Small", "name: Small\ngiven: nowhere.yaml"),
            r":3: given: nowhere.yaml: there is no such file",
        ),
        (("{rate_kill_max: {}}", "{rate_kill_max: [1]}"), r":3: parameters.rate_kill_max: .* got a list"),
        (("{rate_kill_max: {}}", "{rate_kill_max: {low: nan}}"), r":3: parameters.rate_kill_max.low"),
        (
            ("{rate_kill_max: {}}", "{rate_kill_max: {lo: 1}}"),
            r":3: parameters.rate_kill_max.lo: there is no such key",
        ),
        (("{rate_kill_max: {}}", "{rate_kill_max: {scale: cubic}}"), r":3: parameters.rate_kill_max.scale"),
        (
            ("{rate_kill_max: {}}", "{spread of t_cell_fitness: {low: -1}}"),
            r":3: parameters.spread of t_cell_fitness.low",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    file = tmp_path / "fit.yaml"
    file.write_text(GOOD.replace(*change))
    with pytest.raises(UserError, match=message) as caught:
        load_problem(file)
    assert "fit.yaml" in str(caught.value)


@pytest.mark.parametrize(("text", "message"), [
    ("parameters: {rate_kill_max: nan}", r":1: parameters.rate_kill_max"),
    ("parameters: {rate_kill_max: [1]}", r":1: parameters.rate_kill_max"),
    ("parameters: {}", r":1: parameters: expected a block of keys, got nothing"),
    ("between_patients: {}", r"parameters: this key is missing"),
    ("parameters: {rate_kill_max: 4 /day}\nbetween_patients: {t_cell_fitness: 1}", r":2: between_patients.t_cell_fitness"),
    ("parameters: {rate_kill_max: 4 /day}\nbetween_patients: {t_cell_fitness: {distribution: lognormal, sigma: -5}}",
     r":2: between_patients.t_cell_fitness.sigma"),
    ("parameters: {rate_kill_max: 4 /day}\nbetween_patients: {t_cell_fitnes: {distribution: lognormal, sigma: 1}}",
     r":2: between_patients.t_cell_fitnes: there is no such parameter"),
    ("parameters: {rate_kill_max: 4 /day}\nmore: 1", r":2: more: there is no such key"),
])  # fmt: skip
def test_a_parameter_set_is_read_as_strictly(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "fitted.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=message):
        read_parameter_set(file)


def test_a_damaged_folder_of_a_fit_is_told(tmp_path: Path) -> None:
    file, out = tmp_path / "fit.yaml", tmp_path / "fit"
    file.write_text(GOOD)
    problem = load_problem(file)
    Fit(problem, out)
    for name, text in (("design.csv", "a\n0.5,2\n"), ("fit.json", "[1")):
        kept = (out / name).read_bytes()
        (out / name).write_text(text)
        with pytest.raises(UserError, match=f"{name}: is damaged"):
            Fit(problem, out)
        (out / name).write_bytes(kept)


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
