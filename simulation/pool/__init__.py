"""Many runs over many processes: here (`LocalPool`), in this process (`HerePool`) or on a cluster (`ClusterPool`).

All three take the same tasks and the same function, and give back the same results in whatever order they come.
"""

from simulation.pool.here import HerePool
from simulation.pool.local import LocalPool
from simulation.pool.task import Outcome, Pool, ShouldStop, Task

__all__ = ["HerePool", "LocalPool", "Outcome", "Pool", "ShouldStop", "Task", "open_pool"]


def open_pool(
    workers: int,
    scheduler: str | None = None,
    *,
    preload: tuple[str, ...] = (),
    should_stop: ShouldStop = lambda: False,
) -> Pool:
    """Return the pool that was asked for: a cluster's, `workers` processes, or none but this one (0)."""
    if scheduler is not None:
        from simulation.pool.cluster import ClusterPool

        return ClusterPool(scheduler, should_stop=should_stop)
    if workers == 0:
        return HerePool(should_stop=should_stop)
    return LocalPool(workers, preload=preload, should_stop=should_stop)
