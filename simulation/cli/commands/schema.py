"""`schema`: print the JSON Schema of scenario, trial or sweep files."""

import click

EXAMPLES = """\b
Examples:
  python run_sim.py schema > scenario.schema.json
  python run_sim.py schema trial > trial.schema.json
Editors with a YAML language server then complete and check a file that begins with
  # yaml-language-server: $schema=scenario.schema.json
"""


@click.command(epilog=EXAMPLES, short_help="Print the JSON Schema of scenario, trial or sweep files.")
@click.argument("kind", type=click.Choice(["scenario", "trial", "sweep"]), default="scenario")
def schema(kind: str) -> None:
    """Print the JSON Schema of a kind of file (scenario where none is named), for completion in editors."""
    from simulation.cli.terminal import print_json

    if kind == "trial":
        from simulation.trial.json_schema import trial_json_schema as schema_of
    elif kind == "sweep":
        from simulation.sweep.json_schema import sweep_json_schema as schema_of
    else:
        from simulation.scenario.json_schema import json_schema as schema_of
    print_json(schema_of())
