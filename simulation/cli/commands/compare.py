"""`compare`: a virtual trial, every arm treating the same patients."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulation.cli import options
from simulation.cli.kinds import only_for
from simulation.errors import UserError

if TYPE_CHECKING:
    from simulation.store import Shard

EXAMPLES = """\b
Examples:
  python run_sim.py compare scenarios/trials/therapeutic_vs_preemptive.yaml
  python run_sim.py compare scenarios/trials/timing_by_dli.yaml --patients 200 --workers 8
  python run_sim.py compare scenarios/trials/timing_by_dli.yaml --resume
  python run_sim.py compare scenarios/trials/timing_by_dli.yaml --out DIR --shard $SLURM_ARRAY_TASK_ID/50
  python run_sim.py compare scenarios/trials/therapeutic_vs_preemptive.yaml --posterior
  python run_sim.py compare scenarios/trials/how_sure.yaml --page docs/how_sure.md
  python run_sim.py compare scenarios/trials/how_sure.yaml --structures no_gvl,no_place_outside
  python run_sim.py compare scenarios/therapeutic.yaml scenarios/preemptive.yaml --patients 20
  python run_sim.py compare scenarios/therapeutic.yaml scenarios/preemptive.yaml \\
      --cohort scenarios/cohorts/high_risk_all.yaml --patients 50 --precision 20

Plain scenario files are arms as well. Their patients are those of the standard cohort, but for what the files themselves
write under `patient`; with --cohort FILE those of that cohort, with --cohort none one typical patient, whose runs differ by
chance only. Patient 7 of a seed is the same person as in `run --patient 7 --seed N`.

Without --posterior the answer is that of one set of parameter values, a point; docs/uncertainty.md tells what it adds.
"""


def _natural_or_none(ctx: click.Context, param: click.Parameter, number: int | None) -> int | None:
    return None if number is None else options.natural(ctx, param, number)


@click.command(epilog=EXAMPLES, short_help="Compare treatments on the same virtual patients (a trial).")
@click.argument("files", nargs=-1, required=True, metavar="TRIAL.yaml | FILE FILE...")
@click.option("--patients", type=click.IntRange(1), metavar="N", help="How many patients, each in every arm.")
@click.option(
    "--seed", type=int, callback=_natural_or_none, metavar="N", help="Seed of patients and chance events."
)
@click.option("--days", metavar="N", help="Follow every patient for N days after transplant.")
@options.cohort("standard")
@click.option(
    "--precision",
    metavar="DAYS",
    help="Add patients until half the 95 % interval of the main difference is at most so many days.",
)
@options.parameter_sets()
@click.option(
    "--structures",
    metavar="all | NAME,NAME",
    help="Ask again with contested mechanisms switched off, each with a fit and a trial of its own (docs/uncertainty.md).",
)
@options.settings()
@click.option(
    "--workers",
    type=click.IntRange(0),
    metavar="N",
    help="Processes on this machine; by default one per processor, 0 for none besides this one.",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="Use the dask.distributed cluster of this scheduler instead."
)
@options.shard(
    "Run only part I of N of the patients into --out: one job of an array. When all are through, --resume joins them."
)
@options.max_minutes()
@click.option("--resume", is_flag=True, help="Complete an earlier attempt: only what is missing is run.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the results. By default a new one in results/; with --resume the newest of this trial.",
)
@click.option(
    "--page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PAGE.md",
    help="Write the answer as a page, too, with its numbers (JSON) and figures beside it (docs/how_sure.md is one).",
)
@options.as_json("comparison.json")
@click.option(
    "-q", "--quiet", is_flag=True, help="Print no progress and no tables, only where the results are."
)
@options.figures()
def compare(
    files: tuple[str, ...],
    patients: int | None,
    seed: int | None,
    days: str | None,
    cohort: str | None,
    precision: str | None,
    parameters: str | None,
    structures: str | None,
    settings: tuple[str, ...],
    workers: int | None,
    scheduler: str | None,
    shard: "Shard",
    max_minutes: float | None,
    resume: bool,
    out: Path | None,
    page: Path | None,
    as_json: bool,
    quiet: bool,
    formats: tuple[str, ...],
) -> int:
    """Treat the same virtual patients in every arm, and compare.

    TRIAL.yaml names a cohort, arms, follow-up and outcomes; plain scenario FILEs are arms of a quick comparison. All
    files are checked before anything runs. Ctrl-C finishes the runs in hand and keeps them (exit status 130, then
    --resume); a second Ctrl-C ends at once. The exit status is 4 when runs failed: what is missing is told, with the
    command that repeats it.
    """
    changes: list[tuple[str, Any, str]] = [
        (name, value, f"--{option}")
        for name, value, option in (
            ("patients", patients, "patients"),
            ("seed", seed, "seed"),
            ("follow_up", _with_unit(days), "days"),
            ("precision", _with_unit(precision), "precision"),
            ("parameters", parameters, "parameters"),
            ("structures.of", structures, "structures"),
        )
        if value is not None
    ]
    if workers is not None and scheduler is not None:
        raise click.UsageError(
            "--workers and --scheduler exclude each other: the cluster has its own workers"
        )
    if not shard.whole and out is None:
        raise click.UsageError("--shard needs --out DIR: the folder that all parts share")
    if page is not None and not shard.whole:
        raise click.UsageError(
            "--page is for the whole trial: give it with --resume when all parts are through"
        )
    only_for("compare", files, also=("run",))
    from simulation.scenario.load import override_pairs

    trial = _load(files, changes, list(override_pairs(settings)), cohort)

    # Only now what is heavy: a mistake in the command or in a file is told at once.
    from simulation.cli.comparing import Request, run_trial

    if page is not None:
        from simulation.export.answer_page import check_page

        check_page(page)
    request = Request(
        files, workers, scheduler, resume, out, as_json, quiet, formats, max_minutes, shard, page
    )
    return run_trial(trial, request)


def _load(
    files: tuple[str, ...], changes: list[tuple[str, Any, str]], settings: list[tuple[str, Any, str]],
    cohort: str | None,
) -> Any:  # fmt: skip
    from simulation.trial.load import is_trial_file, load_quick_trial, load_trial

    trials = [file for file in files if is_trial_file(file)]
    if trials and len(files) > 1:
        raise UserError("is a trial of its own; give one trial, or scenario files only", file=trials[0])
    if trials:
        if cohort is not None:
            raise UserError(
                "the trial file names its cohort; --cohort is for plain scenario files", file=trials[0]
            )
        return load_trial(files[0], changes, settings)
    if len(files) < 2:
        raise UserError(
            "is no trial (it has no arms); give a trial file, or two scenario files or more", file=files[0]
        )
    return load_quick_trial(files, changes, settings, cohort)


def _with_unit(days: str | None) -> str | None:
    """Take `--days 180` and `--days '180 d'` alike."""
    if days is None:
        return None
    return f"{days} d" if days.strip().replace(".", "", 1).isdigit() else days
