"""The command `validate --posterior` at work: checks under parameter sets, the page, a summary."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulation.cli import options
from simulation.cli.interrupt import Interrupt
from simulation.cli.terminal import CountLine, print_json, print_prose, print_table, resume_line
from simulation.errors import ExitStatus
from simulation.files.folder import RESULTS, new_folder
from simulation.posterior import load_posterior, posterior_named
from simulation.validation.check import FULL, Effort
from simulation.validation.predictive import PARTS, Prediction, predict, sets_of
from simulation.validation.predictive_page import PAGE, predictive_document, write_predictive
from simulation.validation.run import QUICK, checks

if TYPE_CHECKING:
    from simulation.cli.validating import Request

HEARD = "Stopping after the checks under way; Ctrl-C again ends at once."


def run_predictive(which: str, sets: int, request: "Request") -> int:
    """Look at every target and fact under so many sets, write the page, print a summary; return the exit status."""
    posterior = posterior_named(which, Path()) or load_posterior(which)
    effort = Effort(QUICK if request.quick else FULL, request.seed)
    parts, workers = request.parts or PARTS, request.workers or options.processors()
    folder = request.out or new_folder(RESULTS, "predictive")
    if not request.quiet:
        taken, some = len(sets_of(posterior, sets, request.seed)), len(checks(parts))
        effort_text = (
            f"{some} checks under {taken} parameter sets, {effort.factor / FULL:.0%} of the full numbers of patients each: about "
            f"{taken * effort.factor / FULL:.2g} times a whole validation. What is done is kept, and --resume goes on."
        )
        print_prose([*posterior.notes, effort_text], err=True)
    with (
        Interrupt(lambda: click.echo(HEARD, err=True)) as interrupt,
        CountLine("checks", quiet=request.quiet) as line,
    ):
        prediction = predict(
            posterior, sets, effort, parts, workers, folder, lambda done, of: line.count(done, of, 0), interrupt.requested,
            resume=request.resume,
        )  # fmt: skip
        write_predictive(prediction, posterior, effort, folder)
    if request.as_json:
        print_json(predictive_document(prediction, posterior, effort))
    elif request.quiet:
        click.echo(folder)
    else:
        _report(prediction, folder)
    if prediction.stopped:
        click.echo(f"To complete it: {resume_line(folder, 'validate', '--posterior')}", err=True)
        return interrupt.status
    return ExitStatus.FAILED_RUNS if any(one.errors for one in prediction.facts) else ExitStatus.DONE


def _report(prediction: Prediction, folder: Path) -> None:
    rows = [
        [t.id, t.what, f"{t.observed:.3g}", f"{one.low:.3g} to {one.high:.3g}", "yes" if one.inside else "no"]
        for one in prediction.targets
        for t in [one.target]
    ]
    if rows:
        print_table(["id", "target", "observed", "predicted, 95 %", "inside"], rows, right=range(2, 4))
        click.echo()
    facts = [[one.id, one.claim, f"{one.holds} / {one.unclear} / {one.fails}"] for one in prediction.facts]
    if facts:
        print_table(["id", "fact", "holds / unclear / fails"], facts)
        click.echo()
    for use, words in (("fit", "fitted"), ("check", "not fitted")):
        inside, n, low, high = prediction.coverage(use)
        if n:
            share = f"{inside / n:.0%}, {low:.0%} to {high:.0%}; 95 % would be right"
            click.echo(f"Targets {words}: {inside} of {n} inside ({share}).")
    click.echo(f"\nPage: {folder / PAGE}")
