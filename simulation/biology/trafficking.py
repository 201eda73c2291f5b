"""Trafficking of T cells between blood, marrow, lymphoid tissue and host tissue."""

from math import log1p

from numba import njit

from simulation.biology.places import PlaceKind
from simulation.biology.state import State
from simulation.biology.traits import (
    ALLOREACTIVE,
    EFFECTOR,
    ENGAGED_TREG,
    PROGRAM_SHIFT,
    STAGE_SHIFT,
    TREG,
    Channel,
)
from simulation.engine.population import Floats, Ints, Ints32

__all__ = ["Trafficking"]


class Trafficking:
    """Add the movement hazards of T cells; blood is the hub.

    Which niche a cell reaches follows perfusion. Treg enter the marrow at phi_BM times the Tcon's rate
    (contested: for it Martelli 2014, against it Zou 2004 and Fujisaki 2011; both ends must be reported).
    Effectors that finished their program leave lymphoid tissue and enter host tissue `effector_homing` times
    faster; those still dividing stay where they are. An extramedullary site gets T cells as the marrow does, for its
    size and access, so that T cells are as dense there as access tells.
    """

    name = "trafficking"
    source = (
        "Hosseini 2020 supplement (exchange of days, not hours; marrow:blood density); phi_BM: docs/evidence.md#g13, "
        "contested"
    )

    def act(self, state: State, dt: float) -> None:
        """Add the hazards of every T-cell cohort."""
        p, pop, places = state.p, state.pop, state.places
        site = places.index(PlaceKind.EXTRAMEDULLARY)
        outside = (
            p.rate_blood_to_marrow
            * places.access[site]
            * places.room[site]
            / places.room[places.marrow].sum()
            if site >= 0
            else 0.0
        )
        _add(
            state.census.t_rows, pop.code, pop.place, pop.hazard, state.behaviour, places.kind, p.rate_blood_to_marrow,
            p.phi_bm, p.rate_blood_to_lymphoid, p.rate_blood_to_tissue, outside, p.rate_marrow_to_blood,
            p.rate_lymphoid_to_blood, p.rate_tissue_to_blood, p.effector_homing,
            p.rate_effector_egress, p.rate_t_cell_to_neighbour, dt,
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _add(
    rows: Ints32, codes: Ints, places: Ints32, hazard: Floats, behaviour: Ints, kinds: Ints32, to_marrow: float,
    phi: float, to_lymphoid: float, to_tissue: float, outside: float, from_marrow: float, from_lymphoid: float,
    from_tissue: float, homing: float, egress: float, to_neighbour: float, dt: float,
) -> None:  # fmt: skip
    for row in rows:
        code = codes[row]
        kind = behaviour[code & 15]
        where = kinds[places[row]]
        effector = code & ALLOREACTIVE and (code >> STAGE_SHIFT) & 3 == EFFECTOR
        if where == PlaceKind.BLOOD:
            access = phi if kind == TREG or kind == ENGAGED_TREG else 1.0
            tissue = to_tissue * (homing if effector else 1.0)
            # Cells that enter the blood in a step cannot leave it in the same one. With this hazard a share
            # rate * dt leaves per step, so that the number in blood at rest is right at any step below 1 / rate.
            share = min((to_marrow * access + to_lymphoid + tissue + outside) * dt, 0.95)
            through = -log1p(-share) / share if share > 0.0 else 1.0
            hazard[row, Channel.TO_MARROW] += through * to_marrow * access
            hazard[row, Channel.TO_LYMPHOID] += through * to_lymphoid
            hazard[row, Channel.TO_TISSUE] += through * tissue
            hazard[row, Channel.TO_EXTRAMEDULLARY] += through * outside
        elif where == PlaceKind.EXTRAMEDULLARY:
            hazard[row, Channel.TO_BLOOD] += from_marrow
        elif where == PlaceKind.MARROW:
            hazard[row, Channel.TO_BLOOD] += from_marrow
            hazard[row, Channel.TO_NEIGHBOUR] += to_neighbour
        elif where == PlaceKind.LYMPHOID:
            if not effector:
                hazard[row, Channel.TO_BLOOD] += from_lymphoid
            elif not (code >> PROGRAM_SHIFT) & 15:
                hazard[row, Channel.TO_BLOOD] += egress
        elif where == PlaceKind.TISSUE:
            hazard[row, Channel.TO_BLOOD] += from_tissue / (homing if effector else 1.0)
