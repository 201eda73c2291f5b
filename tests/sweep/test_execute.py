"""Running a sweep: the same rows however it is run, interrupted, killed and taken up again; every run exactly once."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from simulation.life import simulate, strategies
from simulation.pool import LocalPool, Pool
from simulation.scenario import load_scenario
from simulation.store import Shard, Store
from simulation.sweep.execute import Progress, execute
from simulation.sweep.load import load_sweep
from simulation.sweep.plan import Plan
from simulation.sweep.points import point_scenario
from simulation.sweep.prepare import check_sweep, prepare
from simulation.sweep.table import Table, store_folders
from simulation.sweep.work import Job, Work, rows_of, store_design
from tests.sweep.fake import ROOT


def started(path: Path, folder: Path) -> Plan:
    sweep = load_sweep(path)
    return prepare(sweep, folder, check_sweep(sweep), resume=False)


def contents(folder: Path, plan: Plan) -> list[dict[str, Any]]:
    """Return the rows without the time they took."""
    rows = [
        {key: value for key, value in row.items() if key != "seconds"} for row in Table(folder, plan).rows()
    ]
    return sorted(rows, key=lambda row: int(row["run"]))


def stored_runs(folder: Path) -> list[int]:
    """Return the run of every row that stands in a file, repetitions too."""
    results = []
    for place in store_folders(folder):
        for path in (place / "rows").glob("*.parquet"):
            results += pq.read_table(path, filters=[("status", "=", "done")])["run"].to_pylist()
    return results


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return the rows of the small sweep, run in this process without interruption."""
    from tests.sweep.conftest import SMALL
    from tests.sweep.fake import write

    folder = tmp_path_factory.mktemp("reference")
    plan = started(write(folder, SMALL), folder / "out")
    done = execute(folder / "out", plan, workers=0)
    assert (done.progress.done, done.missing, done.failed) == (36, 0, 0)
    return contents(folder / "out", plan)


def test_a_run_of_a_sweep_is_the_run_of_its_scenario(small: Path, reference: list[dict[str, Any]]) -> None:
    sweep = load_sweep(small)
    for row in (reference[1], reference[22], reference[35]):
        base = sweep.arms[row["arm"]].to_yaml()
        scenario = point_scenario(base, sweep.factors, (row["phi_bm"], row["dli.cd3"]), row["arm"])
        (life,) = simulate([scenario], seed=5, patient=row["replicate"])
        outcomes = life.outcomes()
        assert outcomes["final_blasts"] == row["final_blasts"]
        assert outcomes["relapse_free_days"] == row["relapse_free_days"]


def test_every_point_has_the_same_patients(reference: list[dict[str, Any]]) -> None:
    patients: dict[tuple[int, str], list[int]] = {}
    for row in reference:
        patients.setdefault((row["point"], row["arm"]), []).append(row["patient"])
    assert set(map(tuple, patients.values())) == {(0, 1, 2)}
    # the point is in no key: what differs only in the dose of a DLI that never came is the same to the last cell
    late = [row for row in reference if row["arm"] == "late" and row["replicate"] == 0 and row["phi_bm"] == 0]
    untouched = {row["final_blasts"] for row in late if not row["dli_count"]}
    assert len(untouched) <= 1


def test_processes_give_the_same_rows_even_if_one_is_killed(
    small: Path, tmp_path: Path, reference: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulation.sweep.execute._BATCH_S", 0.01)
    plan = started(small, tmp_path / "out")
    pools: list[Pool] = []

    def kill_once(progress: Progress) -> None:
        pool = pools[0]
        if progress.done >= 4 and isinstance(pool, LocalPool) and pool.deaths == 0 and len(pools) == 1:
            os.kill(pool.processes[0], signal.SIGKILL)
            pools.append(pool)

    done = execute(tmp_path / "out", plan, workers=2, on_progress=kill_once, on_pool=pools.append)
    assert (done.missing, done.failed) == (0, 0)
    assert isinstance(pools[0], LocalPool) and pools[0].deaths == 1
    assert contents(tmp_path / "out", plan) == reference


def test_resuming_runs_what_is_missing_and_nothing_else(
    small: Path, tmp_path: Path, reference: list[dict[str, Any]]
) -> None:
    plan, seen = started(small, tmp_path / "out"), [0]

    def stop() -> bool:
        return seen[0] >= 8

    def count(progress: Progress) -> None:
        seen[0] = progress.done

    first = execute(tmp_path / "out", plan, workers=0, should_stop=stop, on_progress=count)
    assert first.interrupted and 0 < first.missing < 36
    second = execute(tmp_path / "out", plan, workers=0)
    assert second.progress.before == 36 - first.missing and second.progress.done == first.missing
    assert contents(tmp_path / "out", plan) == reference
    assert Counter(stored_runs(tmp_path / "out")) == Counter(range(36))


@pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")
def test_kill_9_loses_only_the_runs_in_flight(
    small: Path, tmp_path: Path, reference: list[dict[str, Any]]
) -> None:
    out = tmp_path / "out"
    command = [
        sys.executable,
        str(ROOT / "run_sim.py"),
        "sweep",
        str(small),
        "--out",
        str(out),
        "--workers",
        "2",
    ]
    program = (
        "import sys; import simulation.sweep.execute as e; e._BATCH_S = 0.01; "
        "from simulation.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    slow = [sys.executable, "-c", program, *command[2:]]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(slow, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if len(list((out / "runs" / "rows").glob("*.parquet"))) >= 3:
            break
        time.sleep(0.01)
    process.kill()
    process.wait()
    before = set(stored_runs(out))
    assert before, "it was killed before anything was done"
    answer = subprocess.run(
        [*command, "--resume", "--json"], env=environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    assert document["done_before"] == len(before) and document["done_now"] == 36 - len(before)
    plan = started_again(small, out)
    assert contents(out, plan) == reference
    assert Counter(stored_runs(out)) == Counter(range(36))


def started_again(path: Path, folder: Path) -> Plan:
    sweep = load_sweep(path)
    return prepare(sweep, folder, check_sweep(sweep), resume=True)


def test_shards_of_a_job_array_make_a_whole(
    small: Path, tmp_path: Path, reference: list[dict[str, Any]]
) -> None:
    plan = started(small, tmp_path / "out")
    for index in (3, 1, 2):
        done = execute(tmp_path / "out", plan, workers=0, shard=Shard(index, 3))
        assert done.missing == 0 and 0 < done.progress.done < 30
    assert Counter(stored_runs(tmp_path / "out")) == Counter(range(36))
    assert contents(tmp_path / "out", plan) == reference


def test_a_run_that_fails_is_a_row_that_says_why(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = started(small, tmp_path / "out")

    def broken(scenarios: Any, *, patient: int, **more: Any) -> Any:
        if patient == 1 and any(one.parameters.get("phi_bm") == 1.0 for one in scenarios):
            raise ArithmeticError("cells are not conserved")
        return simulate(scenarios, patient=patient, **more)

    monkeypatch.setattr(strategies, "simulate", broken)
    done = execute(tmp_path / "out", plan, workers=0)
    assert (done.failed, done.missing, done.progress.done) == (4, 0, 32)
    assert {error for _, error in done.failures} == {"ArithmeticError: cells are not conserved"}
    monkeypatch.undo()
    again = execute(tmp_path / "out", plan, workers=0)  # a failed run is tried again
    assert (again.failed, again.progress.done) == (0, 4)
    with Store(tmp_path / "out" / "runs", store_design(plan)) as store:
        errors = [row["error"] for row in store.all_rows() if row["status"] == "failed"]
    assert len(errors) == 4


def test_a_point_that_is_not_valid_is_a_row_and_not_the_end(small: Path, tmp_path: Path) -> None:
    plan = started(small, tmp_path / "out")
    work = Work("", store_design(plan), tuple(plan.arms.items()), plan.factors, plan.outcomes, plan.seed)
    wrong, right = (Job(i, i, 0, 0, 0, (value, 1.0)) for i, value in enumerate((7.0, 0.5)))
    rows = sorted(rows_of(work, [wrong, right]), key=lambda row: row["run"])
    assert [row["status"] for row in rows] == ["failed", "done"]
    assert "not valid" in rows[0]["error"] and "0 to 2" in rows[0]["error"]


def test_outcomes_from_the_trajectory_and_independent_numbers(small: Path, tmp_path: Path) -> None:
    text = small.read_text(encoding="utf-8").replace(
        "late_agvhd: {of: agvhd_grade_2_day, by: day 15}", "cd3: {column: cd3_per_ul, at: day 7}"
    )
    path = tmp_path / "other.yaml"
    path.write_text(
        text.replace("replicates: 3", "replicates: 1\nrandom_numbers: independent"), encoding="utf-8"
    )
    plan = started(path, tmp_path / "out")
    execute(tmp_path / "out", plan, workers=0)
    rows = contents(tmp_path / "out", plan)
    assert all(row["cd3"] > 0 for row in rows)
    assert len({row["patient"] for row in rows}) == 6


def test_the_scenarios_in_the_folder_run_as_they_are(small: Path, tmp_path: Path) -> None:
    started(small, tmp_path / "out")
    assert load_scenario(tmp_path / "out" / "scenarios" / "early.yaml").follow_up == 20.0
