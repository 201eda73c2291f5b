"""Worker processes on this machine.

Each worker has a pipe of its own, so it is always known who works on what: when a worker dies (killed, out of memory),
another is started and exactly its task is tried again, alone; a second death is that run's end and nobody else's.
"""

import multiprocessing as mp
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

import simulation
from simulation.pool.task import STRIKES, PoolLost, ShouldStop, Task, TaskResult, Work
from simulation.pool.worker import ONE_THREAD, serve

__all__ = ["LocalPool"]

_PATIENCE_S = 0.2  # how long it may take to notice Ctrl-C
_GRACE_S = 2.0
_HOPELESS = 20  # deaths in a row: then it is the machine or the installation, not a run
_STARTS = 5  # so often a process is tried to be started


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    task: Task | None = None


class LocalPool:
    """Hold `workers` processes; `preload` names modules that the fork server imports once for all of them."""

    def __init__(
        self, workers: int, *, preload: tuple[str, ...] = (), should_stop: ShouldStop = lambda: False
    ) -> None:
        if workers < 1:
            raise ValueError("a pool needs at least one worker")
        self.width = workers
        self.deaths = 0  # workers that died unasked
        self._deaths_in_a_row = 0
        self._preload = preload
        self._should_stop = should_stop
        self._workers: list[_Worker] = []
        self._context: Any = mp.get_context("forkserver" if sys.platform == "linux" else "spawn")

    def __enter__(self) -> Self:
        """Start the workers."""
        self._context.set_forkserver_preload(list(self._preload))
        try:
            while len(self._workers) < self.width:
                self._workers.append(self._start())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        """Let idle workers go, and end those that still work."""
        for worker in self._workers:
            with suppress(OSError, ValueError):
                if worker.task is None:
                    worker.pipe.send(None)
                worker.pipe.close()
            if worker.task is not None:
                worker.process.kill()
        for worker in self._workers:
            worker.process.join(_GRACE_S)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._workers = []

    @property
    def processes(self) -> list[int]:
        """Return the workers' process ids."""
        return [worker.process.pid for worker in self._workers if worker.process.pid is not None]

    def run(self, work: Work, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        """Yield a result per task as they come; see `Pool.run`."""
        source = iter(tasks)
        again: deque[Task] = deque()
        while True:
            self._hand_out(work, source, again)
            busy = [worker for worker in self._workers if worker.task is not None]
            if not busy:
                if again and not self._should_stop():
                    continue
                return
            for worker in self._ready(busy):
                yield from self._collect(worker, again)

    def _hand_out(self, work: Work, source: Iterator[Task], again: deque[Task]) -> None:
        """Give every idle worker a task, those to be tried again first."""
        for index, worker in enumerate(self._workers):
            if worker.task is not None or self._should_stop():
                continue
            task = again.popleft() if again else next(source, None)
            if task is None:
                return
            worker.task = task
            try:
                worker.pipe.send((work, task.runs))
            except OSError:  # it died while it was idle, which is not the task's fault
                self._bury(worker)
                again.appendleft(task)
                self._workers[index] = self._start()

    def _ready(self, busy: list[_Worker]) -> list[_Worker]:
        """Wait until a worker answers or dies, or for a moment; return those concerned."""
        waiting: list[Any] = [worker.pipe for worker in busy] + [worker.process.sentinel for worker in busy]
        ready = wait(waiting, timeout=_PATIENCE_S)
        return [worker for worker in busy if worker.pipe in ready or worker.process.sentinel in ready]

    def _collect(self, worker: _Worker, again: deque[Task]) -> Iterator[TaskResult]:
        task = worker.task
        if task is None:
            return
        try:
            if not worker.pipe.poll() and worker.process.is_alive():
                return
            well, value = worker.pipe.recv()  # what it said before it died still counts
        except (EOFError, OSError):
            status = self._bury(worker)
            if self._deaths_in_a_row > _HOPELESS + self.width:
                raise PoolLost(f"worker processes keep dying, the last one {status}") from None
            self._workers[self._workers.index(worker)] = self._start()
            for part in task.struck():
                if part.strikes >= STRIKES:
                    yield TaskResult(
                        part, died=f"its worker process died {STRIKES} times, the last time {status}"
                    )
                else:
                    again.append(part)
            return
        worker.task, self._deaths_in_a_row = None, 0
        yield TaskResult(task, value) if well else TaskResult(task, error=value)

    def _bury(self, worker: _Worker) -> str:
        """Clear up after a dead worker and return how it ended."""
        self.deaths += 1
        self._deaths_in_a_row += 1
        worker.pipe.close()
        worker.process.join(_GRACE_S)
        code = worker.process.exitcode
        return f"by signal {-code}" if code is not None and code < 0 else f"with exit status {code}"

    def _start(self) -> _Worker:
        """Start a worker; a fork server that was killed, even while it started, is replaced by another.

        Raises
        ------
        PoolLost
            Where the system lets no process start.
        """
        for attempt in range(1, _STARTS + 1):
            ours, theirs = self._context.Pipe()
            process = self._context.Process(
                target=serve, args=(theirs,), daemon=True, name="simulation-worker"
            )
            try:
                with _inherited(), _unheard():
                    process.start()
                return _Worker(process, ours)
            except (
                OSError,
                EOFError,
                ValueError,
            ) as error:  # half a message from a dying server is no number
                ours.close()
                if attempt == _STARTS:
                    reason = str(error) or type(error).__name__
                    raise PoolLost(f"no worker process can be started ({reason})") from None
                time.sleep(_PATIENCE_S)
            finally:
                theirs.close()
        raise AssertionError("unreachable")


@contextmanager
def _unheard() -> Iterator[None]:
    """Keep Ctrl-C and SIGTERM from what is started here, from its first moment on: this process decides.

    Both may be sent to all processes of a group or job; here they are only put off.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # else it is started within, and lets the signals through when it is
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _inherited() -> Iterator[None]:
    """Let processes started here run this program, not another that is installed, with one thread unless told otherwise."""
    before = {name: os.environ.get(name) for name in (*ONE_THREAD, "PYTHONPATH")}
    place = str(Path(simulation.__file__).resolve().parents[1])
    paths = [place, *filter(None, [before["PYTHONPATH"]])]
    os.environ.update({**ONE_THREAD, **{name: value for name, value in before.items() if value is not None}})
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
