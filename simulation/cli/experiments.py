"""Experiments in wells behind the command `run`: one after the other, each with its own folder."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from simulation.cli import options
from simulation.cli.terminal import CountLine, print_json, print_table
from simulation.errors import ExitStatus, UserError
from simulation.figure_formats import Formats

__all__ = ["only_experiments", "run_experiments"]


def only_experiments(files: Sequence[str], unfit: Sequence[str]) -> bool:
    """Return whether the files are experiments.

    Raises
    ------
    UserError
        Where some are and others are patients, or where an option does not fit experiments. A file that cannot be read counts
        as a patient's; it is told with the others when they are loaded.
    """
    from simulation.in_vitro.load import is_experiment

    are_experiments = []
    for file in files:
        try:
            are_experiments.append(is_experiment(file))
        except UserError:
            are_experiments.append(False)
    if not any(are_experiments):
        return False
    first = files[are_experiments.index(True)]
    if not all(are_experiments):
        other = files[are_experiments.index(False)]
        raise UserError(
            f"this is an experiment in wells, {other} is not; run them in two commands", file=first
        )
    if unfit:
        raise UserError(
            f"this is an experiment in wells; {', '.join(unfit)} is for patients only", file=first
        )
    return True


def run_experiments(
    files: tuple[str, ...],
    settings: tuple[str, ...],
    *,
    seed: int,
    out: Path | None,
    overwrite: bool,
    formats: Formats,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run every experiment and write what it leaves; with several, `out` holds one folder each."""
    from simulation.in_vitro.experiment import Experiment

    experiments = [loaded for loaded in options.load_all(files, settings) if isinstance(loaded, Experiment)]

    # Only now what is heavy: a mistake in a file is told at once.
    from simulation.cli.light_matplotlib import load_matplotlib
    from simulation.in_vitro.run import run_experiment
    from simulation.in_vitro.words import comparison_rows, finding_rows
    from simulation.results.folder import prepare_folder, release_folder, write_result

    several = len(experiments) > 1
    places = [out / Path(file).stem if out is not None and several else out for file in files]
    if out is not None and len(set(places)) < len(places):
        raise UserError("two files have the same name; give them folders of their own", file=str(out))
    documents = []
    for experiment, place in zip(experiments, places, strict=True):
        folder = prepare_folder(experiment, seed, out=place, overwrite=overwrite)
        try:
            wells = experiment.n_wells()
            with CountLine(experiment.name, quiet=quiet) as line:
                line.show("wells")
                result = run_experiment(experiment, seed=seed, done=partial(line.count, wanted=wells))
            load_matplotlib(formats)
            # the folder is ours: a new one holds nothing that could be overwritten
            write_result(result, folder, overwrite=overwrite, formats=formats)
        finally:
            release_folder(folder)
        if as_json:
            documents.append(result.summary | {"folder": str(folder)})
        elif quiet:
            click.echo(folder)
        else:
            header, rows = finding_rows(result)
            print_table(header, rows, title=experiment.name)
            if comparison_rows(result):
                click.echo()
                print_table(
                    ("beside published results", "simulated", "published", "source"), comparison_rows(result)
                )
            click.echo(f"\nResults: {folder}")
    if as_json:
        print_json(documents if several else documents[0])
    return ExitStatus.DONE
