"""The command `compare` at work: the folder, the workers, a line of progress, and what came of it in words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from simulation.calibration.structures import Plan, plan_of, under_structures
from simulation.cli import options
from simulation.cli.interrupt import Interrupt
from simulation.cli.terminal import CountLine, print_json, print_prose, print_table, resume_line
from simulation.clinic.outcomes import OUTCOMES
from simulation.errors import ExitStatus
from simulation.figure_formats import Formats
from simulation.files.atomic import write_file
from simulation.files.marked_page import marks, page_with_place, renew_page
from simulation.pool import Pool, open_pool
from simulation.provenance import model_sha256
from simulation.results.words import short_title, survival_words
from simulation.shipped import PROGRAM
from simulation.store import WHOLE, Shard
from simulation.trial.analysis import as_json
from simulation.trial.conduct import ConductedTrial, conduct, conduct_part
from simulation.trial.execute import MissingRun, Progress, State, number_of_runs
from simulation.trial.folder import prepare, prepare_part, write_arms
from simulation.trial.page import section
from simulation.trial.schema import DAYS_ON_DRUG, SHARES, SURVIVAL, Trial
from simulation.trial.write import write_outputs

HEARD = "Finishing the runs in hand and keeping what is done; Ctrl-C again ends at once."
MOST_SHOWN = 5
_SHOWN = (
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
    shard: Shard = WHOLE
    page: Path | None = None
    section: Path | None = None


@dataclass(frozen=True)
class _RunningTrial:
    pool: Pool
    interrupt: Interrupt
    line: CountLine

    def on_progress(self, progress: Progress) -> None:
        self.line.count(progress.done, progress.wanted, progress.failed)


@contextmanager
def _at_work(request: Request) -> Iterator[_RunningTrial]:
    """Open the workers, with a live line; Ctrl-C, SIGTERM and the end of the minutes let what is in hand be finished."""
    workers = options.processors() if request.workers is None else request.workers
    with Interrupt(minutes=request.minutes) as interrupt, CountLine("patients", quiet=request.quiet) as line:
        interrupt.on_first = lambda: line.message(HEARD)
        pool = open_pool(
            workers, request.scheduler, model=model_sha256, preload=PRELOAD, should_stop=interrupt.requested
        )
        with pool:
            yield _RunningTrial(pool, interrupt, line)


def run_trial(trial: Trial, request: Request) -> int:
    """Run a trial (or a part of it), write its results, say what came of it, and return the exit status."""
    place = marks("trial", Path(request.files[0]).stem)
    if request.section is not None:
        page_with_place(request.section, place)  # a mistake is told before anything runs
    if not request.shard.whole and request.out is not None:
        return _run_part(trial, request.out, request)
    out = prepare(trial, request.out, resume=request.resume)
    trial = write_arms(trial, out)
    for note in () if request.quiet else trial.notes:
        click.echo(f"Note: {note}", err=True)
    plan = plan_of(trial)
    if plan is not None and not request.quiet:
        print_prose([plan.cost()], err=True)
    written = False
    with _at_work(request) as at:
        done = conduct(trial, out, at.pool, on_progress=at.on_progress, should_stop=at.interrupt.requested)
        if plan is not None and not done.missing:
            done = _with_structures(plan, done, out, at)
        at.line.show("writing tables, figures and the report")
        if done.state.not_stored is None:
            write_outputs(trial, done, out, formats=request.formats)
            written = _write_page(trial, done, request)
    if request.section is not None and not done.missing and done.state.not_stored is None:
        renew_page(request.section, place, section(out, trial))
    _report(trial, done, out, request)
    if request.page is not None and not (request.quiet or request.as_json):
        click.echo(f"Page: {request.page}" if written else "The page is written when the trial is complete.")
    unasked = plan is not None and "structures" not in done.view.comparison
    if done.state.stopped and (done.missing or trial.file.precision is not None or unasked):
        return at.interrupt.status
    return ExitStatus.FAILED_RUNS if done.missing else ExitStatus.DONE


def _write_page(trial: Trial, done: ConductedTrial, request: Request) -> bool:
    """Write the page that was asked for, of a trial that is complete; return whether it was."""
    if request.page is None or done.missing or done.state.stopped or not done.view.comparison["pairs"]:
        return False
    from simulation.export.answer_page import write_answer_page

    about = {
        "trial": trial.name, "file": " ".join(request.files), "question": trial.file.question, "seed": trial.seed,
        "patients": done.patients,
    }  # fmt: skip
    write_answer_page(done.view, about, request.page)
    return True


def _with_structures(plan: Plan, done: ConductedTrial, out: Path, at: _RunningTrial) -> ConductedTrial:
    """Return the trial with what it answers under other structures; as it was, and marked as stopped, where that was stopped."""
    names = {one.key: one.name for one in plan.structures}

    def on_progress(key: str, progress: Progress) -> None:
        at.line.show(f"{names[key]}: {progress.done} of {progress.wanted} runs")

    study = under_structures(
        plan, done, out, at.pool, should_stop=at.interrupt.requested, on_trial=on_progress,
        on_studies=lambda p: at.line.show(f"studies under structures: {p.done} of {p.wanted}"),
    )  # fmt: skip
    if study is None:
        at.line.message(
            "The structures are not complete; what is done of them is kept, and --resume goes on."
        )
        return replace(done, state=replace(done.state, stopped=True))
    view = replace(done.view, comparison={**done.view.comparison, "structures": as_json(study)})
    return replace(done, view=view)


def _run_part(trial: Trial, folder: Path, request: Request) -> int:
    """Run one part of the patients into the folder that all parts share, and say what came of it."""
    shard, out = request.shard, prepare_part(trial, folder)
    trial = write_arms(trial, out)
    with _at_work(request) as at:
        state, left = conduct_part(
            trial, out, at.pool, shard, on_progress=at.on_progress, should_stop=at.interrupt.requested
        )
    failed = [one for one in left if one.reason]
    if request.as_json:
        reasons = [{"patient": one.patient, "arm": one.arm, "reason": one.reason} for one in failed]
        print_json(
            {
                "folder": str(out), "shard": f"{shard.index}/{shard.of}", "patients_now": state.computed, "missing": len(left),
                "failed": reasons,
            }
        )  # fmt: skip
    elif request.quiet:
        click.echo(out)
    else:
        click.echo(
            f"Part {shard.index} of {shard.of}: {state.computed} patients simulated now, {len(left)} runs missing."
        )
        click.echo(f"When all parts are through: {resume_line(out, 'compare', *request.files)}")
    _report_failed(trial, left, out, state)
    if state.stopped and left:
        return at.interrupt.status
    return ExitStatus.FAILED_RUNS if left else ExitStatus.DONE


def _report(trial: Trial, done: ConductedTrial, out: Path, request: Request) -> None:
    _report_missing(trial, done, out, request)
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


def _report_missing(trial: Trial, done: ConductedTrial, out: Path, request: Request) -> None:
    """Say exactly what is missing, and what to type."""
    if done.missing:
        runs = number_of_runs(trial, done.patients)
        failed = sum(1 for one in done.missing if one.reason)
        click.echo(f"{len(done.missing)} of {runs} runs are missing, {failed} of them failed.", err=True)
    _report_failed(trial, done.missing, out, done.state)
    if done.missing:
        click.echo(f"To complete it: {resume_line(out, 'compare', *request.files)}", err=True)


def _report_failed(trial: Trial, left: Sequence[MissingRun], out: Path, state: State) -> None:
    """Say why runs failed, each with the command that repeats it, and whether results could not be stored."""
    if state.not_stored is not None:
        kept = "results could not be stored. What was stored before is kept."
        click.echo(f"Error: {out}: {state.not_stored.reason}; {kept}", err=True)
    failed = [one for one in left if one.reason]
    for one in failed[:MOST_SHOWN]:
        click.echo(
            f"  patient {one.patient}, arm {one.arm}: {one.reason}\n    {_repeat_line(trial, one, out)}",
            err=True,
        )
    if len(failed) > MOST_SHOWN:
        click.echo(f"  ... and {len(failed) - MOST_SHOWN} more; all are in {out / 'store'}", err=True)


def _repeat_line(trial: Trial, one: MissingRun, out: Path) -> str:
    """Return the command that repeats one run and shows its traceback."""
    from simulation.trial.task import arm_of, seed_of

    scenario = out / "arms" / f"{one.arm}.yaml"
    if one.repeat or trial.posterior is not None:
        arm = arm_of(trial, one.arm, one.patient, one.repeat)
        scenario = out / "arms" / f"{one.arm}-patient{one.patient}-repeat{one.repeat}.yaml"
        write_file(scenario, arm.scenario.to_yaml())
    who = f"--cohort none --seed {seed_of(trial.seed, one.repeat)} --patient {one.patient}"
    return f"{PROGRAM} --traceback run {scenario} {who}"


# ---- in words


def arm_rows(comparison: Any) -> list[list[str]]:
    """Return one row per arm with the outcomes a trial reader looks for; the first row is the header."""
    rows = [["arm", "n", *(_header(name) for name in _SHOWN)]]
    for key, arm in comparison["arms"].items():
        rows.append([key, str(arm["n"]), *(_cell(arm, name) for name in _SHOWN)])
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
    from simulation.trial.sure_words import POINT, over_structures, unseen

    sure = comparison.get("uncertainty")
    how_sure = POINT if sure is None else unseen(sure)
    lines = [
        verdict(comparison),
        how_sure,
        over_structures(comparison),
        *over_time(comparison),
        RELAPSE_FREE,
        not_the_same(trial),
    ]
    return [line for line in lines if line]


def verdict(comparison: Any) -> str:
    """Return the main comparison in a sentence, with what kind of interval it is."""
    from simulation.trial.pair_words import verdict as beyond_chance_or_not
    from simulation.trial.sure_words import in_short

    pair = comparison["pairs"][0]
    name = comparison["primary_outcome"]
    main = pair["differences"][name]
    uncertainty = comparison.get("uncertainty")
    words = survival_words(name)
    start = f"{pair['arm']} against {pair['versus']}: {main['value']:+.1f} {words} per patient"
    tally = f"{main['win']} patients better, {main['tie']} the same, {main['loss']} worse."
    if uncertainty is not None and uncertainty["range"][0] is not None:
        low, high = uncertainty["range"]
        sure = in_short(uncertainty, pair["arm"], main["differing"])
        return f"{start}, 95 % range {low:+.1f} to {high:+.1f}{sure} {tally[:1].upper()}{tally[1:]}"
    low, high = main["interval_paired"]
    interval = "" if low is None else f" (95 % interval of the mean, paired: {low:+.1f} to {high:+.1f})"
    certainty = "" if low is None else f", {beyond_chance_or_not(main)}"
    return f"{start}{interval}{certainty}; {tally}"
