"""Triggers: what must have been MEASURED, or which day it must be, for treatment to begin.

A trigger holds or does not hold at a given moment, judged by the latest results. `all_of` therefore asks that
its triggers hold together: MRD that was positive once and has gone since does not count on a later day.
A result counts by the day on which it was reported. What is seen at the bedside (acute GvHD, immunosuppressants taken) has no
report: it holds or does not hold on the day.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulation.clinic.assays import BloodResult, MarrowResult, OutsideResult, Result, reaches
from simulation.clinic.bedside import Bedside
from simulation.clinic.schedule import is_due
from simulation.clinic.starts import (
    COUNTED,
    AllOf,
    AnyOf,
    FreeOfGvhd,
    FreeOfImmunosuppression,
    OnBloodCount,
    OnDay,
    OnExtramedullary,
    OnMrd,
    OnOvertRelapse,
)
from simulation.clinic.waits import days_waited
from simulation.number_words import days_text

if TYPE_CHECKING:
    from simulation.clinic.starts import Trigger as Start
    from simulation.parameters.distributions import Distribution
    from simulation.scenario.schema import Definitions

__all__ = ["Trigger", "make_trigger"]

Uniform = Callable[[str], float]  # a number in [0, 1) for the name of a wait


def _middle(name: str) -> float:
    return 0.5


class Trigger(ABC):
    """Watch results; `not_before` is the first day that counts, `delay` the days until treatment.

    `name` tells the trigger from others of a scenario: its wait is drawn by that name.
    """

    def __init__(self, not_before: float, delay: "float | Distribution", name: str = "start") -> None:
        self.not_before = not_before
        self._delay = delay
        self._name = name

    def see(self, result: Result) -> None:
        """Take note of a reported result."""
        if is_due(self.not_before, result.reported):
            self._weigh(result)

    @abstractmethod
    def is_met(self, now: float) -> bool:
        """Return whether the condition is met on day `now`."""

    @abstractmethod
    def reason(self) -> str:
        """Return why it holds, in a clinician's words; only asked while it holds."""

    def delay(self, now: float, uniform: Uniform = _middle) -> float:
        """Return the days from the trigger to the first treatment; unless it can be drawn, the median wait.

        Only asked while it holds.
        """
        return days_waited(self._delay, lambda: uniform(self._name))

    def diagnosis_sampled(self, now: float) -> float | None:
        """Return the day of the aspirate that showed overt relapse, if that is why the trigger holds."""
        return None

    def _weigh(self, result: Result) -> None:
        return


class NeverTrigger(Trigger):
    """Never hold: the untreated arm."""

    def is_met(self, now: float) -> bool:
        """Return False."""
        return False

    def reason(self) -> str:
        """Return that there is none."""
        return "no treatment planned"


class DayTrigger(Trigger):
    """Hold from a fixed day on, whatever the marrow shows."""

    def __init__(self, start: OnDay, not_before: float, name: str) -> None:
        super().__init__(not_before, start.delay, name)
        self._day = max(start.day, not_before)

    def is_met(self, now: float) -> bool:
        """Return whether the day has come."""
        return is_due(self._day, now)

    def reason(self) -> str:
        """Return the planned day."""
        return f"planned for day {self._day:g}"


class MrdTrigger(Trigger):
    """Hold while the last `confirmed_by` MRD results are all at or above a level."""

    def __init__(self, start: OnMrd, not_before: float, name: str) -> None:
        super().__init__(not_before, start.delay, name)
        self._at_least = start.at_least
        self._confirmed_by = start.confirmed_by
        self._n_consecutive = 0
        self._last = math.nan

    def _weigh(self, result: Result) -> None:
        if not isinstance(result, MarrowResult) or result.test != "mrd":
            return
        positive = reaches(result.value, self._at_least)
        self._n_consecutive = self._n_consecutive + 1 if positive else 0
        self._last = result.value

    def is_met(self, now: float) -> bool:
        """Return whether enough consecutive results were positive."""
        return self._n_consecutive >= self._confirmed_by

    def reason(self) -> str:
        """Return the last measured value and the level it reached."""
        times = "" if self._confirmed_by == 1 else f", {self._n_consecutive} consecutive results"
        return f"MRD {self._last:.1e} (>= {self._at_least:.0e}{times})"


class OvertRelapseTrigger(Trigger):
    """Hold while the last morphology result shows overt relapse."""

    def __init__(self, overt_relapse: float, start: OnOvertRelapse, not_before: float, name: str) -> None:
        super().__init__(not_before, start.delay, name)
        self._level = overt_relapse
        self._last: MarrowResult | None = None

    def _weigh(self, result: Result) -> None:
        if isinstance(result, MarrowResult) and result.judges_remission:
            self._last = result

    def is_met(self, now: float) -> bool:
        """Return whether the last result showed overt relapse."""
        return self._last is not None and reaches(self._last.value, self._level)

    def reason(self) -> str:
        """Return the measured blast fraction."""
        assert self._last is not None, "it holds by a result"
        return f"overt relapse, {self._last.value:.1%} marrow blasts (>= {self._level:.0%})"

    def diagnosis_sampled(self, now: float) -> float | None:
        """Return the day of the diagnosing aspirate."""
        return self._last.sampled if self._last is not None and self.is_met(now) else None


class BloodCountTrigger(Trigger):
    """Hold while the last blood count is at or above a level, or below one, or between both."""

    def __init__(self, start: OnBloodCount, not_before: float, name: str) -> None:
        super().__init__(not_before, start.delay, name)
        self._start = start
        self._last = math.nan

    def _weigh(self, result: Result) -> None:
        if isinstance(result, BloodResult):
            self._last = result.count(self._start.of)

    def is_met(self, now: float) -> bool:
        """Return whether the last count allows it; without a count nothing does."""
        low, high = self._start.at_least, self._start.below
        return (low is None or self._last >= low) and (high is None or self._last < high)

    def reason(self) -> str:
        """Return the last count and its limits."""
        bounds = ((">=", self._start.at_least), ("<", self._start.below))
        limits = ", ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)
        return f"{COUNTED[self._start.of]} {self._last:.3g} /uL ({limits})"


class ExtramedullaryTrigger(Trigger):
    """Hold while the last result of imaging, or of a lumbar puncture, shows leukaemia outside the marrow."""

    def __init__(self, start: OnExtramedullary, not_before: float, name: str) -> None:
        super().__init__(not_before, start.delay, name)
        self._last: dict[str, OutsideResult] = {}

    def _weigh(self, result: Result) -> None:
        if isinstance(result, OutsideResult):
            self._last[result.test] = result

    def is_met(self, now: float) -> bool:
        """Return whether any test has found it."""
        return any(result.positive for result in self._last.values())

    def reason(self) -> str:
        """Return which tests have found it."""
        positive = [result for result in self._last.values() if result.positive]
        return " and ".join(f"leukaemia outside the marrow in {result.word}" for result in positive)


class FreeOfTrigger(Trigger):
    """Hold while there has been no acute GvHD of a grade or more, or no immunosuppressant, for some days."""

    def __init__(
        self,
        start: FreeOfGvhd | FreeOfImmunosuppression,
        bedside: Bedside,
        not_before: float,
        name: str,
    ) -> None:
        super().__init__(not_before, start.delay, name)
        self._duration = start.duration
        self._grade = start.at_grade if isinstance(start, FreeOfGvhd) else 0  # 0: immunosuppressants
        self._bedside = bedside

    def is_met(self, now: float) -> bool:
        """Return whether it has been so for so long."""
        last = self._bedside.day_of_gvhd(self._grade) if self._grade else self._bedside.day_of_drug
        return is_due(self.not_before, now) and _free_for(last, now, self._duration)

    def reason(self) -> str:
        """Return that there is none."""
        grade = f" of grade {self._grade} or more" if self._grade > 1 else ""
        return f"no {'acute GvHD' if self._grade else 'immunosuppressant'}{grade}{_for_days(self._duration)}"


def _free_for(last: float, now: float, duration: float) -> bool:
    """Return whether the last day of something is over by so many days."""
    return not is_due(now, last) and is_due(last + duration, now)


def _for_days(duration: float) -> str:
    return f" for {days_text(duration)}" if duration else ""


class _Combination(Trigger):
    """Pass results on to several triggers."""

    def __init__(self, parts: list[Trigger], start: AnyOf | AllOf, not_before: float, name: str) -> None:
        super().__init__(not_before, start.delay, name)
        self._parts = parts
        self._met: list[Trigger] = []

    def _weigh(self, result: Result) -> None:
        for part in self._parts:
            part.see(result)

    def _holding(self, now: float) -> list[Trigger]:
        self._met = [part for part in self._parts if part.is_met(now)] if is_due(self.not_before, now) else []
        return self._met

    def diagnosis_sampled(self, now: float) -> float | None:
        """Return the day of the diagnosing aspirate, if one of the parts that hold has it: all that have one saw the same."""
        days = (part.diagnosis_sampled(now) for part in self._holding(now))
        return next((day for day in days if day is not None), None)


class AnyOfTrigger(_Combination):
    """Hold while at least one part holds; the delay is its own plus the shortest of the parts that hold."""

    def is_met(self, now: float) -> bool:
        """Return whether any part holds."""
        return bool(self._holding(now))

    def delay(self, now: float, uniform: Uniform = _middle) -> float:
        """Return the days from the trigger to the first treatment."""
        parts = (part.delay(now, uniform) for part in self._holding(now))
        return super().delay(now, uniform) + min(parts)

    def reason(self) -> str:
        """Return the reasons of the parts that hold."""
        return " or ".join(part.reason() for part in self._met)


class AllOfTrigger(_Combination):
    """Hold while all parts hold together; the delay is its own plus the longest of the parts."""

    def is_met(self, now: float) -> bool:
        """Return whether all parts hold."""
        return len(self._holding(now)) == len(self._parts)

    def delay(self, now: float, uniform: Uniform = _middle) -> float:
        """Return the days from the trigger to the first treatment."""
        parts = (part.delay(now, uniform) for part in self._parts)
        return super().delay(now, uniform) + max(parts)

    def reason(self) -> str:
        """Return all parts' reasons."""
        return " and ".join(part.reason() for part in self._met)


def make_trigger(
    start: "Start",
    definitions: "Definitions",
    bedside: Bedside | None = None,
    not_before: float = -math.inf,
    name: str = "start",
) -> Trigger:
    """Build the trigger of a scenario's `start`; a combination's `not_before` holds for its parts, too.

    `bedside` is what the clinic remembers; `name` leads to the block, such as `retreatment.start`.
    """
    first_day = max(start.not_before, not_before)
    bedside = Bedside() if bedside is None else bedside
    match start:
        case OnDay():
            return DayTrigger(start, first_day, name)
        case OnMrd():
            return MrdTrigger(start, first_day, name)
        case OnOvertRelapse():
            return OvertRelapseTrigger(definitions.overt_relapse, start, first_day, name)
        case OnBloodCount():
            return BloodCountTrigger(start, first_day, name)
        case OnExtramedullary():
            return ExtramedullaryTrigger(start, first_day, name)
        case FreeOfGvhd() | FreeOfImmunosuppression():
            return FreeOfTrigger(start, bedside, first_day, name)
        case AnyOf() | AllOf():
            parts = [
                make_trigger(part, definitions, bedside, first_day, f"{name}.{index}")
                for index, part in enumerate(start.triggers)
            ]
            kind = AnyOfTrigger if isinstance(start, AnyOf) else AllOfTrigger
            return kind(parts, start, first_day, name)
    return NeverTrigger(first_day, start.delay, name)
