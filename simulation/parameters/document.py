"""The parameter table as a page of the documentation."""

from simulation.parameters.table import ParameterTable, render_parameter_table

__all__ = ["markdown", "parameter_page"]

_COLUMNS = ("name", "value", "range", "kind", "confidence", "source", "note")
_INTRODUCTION = """# Parameters

Here you look up any number of the model, how sure it is, and from which paper it comes.

Every biological number of the model: its value, plausible range, kind, confidence and source. The page is generated from
`simulation/data/parameters.yaml`, the file that the model reads; no other file holds such a number.

Kinds: **measured** (stands in the source), **calibrated** (fitted to published results), **assumption** (no usable
measurement: the range is a prior, not evidence), **lever** (chosen by a scenario). Confidence: H measured in
patients or in the very assay, M indirect or one small study, L memory, analogy or assumption. "Recalled"
sources were not re-checked. The papers are in [evidence.md](evidence.md).
"""


def markdown(rows: list[dict[str, str]]) -> str:
    """Return rows of `render_parameter_table` as Markdown tables, one per group."""
    lines: list[str] = []
    group = None
    for row in rows:
        if row["group"] != group:
            group = row["group"]
            lines += ["", f"## {group}", "", f"| {' | '.join(_COLUMNS)} |", "|---" * len(_COLUMNS) + "|"]
        shown = row | {"name": f"`{row['name']}`", "range": f"{row['low']} .. {row['high']}"}
        cells = (" ".join(shown[name].replace("|", "\\|").split()) for name in _COLUMNS)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines).strip("\n")


def parameter_page(table: ParameterTable | None = None) -> str:
    """Return the text of `docs/parameters.md`."""
    table = ParameterTable.load() if table is None else table
    return f"{_INTRODUCTION}\n{markdown(render_parameter_table(table))}\n{_dependence(table)}"


def _dependence(table: ParameterTable) -> str:
    """Return the section on what depends on what between patients; nothing where nothing does."""
    if not table.dependence:
        return ""
    lines = [
        "",
        "## Dependence between patients",
        "",
        "| of | with | correlation | source |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{pair.of}` | `{pair.other}` | {pair.correlation:g} | {' '.join((pair.source or '').replace('|', '\\|').split())} |"
        for pair in table.dependence.pairs
    ]
    return "\n".join(lines) + "\n"
