"""Trafficking of T cells between blood, marrow, lymphoid tissue and host tissue."""

from math import log1p

import numpy as np
from numba import njit

from simulation.biology.channels import TO_KIND, Channel
from simulation.biology.places import PlaceKind
from simulation.biology.state import State
from simulation.biology.traits import ALLOREACTIVE, CLASS, DIVISIONS_LEFT, EFFECTOR, ENGAGED_TREG, STAGE, TREG
from simulation.engine.bit_kernels import value_of
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
    reads = (
        "rate_blood_to_marrow", "rate_marrow_to_blood", "rate_blood_to_lymphoid", "rate_lymphoid_to_blood",
        "rate_blood_to_tissue", "rate_tissue_to_blood", "phi_bm", "effector_homing", "rate_effector_egress",
        "rate_t_cell_to_neighbour",
    )  # fmt: skip

    def act(self, state: State, dt: float) -> None:
        """Add the hazards of every T-cell cohort."""
        p, pop, places = state.p, state.pop, state.places
        enter, leave = np.zeros(len(PlaceKind)), np.zeros(len(PlaceKind))  # from and to the blood, per day
        enter[PlaceKind.MARROW], leave[PlaceKind.MARROW] = p.rate_blood_to_marrow, p.rate_marrow_to_blood
        enter[PlaceKind.LYMPHOID], leave[PlaceKind.LYMPHOID] = (
            p.rate_blood_to_lymphoid,
            p.rate_lymphoid_to_blood,
        )
        enter[PlaceKind.TISSUE], leave[PlaceKind.TISSUE] = p.rate_blood_to_tissue, p.rate_tissue_to_blood
        site = places.index(PlaceKind.EXTRAMEDULLARY)
        if site >= 0:
            size = places.access[site] * places.room[site] / places.room[places.marrow].sum()
            enter[PlaceKind.EXTRAMEDULLARY] = p.rate_blood_to_marrow * size
            leave[PlaceKind.EXTRAMEDULLARY] = p.rate_marrow_to_blood
        _add(
            state.census.t_rows, pop.code, pop.place, pop.hazard, state.behaviour, places.kind, enter, leave, p.phi_bm,
            p.effector_homing, p.rate_effector_egress, p.rate_t_cell_to_neighbour, dt,
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _add(
    rows: Ints32, codes: Ints, places: Ints32, hazard: Floats, behaviour: Ints, kinds: Ints32, enter: Floats,
    leave: Floats, phi: float, homing: float, egress: float, to_neighbour: float, dt: float,
) -> None:  # fmt: skip
    from_blood = np.empty((2, 2, enter.size))  # by being a Treg, by being an effector, to each kind of place
    for treg in range(2):
        for effector in range(2):
            access = phi if treg else 1.0
            rates = enter.copy()
            rates[PlaceKind.MARROW] *= access
            rates[PlaceKind.TISSUE] *= homing if effector else 1.0
            # Cells that enter the blood in a step cannot leave it in the same one. With this hazard a share
            # rate * dt leaves per step, so that the number in blood at rest is right at any step below 1 / rate.
            share = min(rates.sum() * dt, 0.95)
            through = -log1p(-share) / share if share > 0.0 else 1.0
            from_blood[treg, effector] = through * rates
            from_blood[treg, effector, PlaceKind.MARROW] = through * enter[PlaceKind.MARROW] * access
    for row in rows:
        where = kinds[places[row]]
        if where == PlaceKind.MARROW:  # most of them: nothing more needs to be known
            hazard[row, Channel.TO_BLOOD] += leave[where]
            hazard[row, Channel.TO_NEIGHBOUR] += to_neighbour
            continue
        code = codes[row]
        effector = int(value_of(code, ALLOREACTIVE) and value_of(code, STAGE) == EFFECTOR)
        if where == PlaceKind.BLOOD:
            kind = behaviour[value_of(code, CLASS)]
            treg = int(kind == TREG or kind == ENGAGED_TREG)
            for k in range(enter.size):
                if TO_KIND[k] >= 0:
                    hazard[row, TO_KIND[k]] += from_blood[treg, effector, k]
        elif where == PlaceKind.LYMPHOID and effector:
            if not value_of(code, DIVISIONS_LEFT):
                hazard[row, Channel.TO_BLOOD] += egress
        else:
            hazard[row, Channel.TO_BLOOD] += leave[where] / (
                homing if effector and where == PlaceKind.TISSUE else 1.0
            )
