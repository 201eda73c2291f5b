"""Lines of cell counts on a logarithmic axis with a true zero, each labelled at its end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulation.results.figures import style

if TYPE_CHECKING:
    from simulation.results.result import Result

__all__ = ["draw_counts"]

type Line = tuple[str, str, str, Any]  # column, words, name of the colour, dashes


def draw_counts(
    ax: Axes, result: Result, lines: Iterable[Line], *, label: str, gap: float, floor: float = 1.0,
    least_top: float = 10.0, clones: frozenset[str] = frozenset(),
) -> Figure:  # fmt: skip
    """Draw columns of the trajectory; `clones` are drawn only where there ever was such a cell."""
    shown = [(line, result.column(line[0])) for line in lines]
    style.count_axis(ax, [values for _, values in shown], floor=floor, least_top=least_top)
    ax.set_ylabel(label)
    ends = []
    for (name, text, colour, dashes), values in shown:
        finite = values[np.isfinite(values)]
        if not finite.size or (name in clones and not finite.any()):
            continue
        ax.plot(result.days, values, color=style.COLOUR[colour], linestyle=dashes, label=text, clip_on=False)
        ends.append((float(finite[-1]), text, style.COLOUR[colour]))
    if not ends:
        style.note(ax, "not recorded")
    style.label_ends(ax, ends, gap=gap)
    return cast(Figure, ax.figure)
