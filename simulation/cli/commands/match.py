"""`match`: virtual patients who together meet clinical margins, from the runs of a trial."""

from pathlib import Path

import click

from simulation.errors import ExitStatus, UserError

EXAMPLES = """\b
Examples:
  python run_sim.py match results/my-trial-seed1 scenarios/margins/salvage_and_mrd.yaml --out patients.csv
  python run_sim.py compare scenarios/therapeutic.yaml scenarios/preemptive.yaml --cohort patients.csv

docs/cohorts.md tells how margins are written and what weighing patients means.
"""


@click.command(epilog=EXAMPLES, short_help="Choose virtual patients who together meet clinical margins.")
@click.argument("results", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("margins", metavar="MARGINS.yaml")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, metavar="PATIENTS.csv",
    help="The list of accepted patients, a cohort for run, compare and sweep; it must be new.",
)  # fmt: skip
def match(results: Path, margins: str, out: Path) -> int:
    """Weigh the patients of a trial that `compare` has run so that they meet all margins at once, and list those accepted.

    Nothing is simulated. Prints each margin before and after, and the effective number of patients; what cannot be met is
    refused.
    """
    if out.suffix != ".csv":
        raise UserError("is no CSV file", file=str(out), key="--out", expected="a name such as patients.csv")
    if out.exists():
        raise UserError("is there already", file=str(out), key="--out", expected="the name of a new file")
    from simulation.cli.terminal import print_table
    from simulation.cohort.margins import load_margins, match, patients_csv, table_rows
    from simulation.files.atomic import write_file
    from simulation.trial.finished import reopen

    asked = load_margins(margins)
    finished = reopen(results)
    matched = match(finished, asked, margins)
    write_file(out, patients_csv(finished, matched))
    print_table(
        ["margin", "real", "simulated", "weighed"], table_rows(matched), right=range(1, 4), title=asked.name
    )
    n, places = matched.weights.size, matched.accepted()
    counts = f"{places.size} accepted, {len(set(places.tolist()))} of them different"
    click.echo(f"\n{n} patients, effective number {matched.effective:.0f}; {counts}.")
    click.echo(f"Patients: {out}")
    return ExitStatus.DONE
