"""The thymus: months after the transplant it adds T cells of its own."""

import numpy as np

from simulation.biology.here import Here
from simulation.biology.state import CompiledProcess
from simulation.biology.traits import ORIGIN_THYMUS, TCON, TREG, encode
from simulation.engine.compiled import inner
from simulation.engine.draws import draw_poisson
from simulation.engine.keyed_random import FIRST, folded
from simulation.engine.population import SINGLE_CELLS, Columns, Floats, stratum_of

__all__ = ["Thymus", "export"]

_OWN = (encode(TCON, origin=ORIGIN_THYMUS), encode(TREG, origin=ORIGIN_THYMUS))


@inner()
def export(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Let thymic cells arrive in blood with what moves in this step, by their mean in its middle."""
    p, x = here.p[0], here.x[0]
    if x.day < p.day_thymus or p.n_thymic_output <= 0.0:
        return
    key = folded(folded(folded(FIRST, x.event_key), x.thymus_key), np.uint64(x.step))
    output = p.n_thymic_output * dt
    for lineage in range(2):
        cells, key = draw_poisson(key, output if lineage == 0 else output * p.treg_share_supported)
        x.infused += cells
        at_once = 1 if pop.meta[SINGLE_CELLS] else max(cells, 1)
        for _ in range(0, cells, at_once):
            to = stratum_of(_OWN[lineage], pop)
            pop.arrived[to, x.blood] += at_once
            pop.arrived_late[to, x.blood] += 0.5 * at_once


class Thymus(CompiledProcess):
    """Add the output of the recovering thymus to the blood, a constant Poisson stream from a day on, Treg in proportion."""

    name = "thymus"
    source = "Di Ianni 2011, doi 10.1186/ar3410 (recovery after Treg/Tcon graft)"
    reads = ("day_thymus", "n_thymic_output", "treg_share_supported")
    law = export
