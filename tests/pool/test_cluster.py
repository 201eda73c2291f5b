"""A real scheduler and two real worker processes on this machine: killed, missing, or of another installation."""

import json
import re
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from simulation.errors import ExitStatus, UserError
from simulation.pool import Pool, PoolLost, Task, open_pool
from simulation.provenance import model_sha256
from tests.pool import jobs, real_cluster
from tests.pool.real_cluster import ROOT, Process, Start, worker

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")
cluster, scheduler, starter = real_cluster.cluster, real_cluster.scheduler, real_cluster.starter
type Cluster = tuple[str, list[Process]]


def both_there(pool: Pool) -> None:
    for _ in range(100):
        if pool.width == 2:
            return
        time.sleep(0.1)
    raise AssertionError("the workers did not come within 10 s")


def test_the_same_results_though_a_worker_is_killed(cluster: Cluster) -> None:
    address, workers = cluster
    with open_pool(1, address, model=jobs.model) as pool:
        both_there(pool)
        done = []
        for outcome in pool.run(jobs.slow_double, [Task((i, i + 1)) for i in range(0, 80, 2)]):
            assert outcome.ok, outcome
            done += outcome.value
            if len(done) == 20:
                workers[0].send_signal(signal.SIGKILL)
    assert sorted(done) == [2 * i for i in range(80)]


def test_a_run_that_raises_on_the_cluster(cluster: Cluster) -> None:
    with open_pool(1, cluster[0], model=jobs.model) as pool:
        outcomes = list(pool.run(jobs.raise_on_three, [Task((i,)) for i in range(5)]))
    assert [outcome.task.runs for outcome in outcomes if not outcome.ok] == [(3,)]


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("simulation.pool.cluster._CONNECT_S", 1)
    file = tmp_path / "scheduler.json"
    with pytest.raises(UserError, match="cannot be read"), open_pool(1, str(file), model=jobs.model):
        pass
    file.write_text("[1]")
    with pytest.raises(UserError, match="names no address"), open_pool(1, str(file), model=jobs.model):
        pass
    file.write_text(json.dumps({"address": "tcp://127.0.0.1:9"}))
    for address in ("tcp://127.0.0.1:9", "nonsense://x", "no.such.host.invalid:8786", str(file)):
        with pytest.raises(UserError, match="no scheduler answers"), open_pool(1, address, model=jobs.model):
            pass


def test_a_scheduler_without_workers(scheduler: tuple[str, Process], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.pool.cluster._WORKERS_S", 0.5)
    with pytest.raises(UserError, match="has no workers"), open_pool(1, scheduler[0], model=jobs.model):
        pass
    monkeypatch.undo()
    began = time.monotonic()
    # Ctrl-C while it waits
    with open_pool(
        1, scheduler[0], model=jobs.model, should_stop=lambda: time.monotonic() > began + 1
    ) as pool:
        assert list(pool.run(jobs.double, [Task((1,))])) == []
    assert time.monotonic() < began + 20


def test_all_workers_are_killed(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    address, workers = cluster
    stop = False
    with open_pool(1, address, model=jobs.model, should_stop=lambda: stop) as pool:
        both_there(pool)
        monkeypatch.setattr("simulation.pool.cluster._WORKERS_S", 0.5)
        monkeypatch.setattr("simulation.pool.cluster._ANSWER_S", 1)
        with pytest.raises(PoolLost, match="all workers") as caught:
            for _ in pool.run(jobs.slow_double, [Task((i,)) for i in range(80)]):
                for process in workers:
                    process.kill()
        assert caught.value.exit_status == ExitStatus.FAILED_RUNS and "--resume" in str(caught.value)
        stop = True  # Ctrl-C, while nobody is there who could finish anything
        assert list(pool.run(jobs.double, [Task((1,))])) == []


def test_the_scheduler_is_killed(
    scheduler: tuple[str, Process],
    starter: Start,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    address, process = scheduler
    worker(starter, address)
    with open_pool(1, address, model=jobs.model) as pool:
        monkeypatch.setattr("simulation.pool.cluster._CONNECT_S", 0.5)
        with pytest.raises(PoolLost, match="does not answer any more") as caught:
            for _ in pool.run(jobs.slow_double, [Task((i,)) for i in range(80)]):
                process.kill()
    assert caught.value.exit_status == ExitStatus.FAILED_RUNS and "--resume" in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_worker_with_another_model_is_refused(scheduler: tuple[str, Process], starter: Start) -> None:
    address, _ = scheduler
    worker(starter, address, MODEL_OF_TESTS="changed")
    text = "its digest is changed, that of this program the same"
    with pytest.raises(UserError, match=text) as caught, open_pool(1, address, model=jobs.model):
        pass
    assert caught.value.exit_status == ExitStatus.USAGE


def test_a_worker_whose_parameter_table_differs_is_refused(
    scheduler: tuple[str, Process], starter: Start, tmp_path: Path
) -> None:
    """The whole chain: a copy of this package with one number changed, found by the model's own digest."""
    address, _ = scheduler
    ignore = shutil.ignore_patterns("__pycache__", "browser", "validation")
    copied = shutil.copytree(ROOT / "simulation", tmp_path / "simulation", ignore=ignore)
    table = copied / "data" / "parameters.yaml"
    table.write_text(table.read_text().replace("value: 0.2 /day", "value: 0.3 /day", 1))
    worker(starter, address, PYTHONPATH=str(tmp_path))
    with (
        pytest.raises(UserError, match="holds another model") as caught,
        open_pool(1, address, model=model_sha256),
    ):
        pass
    digests = re.findall("[0-9a-f]{64}", str(caught.value))
    assert digests[1] == model_sha256() and len(set(digests)) == 2


def test_a_worker_with_another_model_that_comes_later_is_refused(cluster: Cluster, starter: Start) -> None:
    address, _ = cluster
    done = 0
    with open_pool(1, address, model=jobs.model) as pool:
        both_there(pool)
        with pytest.raises(UserError, match="its digest is changed"):
            for _ in pool.run(jobs.slow_double, (Task((i,)) for i in range(10_000))):
                done += 1
                if done == 1:
                    worker(starter, address, MODEL_OF_TESTS="changed")
    assert done < 2000


def test_a_worker_without_the_program_is_refused(
    scheduler: tuple[str, Process], starter: Start, tmp_path: Path
) -> None:
    address, _ = scheduler
    broken = tmp_path / "tests"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('not here')\n")
    worker(starter, address, PYTHONPATH=str(tmp_path))
    with pytest.raises(UserError, match="cannot load this program"), open_pool(1, address, model=jobs.model):
        pass
