"""See the points of a design as a full grid where they are one, whatever kind of design made them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from simulation.sweep.design_files import PointReader
from simulation.sweep.designs import Point
from simulation.sweep.factors import Factor, Value
from simulation.sweep.plan import Plan

__all__ = ["Grid", "as_grid", "read_points", "varying"]

_MOST_POINTS = 200_000


@dataclass(frozen=True, eq=False)
class Grid:
    """Hold a full grid: `points` gives the point at each combination of levels, shape (n_levels, ...)."""

    factors: tuple[Factor, ...]
    levels: tuple[tuple[Value, ...], ...]
    points: npt.NDArray[np.int64]

    def means_over(self, values: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
        """Return the means at each level of one factor over all levels of the others, shape (n_levels,)."""
        table = values[self.points]
        others = tuple(i for i in range(table.ndim) if i != axis)
        return np.asarray(table.mean(axis=others), float)


def read_points(folder: Path, plan: Plan) -> list[Point]:
    """Return all points of a design that is small enough to be looked at point by point; else none."""
    if plan.n_points > _MOST_POINTS:
        return []
    reader = PointReader(folder, plan.factors, plan.n_points)
    return [reader[i] for i in range(plan.n_points)]


def varying(factors: tuple[Factor, ...], points: list[Point]) -> list[int]:
    """Return the factors that have more than one value."""
    return [i for i in range(len(factors)) if len({point[i] for point in points}) > 1]


def as_grid(factors: tuple[Factor, ...], points: list[Point]) -> Grid | None:
    """Return the grid that the points make, each combination exactly once; None where they make none."""
    from simulation.analysis.figures.axis import levels_of

    chosen = varying(factors, points)
    if not chosen or len(chosen) > 6:
        return None
    levels = tuple(levels_of(factors[i], [point[i] for point in points]) for i in chosen)
    shape = tuple(len(each) for each in levels)
    if int(np.prod(shape)) != len(points):
        return None
    places = [{level: index for index, level in enumerate(each)} for each in levels]
    table = np.full(shape, -1, np.int64)
    for number, point in enumerate(points):
        table[tuple(place[point[i]] for place, i in zip(places, chosen, strict=True))] = number
    return Grid(tuple(factors[i] for i in chosen), levels, table) if (table >= 0).all() else None
