"""Exhaustion: it rises with the time engaged, recovers in the rest, and part of it becomes terminal."""

from math import exp

import numpy as np

from simulation.biology.here import BUSY, Here
from simulation.biology.state import CompiledProcess
from simulation.biology.traits import (
    BLAST,
    CLASS,
    ENGAGED_TCON,
    ENGAGED_TREG,
    EXHAUSTION_REVERSIBLE,
    EXHAUSTION_TERMINAL,
)
from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import inner
from simulation.engine.population import N_STRATA, Columns, Floats

__all__ = ["Exhaustion", "exhaust"]


@inner()
def exhaust(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Advance the traits of T cells by one step."""
    p, busy = here.p[0], here.signal[BUSY]
    resting_decay = exp(-p.rate_exhaustion_recovery * dt)
    stay, decay = (
        np.empty(busy.size),
        np.empty(busy.size),
    )  # of reversible exhaustion in engaged cells, the same in all strata
    for i in range(busy.size):
        stay[i] = exp(-p.rate_exhaustion_terminal * busy[i] * dt)
        decay[i] = exp(-(p.rate_exhaustion * busy[i] + p.rate_exhaustion_recovery * (1.0 - busy[i])) * dt)
    for s in range(pop.meta[N_STRATA]):
        kind, first, end = here.behaviour[value_of(pop.code[s], CLASS)], pop.first[s], pop.end[s]
        if kind == BLAST or kind < 0:
            continue
        reversible, terminal = pop.traits[EXHAUSTION_REVERSIBLE, s], pop.traits[EXHAUSTION_TERMINAL, s]
        if kind != ENGAGED_TCON and kind != ENGAGED_TREG:
            for i in range(first, end):
                reversible[i] *= resting_decay
            continue
        for i in range(first, end):
            gain, loss = p.rate_exhaustion * busy[i], p.rate_exhaustion_recovery * (1.0 - busy[i])
            moved = reversible[i] * (1.0 - stay[i])
            terminal[i] += moved
            reversible[i] -= moved
            if gain + loss > 0.0:
                level = gain * (1.0 - terminal[i]) / (gain + loss)
                reversible[i] = level + (reversible[i] - level) * decay[i]


class Exhaustion(CompiledProcess):
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
    law = exhaust
