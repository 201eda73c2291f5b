"""The same trial on a real cluster of two workers, one of them killed in the middle."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulation.pool import HerePool, open_pool
from simulation.provenance import model_sha256
from simulation.trial.conduct import conduct
from simulation.trial.schema import Trial
from tests.pool import real_cluster
from tests.trial.test_execute import rows_in, whole

pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")
cluster, scheduler, starter = real_cluster.cluster, real_cluster.scheduler, real_cluster.starter


def test_the_numbers_are_those_of_this_machine(
    trial: Trial, tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, workers = cluster

    def kill_one(progress: Any) -> None:
        if progress.done == 2:
            workers[0].send_signal(signal.SIGKILL)

    with open_pool(1, address, model=model_sha256) as pool:
        there = conduct(trial, tmp_path / "there", pool, on_progress=kill_one)
    with HerePool() as pool_here:
        here = conduct(trial, tmp_path / "here", pool_here)
    assert not there.missing
    assert there.view.comparison == here.view.comparison
    assert sorted(set(rows_in(trial, tmp_path / "there"))) == whole(trial, 6)
