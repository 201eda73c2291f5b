"""Job arrays: the scripts that are written, what they do when a scheduler starts them, and how far they are."""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from simulation.cli import main
from simulation.store import Shard, Store, StoreInUse, parts_of, write_shard
from simulation.sweep.execute import execute
from simulation.sweep.job_script import minutes_per_job
from simulation.sweep.plan import load_plan
from simulation.sweep.table import RUNS, Table
from simulation.sweep.work import store_design
from tests.sweep.conftest import SMALL
from tests.sweep.fake import filled, write

TINY = SMALL.replace("[0, 0.5, 1]", "[0, 1]").replace("replicates: 3", "replicates: 1")


def state_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["status", str(folder), "--json", "--workers", "4"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_the_scripts_run_as_a_scheduler_runs_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = TINY.replace("seed: 5\n", "").replace("replicates: 1", "replicates: 3")
    path, out = write(tmp_path, text), tmp_path / "out"
    changes = ["--set", "follow_up=5 d", "--seed", "9", "--replicates", "1"]
    assert main(["sweep", str(path), "--out", str(out), "--slurm", "2", "--json", *changes]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["runs"], document["jobs"], document["minutes"]) == (8, 2, 10)
    array, after = Path(document["array"]), Path(document["after"])
    options = dict(re.findall(r"^#SBATCH --([\w-]+)=(.+)$", array.read_text(), re.MULTILINE))
    assert (options["array"], options["time"], options["signal"]) == ("1-2", "0:10:00", "B:TERM@120")
    assert int(options["mem"][:-1]) % 256 == 0 and "--array" not in after.read_text()
    assert not (out / RUNS).exists() and state_of(out, capsys)["planned"] == 8

    def submitted(script: Path, **environment: str) -> None:
        done = subprocess.run(
            ["bash", str(script)], env=os.environ | environment, check=False, capture_output=True
        )
        assert done.returncode == 0, done.stderr

    for task in ("2", "1"):
        submitted(array, SLURM_ARRAY_TASK_ID=task)
    result = state_of(out, capsys)
    assert (result["survey"]["done"], result["missing"], result["parts"], result["of"]) == (8, 0, 2, 2)
    submitted(after)
    assert list(parts_of(out / RUNS)) == []
    assert Counter(row["run"] for row in Table(out, load_plan(out)).rows()) == Counter(range(8))
    assert (out / "analysis" / "report.html").is_file()


@pytest.mark.parametrize("words", [["--dry-run"], ["--shard", "1/2"], ["--scheduler", "tcp://x:1"]])
def test_scripts_are_written_and_nothing_else_is_done(tmp_path: Path, words: list[str]) -> None:
    out = tmp_path / "out"
    assert main(["sweep", str(write(tmp_path, TINY)), "--out", str(out), "--slurm", "2", *words]) == 2
    assert not out.exists()


def test_a_job_asks_for_its_share_with_room_for_chance_and_slow_nodes() -> None:
    assert (
        minutes_per_job(100_000, 50, 1.0) == 5 * 11 + 5
    )  # 2,000 runs and 3 x 45 more, half as long again, and 5 minutes
    assert minutes_per_job(10, 50, 1.0) == 10  # mostly the start
    assert minutes_per_job(7, 1, 60.0) == 20  # not more runs than there are


def test_parts_that_are_joined_keep_every_row_once_and_can_be_joined_again(
    small: Path, tmp_path: Path
) -> None:
    out, plan = filled(
        tmp_path,
        SMALL,
        lambda values, arm, rng: {"relapse": False},
        leave_out=lambda run: run.number % 3 == 0,
    )
    design, rows = store_design(plan), list(Table(out, plan).rows())
    part = out / Shard(2, 3).named(RUNS)
    with Store(part, design):
        write_shard(part, design, [row | {"seconds": 0.2} for row in rows[:5]])
    copy = shutil.copytree(part, tmp_path / "copy")
    with Store(out / RUNS, design) as whole:
        assert whole.gather(parts_of(out / RUNS).values()) == 1
    assert not part.exists()
    shutil.copytree(copy, part)  # as after a crash between writing and removing
    with Store(out / RUNS, design) as whole:
        assert whole.gather(parts_of(out / RUNS).values()) == 1
        counts = Counter(row["run"] for row in whole.rows())
    assert counts == Counter(row["run"] for row in rows)


def test_what_is_written_now_is_seen_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, plan = filled(
        tmp_path, SMALL, lambda values, arm, rng: {"relapse": False}, leave_out=lambda run: run.number >= 30
    )
    design = store_design(plan)
    part = out / Shard(1, 3).named(RUNS)
    with Store(part, design):
        failed = {"run": 30, "point": 0, "arm": "early", "replicate": 0, "patient": 0, "seed": 5}
        slow = failed | {"run": 31, "status": "done", "seconds": 9.0}
        write_shard(part, design, [failed | {"status": "failed", "error": "no cells left"}, slow])
        result = state_of(out, capsys)
        assert result["survey"]["written_now"] == [part.name]
        with pytest.raises(StoreInUse):
            execute(out, plan, workers=0)
    assert (result["planned"], result["survey"]["done"], result["survey"]["failed"], result["missing"]) == (
        36,
        31,
        1,
        4,
    )
    assert result["survey"]["slowest"][0] == [{"run": 31}, 9.0]
    assert result["survey"]["failures"] == [[{"run": 30}, "no cells left"]]
    assert result["seconds_left"] == pytest.approx(4 * (30 * 0.1 + 9.0) / 31 / 4)
    assert main(["status", str(out)]) == 0
    output = capsys.readouterr().out
    assert (
        "31 (86.1 %)" in output
        and "no cells left" in output
        and "1 of 3" in output
        and "nothing is running" in output
    )
    assert main(["status", str(tmp_path)]) == 2
    assert "holds nothing of sweep, compare or calibrate" in capsys.readouterr().err
