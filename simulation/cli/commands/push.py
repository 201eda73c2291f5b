"""`push`: copy a folder of results to an object store."""

from pathlib import Path

import click

from simulation.cli import options

EXAMPLES = """\b
Examples:
  python run_sim.py push results/timing s3://my-bucket/timing
  python run_sim.py status s3://my-bucket/timing
  python run_sim.py pull s3://my-bucket/timing results/timing

Any URL that fsspec knows will do; a kind of store needs its own package beside the program, such as s3fs for s3://.
docs/scale.md tells how jobs without a common file system bring their parts together.
"""


@click.command(epilog=EXAMPLES, short_help="Copy results to an object store, checked by their digests.")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("url", metavar="URL")
@options.as_json("what was copied")
@click.option("-q", "--quiet", is_flag=True, help="Print only the URL.")
def push(folder: Path, url: str, as_json: bool, quiet: bool) -> None:
    """Copy DIR, a folder of run, compare, sweep or another command, to URL.

    Every file is first checked against its digest. What is there already is left, so that the same command goes on after a
    failure, and many jobs may push their parts to one URL. Nothing is removed there.
    """
    from simulation.cli.copying import report_copied
    from simulation.store.remote import push as copy_there

    report_copied(copy_there(folder, url), url, as_json=as_json, quiet=quiet)
