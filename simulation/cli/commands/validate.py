"""`validate`: rerun every check and write the validation report."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulation.cli import options
from simulation.errors import ExitStatus

if TYPE_CHECKING:
    from simulation.store import Shard

_SETS = 12
EXAMPLES = """\b
Examples:
  python run_sim.py validate --quick
  python run_sim.py validate --part facts --workers 4
  python run_sim.py validate --early
  python run_sim.py validate --posterior --quick --sets 8
  python run_sim.py validate --out docs
  python run_sim.py validate --out DIR --shard $SLURM_ARRAY_TASK_ID/20 --max-minutes 50
  python run_sim.py validate --out DIR --resume
"""


@click.command(
    epilog=EXAMPLES, short_help="Check the model against theory, data and the source; write the report."
)
@click.option("--quick", is_flag=True, help="Fewer patients: minutes instead of half an hour.")
@click.option(
    "--part",
    "parts",
    type=click.Choice(["theory", "targets", "facts", "source"]),
    multiple=True,
    help="Only this part; may be repeated. The report is then printed, and written only with --out.",
)
@click.option("--early", is_flag=True, help="Also redo the experiments of docs/when_early_does_not_win.md.")
@options.parameter_sets()
@click.option(
    "--sets",
    type=click.IntRange(2),
    metavar="N",
    help="With --posterior or --parameters: under how many parameter sets; 12 if not said.",
)
@click.option(
    "--seed", type=int, callback=options.natural, default=1, metavar="N", show_default=True, help="Seed."
)
@click.option(
    "--workers", type=click.IntRange(1), metavar="N", help="Processes; by default one per processor."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for validation.md and validation.json, instead of a new one in results/; docs renews the shipped pages.",
)
@options.shard(
    "Do only part I of N of the checks, into --out: one job of an array. When all are through, --resume joins them."
)
@click.option(
    "--resume", is_flag=True, help="Take what parts in --out hold, and do only the checks that are missing."
)
@options.max_minutes()
@options.as_json("the report")
@click.option("-q", "--quiet", is_flag=True, help="Print no progress.")
def validate(
    quick: bool,
    parts: tuple[str, ...],
    early: bool,
    parameters: str | None,
    sets: int | None,
    seed: int,
    workers: int | None,
    out: Path | None,
    shard: "Shard",
    resume: bool,
    max_minutes: float | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Rerun all checks: theory, published targets, stylised facts, the source's findings.

    Writes validation.md and validation.json to a new folder in results/, or to --out. Exit status 4 when a check ends in an
    error; a check that fails is a finding, not an error. With --posterior every target and fact is looked at under several
    parameter sets instead: predictive.md and predictive.json say whether the observed values lie in the predictive intervals.
    """
    under_sets = parameters not in {None, "table"}
    if sets is not None and not under_sets:
        raise click.UsageError("--sets needs --posterior or --parameters FILE.csv")
    if under_sets and (early or not shard.whole):
        raise click.UsageError("--posterior goes with neither --early nor --shard")
    if under_sets and "theory" in parts:
        raise click.UsageError("--posterior is for targets, facts and source: no parameter set moves theory")
    if out is None and (resume or not shard.whole):
        raise click.UsageError("--shard and --resume need --out DIR: the folder that all parts share")
    if max_minutes is not None and shard.whole:
        raise click.UsageError("--max-minutes needs --shard I/N: only parts are kept and gone on with")
    if early and not shard.whole:
        raise click.UsageError("--early is done as a whole: leave it to the call with --resume")
    from simulation.cli.validating import Request, run_validation

    request = Request(quick, parts, early, seed, workers, out, shard, resume, max_minutes, as_json, quiet)
    if under_sets:
        from simulation.cli.predictive_checks import run_predictive

        return run_predictive(str(parameters), _SETS if sets is None else sets, request)
    return run_validation(request) or ExitStatus.DONE
