"""Many runs over many processes: here (`LocalPool`), in this process (`HerePool`) or on a cluster (`ClusterPool`).

All three take the same tasks and the same function, and give back the same results in whatever order they come.
"""

from collections.abc import Callable

from simulation.pool.here import HerePool
from simulation.pool.local import LocalPool
from simulation.pool.task import Pool, PoolLost, ShouldStop, Task, TaskResult

__all__ = [
    "HerePool",
    "LocalPool",
    "Pool",
    "PoolLost",
    "ShouldStop",
    "Task",
    "TaskResult",
    "few_workers",
    "open_pool",
]


def open_pool(
    workers: int,
    scheduler: str | None = None,
    *,
    model: Callable[[], str],
    preload: tuple[str, ...] = (),
    should_stop: ShouldStop = lambda: False,
) -> Pool:
    """Return the pool that was asked for: a cluster's, `workers` processes, or none but this one (0).

    `model` returns the digest of the model where it is called; workers elsewhere must give the same.
    """
    if scheduler is not None:
        from simulation.pool.cluster import ClusterPool

        return ClusterPool(scheduler, model=model, should_stop=should_stop)
    if workers == 0:
        return HerePool(should_stop=should_stop)
    return LocalPool(workers, preload=preload, should_stop=should_stop)


def few_workers(workers: int, preload: str, should_stop: ShouldStop) -> Pool:
    """Return the pool of a job on this machine: so many processes that have loaded a module; one is this one."""
    if workers == 1:
        return HerePool(should_stop=should_stop)
    return LocalPool(workers, preload=(preload,), should_stop=should_stop)
