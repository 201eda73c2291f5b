"""What happened, in words, the latest first."""

import math
from collections.abc import Sequence
from typing import Any

from simulation.browser.components.word_list import Item, WordList
from simulation.browser.snapshot import Snapshot
from simulation.products.registry import product
from simulation.results.words import timeline, unchanged_tests

__all__ = ["EventLog", "log_lines", "order_words"]

MOST = 60


def log_lines(shot: Snapshot) -> list[tuple[str, str]]:
    """Return (day, sentences) of every day on which something happened, the latest first; what is ordered comes before it.

    Tests that found nothing new are one line between two others: silence would look like a test that was forgotten.
    """
    days: dict[float, list[str]] = {}
    for day, _, sentence in timeline(shot.result):
        days.setdefault(day, []).append(sentence)
    lines = [(day, f"day {day:.4g}", "; ".join(text)) for day, text in days.items()]
    quiet: dict[float, list[tuple[float, str]]] = {}  # by the line that follows
    for day, sentence in unchanged_tests(shot.result):
        after = min((orders for orders in days if orders >= day), default=math.inf)
        quiet.setdefault(after, []).append((day, sentence))
    for tests in quiet.values():
        (first, _), (last, result) = tests[0], tests[-1]
        when = f"day {last:.4g}" if len(tests) == 1 else f"days {first:.4g} to {last:.4g}"
        head = (
            "MRD tested, nothing new" if len(tests) == 1 else f"{len(tests)} MRD tests, nothing new; the last"
        )
        text = f"{head}: {result}"
        lines.append((last - 1e-6, when, text))
    waiting = [order for order in shot.scenario.orders if order.day >= shot.day - 1e-9]
    orders = [
        (f"day {order.day:.4g}", f"Ordered by hand, not done yet: {order_words(order)}") for order in waiting
    ]
    return [*orders, *((when, text) for _, when, text in sorted(lines, reverse=True))][:MOST]


def order_words(order: Any) -> str:
    """Return an order by hand with its dose."""
    if order.give is not None:
        given = product(order.give)
        words = given.order_words(order)
        return words if words.startswith(given.word) else f"{given.word} {words}"
    return f"stop {product(order.stop).word}" if order.stop is not None else "marrow test"


def EventLog(lines: Sequence[tuple[str, str]], until: float) -> Any:
    """Show the log of a patient until a day."""
    nothing = (
        "Nothing has happened yet: press Play." if until <= 0 else f"Nothing to tell until day {until:.4g}."
    )
    items = [Item(day, text) for day, text in lines] or [Item("", nothing)]
    return WordList(items, "log", "Event log, the latest first", title="What happened", scrolls=True)
