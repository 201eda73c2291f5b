"""Normal haematopoiesis: it fills the room that blasts leave, after engraftment."""

from math import exp

import numpy as np

from simulation.biology.state import State

__all__ = ["NormalMarrow"]


class NormalMarrow:
    """Advance normal nucleated marrow cells in every niche towards the room that blasts leave them."""

    name = "normal_marrow"
    source = (
        "Harrison 1962, J Clin Pathol 15:254 (marrow cells per kg); displacement by blasts and rate: "
        "assumption"
    )
    reads = ("fraction_marrow_spared", "rate_marrow_recovery")

    def act(self, state: State, dt: float) -> None:
        """Advance the field by one step."""
        p, places = state.p, state.places
        marrow = places.marrow
        taken = np.minimum(state.census.blasts[marrow] / places.room[marrow], 1.0 - p.fraction_marrow_spared)
        aim = places.room[marrow] * (1.0 - taken)
        places.normal[marrow] = aim + (places.normal[marrow] - aim) * exp(-p.rate_marrow_recovery * dt)
