"""The fit behind the command `calibrate`: progress on stderr, the record at the end."""

import sys
from pathlib import Path

import click

from simulation.calibration.abc import Evaluation, Fit
from simulation.calibration.problem import Problem
from simulation.calibration.record import confirm, write_record
from simulation.cli.interrupt import Interrupt
from simulation.cli.terminal import console
from simulation.errors import ExitStatus
from simulation.pool import HerePool, LocalPool

_PAGE = {True: "record.json", False: "record.md"}
HEARD = "Stopping after what is being simulated; every evaluation so far is kept. Ctrl-C again ends at once."


def run_fit(
    problem: Problem, folder: Path, workers: int, *, minutes: float | None, as_json: bool, quiet: bool
) -> ExitStatus:
    """Run or resume a fit and write its record; return the exit status."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    fit = Fit(problem, folder)
    if len(fit.done) == fit.total and (folder / _PAGE[as_json]).exists():
        _show(folder, as_json)
        return ExitStatus.DONE
    bar = Progress(
        TextColumn("{task.description}", markup=False), BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn(),
        TextColumn("best distance {task.fields[best]}"), console=console(stderr=True), transient=True,
        disable=quiet or not sys.stderr.isatty(),
    )  # fmt: skip
    with bar, Interrupt(lambda: click.echo(HEARD, err=True), minutes) as interrupt:
        task = bar.add_task(problem.name, total=fit.total, completed=len(fit.done), best=_best(fit))

        def tell(_: Evaluation) -> None:
            bar.update(task, completed=len(fit.done), best=_best(fit))

        pool = (
            HerePool(should_stop=interrupt.requested)
            if workers == 1
            else LocalPool(workers, preload=("simulation.calibration.abc",), should_stop=interrupt.requested)
        )
        try:
            with pool:
                fit.run(pool, tell)
                bar.update(task, description="confirming with other patients")
                finalists = confirm(fit, pool)
        except KeyboardInterrupt:
            click.echo(f"{len(fit.done)} of {fit.total} evaluations are kept in {folder}", err=True)
            return interrupt.status
    write_record(fit, finalists, folder)
    _show(folder, as_json)
    return ExitStatus.DONE


def _show(folder: Path, as_json: bool) -> None:
    """Print the record to stdout."""
    click.echo((folder / _PAGE[as_json]).read_text(encoding="utf-8").rstrip())
    if not as_json:
        click.echo(f"\nParameter set: {folder / 'fitted.yaml'}")


def _best(fit: Fit) -> str:
    return f"{min(e.distance for e in fit.done):.2f}" if fit.done else "-"
