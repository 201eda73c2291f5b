"""What the commands `sweep` and `expand` share: running a plan with a live line, and telling what came of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulation.cli.interrupt import Interrupt
from simulation.cli.terminal import CountLine, print_json
from simulation.errors import ExitStatus, UserError
from simulation.shipped import PROGRAM

if TYPE_CHECKING:
    from simulation.store import Shard
    from simulation.sweep.estimate import Estimate
    from simulation.sweep.execute import Progress, SweepTally
    from simulation.sweep.load import Sweep
    from simulation.sweep.plan import Plan

HEARD = "Stopping: the batches in flight are finished and kept; Ctrl-C again ends at once and loses those."


def run_plan(
    folder: Path, plan: "Plan", *, workers: int, scheduler: str | None, shard: "Shard", minutes: float | None,
    quiet: bool,
) -> tuple["SweepTally", ExitStatus]:  # fmt: skip
    """Run what is missing, with a live line on stderr; return what came of it, and the exit status."""
    from simulation.sweep.execute import execute

    with Interrupt(minutes=minutes) as interrupt, CountLine(plan.name, quiet=quiet) as line:
        interrupt.on_first = lambda: line.message(HEARD)

        def on_progress(progress: "Progress") -> None:
            done = progress.before + progress.done + progress.failed
            line.count(done, progress.planned, progress.failed)

        done = execute(
            folder, plan, workers=workers, scheduler=scheduler, shard=shard,
            should_stop=interrupt.requested, on_progress=on_progress,
        )  # fmt: skip
        if done.interrupted:
            return done, interrupt.status
        return done, ExitStatus.FAILED_RUNS if done.failed or done.missing else ExitStatus.DONE


def report(folder: Path, plan: "Plan", done: "SweepTally", *, as_json: bool, quiet: bool) -> None:
    """Print what came of it."""
    progress = done.progress
    if as_json:
        document = {
            "folder": str(folder), "runs": plan.n_runs, "points": plan.n_points, "done_now": progress.done,
            "done_before": progress.before, "failed": done.failed, "missing": done.missing,
            "seconds_of_runs": round(progress.seconds, 2), "elapsed_seconds": round(progress.elapsed, 2),
            "workers": progress.width, "overhead": round(progress.overhead, 4),
            "idle": round(progress.idle, 4), "interrupted": done.interrupted,
            "failures": [{"run": run, "error": error} for run, error in done.failures],
        }  # fmt: skip
        print_json(document)
        return
    if done.failed:
        click.echo(
            f"{done.failed} runs failed; the first: run {done.failures[0][0]}: {done.failures[0][1]}",
            err=True,
        )
    if not quiet:
        now = f"{progress.done:,} runs done" + (
            f", {progress.before:,} were there" if progress.before else ""
        )
        left = f"; {done.missing:,} are missing: go on with --resume" if done.missing else ""
        click.echo(f"{now}{left}. {in_words(progress.elapsed)} on {progress.width} workers.")
        if not done.missing and not done.failed:
            click.echo(f"Next: {PROGRAM} analyze {folder}")
    click.echo(f"Results: {folder}" if not quiet else str(folder))


def measured(sweep: "Sweep", plan: "Plan", workers: int) -> "Estimate":
    """Return what a sweep costs, from runs at its first point and in the middle of its design."""
    from itertools import islice

    from simulation.sweep.estimate import estimate
    from simulation.sweep.prepare import points_of

    middle = max(plan.n_points // 2 - 1, 0)
    tried = [next(islice(points_of(sweep), at, None))[0] for at in dict.fromkeys((0, middle))]
    return estimate(sweep, plan, tried, max(workers, 1))


def changes_typed(
    settings: Sequence[str], seed: int | None, replicates: int | None, points: int | None
) -> list[str]:
    """Return the options that make another sweep of a file, as they were typed: each job must be given them again."""
    words = [word for text in settings for word in ("--set", text)]
    for option, number in (("--seed", seed), ("--replicates", replicates), ("--points", points)):
        words += [] if number is None else [option, str(number)]
    return words


def write_scripts(
    folder: Path,
    plan: "Plan",
    file: str,
    words: Sequence[str],
    jobs: int,
    estimate: "Estimate",
    *,
    as_json: bool,
) -> None:
    """Write the scripts for a cluster's scheduler, and say what to type."""
    from simulation.sweep.job_script import minutes_per_job, write_job_scripts

    array, after = write_job_scripts(folder, plan, file, words, jobs, estimate)
    minutes = minutes_per_job(plan.n_runs, jobs, estimate.seconds_per_run)
    if as_json:
        document = {"folder": str(folder), "runs": plan.n_runs, "jobs": jobs, "minutes": minutes}
        print_json(
            document | {"array": str(array), "after": str(after), "seconds_per_run": estimate.seconds_per_run}
        )
        return
    basis = f"{estimate.seconds_per_run:.2g} s a run as measured here"
    click.echo(f"{plan.n_runs:,} runs in {jobs} jobs of {minutes} minutes each ({basis}).")
    click.echo(f"Submit:  job=$(sbatch --parsable {array}) && sbatch --dependency=afterany:$job {after}")
    click.echo(f"Look:    {PROGRAM} status {folder} --workers {jobs}")


def report_estimate(plan: "Plan", estimate: "Estimate", *, as_json: bool, already: int = 0) -> None:
    """Print what a sweep would cost."""
    if as_json:
        document = {
            "runs": plan.n_runs, "points": plan.n_points, "arms": list(plan.arms), "replicates": plan.n_replicates,
            "done_already": already, "workers": estimate.workers, "seconds": round(estimate.seconds, 1),
            "bytes": round(estimate.bytes), "measured_runs": estimate.measured,
            "seconds_per_run": round(estimate.seconds_per_run, 4), "bytes_per_run": round(estimate.bytes_per_run, 1),
        }  # fmt: skip
        print_json(document)
        return
    arms = f" x {len(plan.arms)} arms" if len(plan.arms) > 1 else ""
    click.echo(
        f"{plan.name}: {plan.n_points:,} points{arms} x {plan.n_replicates:,} replicates = {plan.n_runs:,} runs"
    )
    if already:
        click.echo(f"done already: {already:,} runs")
    click.echo(f"time: at most about {in_words(estimate.seconds)} on {estimate.workers} workers")
    click.echo(f"disk: about {bytes_in_words(estimate.bytes)}, twice that for moments")
    click.echo(
        f"(measured on {estimate.measured} runs: {estimate.seconds_per_run:.2g} s and {estimate.bytes_per_run:.0f} bytes each; "
        "runs of one patient that begin alike share their beginning, and take less)"
    )


def in_words(seconds: float) -> str:
    """Return a duration as a person says it."""
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"


def bytes_in_words(number: float) -> str:
    """Return a size as a person says it."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.0f} bytes"


def check_workers(workers: int) -> int:
    """Return the number of processes; raise where it makes no sense."""
    if not 0 <= workers <= 4096:
        raise UserError(
            f"got {workers}", key="--workers", expected="a whole number from 0 (this process) to 4096"
        )
    return workers
