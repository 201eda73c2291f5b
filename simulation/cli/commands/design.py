"""`design`: how many patients a real, randomised trial would need, from the stored runs of a virtual one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulation.cli import options
from simulation.errors import UserError
from simulation.shipped import PROGRAM

if TYPE_CHECKING:
    from simulation.trial.finished import FinishedTrial
    from simulation.trial.real_trial import RealTrial

EXAMPLES = """\b
Examples:
  python run_sim.py design scenarios/trials/therapeutic_vs_preemptive.yaml
  python run_sim.py design scenarios/trials/therapeutic_vs_preemptive.yaml --set accrual='3 years' --set drop_out=0.1
  python run_sim.py design results/my-trial-seed1 --set follow_up='18 months' --set historical.share=0.4
  python run_sim.py design scenarios/trials/therapeutic_vs_preemptive.yaml --results results/my-trial-seed1 --json

`compare TRIAL.yaml` must have been run before: patients are drawn from its runs, nothing is simulated. The block `real_trial` of
the trial file says how the real trial is conducted; docs/design.md lists its keys.
"""


@click.command(epilog=EXAMPLES, short_help="How many patients a real trial would need.")
@click.argument("trial", metavar="TRIAL.yaml | DIR", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--results",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder that `compare` wrote. By default the newest of this trial in results/.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one key of the block `real_trial`. May be repeated.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the answer. By default `design` in the trial's folder.",
)
@options.figures()
@options.as_json("design.json")
@click.option("-q", "--quiet", is_flag=True, help="Print only where the answer is.")
def design(
    trial: Path, results: Path | None, settings: tuple[str, ...], out: Path | None, formats: tuple[str, ...], as_json: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """Say how many patients the randomised, unpaired trial of real patients would need.

    Power of the log-rank test, of restricted means and of shares, with accrual and drop-out, and of one arm against a known
    share; for each the patients needed. It takes seconds.
    """
    plan, finished = _opened(trial, results, settings)

    from simulation.design.study import study
    from simulation.design.write import write_design

    planned = study(finished, plan)
    place = out or finished.folder / "design"
    write_design(planned, place, formats=formats)
    _report(planned, place, as_json=as_json, quiet=quiet)


def _opened(
    trial: Path, results: Path | None, settings: tuple[str, ...]
) -> "tuple[RealTrial, FinishedTrial]":
    from simulation.scenario.load import override_pairs
    from simulation.trial.finished import reopen
    from simulation.trial.load import load_real_trial, load_trial

    pairs = list(override_pairs(settings))
    if trial.is_dir():
        if results is not None:
            raise click.UsageError("--results is for a trial file; a folder was given")
        finished = reopen(trial)
        return load_real_trial(finished.real_trial, pairs), finished
    loaded = load_trial(str(trial))
    plan = load_real_trial(loaded.file.real_trial, pairs)
    from simulation.trial.folder import folder_of

    folder = results or folder_of(loaded)
    if not folder.is_dir():
        raise UserError(
            "this trial has not been run yet", file=str(trial), expected=f"{PROGRAM} compare {trial}"
        )
    finished = reopen(folder)
    if set(finished.scenarios) != {arm.key for arm in loaded.arms}:
        raise UserError(f"holds a trial with other arms than {trial}", file=str(folder))
    if any(finished.scenarios[arm.key] != _plain(arm.scenario.to_yaml()) for arm in loaded.arms):
        click.echo(
            f"Note: the arms in {folder} are not those of {trial} to the word: other settings, or another version.",
            err=True,
        )
    return plan, finished


def _plain(text: str) -> Any:
    from simulation.yaml_source import parse_yaml, plain

    return plain(parse_yaml(text, "an arm"))


def _report(planned: Any, place: Path, *, as_json: bool, quiet: bool) -> None:
    from simulation.cli.terminal import print_json, print_prose, print_table

    if as_json:
        from simulation.design.write import document
        from simulation.files.tables import plain

        print_json(plain(document(planned)))
        return
    if quiet:
        click.echo(place)
        return
    from simulation.design.words import conduct_words, limits, needed_rows, power_rows

    print_prose(conduct_words(planned))
    for rows in (needed_rows(planned), power_rows(planned)):
        click.echo()
        print_table(rows[0], rows[1:], right=range(1, len(rows[0])))
    click.echo()
    print_prose(list(limits(planned)))
    click.echo(f"\nResults: {place}")
