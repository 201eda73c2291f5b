"""The command `calibrate --self-check` at work: made problems, the page, a summary."""

from pathlib import Path

import click

from simulation.calibration.abc import Fit
from simulation.calibration.problem import Problem
from simulation.calibration.self_check import check_design, check_generated
from simulation.calibration.self_check_page import PAGE, self_check_document, write_self_check
from simulation.cli.interrupt import Interrupt
from simulation.cli.terminal import CountLine, print_json
from simulation.errors import ExitStatus, UserError
from simulation.pool import few_workers


def run_self_check(
    problem: Problem, file: str, problems: int, stored: Path | None, folder: Path, workers: int, *,
    minutes: float | None, as_json: bool, quiet: bool,
) -> ExitStatus:  # fmt: skip
    """Fit made problems, write the page, print it; return the exit status."""
    kept = None
    if stored is not None:
        kept = check_design(Fit.stored(problem, stored))
        if kept is None:
            message = "holds too few complete candidates of a design to judge"
            raise UserError(
                message, file=str(stored), expected="more of them than the fit keeps, and eight at least"
            )
    farewell = "Stopping after the problems in hand; nothing is kept. Ctrl-C again ends at once."
    with (
        CountLine("made problems", quiet=quiet) as line,
        Interrupt(lambda: line.message(farewell), minutes) as interrupt,
    ):
        try:
            with few_workers(workers, "simulation.calibration.self_check", interrupt.requested) as pool:
                generated = check_generated(problem, problems, pool, lambda done, of: line.count(done, of))
        except KeyboardInterrupt:
            return interrupt.status
    write_self_check(problem, generated, kept, file, folder)
    if as_json:
        print_json(self_check_document(problem, generated, kept))
    elif quiet:
        click.echo(folder)
    else:
        click.echo((folder / PAGE).read_text(encoding="utf-8").rstrip())
        click.echo(f"\nPage: {folder / PAGE}")
    return ExitStatus.DONE
