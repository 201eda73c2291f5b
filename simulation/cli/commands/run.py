"""`run`: simulate one patient, or the same patient under several scenarios."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulation.cli import options
from simulation.errors import ExitStatus

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

EXAMPLES = """\b
Examples:
  python run_sim.py run scenarios/preemptive.yaml
  python run_sim.py run scenarios/preemptive.yaml scenarios/therapeutic.yaml --seed 3
  python run_sim.py run scenarios/preemptive.yaml --set blinatumomab.cycles=2 --days 180
  python run_sim.py run scenarios/preemptive.yaml --patient 7 --cohort scenarios/cohorts/high_risk_all.yaml
  python run_sim.py run scenarios/preemptive.yaml --out results/mine --json
  python run_sim.py run scenarios/in_vitro/cytotoxicity.yaml

Scenarios on one command line meet the same patient with the same chance events, so they differ only from the
first difference in treatment on.

Without --patient he is the files' own, typical patient. Patient 7 of a seed is one person of the standard cohort, the same
in `compare`; what a file itself writes under `patient` holds. --cohort FILE takes him from a cohort file, and
--cohort none is the typical patient with other chance events.
"""


@click.command(epilog=EXAMPLES, short_help="Simulate one patient under one scenario or several.")
@options.scenario_files()
@options.seed()
@options.patient(options.WHICH_PATIENT)
@options.cohort(options.USUAL_COHORT)
@click.option(
    "--days", metavar="N", help="Follow the patient for N days, instead of the scenario's follow_up."
)
@options.parameter_sets()
@options.settings()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the results; it must be new or empty. By default a new one in results/.",
)
@click.option("--overwrite", is_flag=True, help="Replace the results of the same scenario that --out holds.")
@options.as_json("the outcomes")
@click.option(
    "-q", "--quiet", is_flag=True, help="Print no progress and no table, only where the results are."
)
@options.figures()
def run(
    files: tuple[str, ...],
    seed: int,
    patient: int,
    cohort: str | None,
    days: str | None,
    parameters: str | None,
    settings: tuple[str, ...],
    out: Path | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    formats: tuple[str, ...],
) -> int:
    """Simulate one patient from transplant on, as each FILE says, and write the results.

    A FILE with the key `experiment` is an experiment in wells (docs/in_vitro.md).

    All files are validated before anything runs. Ctrl-C stops after the current step and keeps what is done
    (exit status 130); a second Ctrl-C ends at once.
    """
    from simulation.cli.experiments import only_experiments, run_experiments
    from simulation.cli.kinds import only_for
    from simulation.scenario.cohort import cohort_of

    only_for("run", files)
    unfit = {
        "--patient": patient,
        "--cohort": cohort,
        "--days": days,
        "--posterior or --parameters": parameters,
    }
    if only_experiments(files, [name for name, value in unfit.items() if value]):
        return run_experiments(
            files,
            settings,
            seed=seed,
            out=out,
            overwrite=overwrite,
            formats=formats,
            as_json=as_json,
            quiet=quiet,
        )
    length = () if days is None else (f"follow_up={_with_unit(days)}",)
    scenarios = options.load_scenarios(files, (*settings, *length), cohort_of(patient, cohort))

    if parameters is not None:
        scenarios = _under(scenarios, parameters, seed, patient, quiet=quiet)

    # Only now what is heavy: a mistake in the command or in a file is told at once.
    from simulation.cli.running import Request, report, run_all

    options.report_whose(scenarios, patient, cohort, quiet=quiet)
    request = Request(seed, patient, out, overwrite, formats, quiet)
    summary = run_all(files, scenarios, request)
    report(summary, as_json=as_json, quiet=quiet)
    return ExitStatus.INTERRUPTED if summary.interrupted else ExitStatus.DONE


def _under(
    scenarios: "list[Scenario]", which: str, seed: int, patient: int, *, quiet: bool
) -> "list[Scenario]":
    """Return the scenarios under the set that this patient of this seed has in a comparison with the usual number per set."""
    from simulation.posterior import posterior_named, under
    from simulation.trial.schema import PER_SET

    posterior = posterior_named(which, Path())
    if posterior is None:
        return scenarios
    number = posterior.drawn(seed, patient // PER_SET)
    usual = f"as in comparisons with {PER_SET} patients a set"
    which_set = f"parameter set {number} of {len(posterior)} ({posterior.name}), {usual}."
    for note in () if quiet else (which_set, *posterior.notes):
        click.echo(f"Note: {note}", err=True)
    return [under(scenario, posterior.set(number)) for scenario in scenarios]


def _with_unit(days: str) -> str:
    """Take `--days 180` and `--days '180 d'` alike."""
    return f"{days} d" if days.strip().replace(".", "", 1).isdigit() else days
