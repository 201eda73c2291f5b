"""Triggers: what must have been MEASURED, or which day it must be, for treatment to begin.

A trigger holds or does not hold at a given moment, judged by the latest results. `all_of` therefore asks that
its triggers hold together: MRD that was positive once and has gone since does not count on a later day.
A result counts by the day on which it was reported.
"""

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from simulation.clinic.assays import MarrowResult, reaches
from simulation.clinic.schedule import is_due

if TYPE_CHECKING:
    from simulation.scenario.schema import Definitions
    from simulation.scenario.triggers import Trigger as Start

__all__ = ["Trigger", "make_trigger"]


class Trigger(ABC):
    """Watch results; `not_before` is the first day that counts, `delay` the days until treatment."""

    def __init__(self, not_before: float, delay: float) -> None:
        self.not_before = not_before
        self._delay = delay

    def see(self, result: MarrowResult) -> None:
        """Take note of a reported result."""
        if is_due(self.not_before, result.reported):
            self._weigh(result)

    @abstractmethod
    def holds(self, now: float) -> bool:
        """Return whether the condition is met on day `now`."""

    @abstractmethod
    def reason(self) -> str:
        """Return why it holds, in a clinician's words; only asked while it holds."""

    def delay(self, now: float) -> float:
        """Return the days from the trigger to the first treatment."""
        return self._delay

    def diagnosis_sampled(self, now: float) -> float | None:
        """Return the day of the aspirate that showed overt relapse, if that is why the trigger holds."""
        return None

    def _weigh(self, result: MarrowResult) -> None:
        return


class NeverTrigger(Trigger):
    """Never hold: the untreated arm."""

    def holds(self, now: float) -> bool:
        """Return False."""
        return False

    def reason(self) -> str:
        """Return that there is none."""
        return "no treatment planned"


class DayTrigger(Trigger):
    """Hold from a fixed day on, whatever the marrow shows."""

    def __init__(self, day: float, not_before: float, delay: float) -> None:
        super().__init__(not_before, delay)
        self._day = max(day, not_before)

    def holds(self, now: float) -> bool:
        """Return whether the day has come."""
        return is_due(self._day, now)

    def reason(self) -> str:
        """Return the planned day."""
        return f"planned for day {self._day:g}"


class MrdTrigger(Trigger):
    """Hold while the last `confirmed_by` MRD results are all at or above a level."""

    def __init__(self, at_least: float, confirmed_by: int, not_before: float, delay: float) -> None:
        super().__init__(not_before, delay)
        self._at_least = at_least
        self._confirmed_by = confirmed_by
        self._n_consecutive = 0
        self._last = 0.0

    def _weigh(self, result: MarrowResult) -> None:
        if result.test != "mrd":
            return
        positive = reaches(result.value, self._at_least)
        self._n_consecutive = self._n_consecutive + 1 if positive else 0
        self._last = result.value

    def holds(self, now: float) -> bool:
        """Return whether enough consecutive results were positive."""
        return self._n_consecutive >= self._confirmed_by

    def reason(self) -> str:
        """Return the last measured value and the level it reached."""
        times = "" if self._confirmed_by == 1 else f", {self._n_consecutive} consecutive results"
        return f"MRD {self._last:.1e} (>= {self._at_least:.0e}{times})"


class OvertRelapseTrigger(Trigger):
    """Hold while the last morphology result shows overt relapse."""

    def __init__(self, overt_relapse: float, not_before: float, delay: float) -> None:
        super().__init__(not_before, delay)
        self._level = overt_relapse
        self._last: MarrowResult | None = None

    def _weigh(self, result: MarrowResult) -> None:
        if result.judges_remission:
            self._last = result

    def holds(self, now: float) -> bool:
        """Return whether the last result showed overt relapse."""
        return self._last is not None and reaches(self._last.value, self._level)

    def reason(self) -> str:
        """Return the measured blast fraction."""
        measured = 0.0 if self._last is None else self._last.value
        return f"overt relapse, {measured:.1%} marrow blasts (>= {self._level:.0%})"

    def diagnosis_sampled(self, now: float) -> float | None:
        """Return the day of the diagnosing aspirate."""
        return self._last.sampled if self._last is not None and self.holds(now) else None


class _Combination(Trigger):
    """Pass results on to several triggers."""

    def __init__(self, parts: list[Trigger], not_before: float, delay: float) -> None:
        super().__init__(not_before, delay)
        self._parts = parts
        self._met: list[Trigger] = []

    def _weigh(self, result: MarrowResult) -> None:
        for part in self._parts:
            part.see(result)

    def _holding(self, now: float) -> list[Trigger]:
        self._met = [part for part in self._parts if part.holds(now)] if is_due(self.not_before, now) else []
        return self._met

    def diagnosis_sampled(self, now: float) -> float | None:
        """Return the day of the diagnosing aspirate, if one of the parts that hold has it."""
        days = [day for part in self._holding(now) if (day := part.diagnosis_sampled(now)) is not None]
        return min(days, default=None)


class AnyOfTrigger(_Combination):
    """Hold while at least one part holds; the delay is its own plus the shortest of the parts that hold."""

    def holds(self, now: float) -> bool:
        """Return whether any part holds."""
        return bool(self._holding(now))

    def delay(self, now: float) -> float:
        """Return the days from the trigger to the first treatment."""
        return self._delay + min((part.delay(now) for part in self._holding(now)), default=0.0)

    def reason(self) -> str:
        """Return the reasons of the parts that hold."""
        return " or ".join(part.reason() for part in self._met)


class AllOfTrigger(_Combination):
    """Hold while all parts hold together; the delay is its own plus the longest of the parts."""

    def holds(self, now: float) -> bool:
        """Return whether all parts hold."""
        return len(self._holding(now)) == len(self._parts)

    def delay(self, now: float) -> float:
        """Return the days from the trigger to the first treatment."""
        return self._delay + max((part.delay(now) for part in self._parts), default=0.0)

    def reason(self) -> str:
        """Return all parts' reasons."""
        return " and ".join(part.reason() for part in self._met)


def make_trigger(start: "Start", definitions: "Definitions", not_before: float = -math.inf) -> Trigger:
    """Build the trigger of a scenario's `start`; a combination's `not_before` holds for its parts, too."""
    first_day = max(start.not_before, not_before)
    if start.when == "never":
        return NeverTrigger(first_day, start.delay)
    if start.when == "day":
        return DayTrigger(start.day, first_day, start.delay)
    if start.when == "mrd":
        return MrdTrigger(start.at_least, start.confirmed_by, first_day, start.delay)
    if start.when == "overt_relapse":
        return OvertRelapseTrigger(definitions.overt_relapse, first_day, start.delay)
    parts = [make_trigger(part, definitions, first_day) for part in start.triggers]
    kind = AnyOfTrigger if start.when == "any_of" else AllOfTrigger
    return kind(parts, first_day, start.delay)
