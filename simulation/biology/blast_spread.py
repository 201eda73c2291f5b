"""Spread of blasts to neighbour niches and through the blood."""

from numba import njit

from simulation.biology.channels import Channel
from simulation.biology.places import PlaceKind
from simulation.biology.state import State
from simulation.engine.population import Floats, Ints32

__all__ = ["BlastSpread"]


class BlastSpread:
    """Move blasts between neighbour niches, into the blood, and from there back or to another site."""

    name = "blast_spread"
    source = (
        "assumption: ALL is a systemic disease; rates chosen so that overt disease shows circulating blasts"
    )
    reads = (
        "rate_blast_blood_to_extramedullary", "rate_blast_to_neighbour", "rate_blast_to_blood",
        "rate_blast_blood_to_marrow",
    )  # fmt: skip

    def act(self, state: State, dt: float) -> None:
        """Add the movement hazards of every blast cohort."""
        p, pop = state.p, state.pop
        outside = (
            p.rate_blast_blood_to_extramedullary if state.places.index(PlaceKind.EXTRAMEDULLARY) >= 0 else 0.0
        )
        _add(
            state.census.blast_rows, pop.place, pop.hazard, state.places.kind,
            p.rate_blast_to_neighbour, p.rate_blast_to_blood, p.rate_blast_blood_to_marrow, outside,
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _add(
    rows: Ints32, places: Ints32, hazard: Floats, kinds: Ints32, to_neighbour: float, to_blood: float, to_marrow: float,
    outside: float,
) -> None:  # fmt: skip
    for row in rows:
        kind = kinds[places[row]]
        if kind == PlaceKind.MARROW:
            hazard[row, Channel.TO_NEIGHBOUR] += to_neighbour
            hazard[row, Channel.TO_BLOOD] += to_blood
        elif kind == PlaceKind.BLOOD:
            hazard[row, Channel.TO_MARROW] += to_marrow
            hazard[row, Channel.TO_EXTRAMEDULLARY] += outside
        elif kind == PlaceKind.EXTRAMEDULLARY:
            hazard[row, Channel.TO_BLOOD] += to_blood
