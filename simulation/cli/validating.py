"""The checks behind the command `validate`: progress on stderr, the report at the end."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from simulation.cli import options
from simulation.cli.interrupt import Interrupt
from simulation.cli.terminal import console, print_json, print_table, resume_line
from simulation.errors import ExitStatus
from simulation.files.folder import RESULTS, new_folder, release_folder
from simulation.store import Shard
from simulation.validation.check import FULL, Effort
from simulation.validation.parts import read_parts, write_part
from simulation.validation.report import document, write_report
from simulation.validation.run import PARTS, QUICK, Result, checks, run_checks

HEARD = "Stopping after the checks under way; Ctrl-C again ends at once."


@dataclass(frozen=True)
class Request:
    """What the person asked for; `parts` empty for all."""

    quick: bool
    parts: tuple[str, ...]
    early: bool
    seed: int
    workers: int | None
    out: Path | None
    shard: Shard
    resume: bool
    max_minutes: float | None
    as_json: bool
    quiet: bool


def run_validation(request: Request) -> int:
    """Run the checks, write what was asked for, print a summary; return the exit status."""
    effort = Effort(QUICK if request.quick else FULL, request.seed)
    workers = request.workers or options.processors()
    if not request.shard.whole and request.out is not None:
        return _run_part(effort, request, request.out, workers)
    # made before the work, so that a bad place is told at once
    place = request.out or (
        None if request.parts and not request.early else new_folder(RESULTS, "validation")
    )
    try:
        with Interrupt(lambda: click.echo(HEARD, err=True)) as interrupt:
            known = read_parts(request.out, effort) if request.resume and request.out is not None else {}
            results = _run(effort, request, workers, interrupt, known)
            stopped = interrupt.requested()
            folder = request.out or (None if request.parts or stopped else place)
            if folder is not None:
                write_report(results, effort, folder)
            if request.early and place is not None and not stopped:
                from simulation.validation.early import PAGE, write_early

                page = place / PAGE
                if write_early(effort, page, workers, interrupt.requested) is not None:
                    click.echo(f"Experiments: {page}", err=True)
                stopped = interrupt.requested()
    finally:
        if request.out is None and place is not None:
            release_folder(place)  # where nothing was written
    _report(results, effort, request, folder)
    if stopped:
        return ExitStatus.INTERRUPTED
    return ExitStatus.FAILED_RUNS if any(r.finding.status == "error" for r in results) else ExitStatus.DONE


def _run_part(effort: Effort, request: Request, folder: Path, workers: int) -> int:
    """Do one part of the checks into the folder that all parts share; return the exit status."""
    shard, known = request.shard, read_parts(folder, effort)
    wanted = {check.id for check in checks(request.parts or tuple(PARTS)) if shard.includes(check.id)}
    results_of: dict[str, Sequence[Result]] = {
        key: some for key, some in known.items() if shard.includes(key)
    }

    def keep(key: str, results: Sequence[Result]) -> None:
        results_of[key] = results
        write_part(folder, shard, effort, results_of)

    with Interrupt(lambda: click.echo(HEARD, err=True), request.max_minutes) as interrupt:
        results = _run(effort, request, workers, interrupt, known, shard.includes, keep)
        stopped = interrupt.requested() and not wanted <= results_of.keys()
    if request.as_json:
        print_json(
            {"folder": str(folder), "shard": f"{shard.index}/{shard.of}", "checks": sorted(results_of)}
        )
    elif request.quiet:
        click.echo(folder)
    else:
        click.echo(
            f"Part {shard.index} of {shard.of}: {len(results_of)} of {len(wanted | results_of.keys())} checks done."
        )
        click.echo(f"When all parts are through: {resume_line(folder, 'validate', *_words(request))}")
    if stopped:
        return interrupt.status
    return ExitStatus.FAILED_RUNS if any(r.finding.status == "error" for r in results) else ExitStatus.DONE


def _words(request: Request) -> list[str]:
    """Return the options that decide which checks are done, and how."""
    parts = [word for part in request.parts for word in ("--part", part)]
    return [*(["--quick"] if request.quick else []), *parts, "--seed", str(request.seed)]


def _run(
    effort: Effort, request: Request, workers: int, interrupt: Interrupt,
    known: Mapping[str, Sequence[Result]], chosen: Callable[[str], bool] = lambda key: True,
    keep: Callable[[str, Sequence[Result]], None] = lambda key, results: None,
) -> list[Result]:  # fmt: skip
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("validating"), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console(stderr=True), transient=True, disable=request.quiet or not sys.stderr.isatty(),
    )  # fmt: skip
    with bar:
        task = bar.add_task("")
        return run_checks(
            effort,
            request.parts or tuple(PARTS),
            workers,
            lambda done, total: bar.update(task, completed=done, total=total),
            interrupt.requested,
            known,
            chosen,
            keep,
        )


def _report(results: list[Result], effort: Effort, request: Request, folder: Path | None) -> None:
    if request.as_json:
        print_json(document(results, effort))
        return
    print_table(
        ["id", "claim", "result", "found"],
        [
            [r.id, r.claim, r.finding.status, "; ".join(map(str, r.finding.measured[:3])) or r.finding.note]
            for r in results
        ],
    )
    if folder is not None:
        click.echo(f"\nReport: {folder / 'validation.md'}")
