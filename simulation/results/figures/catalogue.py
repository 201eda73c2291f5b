"""The figures of one run, in the order in which the report shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulation.results.figures import blood, burden, drug, gvhd, marrow_maps, t_cells
from simulation.results.figures.figure import Figure

if TYPE_CHECKING:
    from simulation.results.result import Result

__all__ = ["FIGURES"]


FIGURES: tuple[Figure[Result], ...] = (
    Figure("burden", burden.TITLE, burden.caption, burden.figure),
    Figure("t_cells", t_cells.TITLE, t_cells.caption, t_cells.figure),
    Figure("blood", blood.TITLE, blood.caption, blood.figure),
    Figure("drug", drug.TITLE, drug.caption, drug.figure),
    Figure("gvhd", gvhd.TITLE, gvhd.caption, gvhd.figure),
    Figure("marrow_maps", marrow_maps.TITLE, marrow_maps.caption, marrow_maps.figure),
)
