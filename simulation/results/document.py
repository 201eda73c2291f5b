"""The declared outcomes and trajectory columns as tables of docs/results.md."""

import re
from collections.abc import Iterable
from pathlib import Path

from simulation.clinic.events import EVENT_KINDS
from simulation.clinic.outcomes import EVERYONE, OUTCOMES
from simulation.files.atomic import write_file
from simulation.life.trajectory import COLUMNS

__all__ = ["results_page", "results_tables", "write_results_page"]

_BETTER = {None: "", "less": "less", "more": "more"}


def results_tables() -> dict[str, str]:
    """Return the generated tables of docs/results.md by the names of their markers."""
    outcomes = [
        (f"`{name}`", one.kind, one.shown_unit, _BETTER[one.better], one.meaning)
        for name, one in OUTCOMES.items()
        if one.stored
    ]
    shares = [
        (
            f"`{name}`",
            "all" if one.of_whom == EVERYONE else _those(one.of_whom),
            _BETTER[one.better],
            one.meaning,
        )
        for name, one in OUTCOMES.items()
        if one.kind in ("flag", "share")
    ]
    columns = [(f"`{name}`", column.meaning) for name, column in COLUMNS.items()]
    events = [(f"`{kind}`", meaning) for kind, meaning in EVENT_KINDS.items()]
    return {
        "outcomes": _table(("outcome", "kind", "unit", "better", "meaning"), outcomes),
        "shares": _table(("share", "of whom", "better", "meaning"), shares),
        "columns": _table(("column", "meaning"), columns),
        "events": _table(("kind", "meaning"), events),
    }


def results_page(text: str) -> str:
    """Return the text of docs/results.md with its tables made anew."""
    for name, table in results_tables().items():
        marked = re.compile(rf"(<!-- table: {name} -->\n).*?(<!-- /table -->)", re.DOTALL)
        text = marked.sub(lambda match, table=table: f"{match[1]}{table}\n{match[2]}", text)  # type: ignore[misc]
    return text


def write_results_page(page: str | Path = "docs/results.md") -> None:
    """Make the tables of the page anew."""
    write_file(Path(page), results_page(Path(page).read_text(encoding="utf-8")))


def _those(name: str) -> str:
    """Return how a denominator is worded in a table."""
    return OUTCOMES[name].those.removeprefix("of ")


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
