"""Read the true state: what assays blur, and maps of the marrow."""

from typing import Final

import numpy as np

from simulation.biology.antigens import CD19
from simulation.biology.here import SEEN
from simulation.biology.places import PlaceKind
from simulation.biology.state import State
from simulation.biology.totals import FRACTION, IN_NICHE, look
from simulation.clinic.ports import Truth

__all__ = ["marrow_layers", "truth_of"]

_SEEN: Final = SEEN.names or ()


def truth_of(state: State, agvhd_grade: int, crs_grade: int) -> Truth:
    """Return the true state after a fresh look."""
    look(state)
    places, seen = state.places, state.seen.item()  # all its numbers at once, as in every step
    site, niches = places.index(PlaceKind.EXTRAMEDULLARY), state.niches.copy()
    return Truth(
        day=state.numbers["day"].item(),
        lost={one.name: cells for one, cells in zip(state.antigens, state.without.tolist(), strict=True)},
        niche_blast_fraction=niches[FRACTION],
        niche_blasts=niches[IN_NICHE],
        niche_access=places.access[places.marrow],
        agvhd_grade=agvhd_grade,
        crs_grade=crs_grade,
        extramedullary_access=places.access.item(site) if site >= 0 else 1.0,
        **dict(zip(_SEEN, seen, strict=True)),
    )


def marrow_layers(state: State) -> dict[str, np.ndarray]:
    """Return maps of the marrow, each of shape (rows, columns); the census must be fresh."""
    census, places = state.census, state.places
    shape, niches = (places.rows, places.columns), slice(0, places.n_niches)
    t_cells = census.t_cells[niches]
    here = census.blasts[niches] + t_cells + places.normal[niches] + places.normal_b[niches]
    layers = {
        "blasts": census.blasts[niches],
        "blasts_cd19_negative": (census.blasts - census.blasts_with(CD19))[niches],
        "engaged": census.engaged[niches],
        "tcon": census.tcon[niches],
        "treg": census.treg[niches],
        "exhaustion": census.exhaustion[niches] / np.maximum(t_cells, 1.0),
        "normal": places.normal[niches],
        "fraction": census.blasts[niches] / np.maximum(here, 1.0),
        "access": places.access[niches],
    }
    return {name: np.array(values, float).reshape(shape) for name, values in layers.items()}
