"""What happened, in words, the latest first."""

import json
from collections.abc import Sequence
from typing import Any

import solara

from simulation.browser.snapshot import Snapshot
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
        return "DLI" if give == "dli" else "start blinatumomab"
    return f"stop {stop}" if stop is not None else "marrow test"


@solara.component_vue("event_log.vue")
def _EventLog(lines: str) -> None:
    """Be drawn by `event_log.vue`."""


def EventLog(lines: Sequence[tuple[str, str]]) -> Any:
    """Show the log."""
    return _EventLog(lines=json.dumps(lines or [("", "Nothing has happened yet: press Play.")]))
