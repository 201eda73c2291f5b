"""What a worker does: the runs of a batch, written as one shard where they are made; only a summary goes home."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from simulation.errors import UserError, reason_of
from simulation.life import Record, attempt
from simulation.posterior import Posterior, under
from simulation.provenance import model_sha256
from simulation.scenario.schema import Scenario
from simulation.store import Column, Design, write_shard
from simulation.sweep.factors import Factor, Value
from simulation.sweep.outcomes import NumericOutcome, outcome_value
from simulation.sweep.plan import Plan
from simulation.sweep.points import point_scenario
from simulation.trial.rows import OUTCOME_COLUMNS, SET, SET_COLUMN

__all__ = ["Job", "Summary", "Work", "rows_of", "store_design"]

DONE, FAILED = "done", "failed"

type _Points = dict[tuple[int, tuple[Value, ...]], Scenario]  # by arm and values


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
    outcomes: tuple[NumericOutcome, ...]
    seed: int
    posterior: Posterior | None = None
    per_set: int = 0

    @classmethod
    def of(cls, plan: Plan, folder: str, design: Design) -> "Work":
        """Return the work of a plan whose store lies in `folder`."""
        arms = tuple(plan.arms.items())
        return cls(folder, design, arms, plan.factors, plan.outcomes, plan.seed, plan.posterior, plan.per_set)

    def set_of(self, job: "Job") -> int | None:
        """Return the number of the parameter set under which a job's patient lives."""
        return (
            None if self.posterior is None else self.posterior.drawn(self.seed, job.replicate // self.per_set)
        )

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
    if plan.posterior is not None:
        columns.append(SET_COLUMN)
    taken = {column.name for column in columns} | {"run", "status", "error", "seconds"}
    for factor in plan.factors:
        columns.append(
            Column(factor.name, "float" if factor.numeric else "text", factor.unit, factor.meaning)
        )
        taken.add(factor.name)
    columns += OUTCOME_COLUMNS
    taken |= {column.name for column in OUTCOME_COLUMNS}
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
    points: _Points = {}  # all patients of a batch meet the same ones
    for _, group in groupby(jobs, key=lambda job: job.patient):
        yield from _patient_rows(work, list(group), points)


def failed_rows(work: Work, jobs: Iterable[Job], reason: str) -> list[dict[str, Any]]:
    """Return rows for runs that left nothing behind, for example because their worker died."""
    return [_keys(work, job) | {"status": FAILED, "error": reason, "seconds": 0.0} for job in jobs]


def _patient_rows(work: Work, jobs: list[Job], points: _Points) -> Iterator[dict[str, Any]]:
    ready: list[tuple[Job, Scenario]] = []
    for job in jobs:
        name, base = work.arms[job.arm]
        try:
            if (job.arm, job.values) not in points:
                points[job.arm, job.values] = point_scenario(base, work.factors, job.values, name)
            scenario, chosen = points[job.arm, job.values], work.set_of(job)
            if work.posterior is not None and chosen is not None:
                scenario = under(scenario, work.posterior.set(chosen))
            ready.append((job, scenario))
        except UserError as error:
            yield _keys(work, job) | {"status": FAILED, "error": f"not valid: {error}", "seconds": 0.0}
    if not ready:
        return
    began = time.perf_counter()
    record = Record(trajectory=any(outcome.trajectory for outcome in work.outcomes), maps=False)
    scenarios = [scenario for _, scenario in ready]
    lives = attempt(scenarios, seed=work.seed, patient=ready[0][0].patient, record=record)
    each = (time.perf_counter() - began) / len(ready)
    for (job, _), life in zip(ready, lives, strict=True):
        if isinstance(life, Exception):
            yield _keys(work, job) | {"status": FAILED, "error": reason_of(life), "seconds": each}
        else:
            yield row_of(work, job, life.outcomes(), each, life.columns())


def row_of(work: Work, job: Job, raw: Mapping[str, Any], seconds: float, columns: Any) -> dict[str, Any]:
    outcomes = {column.name: raw.get(column.name) for column in OUTCOME_COLUMNS}
    for outcome in work.outcomes:
        if outcome.name not in outcomes:
            outcomes[outcome.name] = outcome_value(outcome, raw, columns)
    return _keys(work, job) | {"status": DONE, "error": "", "seconds": round(seconds, 4)} | outcomes


def _keys(work: Work, job: Job) -> dict[str, Any]:
    keys = {
        "run": job.run, "point": job.point, "arm": work.arms[job.arm][0], "replicate": job.replicate,
        "patient": job.patient, "seed": work.seed,
    }  # fmt: skip
    if (chosen := work.set_of(job)) is not None:
        keys[SET] = chosen
    return keys | {factor.name: value for factor, value in zip(work.factors, job.values, strict=True)}
