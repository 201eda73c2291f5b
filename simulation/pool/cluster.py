"""The same tasks on dask.distributed, where a scheduler is running already (extra `cluster`).

Tasks write their results themselves and return little: what a lost worker held is then not lost with it. A window of
tasks is on its way at any time; each future is released as soon as it is done. Nothing here waits for ever: a
scheduler or workers that do not come, or do not come back, end the run with a sentence.
"""

import gc
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

from simulation.errors import MissingExtra, UserError
from simulation.pool.task import STRIKES, PoolLost, ShouldStop, Task, TaskResult, Work

__all__ = ["ClusterPool", "OtherModel"]

_PER_WORKER: Final = 2
_CONNECT_S: Final = 20.0
_WORKERS_S: Final = 60.0  # so long a cluster may be without a single worker
_ANSWER_S: Final = 10.0
_PATIENCE_S: Final = 0.5
_SILENCED: Final = (
    "distributed",
    "tornado",
    "asyncio",
)  # loggers: what they say of a lost scheduler is told in words


class OtherModel(UserError):  # noqa: N818 - its base says that it is an error
    """Say that a worker's installation holds another model: its rows would be of another study."""


class ClusterPool:
    """Send tasks to the scheduler at `address`, such as tcp://host:8786, or to that of a scheduler file (a path).

    `model` returns the digest of the model that is installed where it is called; workers with another one are refused.
    """

    def __init__(
        self, address: str, *, model: Callable[[], str], should_stop: ShouldStop = lambda: False
    ) -> None:
        try:
            import distributed  # noqa: F401
        except ImportError:
            raise MissingExtra("dask.distributed, which --scheduler needs,", "cluster") from None
        self._address = address
        self._model = model
        self._should_stop = should_stop
        self._client: Any = None
        self._alone_since: float | None = None
        self._levels: dict[str, int] = {}

    def __enter__(self) -> Self:
        """Connect, and refuse a cluster without workers, or whose workers have other versions or another model."""
        known = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in _SILENCED]
        self._levels = {name: logging.getLogger(name).level for name in known}
        for name in known:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        try:
            self._connect()
            self._await_workers()
            if not self._should_stop():
                self._check()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the cluster to its owner."""
        if self._client is not None:
            with suppress(OSError, TimeoutError):
                self._client.close(timeout=_ANSWER_S)
            self._client = None
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)

    @property
    def width(self) -> int:
        """Return how many threads the cluster's workers have; 1 while there are none."""
        return max(1, self._threads())

    def run(self, work: Work, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        """Yield a result per task as they come; see `Pool.run`.

        Raises
        ------
        PoolLost
            Where the scheduler, or its last worker, has been gone for long.
        OtherModel
            Where a worker that came later holds another model.
        """
        source = iter(tasks)
        again: list[Task] = []
        flying: dict[Any, Task] = {}
        checked = _CheckedWork(work, self._model, self._model())
        while True:
            stop = self._should_stop()
            threads = self._threads() if stop else self._present()
            if stop and not threads:
                return  # nobody will finish what was begun
            while threads and not stop and len(flying) < _PER_WORKER * threads:
                task = again.pop() if again else next(source, None)
                if task is None:
                    break
                future = self._asked(partial(self._client.submit, checked, task.runs, pure=False))
                if future is None:
                    again.append(task)
                    break
                flying[future] = task
            if not flying and threads and not again:
                return
            if not flying:
                if stop:
                    return
                time.sleep(_PATIENCE_S)
                continue
            self._wait(list(flying))
            for future in [future for future in flying if future.status != "pending"]:
                task = flying.pop(future)
                yield from self._collect(future, task, again)
                future.release()

    def _collect(self, future: Any, task: Task, again: list[Task]) -> Iterator[TaskResult]:
        from distributed import KilledWorker

        error = value = None
        try:
            error = future.exception(timeout=_ANSWER_S)
            value = None if error is not None else future.result(timeout=_ANSWER_S)
        except (CancelledError, OSError, TimeoutError):  # scheduler restarted, or result lost with its worker
            again.append(task)
            return
        if isinstance(error, OtherModel):
            raise error
        if error is None:
            yield TaskResult(task, value)
        elif isinstance(error, KilledWorker):
            for part in task.struck():
                if part.strikes >= STRIKES:
                    yield TaskResult(
                        part, died="worker processes of the cluster died over it, again and again"
                    )
                else:
                    again.append(part)
        else:
            yield TaskResult(task, error=error)

    # Who is there ---------------------------------------------------------------------------------------

    def _connect(self) -> None:
        import distributed

        cluster: Any = distributed
        address = self._scheduler()
        try:
            self._client = cluster.Client(address, timeout=_CONNECT_S, set_as_default=False)
        # AssertionError: distributed's own thread did not start in its ten seconds, on a machine that is busy
        except (OSError, TimeoutError, ValueError, AssertionError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        else:
            return
        # A client that did not come about closes itself when it is collected. Were that in the making of the next one, which
        # holds the lock that closing waits for, the process would wait for ever.
        gc.collect()
        raise UserError(f"no scheduler answers there ({reason})", file=self._address)

    def _scheduler(self) -> str:
        """Return the scheduler's address; a scheduler file that is not there yet would be waited for, for ever."""
        if not self._address.endswith(".json"):
            return self._address
        try:
            return str(json.loads(Path(self._address).read_text(encoding="utf-8"))["address"])
        except OSError as error:
            reason = error.strerror or error
            raise UserError(f"the scheduler file cannot be read: {reason}", file=self._address) from None
        except (ValueError, KeyError, TypeError):
            raise UserError("this is no scheduler file: it names no address", file=self._address) from None

    def _await_workers(self) -> None:
        began = time.monotonic()
        while not self._should_stop() and not self._threads():
            if time.monotonic() - began > _WORKERS_S:
                message = (
                    f"the scheduler has no workers (waited {_WORKERS_S:.0f} s); start some with: dask worker"
                )
                raise UserError(message, file=self._address)
            time.sleep(_PATIENCE_S)

    def _check(self) -> None:
        try:
            self._client.get_versions(check=True)
        except ValueError as error:
            raise UserError(f"the cluster runs other versions: {error}", file=self._address) from None
        own = self._model()
        for worker, digest in sorted(self._client.run(self._model, on_error="return").items()):
            if digest != own:
                raise _other_model(str(worker), digest, own)

    def _threads(self) -> int:
        """Return how many threads the workers have; 0 also where the scheduler does not answer."""
        threads = self._asked(lambda: self._client.nthreads()) if self._connected else None
        return sum(threads.values()) if threads else 0

    @property
    def _connected(self) -> bool:
        return self._client is not None and self._client.status == "running"

    def _present(self) -> int:
        """Return the workers' threads; raise where there has been none for long."""
        threads = self._threads()
        if threads:
            self._alone_since = None
            return threads
        now = time.monotonic()
        self._alone_since = now if self._alone_since is None else self._alone_since
        if self._connected:
            who, patience = "all workers of the cluster are gone", _WORKERS_S
        else:
            who, patience = "the scheduler does not answer any more", _CONNECT_S
        if now - self._alone_since > patience:
            raise PoolLost(who, file=self._address)
        return 0

    def _asked(self, question: Callable[[], Any]) -> Any:
        """Return the scheduler's answer; None where there is none."""
        try:
            return question()
        except (CancelledError, OSError, TimeoutError, RuntimeError, AttributeError):
            return None  # a client that gives up takes itself apart: what it asked with is then None

    def _wait(self, futures: list[Any]) -> None:
        import distributed

        cluster: Any = distributed
        with suppress(CancelledError, OSError, TimeoutError, RuntimeError), self._client.as_current():
            cluster.wait(futures, timeout=_PATIENCE_S, return_when="FIRST_COMPLETED")


@dataclass(frozen=True, slots=True)
class _CheckedWork:
    """Be the work, refused where another model is installed: a worker may join, or be replaced, at any time."""

    work: Work
    model: Callable[[], str]
    digest: str

    def __call__(self, runs: Any) -> Any:
        import socket

        digest = self.model()
        if digest != self.digest:
            raise _other_model(socket.gethostname(), digest, self.digest)
        return self.work(runs)


def _other_model(worker: str, digest: object, own: str) -> OtherModel:
    if isinstance(digest, BaseException):
        message = f"the worker cannot load this program ({type(digest).__name__}: {digest})".splitlines()[0]
    else:
        message = f"the worker's installation holds another model: its digest is {digest}, that of this program {own}"
    return OtherModel(f"{message}; install the same version there and start the worker again", file=worker)
