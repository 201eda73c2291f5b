"""A million runs: memory and files stay small, and a batch is almost nothing but its runs."""

import tracemalloc
from itertools import islice
from pathlib import Path

import pytest

from simulation.analysis.responses import collect
from simulation.store import Shard, Store, write_shard
from simulation.sweep.design_files import PointReader
from simulation.sweep.execute import _Batches, execute
from simulation.sweep.load import load_sweep
from simulation.sweep.outcomes import find_outcome
from simulation.sweep.prepare import check_sweep, prepare
from simulation.sweep.table import RUNS, Table
from simulation.sweep.work import store_design
from tests.sweep.fake import planned

LARGE = """\
name: Large
scenario: SCENARIOS/preemptive.yaml
parameters:
  phi_bm: {range: table, n: 100}
  rate_contacts: {range: table, n: 100}
design: {kind: grid}
replicates: 100
"""
_MB = 2**20


def test_a_million_runs_are_handed_out_without_being_held(tmp_path: Path) -> None:
    folder, plan = planned(tmp_path, LARGE)
    assert plan.n_runs == 1_000_000
    tracemalloc.start()
    states = bytearray(plan.n_runs)
    batches = _Batches(folder, plan, states, Shard())
    for _ in range(10):
        batches.learn(0.01)
    seen = sum(len(task.runs) for task in islice(batches, 100))
    largest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen > 5_000
    assert largest < 12 * _MB  # a byte per run, and the 10,000 points


def test_a_large_design_is_streamed(tmp_path: Path) -> None:
    text = LARGE.replace("n: 100", "n: 300").replace("replicates: 100", "replicates: 1")
    sweep = load_sweep(tmp_path_file(tmp_path, text))
    n = check_sweep(sweep)
    assert n == 90_000
    tracemalloc.start()
    plan = prepare(sweep, tmp_path / "out", n, resume=False)
    reader = PointReader(tmp_path / "out", plan.factors, plan.n_points)
    last = [reader[i] for i in (0, 45_000, 89_999)]
    largest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert last[0] == (0.0, 50.0) and last[2] == (2.0, 500.0)
    assert largest < 6 * _MB


def tmp_path_file(folder: Path, text: str) -> Path:
    from tests.sweep.fake import write

    return write(folder, text)


def test_reading_ten_times_the_runs_takes_no_more_memory_per_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulation.analysis.responses._CHUNK", 500)
    peaks = {}
    for replicates in (10, 100):
        folder = tmp_path / str(replicates)
        folder.mkdir()
        out, plan = planned(
            folder,
            LARGE.replace("n: 100", "n: 5").replace("replicates: 100", f"replicates: {replicates * 10}"),
        )
        design = store_design(plan)
        with Store(out / RUNS, design) as store:
            runs = plan.runs()
            while part := list(islice(runs, 2500)):
                rows = [
                    {"run": r.number, "point": r.point, "arm": "base", "replicate": r.replicate, "patient": r.replicate,
                     "seed": 0, "phi_bm": 0.0, "rate_contacts": 50.0, "status": "done", "relapse_free_days": 1.0}
                    for r in part
                ]  # fmt: skip
                write_shard(out / RUNS, design, rows)
            store.merge(everything=True)
        assert len(list((out / RUNS / "rows").iterdir())) <= 8
        tracemalloc.start()
        responses = collect(Table(out, plan), [find_outcome("relapse_free_days")])
        peaks[replicates] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (responses.runs == replicates * 10).all()
    assert peaks[100] < 1.5 * peaks[10] + 25_000 * 2  # a byte per run, and nothing else that grows


def test_batches_are_almost_nothing_but_runs(small: Path, tmp_path: Path) -> None:
    text = (
        small.read_text(encoding="utf-8")
        .replace("follow_up: 20 d", "follow_up: 120 d")
        .replace("replicates: 3", "replicates: 8")
    )
    path = tmp_path / "longer.yaml"
    path.write_text(text, encoding="utf-8")
    sweep = load_sweep(path)
    shares = []
    for attempt in ("1", "2", "3"):  # the clock runs on while the machine does something else
        plan = prepare(sweep, tmp_path / attempt, check_sweep(sweep), resume=False)
        progress = execute(tmp_path / attempt, plan, workers=0).progress
        assert progress.done == plan.n_runs
        shares.append(progress.seconds / progress.wall)
    assert max(shares) > 0.95, shares
