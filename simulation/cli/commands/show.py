"""`show`: print a scenario with everything it inherits."""

import os

import click

from simulation.cli import options

EXAMPLES = """\b
Examples:
  python run_sim.py show scenarios/preemptive.yaml
  python run_sim.py show scenarios/preemptive.yaml --set 'follow_up=2 y' > longer.yaml
"""


@click.command(epilog=EXAMPLES, short_help="Print a scenario with everything it inherits.")
@click.argument("file", metavar="FILE")
@options.settings()
def show(file: str, settings: tuple[str, ...]) -> None:
    """Print the resolved scenario: what FILE says, what it extends and every default, as YAML.

    The text is a scenario file itself: running it gives the same results.
    """
    from simulation.cli.kinds import only_for
    from simulation.scenario.schema import Scenario

    only_for("run", (file,))
    (scenario,) = options.load_all((file,), settings)
    # a plugin's file is named from here, so that the text can be saved here and run
    text = scenario.to_yaml(os.path.relpath) if isinstance(scenario, Scenario) else scenario.to_yaml()
    click.echo(text.rstrip("\n"))
