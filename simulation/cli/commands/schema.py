"""`schema`: print the JSON Schema of scenario files."""

import click

EXAMPLES = """\b
Examples:
  python run_sim.py schema > scenario.schema.json
Editors with a YAML language server then complete and check a scenario file that begins with
  # yaml-language-server: $schema=scenario.schema.json
"""


@click.command(epilog=EXAMPLES, short_help="Print the JSON Schema of scenario files.")
def schema() -> None:
    """Print the JSON Schema of scenario files, for completion in editors."""
    import json

    from simulation.scenario.json_schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
