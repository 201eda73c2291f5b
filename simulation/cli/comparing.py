"""The command `compare` at work: the folder, the workers, a line of progress, and what came of it in words."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from simulation.cli import options
from simulation.cli.interrupt import Interrupt
from simulation.cli.terminal import CountLine, print_json, print_prose, print_table
from simulation.clinic.outcomes import OUTCOMES
from simulation.errors import ExitStatus
from simulation.figure_formats import Formats
from simulation.files.atomic import write_file
from simulation.pool import open_pool
from simulation.provenance import model_sha256
from simulation.results.words import short_title, survival_words
from simulation.trial.conduct import Conducted, conduct
from simulation.trial.execute import Missing, Progress
from simulation.trial.folder import prepare, write_arms
from simulation.trial.schema import DAYS_ON_DRUG, SHARES, SURVIVAL, Trial
from simulation.trial.write import write_outputs

HEARD = "Finishing the runs in hand and keeping what is done; Ctrl-C again ends at once."
MOST_TOLD = 5
_TOLD = (
    "current_leukaemia_free_days", "relapse", "complete_remission", "mrd_negative", "agvhd_2_4", "crs_3_4", "nrm", "eradicated",
    "relapse_free_days", *DAYS_ON_DRUG,
)  # fmt: skip
PRELOAD = ("simulation.trial.task",)


@dataclass(frozen=True)
class Request:
    """What the person asked for, besides the trial."""

    files: tuple[str, ...]
    workers: int | None
    scheduler: str | None
    resume: bool
    out: Path | None
    as_json: bool
    quiet: bool
    formats: Formats
    minutes: float | None


def run_trial(trial: Trial, request: Request) -> int:
    """Run a trial, write its results, say what came of it, and return the exit status."""
    out = prepare(trial, request.out, resume=request.resume)
    trial = write_arms(trial, out)
    for note in trial.notes:
        click.echo(f"Note: {note}", err=True)
    workers = options.processors() if request.workers is None else request.workers
    with Interrupt(minutes=request.minutes) as interrupt, CountLine("patients", quiet=request.quiet) as line:
        interrupt.on_first = lambda: line.say(HEARD)
        pool = open_pool(
            workers, request.scheduler, model=model_sha256, preload=PRELOAD, should_stop=interrupt.requested
        )

        def told(progress: Progress) -> None:
            line.count(progress.done, progress.wanted, progress.failed)

        with pool:
            done = conduct(trial, out, pool, on_progress=told, should_stop=interrupt.requested)
        line.show("writing tables, figures and the report")
        if done.state.not_stored is None:
            write_outputs(trial, done, out, formats=request.formats)
    _tell(trial, done, out, request)
    if done.state.stopped and (done.missing or trial.file.precision is not None):
        return interrupt.status
    return ExitStatus.FAILED_RUNS if done.missing else ExitStatus.DONE


def _tell(trial: Trial, done: Conducted, out: Path, request: Request) -> None:
    _tell_missing(trial, done, out, request)
    if request.as_json:
        print_json(done.view.comparison)
    elif request.quiet:
        click.echo(out)
    elif done.view.comparison.get("arms"):
        header, *rows = arm_rows(done.view.comparison)
        print_table(header, rows, right=range(1, len(header)))
        click.echo()
        print_prose(summary(trial, done.view.comparison))
        click.echo(f"\nResults: {out}")
    else:
        click.echo("No patient has a result in every arm yet.", err=True)


def _tell_missing(trial: Trial, done: Conducted, out: Path, request: Request) -> None:
    """Say exactly what is missing, and what to type."""
    if done.state.not_stored is not None:
        reason = done.state.not_stored.reason
        kept = "results could not be stored. What was stored before is kept."
        click.echo(f"Error: {out}: {reason}; {kept}", err=True)
    if not done.missing:
        return
    runs = done.patients * len(trial.arms)
    failed = [one for one in done.missing if one.reason]
    click.echo(f"{len(done.missing)} of {runs} runs are missing, {len(failed)} of them failed.", err=True)
    for one in failed[:MOST_TOLD]:
        click.echo(
            f"  patient {one.patient}, arm {one.arm}: {one.reason}\n    {_repeat_line(trial, one, out)}",
            err=True,
        )
    if len(failed) > MOST_TOLD:
        click.echo(f"  ... and {len(failed) - MOST_TOLD} more; all are in {out / 'store'}", err=True)
    click.echo(f"To complete it: {_resume_line(out, request)}", err=True)


def _repeat_line(trial: Trial, one: Missing, out: Path) -> str:
    """Return the command that repeats one run and shows its traceback."""
    from simulation.trial.task import arm_of, seed_of

    scenario = out / "arms" / f"{one.arm}.yaml"
    if one.repeat or trial.posterior is not None:
        arm = arm_of(trial, one.arm, one.patient, one.repeat)
        scenario = out / "arms" / f"{one.arm}-patient{one.patient}-repeat{one.repeat}.yaml"
        write_file(scenario, arm.scenario.to_yaml())
    who = f"--cohort none --seed {seed_of(trial.seed, one.repeat)} --patient {one.patient}"
    return f"python run_sim.py --traceback run {scenario} {who}"


def _resume_line(out: Path, request: Request) -> str:
    import shlex

    typed = sys.argv[1:]
    words = typed[typed.index("compare") :] if "compare" in typed else ["compare", *request.files]
    if "--resume" not in words:
        words = [*words, "--resume"]
    if not any(word == "--out" or word.startswith("--out=") for word in words):
        words = [*words, "--out", str(out)]
    return shlex.join(["python", "run_sim.py", *words])


# ---- in words


def arm_rows(comparison: Any) -> list[list[str]]:
    """Return one row per arm with the outcomes a trial reader looks for; the first row is the header."""
    rows = [["arm", "n", *(_header(name) for name in _TOLD)]]
    for key, arm in comparison["arms"].items():
        rows.append([key, str(arm["n"]), *(_cell(arm, name) for name in _TOLD)])
    return rows


def _header(name: str) -> str:
    title = short_title(OUTCOMES[name])
    return title if name in SHARES else f"{title} d"


def _cell(arm: Any, name: str) -> str:
    if name in SHARES:
        share = arm["shares"][name]["value"]
        return "-" if share is None else f"{100 * share:.0f} %"
    value = arm["rmst"][name]["value"] if name in SURVIVAL else arm["means"][name]
    return "-" if value is None else f"{value:.0f}"


def summary(trial: Trial, comparison: Any) -> list[str]:
    """Return the main comparison in sentences: the answer, how it depends on follow-up, and what it must not be taken for."""
    from simulation.trial.pair_words import RELAPSE_FREE, over_time
    from simulation.trial.report_words import not_the_same
    from simulation.trial.sure_words import POINT, unseen

    sure = comparison.get("uncertainty")
    how_sure = POINT if sure is None else unseen(sure)
    lines = [verdict(comparison), how_sure, *over_time(comparison), RELAPSE_FREE, not_the_same(trial)]
    return [line for line in lines if line]


def verdict(comparison: Any) -> str:
    """Return the main comparison in a sentence, with what kind of interval it is."""
    from simulation.trial.pair_words import verdict as beyond_chance_or_not
    from simulation.trial.sure_words import in_short

    pair = comparison["pairs"][0]
    name = comparison["primary_outcome"]
    main = pair["differences"][name]
    found = comparison.get("uncertainty")
    words = survival_words(name)
    start = f"{pair['arm']} against {pair['versus']}: {main['value']:+.1f} {words} per patient"
    tally = f"{main['win']} patients better, {main['tie']} the same, {main['loss']} worse."
    if found is not None and found["range"][0] is not None:
        low, high = found["range"]
        sure = in_short(found, pair["arm"], main["differing"])
        return f"{start}, 95 % range {low:+.1f} to {high:+.1f}{sure} {tally[:1].upper()}{tally[1:]}"
    low, high = main["interval_paired"]
    interval = "" if low is None else f" (95 % interval of the mean, paired: {low:+.1f} to {high:+.1f})"
    told = "" if low is None else f", {beyond_chance_or_not(main)}"
    return f"{start}{interval}{told}; {tally}"
