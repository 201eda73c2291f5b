"""What tests measured, read from the events, at the day of the sample and not of its report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulation.results.result import Result

__all__ = ["Measurement", "measurements"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """Hold one measured value at the day its sample was taken."""

    day: float
    value: float


def measurements(result: Result, test: str) -> list[Measurement]:
    """Return what a test measured (`mrd`, `morphology`), oldest first."""
    return [
        Measurement(event.day, float(event.value))
        for event in result.events
        if event.kind == "test"
        and event.what == test
        and event.value is not None
        and math.isfinite(event.value)
    ]
