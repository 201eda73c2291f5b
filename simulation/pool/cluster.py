"""The same tasks on dask.distributed, where a scheduler is running already (extra `cluster`).

Tasks write their results themselves and return little: what a lost worker held is then not lost with it. A window of
tasks is on its way at any time; each future is released as soon as it is done.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Self

from simulation.errors import MissingExtra, UserError
from simulation.pool.task import STRIKES, Outcome, ShouldStop, Task, Work

__all__ = ["ClusterPool"]

_PER_WORKER = 2
_CONNECT_S = 20
_PATIENCE_S = 0.5


class ClusterPool:
    """Send tasks to the scheduler at `address`, such as tcp://host:8786, or to that of a scheduler file (a path)."""

    def __init__(self, address: str, *, should_stop: ShouldStop = lambda: False) -> None:
        try:
            import distributed  # noqa: F401
        except ImportError:
            raise MissingExtra("dask.distributed, which --scheduler needs,", "cluster") from None
        self._address = address
        self._should_stop = should_stop
        self._client: Any = None

    def __enter__(self) -> Self:
        """Connect, and refuse a cluster whose workers have other versions of what matters."""
        import distributed

        cluster: Any = distributed

        where = (
            {"scheduler_file": self._address}
            if self._address.endswith(".json")
            else {"address": self._address}
        )
        try:
            self._client = cluster.Client(**where, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise UserError(f"no scheduler answers there ({error})", file=self._address) from None
        try:
            self._client.get_versions(check=True)
        except ValueError as error:
            self._client.close()
            raise UserError(f"the cluster runs other versions: {error}", file=self._address) from None
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the cluster to its owner."""
        if self._client is not None:
            self._client.close()
            self._client = None

    @property
    def width(self) -> int:
        """Return how many threads the cluster's workers have; 1 while there are none."""
        return max(1, sum(self._client.nthreads().values())) if self._client is not None else 1

    def run(self, work: Work, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Yield an outcome per task as they come; see `Pool.run`."""
        import distributed

        cluster: Any = distributed

        source = iter(tasks)
        again: list[Task] = []
        flying: dict[Any, Task] = {}
        while True:
            while len(flying) < _PER_WORKER * self.width and not self._should_stop():
                task = again.pop() if again else next(source, None)
                if task is None:
                    break
                flying[self._client.submit(work, task.runs, pure=False)] = task
            if not flying:
                return
            try:
                with self._client.as_current():
                    done = cluster.wait(list(flying), timeout=_PATIENCE_S, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                continue
            for future in done:
                task = flying.pop(future)
                yield from self._collect(future, task, again)
                future.release()

    def _collect(self, future: Any, task: Task, again: list[Task]) -> Iterator[Outcome]:
        from distributed import KilledWorker

        if future.status == "cancelled":  # the scheduler was restarted, or has forgotten it
            again.append(task)
            return
        error = future.exception()
        if error is None:
            yield Outcome(task, future.result())
        elif isinstance(error, KilledWorker):
            for part in task.struck():
                if part.strikes >= STRIKES:
                    yield Outcome(part, died="worker processes of the cluster died over it, again and again")
                else:
                    again.append(part)
        else:
            yield Outcome(task, error=error)
