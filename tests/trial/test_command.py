"""The command: exit statuses, one JSON document, resuming, and the line that repeats what failed."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from simulation.cli import main
from simulation.errors import ExitStatus
from simulation.life import strategies
from tests.trial.test_execute import fails_in

ROOT = Path(__file__).resolve().parents[2]
KEPT = {
    "comparison.json",
    "patients.csv",
    "provenance.json",
    "ro-crate-metadata.json",
    "report.html",
    "arms",
    "store",
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield


def compare(trial_file: Path, *words: str) -> int:
    return main(["compare", str(trial_file), "--workers", "0", "--no-figures", *words])


def test_a_trial_from_the_command_line(trial_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(trial_file, "--out", "out", "--json") == ExitStatus.DONE
    document = json.loads(capsys.readouterr().out)
    out = Path("out")
    assert {path.name for path in out.iterdir()} >= KEPT
    assert document == json.loads((out / "comparison.json").read_text())
    lines = (out / "patients.csv").read_text().splitlines()
    assert len(lines) == 1 + 6 * 3
    assert lines[0].startswith("patient,arm,trigger_day")
    page = (out / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!#|data:)', page)
    assert "Is earlier better?" in page
    sections = re.findall("<h2>([^<]*)</h2>", page)
    document = [
        "Answer in short",
        "Results",
        "Twin view",
        "Sensitivity to assumptions",
        "Arms",
        "Patients",
        "Limits",
    ]
    assert [
        section for section in sections if section in document
    ] == document  # what came of it before who they were
    for harm in ("Acute GvHD III", "CRS grade 3", "Non-relapse mortality"):
        assert f'<th scope="row" class="name">{harm}' in page


def test_folders_are_never_mixed(trial_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(trial_file, "--out", "out", "--patients", "2", "--quiet") == ExitStatus.DONE
    assert compare(trial_file, "--out", "out", "--patients", "2") == ExitStatus.USAGE
    assert "--resume completes them" in capsys.readouterr().err
    assert compare(trial_file, "--out", "out", "--seed", "8", "--resume") == ExitStatus.OTHER_SCENARIO
    assert "other seed" in capsys.readouterr().err
    assert compare(trial_file, "--out", "elsewhere", "--resume") == ExitStatus.USAGE
    Path("mine").mkdir()
    (Path("mine") / "letter.txt").touch()
    assert compare(trial_file, "--out", "mine") == ExitStatus.USAGE


def test_without_out_a_new_folder_and_resume_finds_it(
    trial_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(trial_file, "--patients", "2", "--quiet") == ExitStatus.DONE
    assert capsys.readouterr().out.strip() == "results/small-trial-seed3"
    assert compare(trial_file, "--patients", "3", "--resume", "--quiet") == ExitStatus.DONE
    assert capsys.readouterr().out.strip() == "results/small-trial-seed3"
    assert json.loads(Path("results/small-trial-seed3/comparison.json").read_text())["n_patients"] == 3


def test_failed_runs_are_told_with_the_line_that_repeats_them(
    trial_file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(strategies, "simulate", fails_in("late", 1))
        assert compare(trial_file, "--out", "out", "--patients", "3") == ExitStatus.FAILED_RUNS
    output = capsys.readouterr().err
    assert "1 of 9 runs are missing, 1 of them failed" in output
    assert "patient 1, arm late: ZeroDivisionError" in output
    (line,) = re.findall(r"python run_sim\.py (.*--patient 1)", output)
    (resume,) = re.findall(r"To complete it: python run_sim\.py (.*)", output)
    assert main([*shlex.split(line), "--out", "one", "--no-figures", "--quiet"]) == ExitStatus.DONE
    assert "--resume" in resume
    assert "--out out" in resume
    assert compare(trial_file, "--out", "out", "--patients", "3", "--resume", "--quiet") == ExitStatus.DONE
    # the repeated run is the same patient: its outcomes are those of the trial's table
    alone = json.loads(Path("one/summary.json").read_text())
    header, *lines = (line.split(",") for line in Path("out/patients.csv").read_text().splitlines())
    row = next(dict(zip(header, line, strict=True)) for line in lines if line[:2] == ["1", "late"])
    for name in ("relapse_free_days", "current_leukaemia_free_days", "final_blasts", "blinatumomab_ug"):
        if name in alone:
            assert float(row[name]) == pytest.approx(alone[name], rel=1e-12)


def test_parts_tell_what_to_type_when_all_are_through(
    trial_file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in ("1/2", "2/2"):
        words = ["--out", "out", "--patients", "3", "--shard", part]
        monkeypatch.setattr(sys, "argv", ["run_sim.py", "compare", str(trial_file), *words])
        assert compare(trial_file, *words) == ExitStatus.DONE
        output = capsys.readouterr().out
        assert f"Part {part.replace('/', ' of ')}: " in output and "0 runs missing" in output
    (line,) = re.findall(r"When all parts are through: python run_sim\.py (.*)", output)
    assert "--shard" not in line and "--resume" in line
    assert main([*shlex.split(line), "--json", "--no-figures"]) == ExitStatus.DONE
    assert json.loads(capsys.readouterr().out)["n_patients"] == 3
    assert compare(trial_file, "--shard", "1/2") == ExitStatus.USAGE
    assert "--shard needs --out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--workers", "1", "--scheduler", "tcp://x:1"], "exclude each other"),
        (["--patients", "0"], "patients"),
        (["--precision", "much"], "--precision"),
        (["--cohort", "x.yaml"], "names its cohort"),
        (["--set", "dli"], "path=value"),
    ],
)
def test_mistakes_are_told_before_anything_runs(
    trial_file: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(trial_file), "--out", "out", *words]) == ExitStatus.USAGE
    assert message in capsys.readouterr().err
    assert not Path("out").exists()


def test_what_fails_before_the_first_run_can_be_resumed(
    trial_file: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("distributed")  # with it a scheduler that is not there is the mistake
    nobody = ["compare", str(trial_file), "--patients", "2", "--out", "out", "--scheduler", "nobody.json"]
    assert main(nobody) == ExitStatus.USAGE
    assert "nobody.json: the scheduler file cannot be read" in capsys.readouterr().err
    assert main(nobody) == ExitStatus.USAGE
    assert "--resume completes them" in capsys.readouterr().err
    assert compare(trial_file, "--patients", "2", "--out", "out", "--resume", "--quiet") == ExitStatus.DONE


def test_time_that_is_up_ends_a_trial_with_status_7_and_resume_completes_it(
    trial_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--patients", "2", "--out", "out", "--quiet"]
    assert compare(trial_file, *words, "--max-minutes", "1e-9") == ExitStatus.TIME_UP
    assert "6 of 6 runs are missing, 0 of them failed" in capsys.readouterr().err
    assert compare(trial_file, *words, "--max-minutes", "9", "--resume") == ExitStatus.DONE
    for wrong in ("0", "-1", "nan", "inf", "soon"):
        assert compare(trial_file, *words, "--max-minutes", wrong) == ExitStatus.USAGE


def test_one_plain_file_is_no_trial(capsys: pytest.CaptureFixture[str]) -> None:
    scenario = ROOT / "scenarios" / "preemptive.yaml"
    assert main(["compare", str(scenario)]) == ExitStatus.USAGE
    assert "two scenario files or more" in capsys.readouterr().err


def test_plain_files_are_compared_too(capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(ROOT / "scenarios" / f"{name}.yaml") for name in ("no_treatment", "tcon_without_treg")]
    small = ["--set", "marrow.rows=2", "--set", "marrow.columns=2", "--set", "time_step=1 d", "--days", "5"]
    words = [
        "compare",
        *files,
        *small,
        "--patients",
        "2",
        "--workers",
        "0",
        "--no-figures",
        "--out",
        "out",
        "--json",
    ]
    assert main(words) == ExitStatus.DONE
    assert set(json.loads(capsys.readouterr().out)["arms"]) == {"no_treatment", "tcon_without_treg"}


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_what_is_done_and_resume_completes_it(
    trial_file: Path, number: signal.Signals
) -> None:
    line = [sys.executable, str(ROOT / "run_sim.py"), "compare", str(trial_file), "--patients", "400", "--out", "out",
            "--workers", "2", "--no-figures"]  # fmt: skip
    process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True, start_new_session=True)
    for _ in range(1200):
        if len(list(Path("out/store/rows").glob("*.parquet"))) > 1:
            break
        time.sleep(0.1)
    os.killpg(process.pid, number)  # as a terminal or a cluster does: the whole group hears it
    _, output = process.communicate(timeout=120)
    assert process.returncode == ExitStatus.INTERRUPTED, output
    assert "To complete it" in output
    with (Path("out") / "patients.csv").open() as file:
        done = (sum(1 for _ in file) - 1) // 3
    assert 0 < done < 400
    assert (
        compare(trial_file, "--out", "out", "--patients", str(done), "--resume", "--quiet") == ExitStatus.DONE
    )
    assert np.isclose(json.loads(Path("out/comparison.json").read_text())["n_patients"], done)
