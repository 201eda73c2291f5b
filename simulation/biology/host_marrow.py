"""Host haematopoiesis that outlives conditioning: the first antigen that clones restricted to blood cells meet."""

from math import exp

from simulation.biology.here import GVL_RATE, Here
from simulation.biology.places import NORMAL
from simulation.biology.state import CompiledProcess
from simulation.engine.compiled import inner
from simulation.engine.population import Columns, Floats

__all__ = ["HostMarrow", "give_way"]


@inner()
def give_way(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Advance the share of normal marrow cells that are the host's by one step."""
    x, normal, rate = here.x[0], here.place[NORMAL], here.signal[GVL_RATE]
    if x.host_marrow == 0.0:
        return
    all_cells = spared = 0.0
    for i in range(x.n_niches):
        all_cells += normal[i]
        spared += normal[i] * exp(-rate[i] * dt)
    if all_cells > 0.0:
        x.host_marrow *= spared / all_cells


class HostMarrow(CompiledProcess):
    """Advance the host's share h of normal marrow cells: dh/dt = -(GvL hazard, mean over normal marrow cells) h.

    It begins at `fraction_host_marrow`. Alloreactive T cells see these cells as they see blasts (gvl.recognise): early after
    transplant they prime clones restricted to blood cells, make them divide, take their time and tire them. As
    they go, these clones lose the antigen that feeds them. What is killed is refilled by the donor (normal_marrow). Without
    such T cells mixed chimerism lasts.
    """

    name = "host_marrow"
    source = (
        "normal haematopoiesis as antigen of GvL: Blood 2014;123:1412; that donor T cells turn mixed into full donor chimerism: "
        "recalled; share after myeloablative conditioning: assumption"
    )
    reads = ()
    law = give_way
