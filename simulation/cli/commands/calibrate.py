"""`calibrate`: fit parameters to published observations."""

from pathlib import Path

import click

from simulation.cli import options

EXAMPLES = """\b
Examples:
  python run_sim.py calibrate scenarios/calibration/response.yaml
  python run_sim.py calibrate scenarios/calibration/response.yaml --out results/my_fit

A fit that was stopped goes on when the same command is given again.
"""


@click.command(epilog=EXAMPLES, short_help="Fit parameters to published observations.")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the fit; a fit that is there goes on. By default results/fit-<FILE>.",
)
@options.max_minutes()
@options.as_json("the fit record")
@click.option("-q", "--quiet", is_flag=True, help="Print no progress.")
def calibrate(file: Path, out: Path | None, max_minutes: float | None, as_json: bool, quiet: bool) -> int:
    """Fit the parameters that FILE names to the targets it names.

    Writes fitted.yaml (the parameter set), record.md and record.json (targets side by side, identifiability).
    Candidates are compared on the same virtual patients. Ctrl-C keeps every evaluation made so far.
    """
    from simulation.calibration.problem import load_problem

    problem = load_problem(file)
    folder = out or Path("results") / f"fit-{file.stem}"

    from simulation.cli.calibrating import run_fit

    return run_fit(problem, folder, minutes=max_minutes, as_json=as_json, quiet=quiet)
