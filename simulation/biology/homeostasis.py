"""Homeostasis: T cells divide in lymphopenia towards a set point that rises over months."""

from math import exp, expm1, log1p

from simulation.biology.census import TCONS, TREGS
from simulation.biology.channels import Channel
from simulation.biology.here import Here
from simulation.biology.state import CompiledProcess
from simulation.biology.traits import BLAST, CLASS
from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import inner
from simulation.engine.population import N_STRATA, Columns, Floats

__all__ = ["Homeostasis", "keep_number", "mean_room", "set_point"]


@inner()
def set_point(early: float, late: float, day: float, time_constant: float) -> float:
    """Return the T-cell number the body aims at, cells: from `early` at transplant to `late`, exponentially."""
    return late + (early - late) * exp(-max(day, 0.0) / time_constant)


@inner()
def mean_room(room: float, x: float) -> float:
    """Return the mean of 1 - N/K over the next x = rate * days, N following N' = rate N (1 - N/K) from `room` on.

    Where crowding kills many times within the time, its hazard at the beginning would leave nobody; the logistic levels off.
    """
    return -log1p(room * expm1(-x)) / x if x > 0.0 else room


@inner()
def keep_number(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Set the room below the set point, and add the hazards: their mean over the next `dt` days, 0 for those of now."""
    p, x = here.p[0], here.x[0]
    aim = set_point(p.n_t_cell_set_point_early, p.n_t_cell_set_point_late, x.day, p.dur_t_cell_recovery)
    t_cells = 0.0
    for i in range(here.kind.size):
        t_cells += here.counts[TCONS, i] + here.counts[TREGS, i]
    x.lymphopenia = 1.0 - t_cells / aim
    turnover, room = p.rate_t_cell_turnover, mean_room(x.lymphopenia, p.rate_homeostatic_division * dt)
    division = (turnover + p.rate_homeostatic_division * max(room, 0.0)) * x.homeostatic_factor
    death = turnover + p.rate_homeostatic_division * max(-room, 0.0)
    for s in range(pop.meta[N_STRATA]):
        kind = here.behaviour[value_of(pop.code[s], CLASS)]
        if kind == BLAST or kind < 0:
            continue
        divide, die = hazards[s, Channel.DIVIDE], hazards[s, Channel.DIE]
        for i in range(pop.first[s], pop.end[s]):
            divide[i] += division
            die[i] += death


class Homeostasis(CompiledProcess):
    """Add turnover, lymphopenic division and crowding death of all T cells."""

    name = "homeostasis"
    source = (
        "Kimmel 2021, doi 10.1098/rspb.2021.0229 (2.5e11 cells, 0.17/day); Di Ianni 2011, doi 10.1186/ar3410 "
        "(recovery after Treg/Tcon graft)"
    )
    reads = (
        "n_t_cell_set_point_early", "n_t_cell_set_point_late", "dur_t_cell_recovery", "rate_t_cell_turnover",
        "rate_homeostatic_division",
    )  # fmt: skip
    law = keep_number
