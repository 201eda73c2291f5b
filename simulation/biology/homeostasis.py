"""Homeostasis: T cells divide in lymphopenia towards a set point that rises over months.

The thymus adds cells late.
"""

from math import exp

import numpy as np
from numba import njit

from simulation.biology.channels import Channel
from simulation.biology.places import PlaceKind
from simulation.biology.state import State
from simulation.biology.traits import ORIGIN_THYMUS, TCON, TREG, encode
from simulation.engine.draws import poisson
from simulation.engine.keyed_random import base_key, combine
from simulation.engine.population import Floats, Ints32

__all__ = ["Homeostasis", "set_point"]


def set_point(early: float, late: float, day: float, time_constant: float) -> float:
    """Return the T-cell number the body aims at, cells: from `early` at transplant to `late`, exponentially."""
    return late + (early - late) * exp(-max(day, 0.0) / time_constant)


class Homeostasis:
    """Add turnover, lymphopenic division and crowding death of all T cells, and late thymic output."""

    name = "homeostasis"
    source = (
        "Kimmel 2021, doi 10.1098/rspb.2021.0229 (2.5e11 cells, 0.17/day); Di Ianni 2011, doi 10.1186/ar3410 "
        "(recovery after Treg/Tcon graft)"
    )
    reads = (
        "n_t_cell_set_point_early", "n_t_cell_set_point_late", "dur_t_cell_recovery", "rate_t_cell_turnover",
        "rate_homeostatic_division", "day_thymus", "n_thymic_output", "treg_share_supported",
    )  # fmt: skip

    def act(self, state: State, dt: float) -> None:
        """Set the room below the set point and add the hazards."""
        p, pop = state.p, state.pop
        aim = set_point(
            p.n_t_cell_set_point_early, p.n_t_cell_set_point_late, state.day, p.dur_t_cell_recovery
        )
        state.signals.lymphopenia = room = 1.0 - float(state.census.t_cells.sum()) / aim
        division = (p.rate_t_cell_turnover + p.rate_homeostatic_division * max(room, 0.0)) * (
            state.signals.proliferation_factor
        )
        death = p.rate_t_cell_turnover + p.rate_homeostatic_division * max(-room, 0.0)
        _add(state.census.t_rows, pop.hazard, division, death)
        if state.day >= p.day_thymus and p.n_thymic_output > 0.0:
            self._thymus(state, dt)

    def _thymus(self, state: State, dt: float) -> None:
        """Export naive cells into the blood, a keyed Poisson number."""
        key = np.zeros(1, np.uint64)
        key[0] = np.uint64(combine(state.event_key, base_key(0, 0, "thymus"), state.step))
        tcon = poisson(key, state.p.n_thymic_output * dt)
        treg = poisson(key, state.p.n_thymic_output * state.p.treg_share_supported * dt)
        blood = state.places.index(PlaceKind.BLOOD)
        state.pop.add(encode(TCON, origin=ORIGIN_THYMUS), blood, tcon)
        state.pop.add(encode(TREG, origin=ORIGIN_THYMUS), blood, treg)
        state.infused += tcon + treg


@njit(cache=True, error_model="numpy")
def _add(rows: Ints32, hazard: Floats, division: float, death: float) -> None:
    for row in rows:
        hazard[row, Channel.DIVIDE] += division
        hazard[row, Channel.DIE] += death
