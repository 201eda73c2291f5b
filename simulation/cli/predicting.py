"""The command `predict` at work: patients simulated with a line of progress, pages written, the numbers on stdout."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from simulation.cli import options
from simulation.cli.interrupt import Interrupt
from simulation.cli.terminal import CountLine, print_table
from simulation.errors import ExitStatus
from simulation.pool import open_pool
from simulation.prediction.forecast import Forecast, forecast
from simulation.prediction.page import register
from simulation.prediction.registration import Prediction
from simulation.provenance import model_sha256
from simulation.store import Store
from simulation.trial.execute import execute, missing
from simulation.trial.origin import design_of
from simulation.trial.table import read_table

__all__ = ["predict_all"]


def predict_all(
    predictions: Sequence[Prediction], out: Path, runs: Path, workers: int | None, quiet: bool
) -> ExitStatus:
    """Simulate and register one prediction after the other; return the exit status."""
    processes = options.processors() if workers is None else workers
    with Interrupt() as interrupt, CountLine("patients", quiet=quiet) as line:
        pool = open_pool(
            processes,
            None,
            model=model_sha256,
            preload=("simulation.trial.task",),
            should_stop=interrupt.requested,
        )
        with pool:
            for one in predictions:
                trial = one.trial
                folder = runs / f"{one.registration.registry}-{design_of(trial).digest()[:8]}"
                state = execute(
                    trial, folder, pool, trial.patients, should_stop=interrupt.requested,
                    on_progress=lambda at: line.count(at.done, at.wanted, at.failed),
                )  # fmt: skip
                left = tuple(missing(trial, folder, trial.patients, state))
                if left:
                    line.message(
                        f"{one.registration.registry}: {len(left)} runs are missing; nothing is registered. Runs: {folder}"
                    )
                    return ExitStatus(interrupt.status) if state.stopped else ExitStatus.FAILED_RUNS
                with Store(folder, design_of(trial)) as store:
                    arm = read_table(trial, store, trial.patients).arms[0]
                primary, secondary = (
                    [forecast(arm, endpoint, one.registration) for endpoint in endpoints]
                    for endpoints in (one.registration.primary, one.registration.secondary)
                )
                page = register(one, primary, secondary, out, datetime.now(UTC).date())
                line.show("")
                _report(one, [*primary, *secondary], page, quiet)
    return ExitStatus.DONE


def _report(one: Prediction, forecasts: Sequence[Forecast], page: Path, quiet: bool) -> None:
    if not quiet:
        rows = [
            [
                each.endpoint.says,
                f"{each.yes} of {each.counted}",
                "-"
                if each.share is None
                else "{1:.0f} % ({0:.0f} to {2:.0f})".format(*(100 * q for q in each.share)),
                "-" if each.count is None else "{1} ({0} to {2})".format(*each.count) + f" of {each.of}",
            ]
            for each in forecasts
        ]
        print_table(
            ["endpoint", "simulated", "share", "in such a trial"],
            rows,
            title=f"{one.registration.registry}: {one.registration.title}",
        )
    click.echo(f"Registered: {page}" if not quiet else page)
