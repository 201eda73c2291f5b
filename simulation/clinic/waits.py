"""Waiting times of the clinic: a time, or a distribution from which every wait is drawn by a key of its own."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from simulation.blocks.fields import YEARS_20, Quantity, problem, show
from simulation.number_words import days_text
from simulation.parameters.distributions import DISTRIBUTIONS, Distribution, numbers_of
from simulation.parameters.read_distribution import DistributionError, parse_distribution
from simulation.units import format_quantity, unit_pattern

__all__ = ["Wait", "days_waited", "median_wait", "wait_words"]

_RANGE: Final = re.compile(r"\s*(.+?)\s+to\s+(.+?)\s*")
_CENTRED: Final = ("fixed", "lognormal", "normal", "beta")
_CENTRES: Final = frozenset({"value", "median", "mean", "low"})


@dataclass(frozen=True)
class _WaitKind(Quantity):
    """Read `3 d`, `7 d to 42 d` (each time between them alike; also in braces) or a block with `distribution`, days."""

    def read(self, value: Any) -> Any:
        """Return days, or what they are drawn from."""
        if isinstance(value, Mapping):
            alone = next(iter(value), None) if len(value) == 1 else None
            if (
                isinstance(alone, str) and value[alone] is None
            ):  # {7 d to 42 d}: to YAML a key without a value
                return self.read(alone)
            return self._drawn_from(value)
        match = _RANGE.fullmatch(value) if isinstance(value, str) and len(value) <= 64 else None
        if match is None:
            return super().read(value)
        low, high = super().read(match[1]), super().read(match[2])
        if not low < high:
            raise problem(f"got {show(value)}", "a range from low to high such as 7 d to 42 d")
        return Distribution("uniform", "time", low, high, low=0.0, high=YEARS_20)

    def _drawn_from(self, value: Mapping[str, object]) -> Distribution:
        try:
            distribution = parse_distribution(value, "time", 1.0, self.low, self.high)
        except DistributionError as error:
            raise problem(error.message, error.expected, error.nearest, error.path) from None
        if distribution.is_list:
            kinds = f"one of {', '.join(kind for kind in DISTRIBUTIONS if kind != 'listed')}"
            raise problem("waits are drawn, not listed by patient", kinds, path=("distribution",))
        parts = value.get("parts")
        for block in (value, *(parts if isinstance(parts, list) else ())):
            if block["distribution"] in _CENTRED and _CENTRES.isdisjoint(block):
                # a parameter's distribution may leave its centre to the table; a wait has none there
                raise problem(
                    "its median, mean or value is missing", "a distribution of times written in full"
                )
        outside = [number for number in numbers_of(distribution) if not self.low <= number <= self.high]
        if outside:
            raise problem(f"got {format_quantity(outside[0], 'time')}", f"times from {self.range()}")
        return distribution

    def write(self, value: float | Distribution) -> Any:
        """Return what the file would say."""
        if not isinstance(value, Distribution):
            return super().write(value)
        if value.distribution == "uniform" and value.source is None:
            return f"{format_quantity(value.first, 'time')} to {format_quantity(value.second, 'time')}"
        return value.to_plain()

    def json_schema(self) -> dict[str, Any]:
        """Return the patterns of a time and of a range, and a distribution."""
        how_to_write = f"a time, {self.range()}, a range such as 7 d to 42 d, or a distribution"
        time = unit_pattern("time").removeprefix("^").removesuffix("$")
        text = {"type": "string", "pattern": f"^{time}( +to +{time})?$", "x-write": how_to_write}
        text["examples"] = ["3 d", "7 d to 42 d"]  # type: ignore[assignment]
        return {"anyOf": [text, {"x-use": "Distribution"}]}


Wait = Annotated[float | Distribution, _WaitKind("time", 0, YEARS_20)]


def days_waited(wait: float | Distribution, uniform: Callable[[], float]) -> float:
    """Return one wait, days; `uniform` gives its number in [0, 1), and is asked only where there is a choice."""
    return wait.sample(uniform()) if isinstance(wait, Distribution) else wait


def median_wait(wait: float | Distribution) -> float:
    """Return the median wait, days."""
    return wait.median if isinstance(wait, Distribution) else wait


def wait_words(wait: float | Distribution) -> str:
    """Return a wait in words."""
    if not isinstance(wait, Distribution):
        return days_text(wait)
    if wait.distribution == "uniform":
        return f"{wait.first:g} to {wait.second:g} days"
    if wait.distribution == "fixed":
        return days_text(wait.first)
    return f"{days_text(float(f'{wait.median:.3g}'))} (the median of a {wait.distribution} distribution)"
