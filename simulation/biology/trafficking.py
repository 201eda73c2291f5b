"""Trafficking of T cells between blood, marrow, lymphoid tissue and host tissue."""

from math import log1p

from simulation.biology.channels import TO_KIND, Channel
from simulation.biology.exchange import KINDS, T_CELLS, exchange, rates_of
from simulation.biology.here import Here
from simulation.biology.places import PlaceKind
from simulation.biology.state import CompiledProcess
from simulation.biology.traits import (
    ALLOREACTIVE,
    BLAST,
    CLASS,
    DIVISIONS_LEFT,
    EFFECTOR,
    ENGAGED_TREG,
    HAEMATOPOIETIC,
    STAGE,
    TREG,
)
from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import inner
from simulation.engine.population import N_STRATA, Columns, Floats

__all__ = ["Trafficking", "traffic"]


@inner()
def traffic(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Add the hazards of all T cells."""
    exchange(here, T_CELLS)
    p, x, enter, leave = here.p[0], here.x[0], here.exchanged[0], here.exchanged[1]
    for s in range(pop.meta[N_STRATA]):
        code = pop.code[s]
        kind = here.behaviour[value_of(code, CLASS)]
        if kind == BLAST or kind < 0 or pop.end[s] == 0:
            continue
        treg = kind == TREG or kind == ENGAGED_TREG
        effector = value_of(code, ALLOREACTIVE) != 0 and value_of(code, STAGE) == EFFECTOR
        strange = value_of(code, HAEMATOPOIETIC) != 0  # to host tissue: what it sees is not there
        blood, neighbour = hazards[s, TO_KIND[PlaceKind.BLOOD]], hazards[s, Channel.TO_NEIGHBOUR]
        for i in range(
            pop.first[s], min(pop.end[s], x.n_niches)
        ):  # most of them: nothing more needs to be known
            blood[i] += leave[PlaceKind.MARROW]
            neighbour[i] += p.rate_t_cell_to_neighbour
        for i in range(max(pop.first[s], x.n_niches), pop.end[s]):
            where = here.kind[i]
            if where == PlaceKind.BLOOD:
                to_marrow = enter[PlaceKind.MARROW] * (p.phi_bm if treg else 1.0)
                to_tissue = (
                    0.0 if strange else enter[PlaceKind.TISSUE] * (p.effector_homing if effector else 1.0)
                )
                rates = to_marrow + to_tissue
                for k in range(KINDS):
                    if k != PlaceKind.MARROW and k != PlaceKind.TISSUE:
                        rates += enter[k]
                # Cells that enter the blood in a step cannot leave it in the same one, but have half of it still to live. With
                # this hazard a share rate * dt leaves per step, so that the number in blood at rest is right at any step
                # below 1 / rate.
                share = min(rates * dt, 0.95)
                through = -log1p(-share) / (share * (1.0 + 0.5 * share)) if share > 0.0 else 1.0
                for k in range(KINDS):
                    rate = enter[k]
                    if k == PlaceKind.MARROW:
                        rate = to_marrow
                    elif k == PlaceKind.TISSUE:
                        rate = to_tissue
                    if TO_KIND[k] >= 0:
                        hazards[s, TO_KIND[k], i] += through * rate
            elif where == PlaceKind.LYMPHOID and effector:
                if not value_of(code, DIVISIONS_LEFT):
                    blood[i] += p.rate_effector_egress
            else:
                blood[i] += leave[where] / (
                    p.effector_homing if effector and where == PlaceKind.TISSUE else 1.0
                )


class Trafficking(CompiledProcess):
    """Add the movement hazards of T cells; blood is the hub.

    Which niche a cell reaches follows perfusion. Treg enter the marrow at phi_BM times the Tcon's rate
    (contested: for it Martelli 2014, against it Zou 2004 and Fujisaki 2011; both ends must be reported).
    Effectors that finished their program leave lymphoid tissue and enter host tissue `effector_homing` times
    faster; those still dividing stay where they are. An extramedullary site gets T cells as the marrow does, for its
    size and access, so that T cells are as dense there as access tells. Clones that see antigens of blood cells only do not
    enter host tissue.
    """

    name = "trafficking"
    source = (
        "Hosseini 2020 supplement (exchange of days, not hours; marrow:blood density); phi_BM: docs/evidence.md#g13, "
        "contested"
    )
    reads = (
        *rates_of("t_cells"),
        "phi_bm",
        "effector_homing",
        "rate_effector_egress",
        "rate_t_cell_to_neighbour",
    )
    law = traffic
