"""Exhaustion: it rises with the time engaged, recovers in the rest, and part of it becomes terminal."""

from math import exp

from numba import njit

from simulation.biology.state import State
from simulation.biology.traits import (
    CLASS,
    ENGAGED_TCON,
    ENGAGED_TREG,
    EXHAUSTION_REVERSIBLE,
    EXHAUSTION_TERMINAL,
)
from simulation.engine.bit_kernels import value_of
from simulation.engine.population import Floats, Ints, Ints32

__all__ = ["Exhaustion"]


class Exhaustion:
    """Advance both parts of exhaustion of every T-cell cohort.

    With u the fraction of time engaged (0 for a cell not engaged), r the reversible and t the terminal part:
    dr/dt = k_exh u (1 - r - t) - k_rec (1 - u) r - k_term u r;  dt/dt = k_term u r. Solved for r + t and t in
    turn, each exactly.
    """

    name = "exhaustion"
    source = (
        "Philipp 2022, doi 10.1182/blood.2022015956 (continuous vs treatment-free interval); two parts: "
        "Kareva and Gevertz 2024"
    )
    reads = ("rate_exhaustion", "rate_exhaustion_recovery", "rate_exhaustion_terminal")

    def act(self, state: State, dt: float) -> None:
        """Advance the traits by one step."""
        p, pop = state.p, state.pop
        _advance(
            state.census.t_rows, pop.code, pop.place, pop.traits, state.behaviour, state.signals.busy, p.rate_exhaustion,
            p.rate_exhaustion_recovery, p.rate_exhaustion_terminal, dt,
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _advance(
    rows: Ints32, codes: Ints, places: Ints32, traits: Floats, behaviour: Ints, busy: Floats, rise: float,
    recovery: float, terminal: float, dt: float,
) -> None:  # fmt: skip
    resting_decay = exp(-recovery * dt)
    for row in rows:
        kind = behaviour[value_of(codes[row], CLASS)]
        r, t = traits[row, EXHAUSTION_REVERSIBLE], traits[row, EXHAUSTION_TERMINAL]
        if kind != ENGAGED_TCON and kind != ENGAGED_TREG:
            if r > 0.0:
                traits[row, EXHAUSTION_REVERSIBLE] = r * resting_decay
            continue
        u = busy[places[row]]
        gain, loss = rise * u, recovery * (1.0 - u)
        moved = r * (1.0 - exp(-terminal * u * dt))
        r -= moved
        t += moved
        total = gain + loss
        if total > 0.0:
            level = gain * (1.0 - t) / total
            r = level + (r - level) * exp(-total * dt)
        traits[row, EXHAUSTION_REVERSIBLE] = r
        traits[row, EXHAUSTION_TERMINAL] = t
