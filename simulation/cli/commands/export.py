"""`export`: results in the form that other software takes."""

from pathlib import Path

import click

from simulation.cli import options

EXAMPLES = """\b
Examples:
  python run_sim.py export results/my-trial-seed1 --format adam
  python run_sim.py export results/my-trial-seed1 --format tidy --out tables
  python run_sim.py export results/pre-emptive-blinatumomab-dli-seed0 --format nonmem
  python run_sim.py export results/patient-1 results/patient-2 --format nonmem --out two_patients

adam: ADSL, ADTTE, ADRS, ADLB, ADEX and define.csv. nonmem: doses and observations of single runs, for NONMEM, nlmixr2 or
Monolix. tidy: one observation a row, CSV and Parquet, with data_dictionary.csv. docs/exports.md has the details.
"""
NAMES = ("adam", "nonmem", "tidy")


@click.command(epilog=EXAMPLES, short_help="Results for other software: ADaM, NONMEM, tidy tables.")
@click.argument(
    "results",
    nargs=-1,
    required=True,
    metavar="RESULTS...",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option(
    "--format",
    "name",
    type=click.Choice(NAMES, case_sensitive=False),
    required=True,
    help="The form to write.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the tables. By default `export/FORMAT` in the (first) folder of results.",
)
@options.as_json("what was written")
@click.option("-q", "--quiet", is_flag=True, help="Print only where the tables are.")
def export(results: tuple[Path, ...], name: str, out: Path | None, as_json: bool, quiet: bool) -> None:
    """Write a trial, or single runs, as tables for other software.

    RESULTS is a folder that `compare` wrote, or one or more that `run` wrote. The results are read and never changed.
    """
    from simulation.cli.terminal import print_json, print_table
    from simulation.export.subjects import read_results
    from simulation.export.write import write_export

    source = read_results(results)
    place = out or results[0] / "export" / name
    tables = write_export(source, name, place)
    if as_json:
        counts = {table.name: len(table.rows) for table in tables}
        whole = {
            "folder": str(place),
            "format": name,
            "study": source.study,
            "subjects": len(source.subjects),
        }
        print_json(whole | {"rows": counts})
        return
    if not quiet:
        rows = [
            [table.name, str(len(table.rows)), str(len(table.variables)), table.label] for table in tables
        ]
        print_table(["table", "rows", "variables", "what"], rows, right=(1, 2))
        click.echo()
    click.echo(place if quiet else f"Results: {place}")
