"""`status`: how far a sweep, trial or fit is, told from its folder alone, while it runs or after."""

import click

from simulation.cli import options

EXAMPLES = """\b
Examples:
  python run_sim.py status results/timing
  python run_sim.py status results/timing --workers 200
  python run_sim.py status s3://my-bucket/timing
  watch -n 60 python run_sim.py status results/timing
"""


@click.command(epilog=EXAMPLES, short_help="How far a sweep, trial or fit is, from its folder.")
@click.argument("place", metavar="DIR|URL")
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="Tell the time left on so many processors; by default on those of this machine.",
)
@options.as_json("the state")
def status(place: str, workers: int | None, as_json: bool) -> None:
    """Say what is planned, done, failed, slowest and left in DIR, or in what push copied to URL.

    DIR is a folder of sweep, compare or calibrate; of a fit candidates are counted, finalists are not. Nothing is changed,
    and jobs that run are not disturbed. The exit status is 0 however far it is.
    """
    from simulation.cli.standing import report, standing_at

    report(standing_at(place), workers or options.processors(), as_json=as_json)
