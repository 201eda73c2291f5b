"""Killing of cells by T cells that an engager has bridged to them (Holling type II)."""

from simulation.biology.census import KILLER_POWER
from simulation.biology.channels import Channel
from simulation.biology.contact import any_present, at_hand, targets_at, time_taken
from simulation.biology.here import KILLING_FACTOR, NORMAL_B_KILL_RATE, SUPPRESSION, Here
from simulation.biology.state import CompiledProcess
from simulation.biology.traits import BLAST, CLASS
from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import inner
from simulation.engine.population import N_STRATA, Columns, Floats

__all__ = ["Killing", "kill"]


@inner()
def kill(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Set the hazard per place and add it to blasts with a target; normal B cells read theirs from the signals."""
    p, engagers, count, place, values = here.p[0], here.engagers, here.counts, here.place, here.values
    signal, drug, kill_rate, of_normal_b = here.signal, here.drug, here.kill, here.signal[NORMAL_B_KILL_RATE]
    given = any_present(engagers)
    for i in range(of_normal_b.size):
        of_normal_b[i] = demand = 0.0
        n = at_hand(count, place, i)
        for e in range(engagers.size):
            level = drug[e, i] if given else 0.0
            per_target = p.rate_contacts * p.p_synapse * level / (values[engagers[e].ec50_killing] + level)
            kill_rate[e, i] = per_target
            demand += per_target * targets_at(count, place, engagers[e], i) / n
        free = 1.0 - p.treg_effect_on_killing * signal[SUPPRESSION, i]
        fitness = p.t_cell_fitness * signal[KILLING_FACTOR, i] * free
        for e in range(engagers.size):
            kill_rate[e, i] *= (
                count[KILLER_POWER, i] / n * (1.0 - time_taken(demand, p.rate_kill_max)) * fitness
            )
            if engagers[e].on_normal_b:
                of_normal_b[i] += kill_rate[e, i]
    if not given:
        return
    for s in range(pop.meta[N_STRATA]):
        code = pop.code[s]
        if here.behaviour[value_of(code, CLASS)] == BLAST:
            hazard = hazards[s, Channel.KILLED_BY_ENGAGED]
            for e in range(engagers.size):
                if not code & engagers[e].lost:
                    for i in range(pop.first[s], pop.end[s]):
                        hazard[i] += kill_rate[e, i]


class Killing(CompiledProcess):
    """Add the hazard s p_syn phi Q/N f of every cell with the engager's target (CD19); f = 1 / (1 + demand / k_max).

    Q sums cells x potency over T cells (resting < engaged, times 1 - exhaustion); `demand` is what a killer
    would do per day without a limit. Mass action when targets are rare, k_max kills per engaged T cell and
    day when they abound (Ganusov 2011; Halle 2016). Kills are shared among blasts and normal B cells by their
    number, since the hazard is the same. The hazards of several engagers add; killers share one limit.
    """

    name = "killing"
    source = (
        "Halle 2016, doi 10.1016/j.immuni.2016.01.010; Ganusov 2011, PLoS ONE 6:e15959; Hosseini 2020 "
        "supplement (EC50)"
    )
    reads = ("rate_contacts", "p_synapse", "t_cell_fitness", "treg_effect_on_killing", "rate_kill_max")
    law = kill
