"""One thing that a sweep varies: its paths, its levels or its range, and what a value makes of a scenario."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from simulation.parameters.distributions import Distribution
from simulation.units import Dimension, format_number, format_quantity

__all__ = ["Factor", "Mode", "Value"]

type Value = float | str  # a number in the canonical unit, or JSON text for what is no number
type Mode = Literal["set", "times", "plus", "ratio_to"]


@dataclass(frozen=True, slots=True)
class Factor:
    """Hold one factor of a design.

    `levels` are the listed values; without them `low`, `high` and `scale` (or `distribution`) say from what a value is
    drawn (else both are 0 and unused: NaN would make a factor unequal to itself). `mode` says what a value does: it is
    set, or the base's value is multiplied by it, shifted by it, or set to so many times what stands at `reference`.
    """

    name: str
    paths: tuple[str, ...]
    mode: Mode = "set"
    dimension: Dimension | None = None
    whole: bool = False
    levels: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    scale: Literal["linear", "log"] = "linear"
    distribution: Distribution | None = None
    reference: str | None = None
    label: str = ""
    unit: str = ""
    arms: tuple[str, ...] = ()  # empty: every arm
    base: Value | None = None  # what the base scenario says, where that is one number

    @property
    def numeric(self) -> bool:
        """Return whether its values are numbers."""
        return self.dimension is not None or self.whole

    @property
    def n_levels(self) -> int:
        """Return how many values are listed; 0 for a range."""
        return len(self.levels)

    @property
    def title(self) -> str:
        """Return the label with its unit, for an axis; without a label the name, and what its values do to the scenario."""
        name, unit = self.label or self.name, self.unit
        if not self.label and self.mode != "set":
            unit = (
                f"shift, {self.unit}"
                if self.mode == "plus"
                else f"times {self.reference or "the scenario's"}"
            )
        return f"{name} ({unit})" if unit and f"({unit})" not in name else name

    @property
    def meaning(self) -> str:
        """Return what its values are, for the description of a column: a multiplier and a shift are none of the thing itself."""
        relation = {
            "set": "", "times": "what the scenario says is multiplied by it", "plus": "added to what the scenario says",
            "ratio_to": f"so many times {self.reference}",
        }[self.mode]  # fmt: skip
        return "; ".join(part for part in (self.label, relation) if part)

    def at(self, u: float) -> Value:
        """Return the value at the share `u` (0..1) of the range, or of the listed values in their order."""
        if self.levels:
            return self.levels[min(int(u * len(self.levels)), len(self.levels) - 1)]
        if self.distribution is not None:
            return self.distribution.sample(u)
        if self.whole:
            return float(min(math.floor(self.low + u * (self.high - self.low + 1)), self.high))
        logarithmic = self.scale == "log"
        value = self.low + (self.high - self.low) * u
        if logarithmic:
            value = self.low * math.exp(u * math.log(self.high / self.low))
        return min(max(value, self.low), self.high)

    def written(self, value: Value) -> Any:
        """Return a value as a scenario file would say it (for `set`), or its text with unit."""
        if not self.numeric or isinstance(value, str):
            import json

            return json.loads(str(value))
        if self.whole:
            return int(value)
        if self.dimension is None:
            return value
        return format_quantity(value, self.dimension)

    def in_words(self, value: Value) -> str:
        """Return the label with a value and its unit."""
        return f"{self.label or self.name} {self.level_text(value)} {self.unit}".strip()

    def level_text(self, value: Value) -> str:
        """Return a value in words for a table or a legend, without its unit."""
        if not self.numeric or isinstance(value, str):
            written = self.written(value)
            if isinstance(written, list):
                return ", ".join(str(item) for item in written)
            if isinstance(written, Mapping):
                return str(value)
            return "on" if written is True else "off" if written is False else str(written)
        return self.signed(short_number(float(value)))

    def signed(self, number: str) -> str:
        """Return a number with the sign of what it does: ×10 multiplies, +14 and -14 shift."""
        if self.mode == "set":
            return number
        if self.mode == "plus":
            return number if number.startswith("-") else f"+{number}"
        return f"\N{MULTIPLICATION SIGN}{number}"


def short_number(value: float) -> str:
    """Return a number with four significant digits, powers of ten where they are shorter."""
    rounded = float(f"{value:.4g}")
    return (
        f"{rounded:,.0f}"
        if 1000 <= abs(rounded) < 1e5 and rounded == int(rounded)
        else format_number(rounded)
    )
