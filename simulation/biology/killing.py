"""Killing of cells by T cells that an engager has bridged to them (Holling type II)."""

from numba import njit

from simulation.biology.channels import Channel
from simulation.biology.contact import neighbours_at_hand
from simulation.biology.engagers import targets
from simulation.biology.state import State
from simulation.engine.population import Floats, Ints, Ints32

__all__ = ["Killing"]


class Killing:
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

    def act(self, state: State, dt: float) -> None:
        """Set the hazard per place and add it to blasts with a target; normal B cells read theirs from the signals."""
        p, pop, signals, engagers = state.p, state.pop, state.signals, state.engagers
        if not any(state.mean_plasma_pg_ml.values()):
            signals.kill_rate[:] = signals.normal_b_kill_rate[:] = 0.0
            return
        n, demand, of_normal_b, per_target = neighbours_at_hand(state), 0.0, 0.0, []
        for i, engager in enumerate(engagers):
            drug = signals.drug_pg_ml[i]
            rate = p.rate_contacts * p.p_synapse * drug / (getattr(p, engager.ec50_killing) + drug)
            per_target.append(rate)
            demand = demand + rate * targets(state, engager) / n
        fitness = (
            p.t_cell_fitness * signals.killing_factor * (1.0 - p.treg_effect_on_killing * signals.suppression)
        )
        for i, engager in enumerate(engagers):
            rate = per_target[i] * state.census.killer_power / n / (1.0 + demand / p.rate_kill_max) * fitness
            signals.kill_rate[i] = rate
            of_normal_b = of_normal_b + rate if engager.target.on_normal_b else of_normal_b
            _add(state.census.blast_rows, pop.code, pop.place, pop.hazard, rate, engager.target.lost.mask)
        signals.normal_b_kill_rate[:] = of_normal_b


@njit(cache=True, error_model="numpy")
def _add(rows: Ints32, codes: Ints, places: Ints32, hazard: Floats, rate: Floats, lost: int) -> None:
    for row in rows:
        if not codes[row] & lost:
            hazard[row, Channel.KILLED_BY_ENGAGED] += rate[places[row]]
