"""A real scheduler and two real worker processes on this machine, for the tests that ask for `cluster`."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
type Process = subprocess.Popen[bytes]
type Start = Callable[..., Process]


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[Start]:
    """Return what starts a program of dask's with its arguments and changes of the environment; all are ended."""
    running: list[Process] = []

    def start(program: str, *words: str, **changes: str) -> Process:
        paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{program}", *words, "--no-dashboard"], cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": paths} | changes, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in reversed(running):
        process.kill()
        process.wait()


@pytest.fixture
def scheduler(starter: Start) -> tuple[str, Process]:
    """Return the address of a scheduler without workers, and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return f"tcp://127.0.0.1:{port}", starter("scheduler", "--host", "127.0.0.1", "--port", str(port))


@pytest.fixture
def cluster(starter: Start, scheduler: tuple[str, Process]) -> tuple[str, list[Process]]:
    return scheduler[0], [worker(starter, scheduler[0]) for _ in range(2)]


def worker(starter: Start, address: str, **changes: str) -> Process:
    return starter("worker", address, "--nthreads", "1", "--no-nanny", **changes)
