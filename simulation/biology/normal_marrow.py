"""Normal haematopoiesis: it fills the room that blasts leave, after engraftment."""

from math import exp

from simulation.biology.census import BLASTS
from simulation.biology.here import Here
from simulation.biology.places import NORMAL, ROOM
from simulation.biology.state import CompiledProcess
from simulation.engine.compiled import inner
from simulation.engine.population import Columns, Floats

__all__ = ["NormalMarrow", "fill", "room_beside"]


@inner()
def room_beside(blasts: float, room: float, spared: float) -> float:
    """Return the normal cells of a niche at rest beside so many blasts; of its room a share `spared` is never taken."""
    return room * (1.0 - min(blasts / room, 1.0 - spared))


@inner()
def fill(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Advance the field by one step."""
    p, normal, room = here.p[0], here.place[NORMAL], here.place[ROOM]
    decay = exp(-p.rate_marrow_recovery * dt)
    for i in range(here.x[0].n_niches):
        aim = room_beside(here.counts[BLASTS, i], room[i], p.fraction_marrow_spared)
        normal[i] = aim + (normal[i] - aim) * decay


class NormalMarrow(CompiledProcess):
    """Advance normal nucleated marrow cells in every niche towards the room that blasts leave them."""

    name = "normal_marrow"
    source = (
        "Harrison 1962, J Clin Pathol 15:254 (marrow cells per kg); displacement by blasts and rate: "
        "assumption"
    )
    reads = ("fraction_marrow_spared", "rate_marrow_recovery")
    law = fill
