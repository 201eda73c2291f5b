"""`view`: watch and steer a patient in the browser."""

from pathlib import Path

import click

from simulation.cli import options
from simulation.errors import ExitStatus, UserError

EXAMPLES = """\b
Examples:
  python run_sim.py view
  python run_sim.py view scenarios/therapeutic.yaml --seed 3
  python run_sim.py view scenarios/preemptive.yaml --port 9000 --no-open

The page is served to this machine only and needs no network. Ctrl-C ends it.
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
@options.seed()
@options.patient(
    "Number of the patient: other chance events and, where the scenario has distributions, another person."
)
@options.settings()
def view(
    file: str | None, port: int | None, no_open: bool, seed: int, patient: int, settings: tuple[str, ...]
) -> int:
    """Watch and steer one patient, compare twins, and look into results, in the browser.

    FILE is the scenario shown first; others can be chosen on the page. The exit status is 6 when the browser extra is not
    installed.
    """
    if settings and file is None:
        raise UserError(
            "--set changes a scenario: name its file as well", expected="view FILE.yaml --set PATH=VALUE"
        )
    if file is not None:
        options.load_all((file,), settings)  # a mistake is told here, not on the page
    from simulation.browser.server import Start, serve

    start = Start(None if file is None else Path(file), settings, seed, patient)
    serve(port, start, on_ready=_tell, open_browser=not no_open)
    return ExitStatus.DONE


def _tell(address: str) -> None:
    click.echo(f"The page is at {address}\nCtrl-C ends it.")
