"""`check`: validate scenario files without running them."""

import click

from simulation.cli import faults, options
from simulation.errors import ExitStatus, UserError

EXAMPLES = """\b
Examples:
  python run_sim.py check scenarios/preemptive.yaml
  python run_sim.py check scenarios/*.yaml scenarios/in_vitro/*.yaml
  python run_sim.py check scenarios/preemptive.yaml --set blinatumomab.cycles=2
"""


@click.command(epilog=EXAMPLES, short_help="Validate scenario files without running them.")
@options.scenario_files()
@options.settings()
def check(files: tuple[str, ...], settings: tuple[str, ...]) -> int:
    """Validate scenario and experiment files without running them.

    Each mistake is told with its file, its line, what was expected and the nearest valid name. The exit
    status is 0 when every file is valid and 2 when one is not.
    """
    status = ExitStatus.DONE
    for file in files:
        try:
            scenario = options.load_one(file, settings)
        except UserError as error:
            faults.tell(error)
            status = ExitStatus.USAGE
        else:
            click.echo(f"valid  {file}  ({scenario.name})")
    return status
