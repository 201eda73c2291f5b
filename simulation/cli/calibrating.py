"""The fit behind the command `calibrate`: progress on stderr, the record at the end."""

import sys
from pathlib import Path

import click

from simulation.calibration.abc import Evaluation, Fit
from simulation.calibration.parts import next_fit, next_fit_of_parts, run_part
from simulation.calibration.problem import Problem
from simulation.calibration.progress import note_fit_plan
from simulation.calibration.record import confirm, write_record
from simulation.cli.interrupt import Interrupt
from simulation.cli.terminal import CountLine, console, print_json
from simulation.errors import ExitStatus
from simulation.pool import few_workers
from simulation.store import Shard

_FIT = "simulation.calibration.abc"  # what workers load
_PAGE = {True: "record.json", False: "record.md"}
HEARD = "Stopping after what is being simulated; every evaluation so far is kept. Ctrl-C again ends at once."


def run_fit(
    problem: Problem, folder: Path, workers: int, *, minutes: float | None, as_json: bool, quiet: bool
) -> ExitStatus:
    """Run or resume a fit, its screening first, and write its record; return the exit status."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    fit = next_fit(problem, folder)
    if fit.problem is problem and len(fit.done) == fit.total and (folder / _PAGE[as_json]).exists():
        _show(folder, as_json)
        return ExitStatus.DONE
    note_fit_plan(problem, folder)
    bar = Progress(
        TextColumn("{task.description}", markup=False), BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn(),
        TextColumn("best distance {task.fields[best]}"), console=console(stderr=True), transient=True,
        disable=quiet or not sys.stderr.isatty(),
    )  # fmt: skip
    with bar, Interrupt(lambda: click.echo(HEARD, err=True), minutes) as interrupt:
        task = bar.add_task(problem.name, best="-")

        def report(_: Evaluation | None = None) -> None:
            bar.update(task, total=fit.total, completed=len(fit.done), best=_best(fit))

        try:
            with few_workers(workers, _FIT, interrupt.requested) as pool:
                if fit.problem is not problem:
                    bar.update(task, description=f"{problem.name}: screening")
                    fit.run(pool, report)
                    fit = next_fit(problem, folder)
                    bar.update(task, description=problem.name)
                fit.run(pool, report)
                bar.update(task, description="confirming with other patients")
                finalists = confirm(fit, pool)
        except KeyboardInterrupt:
            click.echo(f"{len(fit.done)} of {fit.total} evaluations are kept in {fit.folder}", err=True)
            return interrupt.status
    write_record(fit, finalists, folder)
    _show(folder, as_json)
    return ExitStatus.DONE


def run_fit_part(
    problem: Problem, folder: Path, shard: Shard, workers: int, *, minutes: float | None, as_json: bool, quiet: bool
) -> ExitStatus:  # fmt: skip
    """Evaluate a part of the stage that is next, and say how far the stage is; return the exit status."""
    fit = next_fit_of_parts(problem, folder)
    note_fit_plan(problem, folder)
    stages = f"of {problem.effort.rounds}" if fit.problem is problem else "of the screening"
    with (
        CountLine(problem.name, quiet=quiet) as line,
        Interrupt(lambda: line.message(HEARD), minutes) as interrupt,
    ):
        try:
            with few_workers(workers, _FIT, interrupt.requested) as pool:
                stage, done, wanted = run_part(fit, pool, shard, lambda n, of: line.count(n, of, 0))
        except KeyboardInterrupt:
            click.echo(f"Stopped; what was evaluated is kept in {folder}", err=True)
            return interrupt.status
    if as_json:
        print_json(
            {
                "folder": str(folder),
                "stage": stage,
                "done": done,
                "of": wanted,
                "stages": fit.problem.effort.rounds + 1,
                "screening": fit.problem is not problem,
            }
        )
    elif quiet:
        click.echo(folder)
    else:
        click.echo(f"Stage {stage} {stages}: {done} of {wanted} candidates are done.")
        click.echo(
            "When all parts are through, the same array does the next stage, and calibrate without --shard the rest."
        )
    return ExitStatus.DONE


def _show(folder: Path, as_json: bool) -> None:
    """Print the record to stdout."""
    click.echo((folder / _PAGE[as_json]).read_text(encoding="utf-8").rstrip())
    if not as_json:
        click.echo(f"\nParameter set: {folder / 'fitted.yaml'}")


def _best(fit: Fit) -> str:
    return f"{min(e.distance for e in fit.done):.2f}" if fit.done else "-"
