"""`view`: watch and steer a patient in the browser."""

from contextlib import suppress
from pathlib import Path

import click

from simulation.cli import options
from simulation.errors import ExitStatus, UserError
from simulation.shipped import PROGRAM

EXAMPLES = """\b
Examples:
  python run_sim.py view
  python run_sim.py view scenarios/therapeutic.yaml --seed 3
  python run_sim.py view scenarios/preemptive.yaml --port 9000 --no-open
  python run_sim.py view --plugin my_rule.py

The page is served to this machine only, to the browser that opens the address first, and needs no network. Ctrl-C ends it.
"""


@click.command(epilog=EXAMPLES, short_help="Watch and steer a patient, and his twin, in the browser.")
@click.argument("file", required=False, metavar="[FILE]")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="N",
    help="Port; the first free one from 8765 on unless given.",
)
@click.option("--no-open", is_flag=True, help="Only say the address, do not open a browser.")
@click.option(
    "--results",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Folder whose results, and those below it, the page may show; may be repeated. Default: results.",
)
@options.seed()
@options.patient(options.WHICH_PATIENT)
@options.cohort(options.USUAL_COHORT)
@options.settings()
def view(
    file: str | None,
    port: int | None,
    no_open: bool,
    results: tuple[Path, ...],
    seed: int,
    patient: int,
    cohort: str | None,
    settings: tuple[str, ...],
) -> int:
    """Watch and steer one patient, compare twins, and look into results, in the browser.

    FILE is the scenario shown first; others can be chosen on the page. The exit status is 6 when the browser extra is not
    installed.
    """
    from simulation.browser.server import Start, serve

    start = Start(
        None if file is None else Path(file), settings, seed, patient, results or (Path("results"),), cohort
    )
    if start.others and file is None:
        raise UserError(
            "--set changes a scenario: name its file as well", expected="view FILE.yaml --set PATH=VALUE"
        )
    from simulation.cli.kinds import only_for
    from simulation.scenario.cohort import cohort_of, patients_of

    # a mistake is told here, not on the page
    if file is not None:
        only_for("view", (file,), also=("run",))
        scenarios = options.load_scenarios((file,), settings, cohort_of(patient, cohort))
        if not scenarios:
            raise UserError(f"this is an experiment in wells; type {PROGRAM} run {file}", file=file)
        options.report_whose(scenarios, patient, cohort)
    else:
        patients_of(cohort)
        if start.rules:
            from simulation.browser.catalogue import default_source, with_rules

            with_rules(default_source(cohort), start.rules).load()
    for folder in results:
        if not folder.is_dir():
            raise UserError(f"--results: there is no folder {str(folder)!r}")
    _report_stage("Starting the page (10 to 60 s: the first start after an installation compiles) ...")
    serve(
        port, start, on_ready=_report, on_used=_report_next, on_stage=_report_stage, open_browser=not no_open
    )
    return ExitStatus.DONE


def _report_stage(words: str) -> None:
    click.echo(words, err=True)


def _report(address: str) -> None:
    click.echo(f"The page is at {address}\nThe address opens it once. Ctrl-C ends it.")


def _report_next(address: str) -> None:
    with suppress(OSError):  # a terminal that is gone reads nothing, and the page goes on
        click.echo(f"Opened. For another browser: {address}")
