"""The same sweep on a real scheduler with two worker processes, one of which is killed in the middle."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.sweep.execute import Progress, execute
from simulation.sweep.load import load_sweep
from simulation.sweep.prepare import check_sweep, prepare
from tests.sweep.fake import ROOT
from tests.sweep.test_execute import contents, stored_runs

pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")
type Cluster = tuple[Path, list[subprocess.Popen[bytes]]]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = tmp_path / "scheduler.json"
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])

    def start(*words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", *words], cwd=tmp_path, env=os.environ | {"PYTHONPATH": path},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    host = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--scheduler-file", str(file))
    scheduler = start("distributed.cli.dask_scheduler", *host)
    words = (
        "distributed.cli.dask_worker",
        f"tcp://127.0.0.1:{port}",
        "--nthreads",
        "1",
        "--no-nanny",
        "--no-dashboard",
    )
    workers = [start(*words) for _ in range(2)]
    try:
        yield file, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def test_every_run_is_done_exactly_once_though_a_worker_is_killed(
    cluster: Cluster, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulation.sweep.execute._BATCH_S", 0.01)
    file, workers = cluster
    for _ in range(200):
        if file.exists():
            break
        time.sleep(0.05)
    sweep = load_sweep(small)
    n = check_sweep(sweep)
    killed: list[int] = []

    def kill(progress: Progress) -> None:
        if progress.done >= 8 and progress.width == 2 and not killed:
            killed.append(progress.done)
            workers[0].send_signal(signal.SIGKILL)

    there, here = tmp_path / "there", tmp_path / "here"
    plan = prepare(sweep, there, n, resume=False)
    done = execute(there, plan, workers=1, scheduler=str(file), on_progress=kill)
    assert killed and killed[0] < 36
    assert (done.missing, done.failed) == (0, 0)
    table = contents(there, plan)
    assert [row["run"] for row in table] == list(range(36))
    assert set(stored_runs(there)) == set(range(36))
    execute(here, prepare(sweep, here, n, resume=False), workers=0)
    assert table == contents(here, plan)  # the table has every run once, the same as on this machine
    assert max(Counter(stored_runs(there)).values()) <= 2  # what the dead worker had written and not yet told
