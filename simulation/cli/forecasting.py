"""The command `forecast` at work: the workers, a line of progress, and what came of it in words."""

import time
from dataclasses import dataclass
from pathlib import Path

import click

from simulation.cli import options
from simulation.cli.interrupt import Interrupt
from simulation.cli.terminal import CountLine, print_json, print_prose, print_table
from simulation.errors import ExitStatus, UserError
from simulation.figure_formats import Formats
from simulation.files.folder import RESULTS, new_folder, release_folder, slug
from simulation.forecast import FollowedPatient, Forecast, Question, Series, words
from simulation.forecast.choose import follow_chosen
from simulation.forecast.prepare import question_of
from simulation.forecast.write import document, write_forecast
from simulation.pool import open_pool
from simulation.provenance import model_sha256
from simulation.trial.schema import Trial

__all__ = ["PRELOAD", "Request", "run_forecast"]

PRELOAD = ("simulation.forecast.follow",)
_HEARD = "Finishing the patients in hand; Ctrl-C again ends at once."
_LEFT = "What was followed until then is too little for a forecast, or was cut short: nothing was written."


@dataclass(frozen=True)
class Request:
    """What the person asked for, besides strategies and course."""

    patients: int
    workers: int | None
    minutes: float | None
    out: Path | None
    as_json: bool
    quiet: bool
    formats: Formats


def run_forecast(trial: Trial, series: Series, request: Request) -> int:
    """Follow the patients, write the forecast, say what came of it, and return the exit status."""
    question, notes = question_of(trial, series)
    out = request.out or new_folder(RESULTS, f"forecast-{slug(series.name)}-seed{question.seed}")
    if request.out is not None and out.exists() and any(out.iterdir()):
        raise UserError("the folder is not empty", file=str(out), expected="a new or empty folder")
    try:
        return _answered(question, notes, out, request)
    except BaseException:
        release_folder(out)
        raise


def _answered(question: Question, notes: list[str], out: Path, request: Request) -> int:
    for note in () if request.quiet else notes:
        click.echo(f"Note: {note}", err=True)
    began, followed = time.perf_counter(), list[FollowedPatient]()
    workers = options.processors() if request.workers is None else request.workers
    with Interrupt(minutes=request.minutes) as interrupt, CountLine("patients", quiet=request.quiet) as line:
        interrupt.on_first = lambda: line.message(_HEARD)
        pool = open_pool(workers, None, model=model_sha256, preload=PRELOAD, should_stop=interrupt.requested)
        with pool:
            for one in follow_chosen(question, request.patients, pool):
                followed.append(one)
                line.count(len(followed), request.patients, sum(bool(each.failed) for each in followed))
        forecast = Forecast.of(question, followed)
        failed = [one for one in followed if one.failed]
        stopped = interrupt.requested() and len(followed) < request.patients
        if stopped and not forecast.enough:
            click.echo(_LEFT, err=True)
            release_folder(out)
            return interrupt.status
        forecast.require()
        line.show("writing tables, figure and the report")
        if stopped:
            notes = [*notes, f"It was stopped: {len(followed)} of {request.patients} patients were followed."]
        write_forecast(
            forecast, out, notes=notes, formats=request.formats, seconds=time.perf_counter() - began
        )
        _report(forecast, notes, out, request)
        for one in failed[:5]:
            click.echo(f"  patient {one.patient}: {one.failed}", err=True)
        if stopped:
            return interrupt.status
    return ExitStatus.FAILED_RUNS if failed else ExitStatus.DONE


def _report(forecast: Forecast, notes: list[str], out: Path, request: Request) -> None:
    if request.as_json:
        print_json(document(forecast, notes))
        return
    if request.quiet:
        click.echo(out)
        return
    header, *rows = words.outcome_rows(forecast)
    print_table(header, rows, right=range(1, len(header)))
    click.echo()
    print_prose([*words.answer(forecast), *words.how_sure(forecast), words.RESEARCH_ONLY])
    click.echo(f"\nResults: {out}")
