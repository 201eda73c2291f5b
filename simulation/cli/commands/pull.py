"""`pull`: bring results from an object store into a folder."""

from pathlib import Path

import click

from simulation.cli import options

EXAMPLES = """\b
Examples:
  python run_sim.py pull s3://my-bucket/timing results/timing
  python run_sim.py pull gs://my-bucket/trial results/trial --overwrite
"""


@click.command(epilog=EXAMPLES, short_help="Bring results from an object store, checked by their digests.")
@click.argument("url", metavar="URL")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace files of DIR that say something else.")
@options.as_json("what was copied")
@click.option("-q", "--quiet", is_flag=True, help="Print only the folder.")
def pull(url: str, folder: Path, overwrite: bool, as_json: bool, quiet: bool) -> None:
    """Copy what push has brought to URL into DIR, which may hold some of it already.

    Every file is checked against its digest when it has come. Parts of a job array are then joined by the command that made
    them, with --resume.
    """
    from simulation.cli.copying import report_copied
    from simulation.store.remote import pull as copy_here

    report_copied(copy_here(url, folder, overwrite=overwrite), str(folder), as_json=as_json, quiet=quiet)
