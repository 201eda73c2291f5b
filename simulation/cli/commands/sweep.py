"""`sweep`: run thousands of runs over a design of parameters, resumable, here or on a cluster."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulation.cli import options
from simulation.cli.kinds import only_for
from simulation.errors import ExitStatus

if TYPE_CHECKING:
    from simulation.store import Shard

EXAMPLES = """\b
Examples:
  python run_sim.py sweep scenarios/sweeps/timing_dli_dose.yaml --dry-run
  python run_sim.py sweep scenarios/sweeps/global_sobol.yaml --points 8 --replicates 1 --out results/try
  python run_sim.py sweep scenarios/sweeps/timing_dli_dose.yaml --workers 8 --out results/timing
  python run_sim.py sweep scenarios/sweeps/timing_dli_dose.yaml --out results/timing --resume
  python run_sim.py sweep big.yaml --out DIR --resume --scheduler scheduler.json
  python run_sim.py sweep big.yaml --out DIR --slurm 100
  python run_sim.py sweep big.yaml --out DIR --shard $TASK/100
  python run_sim.py analyze results/timing

docs/sweeps.md tells what a sweep file may say.
"""


@click.command(epilog=EXAMPLES, short_help="Run a design of parameters: thousands of runs, resumable.")
@click.argument("file", metavar="SWEEP.yaml")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the sweep (results/sweep-NAME).",
)
@click.option(
    "--workers", type=int, metavar="N", help="Processes on this machine; by default one per processor."
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="A running dask scheduler: tcp://host:8786, or its file.json."
)
@options.shard("Run only part I of N: one job of a job array.")
@click.option(
    "--resume", is_flag=True, help="Go on with what the folder holds; runs that are done are not run again."
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Check everything and print the number of runs, time and disk; write nothing.",
)
@click.option(
    "--slurm",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="Run nothing: prepare the folder, measure a few runs, and write scripts for an array of N jobs into it.",
)
@click.option("--seed", type=int, callback=lambda c, p, v: v if v is None else options.natural(c, p, v), metavar="N",
              help="Seed of patients and chance, where the file says none.")  # fmt: skip
@click.option(
    "--replicates",
    type=click.IntRange(1),
    metavar="N",
    help="Patients per point, instead of the file's number.",
)
@click.option(
    "--points",
    type=click.IntRange(1),
    metavar="N",
    help="Points (of Morris' design: trajectories) to draw, instead of the file's number; expand adds more.",
)
@options.settings()
@options.max_minutes()
@options.as_json("what came of it")
@click.option("-q", "--quiet", is_flag=True, help="Print no progress, only where the results are.")
def sweep(
    file: str, out: Path | None, workers: int | None, scheduler: str | None, shard: "Shard", resume: bool,
    dry_run: bool, slurm: int | None, seed: int | None, replicates: int | None, points: int | None, settings: tuple[str, ...],
    max_minutes: float | None, as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """Run every point of a design, in every arm, with the same virtual patients at each point.

    Everything is checked before anything runs. Each finished batch is on the disk at once: after Ctrl-C, a crash or a
    power cut, --resume goes on where it was. A run that fails is a row that says why (exit status 4).
    """
    from simulation.cli import sweeping

    if scheduler is not None and (workers is not None or not shard.whole):
        raise click.UsageError("--scheduler takes the cluster's workers: leave --workers and --shard away")
    if slurm is not None and (dry_run or scheduler is not None or not shard.whole):
        raise click.UsageError("--slurm writes scripts only: leave --dry-run, --scheduler and --shard away")
    n_workers = sweeping.check_workers(options.processors() if workers is None else workers)

    only_for("sweep", (file,))
    from simulation.sweep.load import load_sweep
    from simulation.sweep.prepare import check_sweep, default_folder, plan_of, prepare

    checked = load_sweep(file, settings, seed, replicates, points)
    for note in () if checked.posterior is None or quiet else checked.posterior.notes:
        click.echo(f"Note: {note}", err=True)
    n_points = check_sweep(checked)
    if dry_run:
        plan = plan_of(checked, n_points)
        sweeping.report_estimate(plan, sweeping.measured(checked, plan, n_workers), as_json=as_json)
        return ExitStatus.DONE
    folder = out or default_folder(checked)
    if slurm is not None:
        plan = prepare(checked, folder, n_points, resume=resume)
        words = sweeping.changes_typed(settings, seed, replicates, points)
        estimate = sweeping.measured(checked, plan, slurm)
        sweeping.write_scripts(folder, plan, file, words, slurm, estimate, as_json=as_json)
        return ExitStatus.DONE
    plan = prepare(checked, folder, n_points, resume=resume or not shard.whole)
    done, status = sweeping.run_plan(
        folder, plan, workers=n_workers, scheduler=scheduler, shard=shard, minutes=max_minutes, quiet=quiet
    )
    sweeping.report(folder, plan, done, as_json=as_json, quiet=quiet)
    return status
