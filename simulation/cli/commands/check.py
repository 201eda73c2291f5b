"""`check`: validate files of every kind without running them."""

import click

from simulation.cli import faults, options
from simulation.errors import ExitStatus, UserError

EXAMPLES = """\b
Examples:
  python run_sim.py check scenarios/preemptive.yaml
  python run_sim.py check scenarios/*.yaml scenarios/*/*.yaml
  python run_sim.py check scenarios/preemptive.yaml --set blinatumomab.cycles=2
"""


@click.command(epilog=EXAMPLES, short_help="Validate files of every kind without running them.")
@options.scenario_files()
@options.settings()
def check(files: tuple[str, ...], settings: tuple[str, ...]) -> int:
    """Validate scenarios, trials, sweeps, experiments, fits and cohorts without running them.

    What a file is, is told from its keys. Each mistake is told with its file, its line, what was expected and the nearest
    valid name. The exit status is 0 when every file is valid and 2 when one is not.
    """
    from simulation.cli.kinds import check_file

    status = ExitStatus.DONE
    for file in files:
        try:
            kind, name, contents = check_file(file, settings)
        except UserError as error:
            faults.report(error)
            status = ExitStatus.USAGE
        else:
            click.echo(f"valid  {file}  ({kind.name}: {name}{f'; {contents}' if contents else ''})")
    return status
