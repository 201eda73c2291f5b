"""`predict`: register what the model predicts of a trial whose results are not known."""

from pathlib import Path

import click

from simulation.errors import ExitStatus

EXAMPLES = """\b
Examples:
  python run_sim.py predict scenarios/predictions/NCT04044560.yaml
  python run_sim.py predict scenarios/predictions/*.yaml --patients 400 --workers 8
  python run_sim.py predict my_trial.yaml --out my_predictions

docs/predictions.md lists what is registered and how a file says what a registry does and does not tell.
"""


@click.command(
    epilog=EXAMPLES, short_help="Register what is predicted of a trial whose results are not known."
)
@click.argument("files", nargs=-1, required=True, metavar="REGISTRATION.yaml ...")
@click.option(
    "--patients",
    type=click.IntRange(8),
    metavar="N",
    help="How many patients are simulated, in place of what the file says.",
)
@click.option(
    "--workers", type=click.IntRange(0), metavar="N",
    help="Processes on this machine; by default one per processor, 0 for none besides this one.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("docs/predictions"), show_default=True,
    help="Folder of the pages and of their register.",
)  # fmt: skip
@click.option(
    "--runs", type=click.Path(file_okay=False, path_type=Path), default=Path("results/predictions"), show_default=True,
    help="Folder of the runs: the same command again completes what was interrupted.",
)  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Print only where the pages are.")
def predict(
    files: tuple[str, ...], patients: int | None, workers: int | None, out: Path, runs: Path, quiet: bool
) -> int:
    """Simulate the protocol of each registered trial under parameter sets, and register what is predicted of its endpoints.

    All files are checked before anything runs. A page bears the day, the model's digest and all assumptions; what is
    registered is never written again: each time the command makes new files.
    """
    from simulation.cli.kinds import only_for
    from simulation.prediction.registration import load_prediction

    only_for("predict", files)
    predictions = [load_prediction(file, patients) for file in files]

    from simulation.cli.predicting import predict_all

    return ExitStatus(predict_all(predictions, out, runs, workers, quiet))
