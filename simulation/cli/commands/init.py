"""`init`: copy the scenarios, examples and pages that come with the program into a folder of the person's own."""

from pathlib import Path

import click

from simulation.shipped import PROGRAM

EXAMPLES = """\b
Examples:
  python run_sim.py init my_study
  python run_sim.py init . --overwrite
"""


@click.command(epilog=EXAMPLES, short_help="Copy the shipped scenarios and examples into a folder.")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace files of the same name that say something else.")
@click.option("-q", "--quiet", is_flag=True, help="Print only the folder.")
def init(folder: Path, overwrite: bool, quiet: bool) -> None:
    """Copy scenarios/, examples/ and docs/ into DIR, to begin from.

    Files that are there and say the same are left; where one says something else, nothing is copied.
    """
    from simulation.cli.copying import copy_shipped

    written, same = copy_shipped(folder, overwrite=overwrite)
    if quiet:
        click.echo(folder)
        return
    there = f", {same} were there" if same else ""
    click.echo(f"{written} files copied to {folder}{there}.")
    click.echo(f"Next: {PROGRAM} run {folder / 'scenarios' / 'preemptive.yaml'}")
