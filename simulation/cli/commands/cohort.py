"""`cohort`: draw a cohort's patients and tell who they are, beside published series."""

from pathlib import Path

import click

from simulation.cli import options
from simulation.errors import UserError

EXAMPLES = """\b
Examples:
  python run_sim.py cohort scenarios/cohorts/high_risk_all.yaml
  python run_sim.py cohort scenarios/cohorts/matched_sibling.yaml --patients 1000 --draw-only
  python run_sim.py cohort scenarios/cohorts/high_risk_all.yaml --seed 2 --out results/cohort

docs/cohorts.md tells how to write a cohort and how the comparison is judged.
"""


@click.command(
    epilog=EXAMPLES, short_help="Draw a cohort's patients; tell who they are, beside published series."
)
@click.argument("file", metavar="COHORT.yaml")
@click.option(
    "--patients", type=click.IntRange(1, 100_000), default=200, metavar="N", show_default=True,
    help="How many patients: 0 to N-1 of the seed.",
)  # fmt: skip
@click.option(
    "--seed", type=int, callback=options.natural, default=1, metavar="N", show_default=True,
    help="Seed of all patients, as in compare.",
)  # fmt: skip
@click.option("--draw-only", is_flag=True, help="Do not simulate the first weeks.")
@click.option(
    "--baselines", type=click.Path(path_type=Path), metavar="FILE",
    help="Compare with the published baselines of this file instead of the packaged ones.",
)  # fmt: skip
@options.settings()
@options.as_json("the tables")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path),
    help="Folder for baseline.csv, baseline.md and baseline.png; it must be new or empty.",
)  # fmt: skip
@click.option(
    "--page", type=click.Path(dir_okay=False, path_type=Path), metavar="PAGE.md",
    help="Renew the tables between the marks of this page: those of this cohort, or the only ones, with a figure in images/.",
)  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Print no progress.")
def cohort(
    file: str, patients: int, seed: int, draw_only: bool, baselines: Path | None, settings: tuple[str, ...],
    as_json: bool, out: Path | None,
    page: Path | None, quiet: bool,
) -> None:  # fmt: skip
    """Draw the virtual patients of a cohort and print their baseline table, as a trial report would.

    Patient k of a seed is the same person as in compare. Unless --draw-only, each is followed without treatment until T
    cells have recovered. Published series stand beside it with whether they agree. Only --out and --page write files.
    """
    from simulation.cli.kinds import only_for

    only_for("cohort", (file,))
    if out is not None and out.exists() and any(out.iterdir()):
        raise UserError("the folder is not empty", file=str(out), expected="a new or empty folder")

    from simulation.cli.describing import Request, describe_cohort

    describe_cohort(
        Request(file, patients, seed, not draw_only, baselines, settings, as_json, out, page, quiet)
    )
