"""The runs behind the command `run`: one after the other, each with its own folder, then a comparison."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from simulation.cli.interrupt import Interrupt
from simulation.cli.terminal import LiveLine
from simulation.errors import UserError
from simulation.results import Result, write_result
from simulation.runner import run
from simulation.scenario.schema import Scenario

RESULTS = Path("results")
MOST_NAMES_IN_A_FOLDER = 3
HEARD = "Stopping after this step and keeping what is done; Ctrl-C again ends at once."


@dataclass(frozen=True)
class Request:
    """What the person asked for, besides the scenarios; `out` is None for a new folder in `results/`."""

    seed: int
    patient: int
    out: Path | None
    figures: bool
    quiet: bool
    rules: tuple[Any, ...] = ()


@dataclass
class Outcome:
    """What came of it: the results in the order of the files, each with its folder, all of them in `place`."""

    place: Path
    several: bool
    interrupted: bool = False
    results: list[Result] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)


def run_all(files: Sequence[str], scenarios: Sequence[Scenario], request: Request) -> Outcome:
    """Run every scenario and write what it leaves; after Ctrl-C what was simulated until then.

    Raises
    ------
    UserError
        Before anything runs, where the folder for the results is already in use.
    """
    names = list(_distinct(Path(file).stem for file in files))
    outcome = Outcome(_place(names, request), several=len(files) > 1)
    with Interrupt() as interrupt:
        for name, scenario in zip(names, scenarios, strict=True):
            folder = outcome.place / name if outcome.several else outcome.place
            _run_one(scenario, folder, request, interrupt, outcome)
            if interrupt.requested():
                break
        outcome.interrupted = interrupt.requested()
    if len(outcome.results) > 1 and request.figures:
        _write_overview(outcome)
    return outcome


def _run_one(
    scenario: Scenario, folder: Path, request: Request, interrupt: Interrupt, outcome: Outcome
) -> None:
    with LiveLine(scenario.name, quiet=request.quiet) as line:
        interrupt.on_first = lambda: line.say(HEARD)
        result = run(
            scenario,
            seed=request.seed,
            patient=request.patient,
            rules=request.rules,
            on_progress=line.update,
            should_stop=interrupt.requested,
        )
        if result.interrupted and not len(result.days):
            return  # not a step was done: there is nothing to keep
        line.show("writing the results")
        outcome.folders.append(write_result(result, folder, figures=request.figures))
        outcome.results.append(result)


def _write_overview(outcome: Outcome) -> None:
    from simulation.results.figures.overview import overview

    figure = overview(outcome.results)
    for ending in ("png", "svg"):
        figure.savefig(outcome.place / f"overview.{ending}")


def _place(names: Sequence[str], request: Request) -> Path:
    """Choose the folder for everything that this command writes."""
    if request.out is not None:
        if request.out.exists() and any(request.out.iterdir()):
            raise UserError("the folder is not empty", file=f"--out {request.out}", expected="a new or an empty one")
        return request.out
    what = "-vs-".join(names) if len(names) <= MOST_NAMES_IN_A_FOLDER else f"{names[0]}-and-{len(names) - 1}-more"
    stem = f"{what}-seed{request.seed}" + (f"-patient{request.patient}" if request.patient else "")
    candidates = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    return next(RESULTS / name for name in candidates if not (RESULTS / name).exists())


def _distinct(names: Iterator[str]) -> Iterator[str]:
    """Tell files of the same name in different folders apart."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}-{seen[name]}"


def tell(outcome: Outcome, *, as_json: bool, quiet: bool) -> None:
    """Print what came of it to stdout: one JSON document, only the place, or a table of outcomes."""
    if as_json:
        import json

        documents = [
            result.summary | {"folder": str(folder)}
            for result, folder in zip(outcome.results, outcome.folders, strict=True)
        ]
        whole: Any = documents if outcome.several else next(iter(documents), None)
        click.echo(json.dumps(whole, indent=2, ensure_ascii=False))
    elif not outcome.results:
        click.echo("Nothing was simulated.", err=True)
    elif quiet:
        click.echo(outcome.place)
    else:
        _print_table(outcome)
