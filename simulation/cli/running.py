"""The runs behind the command `run`: one after the other, each with its own folder, then a comparison."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from simulation.cli.interrupt import Interrupt
from simulation.cli.light_matplotlib import load_matplotlib
from simulation.cli.terminal import LiveLine, print_json, print_table
from simulation.errors import UserError
from simulation.figure_formats import FORMATS, ONE_FORMAT, Formats
from simulation.files.atomic import write_file
from simulation.files.folder import RESULTS, new_folder, release_folder
from simulation.files.tables import csv_text
from simulation.results import Result, outcome_rows, prepare_folder, write_result
from simulation.scenario.schema import Scenario

MOST_NAMES_IN_A_FOLDER = 3
COMPARISON_FILES = ("comparison.csv", "report.html", *(f"overview.{ending}" for ending in FORMATS))
HEARD = "Stopping after this step and keeping what is done; Ctrl-C again ends at once."


@dataclass(frozen=True)
class Request:
    """What the person asked for, besides the scenarios; `out` is None for a new folder in `results/`."""

    seed: int
    patient: int
    out: Path | None = None
    overwrite: bool = False
    formats: Formats = ONE_FORMAT
    quiet: bool = False


@dataclass
class RunSummary:
    """What came of it: the results in the order of the files, each with its folder, all in `place`."""

    place: Path
    several: bool
    interrupted: bool = False
    results: list[Result] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)


def run_all(files: Sequence[str], scenarios: Sequence[Scenario], request: Request) -> RunSummary:
    """Run every scenario and write what it leaves; after Ctrl-C what was simulated until then.

    Raises
    ------
    UserError
        Before anything runs, where a folder for the results is in use or cannot be written to.
    """
    names = list(_distinct(Path(file).stem for file in files))
    claimed: list[Path] = []
    with Interrupt() as interrupt:
        try:
            summary = _claim(names, scenarios, request, claimed)
            for scenario, folder in zip(scenarios, claimed[-len(names) :], strict=True):
                _run_one(scenario, folder, request, interrupt, summary)
                if interrupt.requested():
                    break
            if summary.several:
                _write_comparison(summary, request.formats, interrupted=interrupt.requested())
        finally:
            for folder in reversed(claimed):
                release_folder(folder)
        summary.interrupted = interrupt.requested()
    return summary


def _run_one(
    scenario: Scenario, folder: Path, request: Request, interrupt: Interrupt, summary: RunSummary
) -> None:
    with LiveLine(scenario.name, quiet=request.quiet) as line:
        interrupt.on_first = lambda: line.message(HEARD)
        from simulation.runner import run  # takes a second or two: the line is there already

        result = run(
            scenario,
            seed=request.seed,
            patient=request.patient,
            on_progress=line.update,
            should_stop=interrupt.requested,
        )
        if result.interrupted and not (result.days > 0).any():
            return  # not a step was done: there is nothing to keep
        line.show("writing the results")
        load_matplotlib(request.formats)
        summary.folders.append(
            write_result(result, folder, overwrite=request.overwrite, formats=request.formats)
        )
        summary.results.append(result)


def _claim(
    names: Sequence[str], scenarios: Sequence[Scenario], request: Request, claimed: list[Path]
) -> RunSummary:
    """Make the folders before anything runs; `claimed` holds them in order, the one around several first."""

    def prepare(scenario: Scenario, out: Path | None) -> Path:
        return prepare_folder(scenario, request.seed, request.patient, out=out, overwrite=request.overwrite)

    if len(names) == 1:
        claimed.append(prepare(scenarios[0], request.out))
        return RunSummary(claimed[0], several=False)
    place = request.out or _new_place(names, request)
    if not request.overwrite and any((place / file).exists() for file in COMPARISON_FILES):
        raise UserError("holds a comparison already; use --overwrite to replace it", file=str(place))
    claimed.append(place)
    for name, scenario in zip(names, scenarios, strict=True):
        claimed.append(prepare(scenario, place / name))
    return RunSummary(place, several=True)


def _new_place(names: Sequence[str], request: Request) -> Path:
    """Make a new folder for several runs, named after the scenarios and the seed."""
    few = len(names) <= MOST_NAMES_IN_A_FOLDER
    what = "-vs-".join(names) if few else f"{names[0]}-and-{len(names) - 1}-more"
    stem = f"{what}-seed{request.seed}" + (f"-patient{request.patient}" if request.patient else "")
    return new_folder(RESULTS, stem)


def _distinct(names: Iterator[str]) -> Iterator[str]:
    """Tell files of the same name in different folders apart."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}-{seen[name]}"


def _write_comparison(summary: RunSummary, formats: Formats, *, interrupted: bool) -> None:
    """Write the summaries as one table, one figure of all runs and a report that leads to theirs."""
    if not summary.results:
        return
    summaries = [  # a table has a value per column; who the patient is stands in each run's folder
        {name: value for name, value in result.summary.items() if name != "patient_values"}
        for result in summary.results
    ]
    table = csv_text(list(summaries[0]), (summary.values() for summary in summaries))
    from simulation.results.figures.report_figure import ReportFigure, render_all
    from simulation.results.report.joint_report import joint_report

    files: dict[str, Any] = {"comparison.csv": table}
    panels: list[Any] = []
    if formats:
        from simulation.results.figures.overview import CAPTION, overview

        figure = ReportFigure("overview", "Blasts in the body, and what was given", CAPTION, overview)
        panels = render_all([figure], summary.results, files, formats, folder="")
    places = [folder.relative_to(summary.place).as_posix() for folder in summary.folders]
    files["report.html"] = joint_report(summary.results, places, panels, interrupted=interrupted)
    for name in COMPARISON_FILES:
        if name in files:
            write_file(summary.place / name, files[name])
        else:
            (summary.place / name).unlink(missing_ok=True)  # of a comparison that this one replaces


def report(summary: RunSummary, *, as_json: bool, quiet: bool) -> None:
    """Print what came of it to stdout: one JSON document, only the place, or a table of outcomes."""
    if as_json:
        documents = [
            result.summary | {"folder": str(folder)}
            for result, folder in zip(summary.results, summary.folders, strict=True)
        ]
        whole: Any = documents if summary.several else next(iter(documents), None)
        print_json(whole)
    elif not summary.results:
        click.echo("Nothing was simulated.", err=True)
    elif quiet:
        click.echo(summary.place)
    else:
        header, *rows = outcome_rows(summary.results)
        print_table(header, rows)
        click.echo(f"\nResults: {summary.place}")
