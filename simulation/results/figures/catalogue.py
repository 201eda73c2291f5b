"""The figures of one run, in the order in which the report shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from simulation.results.figures import blood, burden, drug, gvhd, marrow_maps, t_cells

if TYPE_CHECKING:
    from simulation.results.result import Result

__all__ = ["FIGURES", "FigureSpec"]


@dataclass(frozen=True, slots=True)
class FigureSpec:
    """Name a figure's files, its title, what draws it and what says what it shows."""

    name: str
    title: str
    draw: Callable[[Result], Figure]
    caption: Callable[[Result], str]


FIGURES = (
    FigureSpec("burden", burden.TITLE, burden.figure, burden.caption),
    FigureSpec("t_cells", t_cells.TITLE, t_cells.figure, t_cells.caption),
    FigureSpec("blood", blood.TITLE, blood.figure, blood.caption),
    FigureSpec("drug", drug.TITLE, drug.figure, drug.caption),
    FigureSpec("gvhd", gvhd.TITLE, gvhd.figure, gvhd.caption),
    FigureSpec("marrow_maps", marrow_maps.TITLE, marrow_maps.figure, marrow_maps.caption),
)
