"""What a scenario may say, and may not mean."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulation.clinic.assays import OUTSIDE_TESTS
from simulation.scenario.disease import disease_hints
from simulation.units import format_quantity

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["hints"]

_TESTS = ("mrd", "morphology", "blood", *OUTSIDE_TESTS)


def hints(scenario: "Scenario") -> list[str]:
    """Return what is allowed but may not be meant, each with its key: what comes before the disease, or after the last day."""
    return [*disease_hints(scenario), *_too_late(scenario)]


def _too_late(scenario: "Scenario") -> Iterator[str]:
    """Yield visits after the end of follow-up."""
    end = scenario.follow_up
    over = f"follow-up ends on {format_quantity(end, 'day')}"
    for name in _TESTS:
        test = getattr(scenario.monitoring, name)
        if test is None:
            continue
        late = [format_quantity(day, "day") for day in test.days or () if day > end]
        if late:
            yield f"monitoring.{name}.days: {', '.join(late)} will not come, {over}"
        if test.first is not None and test.first > end:
            yield f"monitoring.{name}.first: {format_quantity(test.first, 'day')} will not come, {over}"
