"""Margination: after the first infusion T cells stick to vessel walls for days and leave the blood."""

from math import exp, log1p

from numba import njit

from simulation.biology.places import PlaceKind
from simulation.biology.state import State
from simulation.biology.traits import Channel
from simulation.engine.population import Floats, Ints32

__all__ = ["Margination", "exchange_hazards"]


def exchange_hazards(out: float, back: float, dt: float) -> tuple[float, float]:
    """Return the hazards of an exact two-state exchange; its rates may be fast against the step."""
    total = out + back
    if total <= 0.0:
        return 0.0, 0.0
    moved = 1.0 - exp(-total * dt)
    leave, return_ = out / total * moved, back / total * moved
    return -log1p(-leave) / dt, -log1p(-return_) / dt


class Margination:
    """Exchange T cells between blood and the vessel wall at a rate driven by new exposure to the drug.

    The drive is drug occupancy minus adaptation; adaptation follows the occupancy within a day and fades over
    weeks off drug.
    """

    name = "margination"
    source = (
        "CD8 in blood relative to day 0, n = 20 (github yuezheli/hosseini-2020); Klinger 2012, Blood 119:6226"
    )

    def act(self, state: State, dt: float) -> None:
        """Advance the drive and add the exchange hazards."""
        p, pop = state.p, state.pop
        margin, blood = state.places.index(PlaceKind.MARGIN), state.places.index(PlaceKind.BLOOD)
        if margin < 0 or blood < 0:
            return
        occupancy = state.mean_plasma_pg_ml / (p.ec50_activation + state.mean_plasma_pg_ml)
        speed = p.rate_adaptation if occupancy > state.adaptation else p.rate_adaptation_loss
        gap = state.adaptation - occupancy
        state.adhesion = max(-gap, 0.0)
        state.adaptation = occupancy + gap * exp(-speed * dt)
        out, back = exchange_hazards(p.rate_adhesion * state.adhesion, p.rate_adhesion_release, dt)
        if state.adhesion > 0.0 or state.census.t_cells[margin] > 0.0:
            _add(state.census.t_rows, pop.place, pop.hazard, blood, margin, out, back)


@njit(cache=True, error_model="numpy")
def _add(
    rows: Ints32, places: Ints32, hazard: Floats, blood: int, margin: int, out: float, back: float
) -> None:
    for row in rows:
        if places[row] == blood:
            hazard[row, Channel.TO_MARGIN] += out
        elif places[row] == margin:
            hazard[row, Channel.TO_BLOOD] += back
