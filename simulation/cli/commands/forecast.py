"""`forecast`: a measured course so far, and what may come of it under each strategy."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulation.cli import options
from simulation.cli.kinds import only_for
from simulation.errors import UserError

if TYPE_CHECKING:
    from simulation.forecast import Series
    from simulation.trial.schema import Trial

EXAMPLES = """\b
Examples:
  python run_sim.py forecast scenarios/courses/mrd_is_back.yaml scenarios/therapeutic.yaml scenarios/preemptive.yaml
  python run_sim.py forecast course.csv scenarios/no_treatment.yaml scenarios/preemptive.yaml --set patient.weight='62 kg'
  python run_sim.py forecast course.csv scenarios/trials/timing_by_dli.yaml --patients 2000 --posterior
  python run_sim.py forecast course.csv scenarios/preemptive.yaml --cohort scenarios/cohorts/high_risk_all.yaml --out her

The first file is a measured course: days after transplant with MRD, CD3 counts and grades of acute GvHD, and what was given
(docs/forecast.md); the others are strategies, scenario files or one trial file. Strategies are held against the first of them.

For research only: what it tells of virtual patients who resemble a measured course is no basis for a decision about a patient.
"""
_USUAL = 500
_ENDINGS = (".csv",)


def _natural_or_none(ctx: click.Context, param: click.Parameter, number: int | None) -> int | None:
    return None if number is None else options.natural(ctx, param, number)


@click.command(epilog=EXAMPLES, short_help="A measured course so far, and what may come of it.")
@click.argument("course", metavar="COURSE.yaml | COURSE.csv")
@click.argument("files", nargs=-1, required=True, metavar="TRIAL.yaml | FILE...")
@click.option(
    "--patients", type=click.IntRange(2, 1_000_000), metavar="N",
    help=f"How many virtual patients are tried; few fit a course closely. Default: {_USUAL}.",
)  # fmt: skip
@click.option(
    "--seed", type=int, callback=_natural_or_none, metavar="N", help="Seed of patients and chance events."
)
@click.option("--days", metavar="N", help="Follow every patient for N days after transplant.")
@options.cohort("standard")
@options.parameter_sets()
@options.settings()
@click.option(
    "--workers", type=click.IntRange(0), metavar="N",
    help="Processes on this machine; by default one per processor, 0 for none besides this one.",
)  # fmt: skip
@options.max_minutes()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the results, new or empty; else a new one in results/.",
)
@options.as_json("forecast.json")
@click.option(
    "-q", "--quiet", is_flag=True, help="Print no progress and no tables, only where the results are."
)
@options.figures()
def forecast(
    course: str, files: tuple[str, ...], patients: int | None, seed: int | None, days: str | None, cohort: str | None,
    parameters: str | None, settings: tuple[str, ...], workers: int | None, max_minutes: float | None, out: Path | None,
    as_json: bool, quiet: bool, formats: tuple[str, ...],
) -> int:  # fmt: skip
    """Condition virtual patients on a measured course, and follow those who fit it under each strategy.

    Each virtual patient weighs as much as the measured course is likely to have been his. The answer is a fan of futures
    (weighted median, 5-95 %) and weighted outcomes under each strategy, with the effective number of patients; where too few
    fit, nothing is forecast and it is said what to do.
    """
    only_for("compare", files, also=("run",))
    from simulation.cli.forecasting import Request, run_forecast
    from simulation.forecast.series import load_series

    if not course.lower().endswith(_ENDINGS):
        only_for("forecast", (course,))
    series = load_series(course)
    number = patients if patients is not None else _USUAL
    changes = [
        (name, value, f"--{option}")
        for name, value, option in (
            ("patients", number, "patients"),
            ("seed", seed, "seed"),
            ("follow_up", days, "days"),
            ("parameters", parameters, "parameters"),
        )
        if value is not None
    ]
    changes = [(name, f"{value} d" if name == "follow_up" and str(value).replace(".", "", 1).isdigit() else value, label)
               for name, value, label in changes]  # fmt: skip
    trial = _loaded(files, series, changes, settings, cohort)
    return run_forecast(trial, series, Request(number, workers, max_minutes, out, as_json, quiet, formats))


def _loaded(
    files: tuple[str, ...],
    series: "Series",
    changes: list[tuple[str, Any, str]],
    settings: tuple[str, ...],
    cohort: str | None,
) -> "Trial":
    from simulation.forecast.prepare import known_of_patient
    from simulation.scenario.load import override_pairs
    from simulation.trial.load import is_trial_file, load_quick_trial, load_trial

    arms = [*known_of_patient(series), *override_pairs(settings)]
    trials = [file for file in files if is_trial_file(file)]
    if not trials:
        return load_quick_trial(files, changes, arms, cohort)
    if len(files) > 1:
        raise UserError("is a trial of its own; give one trial, or scenario files only", file=trials[0])
    if cohort is not None:
        raise UserError(
            "the trial file names its cohort; --cohort is for plain scenario files", file=trials[0]
        )
    if any(name.startswith("patient.") for name, *_ in arms):
        raise UserError(
            "a trial file's patients are its cohort's; give scenario files with --cohort where something is known of the patient",
            file=series.shown, key="patient",
        )  # fmt: skip
    return load_trial(files[0], changes, arms)
