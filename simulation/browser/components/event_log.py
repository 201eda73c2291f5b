"""What happened, in words, the latest first."""

from collections.abc import Sequence
from typing import Any

from simulation.browser.components.word_list import Item, WordList
from simulation.browser.snapshot import Snapshot
from simulation.products.registry import product
from simulation.results.words import timeline

__all__ = ["EventLog", "log_lines"]

MOST = 60


def log_lines(shot: Snapshot) -> list[tuple[str, str]]:
    """Return (day, sentences) of every day on which something happened, the latest first."""
    days: dict[float, list[str]] = {}
    for day, _, sentence in timeline(shot.result):
        days.setdefault(day, []).append(sentence)
    lines = [(f"day {day:.4g}", "; ".join(said)) for day, said in reversed(days.items())]
    waiting = [order for order in shot.scenario.orders if order.day >= shot.day - 1e-9]
    told = [
        (f"day {order.day:.4g}", "Ordered by hand, done with the next step: " + _order(order))
        for order in waiting
    ]
    return [*told, *lines][:MOST]


def _order(order: object) -> str:
    give, stop = getattr(order, "give", None), getattr(order, "stop", None)
    if give is not None:
        return product(give).order_words(order)
    return f"stop {stop}" if stop is not None else "marrow test"


def EventLog(lines: Sequence[tuple[str, str]]) -> Any:
    """Show the log."""
    items = [Item(day, said) for day, said in lines] or [Item("", "Nothing has happened yet: press Play.")]
    return WordList(items, "log", "Event log, the latest first", title="What happened", scrolls=True)
