"""Exhaustion: it rises with the time engaged, recovers in the rest, and part of it becomes terminal."""

from math import exp

from simulation.biology.census import BLASTS
from simulation.biology.contact import at_hand
from simulation.biology.here import BUSY, GVL_BUSY, Here
from simulation.biology.state import CompiledProcess
from simulation.biology.traits import (
    ALLOREACTIVE,
    BLAST,
    CLASS,
    EFFECTOR,
    ENGAGED_TCON,
    ENGAGED_TREG,
    EXHAUSTION_REVERSIBLE,
    EXHAUSTION_TERMINAL,
    STAGE,
    TCON,
)
from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import inner
from simulation.engine.population import N_STRATA, Columns, Floats

__all__ = ["Exhaustion", "exhaust"]

_RESTING, _KILLING, _BRIDGED = range(3)


@inner()
def exhaust(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Advance the traits of T cells by one step."""
    p, x, n, work = here.p[0], here.x[0], here.kind.size, here.work
    # by how a cell spends its time: at rest, killing as an alloreactive effector, or bridged by an engager
    stay, decay, level, lost, total = work[0:3], work[3:6], work[6:9], work[9:12], work[12:15]
    for i in range(n):
        milieu = 0.0
        if i < x.n_niches and p.rate_exhaustion_by_blasts > 0.0:
            milieu = (
                p.rate_exhaustion_by_blasts * here.counts[BLASTS, i] / at_hand(here.counts, here.place, i)
            )
        for way in range(3):
            u = 0.0
            if way == _KILLING:
                u = here.signal[GVL_BUSY, i]
            elif way == _BRIDGED:
                u = here.signal[BUSY, i]
            if way != _RESTING and u == 0.0:  # as at rest
                stay[way, i], decay[way, i], level[way, i] = stay[0, i], decay[0, i], level[0, i]
                lost[way, i], total[way, i] = lost[0, i], total[0, i]
                continue
            gain = p.rate_exhaustion * u + milieu
            rate = gain + p.rate_exhaustion_recovery * (1.0 - u)
            lost[way, i], total[way, i] = p.rate_exhaustion_terminal * u * dt, rate * dt
            stay[way, i], decay[way, i] = exp(-lost[way, i]), exp(-total[way, i])
            level[way, i] = gain / rate if rate > 0.0 else 0.0
    for s in range(pop.meta[N_STRATA]):
        code, first, end = pop.code[s], pop.first[s], pop.end[s]
        kind = here.behaviour[value_of(code, CLASS)]
        if kind == BLAST or kind < 0:
            continue
        way = _RESTING
        if kind == ENGAGED_TCON or kind == ENGAGED_TREG:
            way = _BRIDGED
        elif kind == TCON and value_of(code, ALLOREACTIVE) and value_of(code, STAGE) == EFFECTOR:
            way = _KILLING
        reversible, terminal = pop.traits[EXHAUSTION_REVERSIBLE, s], pop.traits[EXHAUSTION_TERMINAL, s]
        late, came = pop.late[s], pop.traits_came[EXHAUSTION_REVERSIBLE, s]
        # Who came in the middle of the last step is owed its rest, by his own traits; 1 / (1 + x + x^2/2) is about exp(-x).
        for i in range(first, end):
            x, y = late[i] * lost[way, i], late[i] * total[way, i]
            owed, gone = stay[way, i] * (1.0 - 1.0 / (1.0 + x + 0.5 * x * x)), 1.0 - decay[way, i]
            moved = reversible[i] * (1.0 - stay[way, i]) + came[i] * owed
            terminal[i] += moved
            owed = decay[way, i] * (1.0 - 1.0 / (1.0 + y + 0.5 * y * y))
            aim = level[way, i] * (1.0 - terminal[i])
            reversible[i] += (aim - reversible[i] + moved) * gone + (aim - came[i] + moved) * owed - moved


class Exhaustion(CompiledProcess):
    """Advance both parts of exhaustion of every T-cell agent.

    With u the fraction of time taken (of a cell that an engager has bridged, or of an alloreactive effector among blasts; 0
    for others), B the share of blasts in its niche, r the reversible and t the terminal part:
    dr/dt = (k_exh u + k_B B) (1 - r - t) - k_rec (1 - u) r - k_term u r;  dt/dt = k_term u r. Solved for r + t and t in
    turn, each exactly. So T cells of a leukaemic marrow begin treatment tired (k_B; docs/decisions/0011).
    """

    name = "exhaustion"
    source = (
        "Philipp 2022, doi 10.1182/blood.2022015956 (continuous vs treatment-free interval); two parts: "
        "Kareva and Gevertz 2024; exhausted marrow T cells at relapse: Noviello 2019, doi 10.1038/s41467-019-08871-1"
    )
    reads = (
        "rate_exhaustion",
        "rate_exhaustion_recovery",
        "rate_exhaustion_terminal",
        "rate_exhaustion_by_blasts",
    )
    law = exhaust
