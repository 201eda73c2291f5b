"""`expand`: add replicates or points to a sweep, and run them."""

from pathlib import Path

import click

from simulation.cli import options

EXAMPLES = """\b
Examples:
  python run_sim.py expand results/timing --replicates 200
  python run_sim.py expand results/timing --add 'dli.cd3.0=[3e6/kg, 1e7/kg]'
  python run_sim.py expand results/global --points 256
  python run_sim.py expand results/mine --points-from more.csv
"""


@click.command(epilog=EXAMPLES, short_help="Add replicates or points to a sweep, and run them.")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--replicates", type=click.IntRange(1), metavar="N", help="So many replicates of every point in all."
)
@click.option(
    "--points", type=click.IntRange(1), metavar="N", help="So many points of a drawn design in all."
)
@click.option("--add", multiple=True, metavar="PATH=[VALUES]", help="More levels of a grid. May be repeated.")
@click.option(
    "--points-from",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.csv",
    help="Points to add.",
)
@click.option(
    "--plan-only", is_flag=True, help="Add them to the plan; `sweep --resume` (or a job array) runs them."
)
@click.option(
    "--workers", type=int, metavar="N", help="Processes on this machine; by default one per processor."
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="A running dask scheduler: tcp://host:8786, or its file.json."
)
@options.max_minutes()
@options.as_json("what came of it")
@click.option("-q", "--quiet", is_flag=True, help="Print no progress, only where the results are.")
def expand(
    folder: Path, replicates: int | None, points: int | None, add: tuple[str, ...], points_from: Path | None,
    plan_only: bool, workers: int | None, scheduler: str | None, max_minutes: float | None, as_json: bool,
    quiet: bool,
) -> int:  # fmt: skip
    """Add runs to the sweep in DIR. What was run stays as it is, with its number and its row.

    Runs that were still missing are run as well.
    """
    from simulation.cli import sweeping
    from simulation.store import WHOLE
    from simulation.sweep.expand import expand as more

    if scheduler is not None and workers is not None:
        raise click.UsageError("--scheduler takes the cluster's workers: leave --workers away")
    n_workers = sweeping.check_workers(options.processors() if workers is None else workers)
    plan = more(folder, replicates=replicates, points=points, add=add, points_from=points_from)
    if plan_only:
        click.echo(f"{plan.n_runs:,} runs are planned now.")
        return 0
    done, status = sweeping.run_plan(
        folder, plan, workers=n_workers, scheduler=scheduler, shard=WHOLE, minutes=max_minutes, quiet=quiet
    )
    sweeping.report(folder, plan, done, as_json=as_json, quiet=quiet)
    return status
