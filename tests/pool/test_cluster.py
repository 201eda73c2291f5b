"""A real scheduler and two real worker processes on this machine, one of them killed in the middle."""

import signal
import subprocess
import sys
import time

import pytest

from simulation.errors import UserError
from simulation.pool import Task, open_pool
from tests.pool import jobs, real_cluster

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")
cluster = real_cluster.cluster


def test_the_same_results_though_a_worker_is_killed(
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
) -> None:
    address, workers = cluster
    with open_pool(1, address) as pool:
        for _ in range(100):
            if pool.width == 2:
                break
            time.sleep(0.1)
        done = []
        for outcome in pool.run(jobs.slow_double, [Task((i, i + 1)) for i in range(0, 80, 2)]):
            assert outcome.ok, outcome
            done += outcome.value
            if len(done) == 20:
                workers[0].send_signal(signal.SIGKILL)
    assert sorted(done) == [2 * i for i in range(80)]


def test_a_run_that_raises_on_the_cluster(cluster: tuple[str, list[subprocess.Popen[bytes]]]) -> None:
    with open_pool(1, cluster[0]) as pool:
        outcomes = list(pool.run(jobs.raise_on_three, [Task((i,)) for i in range(5)]))
    assert [outcome.task.runs for outcome in outcomes if not outcome.ok] == [(3,)]


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.pool.cluster._CONNECT_S", 1)
    with pytest.raises(UserError, match="no scheduler answers"), open_pool(1, "tcp://127.0.0.1:9"):
        pass
