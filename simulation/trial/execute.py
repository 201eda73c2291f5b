"""Run a trial: hand out what is not done yet, keep the store tidy, and know at the end exactly what is missing."""

import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from simulation.files.refusal import NotWritten
from simulation.pool import Pool, Task, TaskResult
from simulation.store import WHOLE, Shard, Store, write_shard
from simulation.trial.origin import design_of
from simulation.trial.rows import failed_row
from simulation.trial.schema import Trial
from simulation.trial.task import Report, RunKey, TrialWork

__all__ = ["MissingRun", "Progress", "State", "execute", "missing", "number_of_runs", "runs_of"]

_BATCH_S: Final = 1.0  # a batch is made about so long: overhead well below 5 %, little lost when one dies
_LARGEST_BATCH: Final = 64


@dataclass(frozen=True, slots=True)
class MissingRun:
    """Name one run that has no result, and why; `reason` empty: it was never begun."""

    patient: int
    repeat: int
    arm: str
    reason: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Tell how far a trial is; patients count once for each repeat."""

    done: int
    wanted: int
    failed: int
    seconds: float


@dataclass(slots=True)
class State:
    """Hold what came of running: `stopped` by the person, `not_stored` the reason why results could not be kept."""

    stopped: bool = False
    not_stored: NotWritten | None = None
    failures: dict[tuple[int, int, str], str] = field(default_factory=dict)
    computed: int = 0  # patients simulated now, not found in the store


class _Batches:
    """Give out runs in batches that take about a second, as measured so far."""

    def __init__(self, runs: list[RunKey], width: int) -> None:
        self._runs = runs
        self._width = width
        self._seconds = math.nan  # per patient
        self._next = 0

    def took(self, report: Report) -> None:
        """Learn from a batch that is done."""
        each = report.seconds / max(report.patients, 1)
        self._seconds = each if math.isnan(self._seconds) else 0.8 * self._seconds + 0.2 * each

    def __iter__(self) -> Iterator[Task]:
        while self._next < len(self._runs):
            left = len(self._runs) - self._next
            size = 1 if math.isnan(self._seconds) else int(_BATCH_S / max(self._seconds, 1e-6))
            size = max(1, min(size, _LARGEST_BATCH, math.ceil(left / (2 * self._width))))
            batch = tuple(self._runs[self._next : self._next + size])
            self._next += size
            yield Task(batch)


def runs_of(trial: Trial, patients: int) -> Iterator[RunKey]:
    """Yield what a trial with so many patients runs: patient, repeat and arms; the trial itself first, then the repeats.

    Repeats are of the two arms in question alone, as they tell what of their difference is chance.
    """
    keys = tuple(arm.key for arm in trial.arms)
    yield from ((patient, 0, keys) for patient in range(patients))
    asked = tuple(key for key in keys if key in trial.main)
    yield from ((patient, repeat, asked) for patient, repeat in trial.reruns(patients))


def number_of_runs(trial: Trial, patients: int) -> int:
    """Return how many lives a trial with so many patients simulates, of one patient in one arm each."""
    return sum(len(keys) for *_, keys in runs_of(trial, patients))


def execute(
    trial: Trial, folder: Path, pool: Pool, patients: int, *, on_progress: Callable[[Progress], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False, shard: Shard = WHOLE, known: Collection[tuple[Any, ...]] = (),
) -> State:  # fmt: skip
    """Run what the store in `folder` does not hold yet, for so many patients, and write it there.

    With `shard` only that part of the patients is run; `known` are runs that are done elsewhere. The pool must be open.
    Whatever fails is kept as a failed row and does not stop the rest; only results that cannot
    be stored do.
    """
    design, state, began = design_of(trial), State(), time.perf_counter()
    with Store(folder, design) as store:
        wanted = [run for run in runs_of(trial, patients) if shard.includes(run[:2])]
        todo = _not_done(store, wanted, known)
        work = TrialWork(trial, folder.resolve(), design)
        batches = _Batches(todo, pool.width)

        def report() -> None:
            done = len(wanted) - len(todo) + state.computed
            on_progress(Progress(done, len(wanted), len(state.failures), time.perf_counter() - began))

        report()
        for given in pool.run(work, _until(batches, lambda: state.not_stored is not None)):
            _take(given, store, state, batches)
            with suppress(NotWritten, OSError):  # rows that cannot be merged are where they were
                store.merge()
            report()
        with suppress(NotWritten, OSError):
            store.merge(everything=True)
    state.stopped = should_stop()
    return state


def _until(tasks: Iterable[Task], stop: Callable[[], bool]) -> Iterator[Task]:
    for task in tasks:
        if stop():
            return
        yield task


def _not_done(store: Store, wanted: list[RunKey], known: Collection[tuple[Any, ...]]) -> list[RunKey]:
    """Return the patients of whom at least one arm is missing, with those arms."""
    done = store.done().union(known)
    left = []
    for patient, repeat, asked in wanted:
        keys = tuple(key for key in asked if (patient, repeat, key) not in done)
        if keys:
            left.append((patient, repeat, keys))
    return left


def _take(given: TaskResult, store: Store, state: State, batches: _Batches) -> None:
    """Book what a batch came to."""
    if isinstance(given.value, Report):
        batches.took(given.value)
        state.computed += given.value.patients
        for patient, repeat, arm, reason in given.value.failed:
            state.failures[patient, repeat, arm] = reason
        return
    if isinstance(given.error, NotWritten):
        state.not_stored = given.error
        return
    reason = given.died or f"{type(given.error).__name__}: {given.error}"
    lost = [(patient, repeat, key) for patient, repeat, keys in given.task.runs for key in keys]
    state.failures.update(dict.fromkeys(lost, reason))
    state.computed += len(given.task.runs)
    try:
        write_shard(store.folder, store.design, [failed_row(*key, reason) for key in lost])
    except NotWritten as error:
        state.not_stored = error


def missing(
    trial: Trial,
    folder: Path,
    patients: int,
    state: State,
    shard: Shard = WHOLE,
    known: Collection[tuple[Any, ...]] = (),
) -> list[MissingRun]:
    """Return every run (of a part) without a result after `execute`, with the reason where there is one."""
    design = design_of(trial)
    with Store(folder, design) as store:
        done = store.done().union(known)
        reasons = {
            (row["patient"], row["repeat"], row["arm"]): row["error"]
            for row in store.all_rows(("patient", "repeat", "arm", "status", "error"))
            if row["status"] != "done"
        }
    return [
        MissingRun(patient, repeat, key, (reasons | state.failures).get((patient, repeat, key), ""))
        for patient, repeat, keys in runs_of(trial, patients)
        if shard.includes((patient, repeat))
        for key in keys
        if (patient, repeat, key) not in done
    ]
