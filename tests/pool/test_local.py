"""Processes: nothing is lost, nothing is done twice, a bad run harms only itself, and nobody is left behind."""

import multiprocessing.forkserver
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.errors import ExitStatus, MissingExtra
from simulation.pool import HerePool, LocalPool, PoolLost, Task, open_pool
from tests.pool import jobs

ROOT = Path(__file__).resolve().parents[2]
unix = pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")


def tasks(n: int, size: int = 1) -> list[Task]:
    return [Task(tuple(range(i, min(i + size, n)))) for i in range(0, n, size)]


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_every_task_comes_back_once(workers: int) -> None:
    with open_pool(workers, model=jobs.model) as pool:
        result = sorted(value for outcome in pool.run(jobs.double, tasks(23, 4)) for value in outcome.value)
        again = sorted(value for outcome in pool.run(jobs.double, tasks(5)) for value in outcome.value)
    assert result == [2 * i for i in range(23)]
    assert again == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("pool_of", [HerePool, lambda: LocalPool(2)])
def test_a_run_that_raises_is_an_outcome_like_others(pool_of: type[HerePool]) -> None:
    with pool_of() as pool:
        outcomes = list(pool.run(jobs.raise_on_three, tasks(6)))
    failed = [outcome for outcome in outcomes if not outcome.ok]
    assert len(outcomes) == 6
    assert [outcome.task.runs for outcome in failed] == [(3,)]
    assert isinstance(failed[0].error, ValueError)
    assert "three is too many" in str(failed[0].error)


@unix
def test_a_run_that_kills_its_worker_twice_costs_only_itself() -> None:
    with LocalPool(2) as pool:
        outcomes = list(pool.run(jobs.die_on_three, tasks(12, 4)))
        assert len(pool.processes) == 2
    done = sorted(value for outcome in outcomes if outcome.ok for value in outcome.value)
    (bad,) = [outcome for outcome in outcomes if not outcome.ok]
    assert done == [i for i in range(12) if i != 3]
    assert bad.task.runs == (3,)
    assert "died 2 times" in bad.died
    assert "signal 9" in bad.died


@unix
def test_runs_survive_a_worker_that_is_killed_once(tmp_path: Path) -> None:
    work = [Task(((i, str(tmp_path)), (i + 1, str(tmp_path)))) for i in range(0, 20, 2)]
    with LocalPool(2) as pool:
        outcomes = list(pool.run(jobs.die_once, work))
        assert pool.deaths == 4
    assert all(outcome.ok for outcome in outcomes)
    assert sorted(value for outcome in outcomes for value in outcome.value) == list(range(20))


@unix
def test_a_worker_killed_from_outside_is_replaced() -> None:
    with LocalPool(2) as pool:
        done = 0
        for outcome in pool.run(jobs.slow_double, tasks(30)):
            done += outcome.ok
            if done == 5:
                os.kill(pool.processes[0], signal.SIGKILL)
    assert done == 30


def test_tasks_are_taken_only_as_fast_as_they_are_worked_off() -> None:
    taken = 0

    def source() -> Iterator[Task]:
        nonlocal taken
        for task in tasks(40):
            taken += 1
            yield task

    with LocalPool(2) as pool:
        for number, _ in enumerate(pool.run(jobs.double, source()), 1):
            assert taken <= number + 2


def test_stopping_finishes_what_was_begun_and_begins_nothing() -> None:
    stop = False
    with LocalPool(2, should_stop=lambda: stop) as pool:
        done = []
        for outcome in pool.run(jobs.slow_double, tasks(50)):
            done.append(outcome)
            stop = stop or len(done) == 3
    assert 3 <= len(done) <= 6
    assert all(outcome.ok for outcome in done)


def test_workers_have_one_thread_ignore_ctrl_c_and_load_nothing_heavy() -> None:
    with LocalPool(1, preload=("simulation.trial.task",)) as pool:
        (results,) = [outcome.value for outcome in pool.run(jobs.settings, tasks(1))]
    assert results["threads"] == os.environ.get("OPENBLAS_NUM_THREADS", "1")
    assert results["interrupt"]
    assert results["heavy"] == []
    assert (
        "OPENBLAS_NUM_THREADS" not in os.environ or os.environ["OPENBLAS_NUM_THREADS"] == results["threads"]
    )


def test_what_cannot_be_sent_home_is_an_error_not_the_end() -> None:
    with LocalPool(1) as pool:
        (outcome,) = pool.run(jobs.no_pickle, tasks(1))
        assert not outcome.ok
        assert [one.value for one in pool.run(jobs.double, tasks(1))] == [[0]]


PARENT = """
import sys
from simulation.pool import LocalPool, Task
from tests.pool import jobs
if __name__ == "__main__":
    with LocalPool(2) as pool:
        list(pool.run(jobs.write_pid_and_sleep, [Task((sys.argv[1],))] * 2))
"""


@unix
def test_workers_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    folder = tmp_path / "pids"
    folder.mkdir()
    parent = subprocess.Popen(
        [sys.executable, str(script), str(folder)], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    try:
        pids = wait_for(lambda: list(folder.iterdir()), 2)
    finally:
        parent.kill()
        parent.wait()
    wait_for(lambda: [path for path in pids if not alive(int(path.name.partition("-")[2]))], 2)


def wait_for(look: "object", n: int) -> list[Path]:
    for _ in range(300):
        result: list[Path] = look()  # type: ignore[operator]
        if len(result) >= n:
            return result
        time.sleep(0.1)
    raise AssertionError("it did not happen within 30 s")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_cluster_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtra, match="--extra cluster"):
        open_pool(1, "tcp://127.0.0.1:1", model=jobs.model)


STARTER = """
import sys
from simulation.pool import LocalPool, Task
from tests.pool import jobs
if __name__ == "__main__":
    with LocalPool(2, preload=("tests.pool.dies_while_loading",)) as pool:
        print(sorted(outcome.value[0] for outcome in pool.run(jobs.double, [Task((i,)) for i in range(4)])))
"""


@unix
@pytest.mark.parametrize(
    ("deaths", "message"), [(1, "[0, 2, 4, 6]"), (99, "no worker process can be started")]
)
def test_a_fork_server_that_is_killed_while_it_starts(tmp_path: Path, deaths: int, message: str) -> None:
    script = tmp_path / "starter.py"
    script.write_text(STARTER)
    env = os.environ | {"PYTHONPATH": str(ROOT), "DEATHS_OF_TESTS": f"{tmp_path}:{deaths}"}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )
    assert message in done.stdout + done.stderr
    assert (done.returncode == 0) == (deaths == 1)


def test_who_lets_no_process_start_is_told_with_status_4(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: object) -> None:
        raise BlockingIOError("too many processes")

    pool = LocalPool(2)
    monkeypatch.setattr(pool._context.Process, "start", refused)
    monkeypatch.setattr("simulation.pool.local._PATIENCE_S", 0.0)
    with pytest.raises(PoolLost, match="too many processes") as caught, pool:
        pass
    assert caught.value.exit_status == ExitStatus.FAILED_RUNS


@unix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_to_the_whole_group_end_no_worker(number: signal.Signals) -> None:
    """A terminal sends Ctrl-C, a cluster's scheduler SIGTERM to all processes of a job: the parent decides what they mean."""
    with LocalPool(2) as pool:
        server = multiprocessing.forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
        done = 0
        for outcome in pool.run(jobs.slow_double, tasks(20)):
            done += outcome.ok
            for process in (*pool.processes, server):
                os.kill(process, number)
        assert (done, pool.deaths) == (20, 0)
        assert alive(server)


@unix
def test_a_fork_server_that_is_killed_in_the_middle_costs_nothing() -> None:
    with LocalPool(2) as pool:
        done = 0
        for outcome in pool.run(jobs.slow_double, tasks(20)):
            done += outcome.ok
            if done == 3:
                os.kill(multiprocessing.forkserver._forkserver._forkserver_pid, signal.SIGKILL)  # type: ignore[attr-defined]
            if done == 8:
                os.kill(pool.processes[0], signal.SIGKILL)  # its successor needs another server
    assert done == 20
