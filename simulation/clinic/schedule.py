"""What is planned for which day, whatever the simulation's step.

A planned thing happens at the start of the first step that begins on or after its day: never early, never
lost, and without drift, because the next one is planned from the plan, not from when the last one happened.
What goes on for some time (an infusion, a drug) begins and ends at its moment, also within a step: the step then has the mean.
"""

import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Final

__all__ = ["EPSILON", "Agenda", "ListedDays", "Piece", "Repeating", "is_due", "mean_of", "pieces_of"]

type Piece = tuple[float, float, float]  # from day, until day, level

EPSILON: Final = 1e-9  # days; steps such as 0.1 d do not add up exactly


def is_due(planned: float, now: float) -> bool:
    """Return whether the planned day has come by `now`, days."""
    return now + EPSILON >= planned


def pieces_of(
    level: Callable[[float], float], changes: Iterable[float], begin: float, end: float
) -> list[Piece]:
    """Return the step from `begin` to `end` (days) in pieces of one level each; `level` may change on the days `changes` only."""
    inside = {day for day in changes if begin + EPSILON < day < end - EPSILON}
    if not inside:  # as in most steps
        return [(begin, end, level(begin))]
    return [(start, until, level(start)) for start, until in pairwise([begin, *sorted(inside), end])]


def mean_of(pieces: list[Piece]) -> float:
    """Return the mean level over pieces; to the last bit the level itself where all have the same."""
    first = pieces[0][2]
    if len(pieces) == 1 or all(level == first for _, _, level in pieces):
        return first
    return sum((until - start) * level for start, until, level in pieces) / (pieces[-1][1] - pieces[0][0])


class Repeating:
    """Hand out the occurrences first, first + every, first + 2 every, ... as they fall due; days."""

    def __init__(self, first: float, every: float) -> None:
        if every <= 0:
            raise ValueError(f"an interval must be positive, got {every} d")
        self._first = first
        self._every = every
        self._taken = 0

    @property
    def next_day(self) -> float:
        """Return the day of the next occurrence."""
        return self._first + self._taken * self._every

    def take(self, now: float) -> int:
        """Return how many occurrences have fallen due since the last call."""
        before = self._taken
        while is_due(self.next_day, now):
            self._taken += 1
        return self._taken - before


class ListedDays:
    """Hand out listed days, ascending, as they fall due."""

    def __init__(self, days: Iterable[float]) -> None:
        self._days = sorted(days)
        self._taken = 0

    @property
    def next_day(self) -> float:
        """Return the next of the days; infinity when all are over."""
        return self._days[self._taken] if self._taken < len(self._days) else math.inf

    def take(self, now: float) -> int:
        """Return how many of them have fallen due since the last call."""
        before = self._taken
        while is_due(self.next_day, now):
            self._taken += 1
        return self._taken - before


class Agenda[T]:
    """Hold things planned for days and hand them out when they fall due, earliest first."""

    def __init__(self, planned: Iterable[tuple[float, T]] = ()) -> None:
        self._planned = sorted(planned, key=lambda entry: entry[0])

    def __len__(self) -> int:
        """Return how many things are still to come."""
        return len(self._planned)

    def __bool__(self) -> bool:
        """Return whether anything is still to come."""
        return bool(self._planned)

    @property
    def days(self) -> tuple[float, ...]:
        """Return the days still to come, ascending."""
        return tuple(day for day, _ in self._planned)

    @property
    def things(self) -> tuple[T, ...]:
        """Return the things still to come, earliest first."""
        return tuple(thing for _, thing in self._planned)

    def add(self, day: float, thing: T) -> None:
        """Plan one more thing; of things planned for the same day the first planned comes first."""
        self._planned.append((day, thing))
        self._planned.sort(key=lambda entry: entry[0])

    def take(self, now: float) -> list[tuple[float, T]]:
        """Remove and return what has fallen due as (planned day, thing), earliest first."""
        if not self._planned or not is_due(self._planned[0][0], now):  # as on most days
            return []
        n_due = 1
        while n_due < len(self._planned) and is_due(self._planned[n_due][0], now):
            n_due += 1
        due, self._planned = self._planned[:n_due], self._planned[n_due:]
        return due

    def clear(self) -> int:
        """Cancel everything still to come and return how many things that were."""
        n_cancelled = len(self._planned)
        self._planned = []
        return n_cancelled
