"""A cohort's summary as tables of text, as Markdown and as CSV."""

import math
from collections.abc import Sequence
from typing import Final

from simulation.cohort.baselines import TOO_FEW, Baseline
from simulation.cohort.summary import BaselineComparison, Row, Summary, number
from simulation.files.tables import csv_text, field_text
from simulation.statistics.proportions import wilson
from simulation.units import format_number

__all__ = [
    "baseline_csv",
    "brief",
    "early_table",
    "heading",
    "markdown",
    "published_table",
    "varies_table",
    "verdict",
]

type Table = tuple[list[str], list[list[str]]]
_CSV: Final = (
    "table", "name", "unit", "distribution", "n", "median", "q25", "q75", "q2_5", "q97_5", "shares", "published", "verdict",
    "source",
)  # fmt: skip
_DASH: Final = "\N{EN DASH}"


def heading(summary: Summary) -> str:
    """Return who these are, in one line."""
    drawn = summary.drawn
    return f"{drawn.cohort.name}: {drawn.patients} virtual patients, seed {drawn.seed}"


def varies_table(summary: Summary) -> Table:
    """Return what varies between patients: header and rows."""
    header = ["parameter", "distribution", "median (IQR)", "95 % of patients", "unit", "source"]
    return header, [
        [row.name, row.distribution, _middle(row), _width(row), row.unit, row.source] for row in summary.rows
    ]


def early_table(summary: Summary) -> Table:
    """Return the first weeks without treatment: header and rows; no rows where nobody was followed."""
    header = ["without treatment", "median (IQR)", "95 % of patients", "unit", "patients"]
    return header, [
        [row.name, _middle(row), _width(row), row.unit, str(row.patients)] for row in summary.early
    ]


def published_table(summary: Summary) -> Table:
    """Return the published series beside the simulated patients: header and rows."""
    header = ["quantity", "published", "simulated", "inside", "unit", "verdict", "published number", "source"]
    return header, [
        [
            one.baseline.what, published_words(one.baseline), _simulated(one, summary.drawn.patients), _inside(one),
            one.measure.unit, one.verdict.words,
            "made the cohort" if one.baseline.origin == "used" else "independent", one.baseline.source,
        ]
        for one in summary.compared
    ]  # fmt: skip


def verdict(summary: Summary) -> str:
    """Return in a sentence or two how much agrees, and what does not."""
    judged = [one for one in summary.compared if one.verdict.agrees is not None]
    if not judged:
        few = sum(one.verdict.words == TOO_FEW for one in summary.compared)
        if few:
            counted = "one published baseline" if few == 1 else f"{few} published baselines"
            return (
                f"{summary.drawn.patients} patients are too few to judge by {counted}; --patients draws more."
            )
        return "Nothing published to judge these patients by."
    wrong = [one for one in judged if not one.verdict.agrees]
    fresh = [one for one in judged if one.baseline.origin == "independent"]
    agree = sum(bool(one.verdict.agrees) for one in fresh)
    text = (
        f"{len(judged) - len(wrong)} of {len(judged)} published baselines agree; of the {len(fresh)} from which the cohort "
        f"was not made, {agree}."
    )
    if wrong:
        text += " Not: " + "; ".join(f"{one.baseline.what} ({one.verdict.words})" for one in wrong) + "."
    return text


def published_words(baseline: Baseline) -> str:
    """Return a published baseline as a paper gives it."""
    n = f", n = {baseline.n}" if baseline.n else ""
    between = ""
    if baseline.low is not None and baseline.high is not None:
        between = f"{format_number(baseline.low)} to {format_number(baseline.high)}"
    if baseline.interval == "limits":
        return between + n
    text = f"{baseline.statistic} {format_number(baseline.value)}"
    if baseline.sd is not None:
        text += f" (SD {format_number(baseline.sd)})"
    return text + (f", {baseline.interval} {between}" if between else "") + n


def markdown(summary: Summary, *, figure: str | None = None) -> str:
    """Return the summary as Markdown; `figure` is where its picture stands, as a link from the page."""
    fixed = "; ".join(f"{name} {value}" for name, value in summary.fixed)
    lines = [
        f"**{heading(summary)}** (parameter table `{summary.digest[:12]}`). For all: {fixed}.", "",
        "What varies between patients:", "", *_rows(varies_table(summary)), "",
    ]  # fmt: skip
    if summary.early:
        lines += ["The first weeks, simulated without treatment:", "", *_rows(early_table(summary)), ""]
    lines += ["Beside published series:", "", *_rows(published_table(summary)), "", verdict(summary)]
    notes = [f"* {one.baseline.what}: {one.baseline.note}." for one in summary.compared if one.baseline.note]
    lines += ["", *notes] if notes else []
    if figure is not None:
        lines += ["", f"![Distributions of the virtual patients, published series marked]({figure})"]
    return "\n".join(lines) + "\n"


def brief(summary: Summary) -> str:
    """Return as Markdown what tells a platform from another: donor, graft, prophylaxis, the first weeks, published series."""
    fixed = "; ".join(f"{name} {value}" for name, value in summary.fixed[:3])
    lines = [
        f"**{heading(summary)}** (parameter table `{summary.digest[:12]}`). For all: {fixed}.",
        "",
        *_rows(_but_what_all_had(summary)),
    ]
    own = [one for one in summary.compared if one.baseline.platform != "any"]
    if own:
        header, rows = published_table(summary)
        lines += [
            "",
            *_rows((header, [row for row, one in zip(rows, summary.compared, strict=True) if one in own])),
        ]
        lines += ["", *(f"* {one.baseline.what}: {one.baseline.note}." for one in own if one.baseline.note)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _but_what_all_had(summary: Summary) -> Table:
    """Return the first weeks without the counts that everybody had on day 0, from the graft."""
    header, rows = early_table(summary)
    return header, [
        cells for cells, row in zip(rows, summary.early, strict=True) if row.shares or row.high > 0
    ]


def baseline_csv(summary: Summary) -> str:
    """Return all rows as CSV: the columns of the three tables, empty where one has none."""
    rows = [
        {"table": table} | _cells(row)
        for table, some in (("varies", summary.rows), ("first weeks", summary.early))
        for row in some
    ]
    for one in summary.compared:
        verdict, statistic = one.verdict, one.baseline.statistic
        value: dict[str, object] = {"median": verdict.value}
        if statistic != "median":
            value = {"distribution": f"mean {field_text(verdict.value)}"}
        rows.append(
            {
                "table": "published", "name": one.baseline.what, "unit": one.measure.unit, "n": summary.drawn.patients,
                "q2_5": verdict.low, "q97_5": verdict.high, "published": published_words(one.baseline),
                "verdict": verdict.words, "source": one.baseline.source,
            } | value
        )  # fmt: skip
    return csv_text(_CSV, ([row.get(name) for name in _CSV] for row in rows))


def _cells(row: Row) -> dict[str, object]:
    shares = " ".join(f"{field_text(value)}:{count}" for value, count in row.shares)
    return {
        "name": row.name, "unit": row.unit, "distribution": row.distribution, "n": row.patients, "median": row.median,
        "q25": row.first_quartile, "q75": row.third_quartile, "q2_5": row.low, "q97_5": row.high, "shares": shares,
        "source": row.source,
    }  # fmt: skip


def _middle(row: Row) -> str:
    if row.shares and {value for value, _ in row.shares} <= {0.0, 100.0} and row.unit == "%":
        return f"{sum(count for value, count in row.shares if value) / row.patients:.0%} of patients"
    if row.shares:
        return ", ".join(f"{number(value)}: {count / row.patients:.0%}" for value, count in row.shares)
    return f"{number(row.median)} ({number(row.first_quartile)} to {number(row.third_quartile)})"


def _width(row: Row) -> str:
    return _DASH if row.shares else f"{number(row.low)} to {number(row.high)}"


def _simulated(one: BaselineComparison, patients: int) -> str:
    simulated = one.verdict
    if one.measure.share:
        share = wilson(round(simulated.value / 100 * patients), patients)
        return f"{number(simulated.value)} ({100 * (share.low or 0):.0f} to {100 * (share.high or 0):.0f})"
    if simulated.low == simulated.high:
        return f"{number(simulated.value)} for all"
    return f"{one.baseline.statistic} {number(simulated.value)}, 95 % {number(simulated.low)} to {number(simulated.high)}"


def _inside(one: BaselineComparison) -> str:
    """Return the share of patients within a published interval of patients."""
    shows = one.baseline.interval not in (None, "limits") and math.isfinite(one.verdict.inside)
    return f"{one.verdict.inside:.0%}" if shows else _DASH


def _rows(table: Table) -> list[str]:
    header, rows = table
    return [_line(header), "|---" * len(header) + "|", *map(_line, rows)]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"
