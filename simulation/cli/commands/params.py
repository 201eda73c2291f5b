"""`params`: print the parameter table."""

from typing import TYPE_CHECKING, Any

import click

from simulation.cli import options
from simulation.errors import UserError

if TYPE_CHECKING:
    from simulation.parameters.table import ParameterTable

EXAMPLES = """\b
Examples:
  python run_sim.py params
  python run_sim.py params rate_blast_net_growth
  python run_sim.py params --group leukaemia --json
"""
HEADERS = {"name": "name", "value": "value", "range": "range", "kind": "kind", "confidence": "conf."}
DETAILS = ("group", "value", "range", "kind", "confidence", "source", "note", "between_patients")

type Row = dict[str, str]


@click.command(epilog=EXAMPLES, short_help="Print the parameter table with its sources.")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--group", metavar="GROUP", help="Only this group of parameters.")
@options.as_json("the table, values in canonical units,")
@click.option(
    "--markdown", is_flag=True, help="Print the table as Markdown, with sources, for the documentation."
)
def params(names: tuple[str, ...], group: str | None, as_json: bool, markdown: bool) -> None:
    """Print the parameters: value, plausible range, kind, confidence and source.

    With NAME, everything that is known about those. Kinds: measured, calibrated (fitted to published
    results), assumption, lever (something a scenario chooses). Confidence: H(igh), M(edium), L(ow).
    """
    if as_json and markdown:
        raise click.UsageError("--json and --markdown exclude each other")
    from simulation.parameters.table import ParameterTable, render_parameter_table

    table = ParameterTable.load()
    rows = [
        row | {"range": _range(row["low"], row["high"])}
        for row in render_parameter_table(table, group)
        if not names or row["name"] in names
    ]
    _complain_about_unknown(names, rows, table, group)
    if as_json:
        from simulation.cli.terminal import print_json

        print_json([_as_object(table, row) for row in rows])
    elif markdown:
        from simulation.parameters.document import markdown as as_markdown

        click.echo(as_markdown(rows))
    elif names:
        click.echo("\n\n".join(_in_full(row) for row in rows))
    else:
        _print_groups(rows)


def _range(low: str, high: str) -> str:
    """Return both ends with the unit they share once."""
    number, _, unit = low.partition(" ")
    return f"{number if high.endswith(f' {unit}') else low} .. {high}"


def _complain_about_unknown(
    names: tuple[str, ...], rows: list[Row], table: "ParameterTable", group: str | None
) -> None:
    known = {row["name"] for row in rows}
    for name in names:
        if name not in table:
            raise UserError(
                f"there is no parameter {name!r}; `params` without a name lists them",
                nearest=table.nearest(name),
            )
        if name not in known:
            raise UserError(f"{name!r} is in the group {table[name].group!r}, not in {group!r}")


def _as_object(table: "ParameterTable", row: Row) -> dict[str, Any]:
    parameter = table[row["name"]]
    numbers = {"value": parameter.value, "low": parameter.low, "high": parameter.high, "unit": parameter.unit}
    words = {key: row[key] for key in ("kind", "confidence", "source", "note", "between_patients")}
    return {"group": parameter.group, "name": parameter.name} | numbers | words


def _in_full(row: Row) -> str:
    width = max(map(len, DETAILS)) + 2
    lines = [f"  {name.replace('_', ' '):<{width}}{row[name]}" for name in DETAILS if row[name]]
    return "\n".join([row["name"], *lines])


def _print_groups(rows: list[Row]) -> None:
    from simulation.cli.terminal import console, print_table

    headers = dict(HEADERS)
    if console().width >= 140:
        headers["source"] = "source"
    for group in dict.fromkeys(row["group"] for row in rows):
        cells = [[row[key] for key in headers] for row in rows if row["group"] == group]
        print_table(list(headers.values()), cells, title=group)
        click.echo()
