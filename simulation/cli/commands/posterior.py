"""`posterior`: join what fits leave into one file of parameter sets."""

from pathlib import Path

import click

from simulation.cli import options
from simulation.errors import ExitStatus, UserError

EXAMPLES = """\b
Examples:
  python run_sim.py posterior scenarios/calibration/posterior.yaml --out simulation/data/posterior.csv
  python run_sim.py compare scenarios/trials/therapeutic_vs_preemptive.yaml --parameters my_sets.csv

The first builds what --posterior uses; the second runs a trial under sets of your own.
"""


@click.command(epilog=EXAMPLES, short_help="Join what fits leave into one file of parameter sets.")
@click.argument("file", metavar="FILE")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="CSV file of the sets; where they are from is written beside it, as .json. Both are replaced.",
)
@options.as_json("where the sets are from")
def posterior(file: str, out: Path, as_json: bool) -> int:
    """Draw joint parameter sets from the records of the fits that FILE names; nothing is simulated.

    Every set holds one set of each fit, drawn by its weight, and values of the ranges that FILE gives. The parameter table's
    digest is kept with them: a trial says when the table has changed since.
    """
    if out.suffix != ".csv":
        raise UserError("is no CSV file", file=str(out), key="--out", expected="a name such as posterior.csv")
    from simulation.calibration.joint import build, load_joint
    from simulation.cli.terminal import print_table

    sets = build(load_joint(file), out)
    if as_json:
        click.echo(out.with_suffix(".json").read_text(encoding="utf-8").rstrip())
        return ExitStatus.DONE
    rows = [
        [str(one["name"]), str(one["sets"]), f"{one['effective_sets']:.1f}", f"{one['effective_by_likelihood']:.1f}",
         " to ".join(f"{distance:.2f}" for distance in one["distances"])]
        for one in sets.fits
    ]  # fmt: skip
    print_table(
        ["fit", "sets", "effective", "by likelihood alone", "distance of the sets"], rows, right=range(1, 5)
    )
    click.echo(f"\n{len(sets)} joint sets of {len(sets.names)} parameters: {out}")
    return ExitStatus.DONE
