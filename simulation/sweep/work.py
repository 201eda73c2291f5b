"""What a worker does: the runs of a batch, written as one shard where they are made; only a summary goes home."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulation.errors import UserError
from simulation.provenance import model_sha256
from simulation.store import Column, Design, write_shard
from simulation.sweep.factors import Factor, Value
from simulation.sweep.outcomes import Outcome, outcome_value
from simulation.sweep.plan import Plan
from simulation.sweep.points import point_scenario
from simulation.trial.rows import OUTCOMES

if TYPE_CHECKING:
    from simulation.trial.twins import ArmCourse

__all__ = ["Job", "Summary", "Work", "rows_of", "store_design"]

DONE, FAILED = "done", "failed"
# on which day arms part depends on what else is run
_OUTCOMES = tuple(column for column in OUTCOMES if column.name != "parted_day")


@dataclass(frozen=True, slots=True)
class Job:
    """Hold what one run needs besides the plan: numbers, and the values of its point."""

    run: int
    point: int
    arm: int
    replicate: int
    patient: int
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """Say what came of a batch: counts, computing time of the runs and of the whole batch, seconds."""

    done: int
    failed: int
    seconds: float
    wall: float
    error: str = ""


@dataclass(frozen=True)
class Work:
    """Run batches of jobs; picklable, so that it goes to processes and to machines alike."""

    folder: str
    design: Design
    arms: tuple[tuple[str, str], ...]
    factors: tuple[Factor, ...]
    outcomes: tuple[Outcome, ...]
    seed: int

    def __call__(self, jobs: Sequence[Job]) -> Summary:
        """Run the jobs, write their rows as one shard, and return the summary.

        Raises
        ------
        NotWritten
            Where the rows cannot be written.
        """
        began = time.perf_counter()
        rows = list(rows_of(self, jobs))
        write_shard(Path(self.folder), self.design, rows)
        failed = [row for row in rows if row["status"] != DONE]
        seconds = sum(float(row["seconds"]) for row in rows)
        reason = str(failed[0]["error"]) if failed else ""
        return Summary(len(rows) - len(failed), len(failed), seconds, time.perf_counter() - began, reason)


def store_design(plan: Plan, about: Mapping[str, Any] | None = None) -> Design:
    """Return the description of a sweep's store: one row per run."""
    columns = [
        Column("point", "int", "", "row of design.csv"),
        Column("arm", "text", "", "which base scenario"),
        Column("replicate", "int", "", "number of the virtual patient, the same at every point"),
        Column("patient", "int", "", "key of the patient's random numbers"),
        Column("seed", "int", "", "seed of all random numbers"),
    ]
    taken = {column.name for column in columns} | {"run", "status", "error", "seconds"}
    for factor in plan.factors:
        columns.append(Column(factor.name, "float" if factor.numeric else "text", factor.unit, factor.label))
        taken.add(factor.name)
    columns += _OUTCOMES
    taken |= {column.name for column in _OUTCOMES}
    for outcome in plan.outcomes:
        if outcome.name not in taken:
            meaning = outcome.label or f"{outcome.of} {outcome.rule} {outcome.argument}"
            columns.append(Column(outcome.name, "float", outcome.unit, meaning))
    key = Column("run", "int", "", "number of the run in the plan")
    return Design(
        "sweep", (key,), tuple(columns), plan.identity() | {"model": model_sha256()}, dict(about or {})
    )


def rows_of(work: Work, jobs: Sequence[Job]) -> Iterator[dict[str, Any]]:
    """Yield the row of every job; a run that fails is a row that says why, never the end of a sweep."""
    for _, group in groupby(jobs, key=lambda job: job.patient):
        yield from _patient_rows(work, list(group))


def failed_rows(work: Work, jobs: Iterable[Job], reason: str) -> list[dict[str, Any]]:
    """Return rows for runs that left nothing behind, for example because their worker died."""
    return [_keys(work, job) | {"status": FAILED, "error": reason, "seconds": 0.0} for job in jobs]


def _patient_rows(work: Work, jobs: list[Job]) -> Iterator[dict[str, Any]]:
    ready: list[tuple[Job, Any]] = []
    for job in jobs:
        name, base = work.arms[job.arm]
        try:
            ready.append((job, point_scenario(base, work.factors, job.values, name)))
        except UserError as error:
            yield _keys(work, job) | {"status": FAILED, "error": f"not valid: {error}", "seconds": 0.0}
    if not ready:
        return
    if any(outcome.trajectory for outcome in work.outcomes) or len(ready) == 1:
        for job, scenario in ready:
            yield _alone(work, job, scenario)
        return
    try:
        yield from _together(work, ready)
    except Exception:  # one of them fails: each on its own tells which, and why
        for job, scenario in ready:
            yield _alone(work, job, scenario)


def _together(work: Work, ready: list[tuple[Job, Any]]) -> list[dict[str, Any]]:
    """Run one patient under several scenarios; what they have in common is simulated once (see `trial.twins`)."""
    from simulation.trial.schema import Arm
    from simulation.trial.twins import simulate_twins

    began = time.perf_counter()
    arms = [Arm(str(job.run), scenario) for job, scenario in ready]
    courses = simulate_twins(arms, work.seed, ready[0][0].patient)
    raw = [_raw(course) for course in courses]
    each = (time.perf_counter() - began) / len(ready)
    return [row_of(work, job, found, each, None) for (job, _), found in zip(ready, raw, strict=True)]


def _raw(course: "ArmCourse") -> dict[str, Any]:
    truth = course.body.truth()
    free = truth.marrow_blast_fraction < course.scenario.definitions.overt_relapse
    more = {
        "leukaemia_free_days": round(course.leukaemia_free_days, 9),
        "in_remission_at_end": free and course.clinic.book.death_day is None,
    }
    return course.clinic.outcomes(course.body) | more


def _alone(work: Work, job: Job, scenario: Any) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        if not any(outcome.trajectory for outcome in work.outcomes):
            return _together(work, [(job, scenario)])[0]
        from simulation.runner import run

        result = run(scenario, seed=work.seed, patient=job.patient)
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:500]
        seconds = time.perf_counter() - began
        return _keys(work, job) | {"status": FAILED, "error": reason, "seconds": seconds}
    return row_of(work, job, result.outcomes, time.perf_counter() - began, result.columns)


def row_of(work: Work, job: Job, raw: Mapping[str, Any], seconds: float, columns: Any) -> dict[str, Any]:
    found = {column.name: raw.get(column.name) for column in _OUTCOMES}
    for outcome in work.outcomes:
        if outcome.name not in found:
            found[outcome.name] = outcome_value(outcome, raw, columns)
    return _keys(work, job) | {"status": DONE, "error": "", "seconds": round(seconds, 4)} | found


def _keys(work: Work, job: Job) -> dict[str, Any]:
    keys = {
        "run": job.run, "point": job.point, "arm": work.arms[job.arm][0], "replicate": job.replicate,
        "patient": job.patient, "seed": work.seed,
    }  # fmt: skip
    return keys | {factor.name: value for factor, value in zip(work.factors, job.values, strict=True)}
