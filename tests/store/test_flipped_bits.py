"""One flipped bit anywhere in a store: told with the file and what to do, never another number, never "a bug"."""

import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from simulation.cli import main
from simulation.errors import ExitStatus, UserError
from simulation.files import seals
from simulation.files.crate import CRATE
from simulation.pool import HerePool
from simulation.store import Store, write_shard
from simulation.sweep.design_files import PointReader, read_shares
from simulation.sweep.execute import execute
from simulation.sweep.plan import load_plan
from simulation.sweep.table import RUNS, Table
from simulation.trial.conduct import STORE, conduct
from simulation.trial.load import load_trial
from simulation.trial.origin import design_of
from tests.sweep.fake import filled
from tests.trial.conftest import TRIAL

SWEEP = """\
name: Small sweep
arms: {early: SCENARIOS/preemptive.yaml, late: SCENARIOS/therapeutic.yaml}
set: {plugin: {file: FOLDER/rules.py}}
parameters:
  rate_blast_net_growth: {low: 0.02 /day, high: 0.16 /day}
  rate_kill_max: {low: 4 kills/day, high: 5 kills/day}
design: {kind: latin_hypercube, points: 8}
replicates: 4
seed: 1
outcomes: [relapse, relapse_free_days]
"""
EMPTY = {"lock", ".preparing"}  # files that hold nothing
FLIPS = 200


def flipped(path: Path, at: int, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    path.write_bytes(content)
    seals._digest.cache_clear()  # what one process has read and nothing has written since is not read twice


def flips(folder: Path) -> list[tuple[Path, int, int]]:
    """Return where bits are flipped: as often in every file, and in the first and last bytes of each."""
    draw = random.Random(20)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in EMPTY)
    chosen = [(path, at % path.stat().st_size, draw.randrange(8)) for path in files for at in (0, 5, -1, -6)]
    for number in range(FLIPS - len(chosen)):
        path = files[number % len(files)]
        chosen.append((path, draw.randrange(path.stat().st_size), draw.randrange(8)))
    return chosen


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "rules.py").write_text("RULES = []\n")
    out, plan = filled(
        folder,
        SWEEP.replace("FOLDER", str(folder)),
        lambda point, arm, rng: {
            "relapse_free_days": rng.uniform(0, 365),
            "relapse_day": rng.uniform(0, 365),
        },
        leave_out=lambda run: run.number == 0,
    )
    left = {"run": 0, "status": "failed", "error": "it rained"}
    write_shard(out / RUNS, Table(out, plan).design, [left])  # a batch beside the segment
    return out


def everything(out: Path) -> list[Any]:
    """Return all that a resumed or analysed sweep reads of its folder."""
    plan = load_plan(out)
    table, points = Table(out, plan), PointReader(out, plan.factors, plan.n_points)
    with Store(out / RUNS, table.design):
        rows = sorted(table.rows(), key=lambda row: int(row["run"]))
    shares = read_shares(out, plan.n_points, len(plan.factors)).tolist()
    return [
        plan,
        rows,
        bytes(table.states()),
        table.failures(),
        shares,
        [points[i] for i in range(plan.n_points)],
    ]


def test_every_flipped_bit_of_a_sweep_is_told(sweep: Path, tmp_path: Path) -> None:
    reference = everything(shutil.copytree(sweep, tmp_path / "copy"))
    out = tmp_path / "copy"
    assert len(reference[1]) == 63
    touched = set()
    for path, at, bit in flips(out):
        if path.name == CRATE:  # says to others what the folder holds: the program does not read it
            continue
        flipped(path, at, bit)
        with pytest.raises(UserError) as caught:
            everything(out)
        assert str(path) in str(caught.value) and caught.value.exit_status == ExitStatus.USAGE, caught.value
        assert "--resume" in str(caught.value) or "bring back a copy" in str(caught.value)
        touched.add(path.relative_to(out).parts[0])
        flipped(path, at, bit)
    assert touched == {"plan.json", "design.csv", "shares.csv", "scenarios", "runs"}
    assert everything(out) == reference


@pytest.mark.parametrize("file", ["plan.json", "design.csv", "runs/design.json", "runs/rows/batch-*.parquet"])
def test_a_resume_tells_the_damage_before_it_runs_anything(
    sweep: Path,
    tmp_path: Path,
    file: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = shutil.copytree(sweep, tmp_path / "copy")
    (path,) = out.glob(file)
    flipped(path, path.stat().st_size // 2, 3)

    def never(*_: object) -> None:
        raise AssertionError("a run was begun")

    monkeypatch.setattr(HerePool, "run", never)
    words = ["sweep", str(sweep.parent / "sweep.yaml"), "--out", str(out), "--resume", "--workers", "0"]
    assert main(words) == ExitStatus.USAGE
    output = capsys.readouterr().err
    assert str(path) in output and "bug" not in output


@pytest.mark.parametrize("file", ["runs/design.json", "runs/rows/*.parquet"])
def test_what_is_told_to_do_mends_it(sweep: Path, tmp_path: Path, file: str) -> None:
    """Moved away, a design is written again, and the runs of a file of rows are missing and nothing else."""
    out = shutil.copytree(sweep, tmp_path / "copy")
    plan = load_plan(out)
    for path in out.glob(file):
        path.unlink()
    done = execute(out, plan, workers=0, should_stop=lambda: True)
    assert done.missing == (0 if file.endswith("json") else plan.n_runs)
    assert Store.exists(out / RUNS) and (out / RUNS / "design.json").is_file()


def test_every_flipped_bit_of_a_trial_s_store_is_told(tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text(TRIAL)
    trial, folder = load_trial(tmp_path / "trial.yaml"), tmp_path / "out" / STORE

    def rows() -> list[Any]:
        with Store(folder, design_of(trial)) as store:
            return sorted(store.rows(), key=str)

    with HerePool() as pool:
        conduct(trial, tmp_path / "out", pool)
    reference = rows()
    assert len(reference) == 18
    for path, at, bit in flips(folder)[:60]:
        flipped(path, at, bit)
        with pytest.raises(UserError, match="--resume") as caught:
            rows()
        assert str(path) in str(caught.value)
        flipped(path, at, bit)
    assert rows() == reference
