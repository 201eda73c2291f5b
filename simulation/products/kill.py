"""Cells killed at once: what chemotherapy and poisoned antibodies have in common."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulation.products.product import Receiver

__all__ = ["kill"]


def kill(body: "Receiver", stream: str, rows: Iterable[int], log10_kill: Iterable[float]) -> None:
    """Lower agents, by row, by so many powers of ten each: an exact binomial draw of `stream` says how many cells survive."""
    state, pop = body.state, body.state.pop
    for row, log10 in zip(rows, log10_kill, strict=False):
        cells = int(pop.cells[row])
        left = body.draw.binomial(stream, cells, 10.0 ** -float(log10), state.step, int(pop.uid[row]))
        state.deaths += cells - left
        if left:
            pop.cells[row] = left
        else:
            pop.remove(int(row))
