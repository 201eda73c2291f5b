"""How far a fit is: from its folder alone, half done, in parts, finished, or of an earlier version."""

import json
from pathlib import Path

import pytest

from simulation.calibration.abc import Fit, screening_of
from simulation.calibration.parts import next_fit, next_fit_of_parts, run_part
from simulation.calibration.problem import Effort
from simulation.calibration.progress import fit_progress, note_fit_plan
from simulation.calibration.settings import load_settings
from simulation.cli import main
from simulation.pool import HerePool
from simulation.store import Shard
from tests.calibration.test_abc import a_problem, ask
from tests.calibration.test_screening import a_screened_problem

EFFORT = Effort(design=16, keep=6, rounds=2, particles=8, finalists=2, confirm=1)


def state(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict:  # type: ignore[type-arg]
    assert main(["status", str(folder), "--json", "--workers", "4"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_candidates_of_the_screening_count_and_what_is_left_is_weighed_by_patients(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = a_screened_problem(effort=EFFORT, patients={"overt": 20})
    note_fit_plan(problem, tmp_path)
    screening = screening_of(problem, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        screening.run(HerePool(should_stop=lambda: len(screening.done) >= 30), work=ask)
    told = state(tmp_path, capsys)
    assert (told["kind"], told["planned"], told["survey"]["done"], told["missing"]) == ("fit", 112, 30, 82)
    each = told["survey"]["seconds"] / 30  # of two patients; a candidate of the fit has twenty
    assert told["seconds_left"] * 4 == pytest.approx(50 * each + 32 * each * 10)
    screening.run(HerePool(), work=ask)
    fit = next_fit(problem, tmp_path)
    fit.run(HerePool(), work=ask)
    told = state(tmp_path, capsys)
    assert (told["missing"], told["seconds_left"]) == (0, 0.0)


def test_parts_count_once_and_before_they_are_taken_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = a_problem(effort=EFFORT)
    note_fit_plan(problem, tmp_path)
    for index in (1, 2):
        run_part(next_fit_of_parts(problem, tmp_path), HerePool(), Shard(index, 3), work=ask)
    told = state(tmp_path, capsys)
    assert (told["survey"]["done"], told["planned"], told["parts"], told["of"]) == (11, 32, 2, 3)
    run_part(next_fit_of_parts(problem, tmp_path), HerePool(), Shard(3, 3), work=ask)
    fit = next_fit(problem, tmp_path)  # takes up the parts, which stay
    assert len(fit.done) == 16 and fit_progress(tmp_path).survey.done == 16


def test_a_fit_without_a_plan_or_with_a_half_line_is_told_as_far_as_it_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit = Fit(a_problem(effort=EFFORT), tmp_path)
    fit.run(HerePool(), work=ask)
    with (tmp_path / "evaluations.jsonl").open("a") as log:
        log.write('{"index": 32, "sta')
    assert main(["status", str(tmp_path)]) == 0
    page = capsys.readouterr().out
    rows = {line.split("  ")[0].strip(): line for line in page.splitlines()}
    assert rows["planned"].endswith("not known") and rows["left"].endswith("not known")
    assert (
        rows["done"].split() == ["done", "32"] and "a candidate takes" in page and "written now" not in page
    )


def test_patients_that_a_fit_file_leaves_out_are_the_settings_own(tmp_path: Path) -> None:
    note_fit_plan(a_screened_problem(effort=EFFORT, patients={}), tmp_path)
    plan = json.loads((tmp_path / "planned.json").read_text())
    assert plan["patients"] == load_settings()["overt"].patients
    assert plan["screening"] == {"candidates": 80, "patients": 2}
