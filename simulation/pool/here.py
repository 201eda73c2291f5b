"""No pool at all: everything in this process, one after the other; for debugging and for very small jobs."""

from collections.abc import Iterable, Iterator
from typing import Self

from simulation.pool.task import ShouldStop, Task, TaskResult, Work

__all__ = ["HerePool"]


class HerePool:
    """Work tasks off in this process."""

    width = 1

    def __init__(self, *, should_stop: ShouldStop = lambda: False) -> None:
        self._should_stop = should_stop

    def run(self, work: Work, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        """Yield a result per task, in order."""
        for task in tasks:
            if self._should_stop():
                return
            try:
                yield TaskResult(task, work(task.runs))
            except Exception as error:
                yield TaskResult(task, error=error)

    def __enter__(self) -> Self:
        """Start nothing."""
        return self

    def __exit__(self, *error: object) -> None:
        """End nothing."""
