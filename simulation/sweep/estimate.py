"""What a sweep will cost: a few short runs, measured, times the number of runs."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simulation.runner import run
from simulation.store.rows import row_bytes
from simulation.sweep.load import Sweep
from simulation.sweep.plan import Plan
from simulation.sweep.points import point_scenario
from simulation.sweep.work import Job, Work, row_of, store_design

__all__ = ["Estimate", "estimate"]

_BUDGET_S: Final = 6.0  # for all measured runs together
_WARM_UP: Final = 2.0  # days: compiles what is not compiled yet
_START_S: Final = 3.0  # until the workers have loaded the program


@dataclass(frozen=True, slots=True)
class Estimate:
    """Hold what was measured (`runs`, seconds and bytes per run) and what it comes to."""

    runs: int
    measured: int
    seconds_per_run: float
    bytes_per_run: float
    workers: int

    @property
    def seconds(self) -> float:
        """Return the time of the whole sweep on so many workers."""
        return _START_S + self.runs * self.seconds_per_run / max(self.workers, 1)

    @property
    def bytes(self) -> float:
        """Return the disk space of the store."""
        return self.runs * self.bytes_per_run


def estimate(sweep: Sweep, plan: Plan, points: Sequence[tuple[float | str, ...]], workers: int) -> Estimate:
    """Measure runs at some points, each arm in turn, for a few seconds; a run cut short is scaled by its days."""
    work = Work.of(plan, "", store_design(plan))
    arms = list(plan.arms.items())
    spent = 0.0
    weights: list[float] = []
    sizes: list[int] = []
    for index in range(max(len(points), len(arms))):
        values = points[index % len(points)]
        arm, base = arms[index % len(arms)]
        scenario = point_scenario(base, plan.factors, values, arm)
        if not weights:
            run(scenario, seed=plan.seed, days=min(_WARM_UP, scenario.follow_up))
        began = time.perf_counter()
        limit = began + (_BUDGET_S - spent) / 2
        result = run(scenario, seed=plan.seed, should_stop=_Clock(limit).over)
        took = time.perf_counter() - began
        spent += took
        days = float(result.outcomes["days_simulated"])  # type: ignore[arg-type]
        share = days / scenario.follow_up if result.interrupted else 1.0
        weights.append(took / max(share, 0.01))
        sizes.append(_size(work, values, index % len(arms), result.outcomes))
        if spent > _BUDGET_S:
            break
    return Estimate(plan.n_runs, len(weights), sum(weights) / len(weights), sum(sizes) / len(sizes), workers)


class _Clock:
    def __init__(self, limit: float) -> None:
        self.limit = limit

    def over(self) -> bool:
        return time.perf_counter() > self.limit


def _size(work: Work, values: tuple[float | str, ...], arm: int, outcomes: Mapping[str, Any]) -> int:
    job = Job(10_000, 1000, arm, 100, 100, values)
    return row_bytes(row_of(work, job, outcomes, 1.0, None))
