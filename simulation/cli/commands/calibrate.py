"""`calibrate`: fit parameters to published observations."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulation.cli import options

if TYPE_CHECKING:
    from simulation.store import Shard

EXAMPLES = """\b
Examples:
  python run_sim.py calibrate scenarios/calibration/response.yaml
  python run_sim.py calibrate scenarios/calibration/response.yaml --out results/my_fit
  python run_sim.py calibrate scenarios/calibration/gvl.yaml --self-check 100 --stored scenarios/calibration/records/gvl
  python run_sim.py calibrate scenarios/calibration/response.yaml --out DIR --shard $SLURM_ARRAY_TASK_ID/16

A fit that was stopped goes on when the same command is given again.
"""


@click.command(epilog=EXAMPLES, short_help="Fit parameters to published observations.")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the fit; a fit that is there goes on. By default results/fit-<FILE>.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Processes; by default one per processor. Results do not depend on it.",
)
@click.option(
    "--self-check",
    type=click.IntRange(8),
    metavar="N",
    help="Fit N made problems whose truth is known, in place of FILE's: does the calibration find it? (docs/self_check.md)",
)
@click.option(
    "--stored",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="With --self-check: also judge the evaluations that a fit of FILE has left in this folder.",
)
@options.shard(
    "Evaluate only part I of N of the stage that is next, into --out: one job of a job array per stage."
)
@options.max_minutes()
@options.as_json("the fit record")
@click.option("-q", "--quiet", is_flag=True, help="Print no progress.")
def calibrate(
    file: Path,
    out: Path | None,
    workers: int | None,
    self_check: int | None,
    stored: Path | None,
    shard: "Shard",
    max_minutes: float | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Fit the parameters that FILE names to the targets it names.

    Writes fitted.yaml (the best parameter set), posterior.csv (the weighted sets that the data leave), record.md and
    record.json (targets side by side, identifiability).
    With --self-check nothing is fitted: made problems with the same parameters, targets and effort show how well the
    sets that a fit leaves hold a known truth (self_check.md, .json, .png).
    Candidates are compared on the same virtual patients. Ctrl-C keeps every evaluation made so far.
    """
    if stored is not None and self_check is None:
        raise click.UsageError("--stored needs --self-check N")
    if self_check is not None and not shard.whole:
        raise click.UsageError("--self-check takes minutes and has no parts: leave out --shard")
    from simulation.calibration.fit_file import load_problem
    from simulation.cli.kinds import only_for

    only_for("calibrate", (str(file),))
    problem = load_problem(file)
    folder = out or Path("results") / f"{'fit' if self_check is None else 'self-check'}-{file.stem}"

    from simulation.cli.calibrating import run_fit, run_fit_part

    workers = workers or options.processors()
    if self_check is not None:
        from simulation.cli.self_checking import run_self_check

        return run_self_check(
            problem,
            str(file),
            self_check,
            stored,
            folder,
            workers,
            minutes=max_minutes,
            as_json=as_json,
            quiet=quiet,
        )
    if not shard.whole:
        return run_fit_part(
            problem, folder, shard, workers, minutes=max_minutes, as_json=as_json, quiet=quiet
        )
    return run_fit(problem, folder, workers, minutes=max_minutes, as_json=as_json, quiet=quiet)
