"""What a patient received, read from the events: bars over days at one level, and marks on single days."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from simulation.clinic.events import Event

__all__ = ["Interval", "Kind", "Mark", "ReceivedTreatment", "intervals", "marks"]

_SAME: Final = 1e-8
type Kind = Literal["infusion", "cells", "drug", "chemotherapy"]


@dataclass(frozen=True, slots=True)
class Interval:
    """Hold days at one level; `spread`: the mean of what was given at once within them, for figures."""

    start: float
    end: float
    level: float
    spread: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Hold what was given at once on a day: cells, a drug, or chemotherapy."""

    day: float
    level: float


@dataclass(frozen=True, slots=True)
class ReceivedTreatment:
    """Hold what one patient received of one thing, and how a figure shows it.

    `kind` decides where and how it is drawn, `key` is its name in tables, `name` that of its row, `colour` a name of the palettes
    or #RRGGBB, `unit` is that of its levels, and `note` stands beside the row. What was given: the marks, and
    the bars that are not `spread`.
    """

    kind: Kind
    key: str
    name: str
    colour: str
    unit: str
    bars: tuple[Interval, ...] = ()
    marks: tuple[Mark, ...] = ()
    note: str = ""


def marks(events: Iterable[Event], kind: str, what: str) -> tuple[Mark, ...]:
    """Return what was given at once."""
    return tuple(
        Mark(event.day, _level(event)) for event in events if event.kind == kind and event.what == what
    )


def intervals(events: Iterable[Event], kinds: Sequence[str], what: str, end: float) -> tuple[Interval, ...]:
    """Turn changes of level into intervals; a change to the same level does not start another, `end` ends the last."""
    periods: list[Interval] = []
    begun, level = 0.0, 0.0
    changes = [(event.day, _level(event)) for event in events if event.kind in kinds and event.what == what]
    for day, new in [*changes, (end, 0.0)]:
        if not math.isclose(new, level, rel_tol=1e-5, abs_tol=_SAME):
            if level > 0 and day > begun:
                periods.append(Interval(begun, day, level))
            begun, level = day, new
    return tuple(periods)


def _level(event: Event) -> float:
    return 0.0 if event.kind == "stop" or event.value is None else float(event.value)
