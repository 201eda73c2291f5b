"""A parameter as an axis: linear, logarithmic, or one place per level, with ticks at the levels that were run."""

import math
import textwrap
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from simulation.results.figures import style
from simulation.sweep.factors import Factor, Value

__all__ = ["FactorAxis", "factor_axis", "levels_of", "number_text", "wrapped"]

type Floats = npt.NDArray[np.float64]
_MOST_TICKS = 9


@dataclass(frozen=True, eq=False)
class FactorAxis:
    """Hold where each level stands on the axis, shape (n_levels,), and how it is called."""

    factor: Factor
    levels: tuple[Value, ...]
    places: Floats
    kind: Literal["linear", "log", "each"]

    @property
    def texts(self) -> list[str]:
        """Return the levels as tick labels."""
        return [_text(self.factor, level) for level in self.levels]

    def put(self, ax: Axes, which: Literal["x", "y"], *, label: bool = True) -> None:
        """Set ticks and label of one axis of a plot."""
        axis = ax.xaxis if which == "x" else ax.yaxis
        keep = _thinned(self.places)
        axis.set_major_locator(FixedLocator([float(self.places[i]) for i in keep]))
        axis.set_major_formatter(FixedFormatter([self.texts[i] for i in keep]))
        axis.set_minor_locator(NullLocator())
        if which == "x" and max((len(self.texts[i]) for i in keep), default=0) * len(keep) > 46:
            ax.tick_params(axis="x", labelrotation=35)
            for text in ax.get_xticklabels():
                text.set_horizontalalignment("right")
        if label:
            title = wrapped(self.factor.title)
            ax.set_xlabel(title) if which == "x" else ax.set_ylabel(title)


def factor_axis(factor: Factor, levels: tuple[Value, ...]) -> FactorAxis:
    """Return the axis of a parameter with these levels, in their order."""
    if factor.numeric and len(levels) > 1:
        values = np.array([float(level) for level in levels])
        if (values > 0).all() and values.max() / values.min() >= 10:
            return FactorAxis(factor, levels, np.log10(values), "log")
        positive = values[values > 0]
        spans = positive.size > 1 and positive.max() / positive.min() >= 30
        if not spans:
            return FactorAxis(factor, levels, values, "linear")
    return FactorAxis(factor, levels, np.arange(len(levels), dtype=float), "each")


def levels_of(factor: Factor, values: list[Value]) -> tuple[Value, ...]:
    """Return the distinct values that occur: numbers in order, others as they are listed."""
    present = set(values)
    if factor.numeric:
        return tuple(sorted(present, key=float))
    listed = [level for level in factor.levels if level in present]
    return tuple(listed + sorted((value for value in present if value not in listed), key=str))


def wrapped(text: str, width: int = 42) -> str:
    """Return a label broken into lines."""
    return "\n".join(textwrap.wrap(text, width))


def _text(factor: Factor, level: Value) -> str:
    if factor.numeric and not isinstance(level, str):
        return factor.signed(number_text(float(level)))
    text = factor.level_text(level)
    return text if len(text) <= 22 else text[:20] + "…"


def number_text(value: float) -> str:
    """Return a number with three digits for a tick, as a power of ten where that is shorter."""
    if abs(value) >= 1e4 or (value != 0 and abs(value) < 1e-3):
        return style.scientific(value, 3)
    return f"{value:.3g}"


def _thinned(places: Floats) -> list[int]:
    """Return which levels get a tick: all of a few, else ones that stand apart."""
    order = np.argsort(places)
    span = float(places.max() - places.min()) if places.size else 0.0
    gap = span / _MOST_TICKS * 0.6 if math.isfinite(span) else 0.0
    kept: list[int] = []
    for index in order.tolist():
        if not kept or places[index] - places[kept[-1]] >= gap * 0.999:
            kept.append(index)
    return kept
