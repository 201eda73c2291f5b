"""Run what a plan still lacks: here, on several processes, or on a cluster; the same work and the same store."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from simulation.files.refusal import NotWritten
from simulation.life.strategies import OF_BODY
from simulation.parameters.table import ParameterTable
from simulation.pool import Pool, Task, TaskResult, open_pool
from simulation.provenance import model_sha256, provenance
from simulation.store import WHOLE, Shard, Store, parts_of, write_shard
from simulation.sweep.design_files import PointReader
from simulation.sweep.plan import Plan
from simulation.sweep.table import RUNS, Table
from simulation.sweep.work import Job, Summary, Work, failed_rows, store_design

__all__ = ["Progress", "SweepTally", "execute"]

_BATCH_S: Final = (
    8.0  # what one batch should take: long against its overhead, short against what a crash may cost
)
_FIRST_BATCH: Final = 4
_LARGEST_BATCH: Final = 2000
_MOST_TOGETHER: Final = 64  # runs of one patient that are simulated together, whatever they take
_PER_WORKER: Final = 4  # so many batches a worker should get at least
_PRELOAD: Final = ("simulation.runner", "simulation.sweep.work")


@dataclass(slots=True)
class Progress:
    """Say how far a sweep is; `seconds` is computing time of runs, `wall` of batches, summed over workers."""

    planned: int
    before: int
    done: int = 0
    failed: int = 0
    seconds: float = 0.0
    wall: float = 0.0
    elapsed: float = 0.0
    width: int = 1
    error: str = ""

    @property
    def overhead(self) -> float:
        """Return the share of the batches' time that was no run: reading scenarios, writing rows."""
        return max(0.0, 1 - self.seconds / self.wall) if self.wall > 0 else 0.0

    @property
    def idle(self) -> float:
        """Return the share of time in which workers waited: for the next batch, and at the end for the last one."""
        total = self.elapsed * self.width
        return max(0.0, 1 - self.wall / total) if total > 0 else 0.0


@dataclass(slots=True)
class SweepTally:
    """Hold what came of it: counts in this call, and what is still missing in the whole sweep."""

    progress: Progress
    missing: int
    failed: int
    interrupted: bool = False
    failures: list[tuple[int, str]] = field(default_factory=list)


def execute(
    folder: Path,
    plan: Plan,
    *,
    workers: int,
    scheduler: str | None = None,
    shard: Shard = WHOLE,
    should_stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    on_pool: Callable[[Pool], None] = lambda pool: None,
) -> SweepTally:
    """Run every run of the plan that is not done yet, and return what came of it.

    `should_stop` is asked often: when it says yes, no batch is begun any more, and those that run are finished.
    """
    table = Table(folder, plan)
    design = store_design(plan, provenance())
    place = (folder / shard.named(RUNS)).resolve()
    with Store(place, design) as store:
        if shard.whole:
            store.gather(parts_of(place).values())
        states = table.states()
        planned = sum(1 for number in range(plan.n_runs) if shard.includes(number))
        before = sum(1 for number, state in enumerate(states) if state == 1 and shard.includes(number))
        progress = Progress(planned, before)
        work = Work.of(plan, str(place), design)
        if before < planned:
            pool = open_pool(
                workers, scheduler, model=model_sha256, preload=_PRELOAD, should_stop=should_stop
            )
            with pool:
                on_pool(pool)
                progress.width = pool.width
                batches = _Batches(
                    folder, plan, states, shard, (planned - before) // (_PER_WORKER * pool.width)
                )
                began = time.perf_counter()
                for ended in pool.run(work, batches):
                    _take(ended, work, place, progress, batches)
                    progress.elapsed, progress.width = time.perf_counter() - began, pool.width
                    store.merge()
                    on_progress(progress)
        store.merge(everything=True)
        after = table.states()
    missing = sum(1 for number, state in enumerate(after) if state == 0 and shard.includes(number))
    failed = sum(1 for number, state in enumerate(after) if state == 2 and shard.includes(number))
    return SweepTally(
        progress, missing, failed, should_stop() and missing > 0, table.failures() if failed else []
    )


class _Batches:
    """Make tasks of the runs that are missing, as large as a batch should take.

    The arms of a point stay together, and where no factor changes the patient's body all points of a patient do, up to
    a limit: what such runs have in common is then simulated once.
    """

    def __init__(
        self, folder: Path, plan: Plan, states: bytearray, shard: Shard, most: int = _LARGEST_BATCH
    ) -> None:
        self._plan, self._states, self._shard = plan, states, shard
        self._points = PointReader(folder, plan.factors, plan.n_points)
        arms = len(plan.arms)
        self._patient = arms * plan.n_points if shares_body(plan) and shard.whole else arms
        # not so large that at the end some workers wait for the others
        self.least = max(arms, min(self._patient, _MOST_TOGETHER, most))
        self.size = max(_FIRST_BATCH, self.least)

    def learn(self, seconds_per_run: float) -> None:
        """Take note of what a run takes; the size follows slowly, as runs differ."""
        wanted = _BATCH_S / max(seconds_per_run, 1e-4)
        self.size = int(max(self.least, min(wanted, 2.0 * self.size, _LARGEST_BATCH)))

    def __iter__(self) -> Iterator[Task]:
        batch: list[Job] = []
        for run in self._plan.runs():
            if self._states[run.number] == 1 or not self._shard.includes(run.number):
                continue
            patient = self._plan.patient(run)
            another = bool(batch) and (patient, run.point) != (batch[-1].patient, batch[-1].point)
            if len(batch) >= self.size or (another and self._full(batch, patient)):
                yield Task(tuple(batch))
                batch = []
            batch.append(Job(run.number, run.point, run.arm, run.replicate, patient, self._points[run.point]))
        if batch:
            yield Task(tuple(batch))

    def _full(self, batch: list[Job], patient: int) -> bool:
        """Return whether the next point, or the next patient, would not fit as a whole."""
        together = self._patient if patient != batch[-1].patient else len(self._plan.arms)
        return len(batch) + min(together, self.least) > self.size


def shares_body(plan: Plan) -> bool:
    """Return whether the factors change only what the clinic does, so that all points begin alike."""
    roots = {path.partition(".")[0] for factor in plan.factors for path in factor.paths}
    return not any(root in OF_BODY or root in ParameterTable.load() for root in roots)


def _take(ended: TaskResult, work: Work, place: Path, progress: Progress, batches: _Batches) -> None:
    jobs: Any = ended.task.runs
    if ended.ok and isinstance(ended.value, Summary):
        summary = ended.value
        progress.done += summary.done
        progress.failed += summary.failed
        progress.seconds += summary.seconds
        progress.wall += summary.wall
        progress.error = summary.error or progress.error
        batches.learn(summary.wall / max(len(jobs), 1))
        return
    if isinstance(ended.error, NotWritten):
        consequence = "the runs in flight are lost, everything else is kept: go on with --resume"
        raise NotWritten(ended.error, place, consequence)
    reason = ended.died or f"{type(ended.error).__name__}: {ended.error}".splitlines()[0]
    write_shard(place, work.design, failed_rows(work, jobs, reason))
    progress.failed += len(jobs)
    progress.error = reason
