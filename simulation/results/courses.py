"""What the patient received, read from the events: infusions as intervals, cell infusions as points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from simulation.clinic.events import Event
    from simulation.results.result import Result

__all__ = [
    "CellInfusion",
    "Interval",
    "Measurement",
    "blinatumomab",
    "cell_infusions",
    "cytoreductions",
    "drugs",
    "measurements",
]


@dataclass(frozen=True, slots=True)
class Interval:
    """Hold days at one level: ug/day of blinatumomab, or the share of a drug's usual exposure."""

    start: float
    end: float
    level: float


@dataclass(frozen=True, slots=True)
class CellInfusion:
    """Hold one donor lymphocyte infusion: day and dose, CD3+ cells/kg."""

    day: float
    cells_per_kg: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """Hold one measured value at the day its sample was taken."""

    day: float
    value: float


def blinatumomab(result: Result) -> list[Interval]:
    """Return the infusions of blinatumomab, from the pump's changes of rate; the run's end ends the last."""
    changes = [
        (event.day, _level(event)) for event in result.events if _is(event, "blinatumomab", "dose", "stop")
    ]
    return _intervals(changes, result.end)


def cytoreductions(result: Result) -> list[Measurement]:
    """Return the days of chemotherapy, with the intended kill in powers of ten."""
    return [
        Measurement(event.day, _level(event))
        for event in result.events
        if event.kind == "dose" and event.what == "cytoreduction"
    ]


def drugs(result: Result) -> dict[str, list[Interval]]:
    """Return the courses of every other drug by name, in order of first use."""
    changes: dict[str, list[tuple[float, float]]] = {}
    for event in result.events:
        if event.kind == "drug" and "blinatumomab" not in event.what.lower():
            changes.setdefault(event.what, []).append((event.day, _level(event)))
    courses = {name: _intervals(items, result.end) for name, items in changes.items()}
    return {name: intervals for name, intervals in courses.items() if intervals}


def cell_infusions(result: Result) -> list[CellInfusion]:
    """Return the donor lymphocyte infusions; the graft is not one of them."""
    return [
        CellInfusion(event.day, _level(event))
        for event in result.events
        if event.kind == "infusion" and "dli" in event.what.lower()
    ]


def measurements(result: Result, test: str) -> list[Measurement]:
    """Return what a test measured (`mrd`, `morphology`), at the day of the SAMPLE, not of its report."""
    found = [
        Measurement(event.day, float(event.value))
        for event in result.events
        if event.kind == "test"
        and event.what == test
        and event.value is not None
        and math.isfinite(event.value)
    ]
    return found


def _is(event: Event, drug: str, *kinds: str) -> bool:
    return event.kind in kinds and drug in event.what.lower()


def _level(event: Event) -> float:
    if event.kind == "stop" or event.value is None:
        return 0.0
    return float(event.value)


def _intervals(changes: list[tuple[float, float]], end: float) -> list[Interval]:
    """Turn changes of level into intervals; a change to the same level does not start another."""
    intervals: list[Interval] = []
    begun, level = 0.0, 0.0
    for day, new in [*changes, (end, 0.0)]:
        if not np.isclose(new, level):
            if level > 0 and day > begun:
                intervals.append(Interval(begun, day, level))
            begun, level = day, new
    return intervals
