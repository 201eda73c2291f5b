"""What a pool takes and gives back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from simulation.errors import ExitStatus, UserError

__all__ = ["STRIKES", "Pool", "PoolLost", "ShouldStop", "Task", "TaskResult", "Work"]

type Work = Callable[[Any], Any]
type ShouldStop = Callable[[], bool]

STRIKES = 2  # a run whose worker died so often is not tried again


class PoolLost(UserError):  # noqa: N818 - its base says that it is an error
    """Say that those who worked are gone; runs are missing, and what is done is kept."""

    exit_status = ExitStatus.FAILED_RUNS

    def __init__(self, message: str, *, file: str | None = None) -> None:
        super().__init__(
            f"{message}; the runs in flight are lost, everything else is kept: go on with --resume", file=file
        )


@dataclass(frozen=True, slots=True)
class Task:
    """Hold the payloads of a batch of runs; the function gets the list of them.

    `strikes` counts workers that died over it. A batch that killed a worker is taken apart, so that one bad run does
    not take its neighbours with it.
    """

    runs: tuple[Any, ...]
    strikes: int = 0

    def struck(self) -> "Sequence[Task]":
        """Return what is to be tried again after a worker has died: each run on its own."""
        return [Task((run,), self.strikes + 1) for run in self.runs]


@dataclass(frozen=True, slots=True)
class TaskResult:
    """Hold what came of a task: `value` as the function returned it, or why there is none.

    `died` tells that workers died over it (killed, out of memory, segmentation fault); `error` is an exception that
    the function raised.
    """

    task: Task
    value: Any = None
    error: BaseException | None = None
    died: str = ""
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Return whether there is a value."""
        return self.error is None and not self.died

    def wanted(self) -> Any:
        """Return the value; raise why there is none."""
        if not self.ok:
            raise self.error or RuntimeError(self.died)
        return self.value


class Pool(Protocol):
    """Work through tasks; use as a context, which ends the workers."""

    @property
    def width(self) -> int:
        """Return how many tasks are worked on at once."""
        ...

    def run(self, work: Work, tasks: Iterable[Task]) -> Iterator[TaskResult]:
        """Yield a result per task as they come; `tasks` is read only as fast as it is worked off.

        When `should_stop` says yes, no further task is begun, and those that were are finished. `work` is a function
        of a module, called with the tuple of a task's runs.
        """
        ...

    def __enter__(self) -> Self:
        """Start the workers."""
        ...

    def __exit__(self, *error: object) -> None:
        """End the workers."""
        ...
