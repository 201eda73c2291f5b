"""Killing of CD19+ cells by T cells that blinatumomab has bridged to them (Holling type II)."""

from numba import njit

from simulation.biology.contact import neighbours_at_hand
from simulation.biology.state import State
from simulation.biology.traits import CD19_LOST, Channel
from simulation.engine.population import Floats, Ints, Ints32

__all__ = ["Killing"]


class Killing:
    """Add the hazard s p_syn phi Q/N f of every CD19+ cell; f = 1 / (1 + demand / k_max).

    Q sums cells x potency over T cells (resting < engaged, times 1 - exhaustion); `demand` is what a killer
    would do per day without a limit. Mass action when targets are rare, k_max kills per engaged T cell and
    day when they abound (Ganusov 2011; Halle 2016). Kills are shared among blasts and normal B cells by their
    number, since the hazard is the same.
    """

    name = "killing"
    source = (
        "Halle 2016, doi 10.1016/j.immuni.2016.01.010; Ganusov 2011, PLoS ONE 6:e15959; Hosseini 2020 "
        "supplement (EC50)"
    )

    def act(self, state: State, dt: float) -> None:
        """Set the hazard per place and add it to CD19+ blasts; normal B cells read it from the signals."""
        p, signals, census, pop = state.p, state.signals, state.census, state.pop
        if state.mean_plasma_pg_ml <= 0.0:
            signals.kill_rate[:] = 0.0
            return
        drug = signals.drug_pg_ml
        n = neighbours_at_hand(state)
        per_target = p.rate_contacts * p.p_synapse * drug / (p.ec50_killing + drug)
        demand = per_target * (census.blasts_cd19 + state.places.normal_b) / n
        fitness = (
            p.t_cell_fitness * signals.killing_factor * (1.0 - p.treg_effect_on_killing * signals.suppression)
        )
        signals.kill_rate[:] = (
            per_target * census.killer_power / n / (1.0 + demand / p.rate_kill_max) * fitness
        )
        _add(census.blast_rows, pop.code, pop.place, pop.hazard, signals.kill_rate)


@njit(cache=True, error_model="numpy")
def _add(rows: Ints32, codes: Ints, places: Ints32, hazard: Floats, rate: Floats) -> None:
    for row in rows:
        if not codes[row] & CD19_LOST:
            hazard[row, Channel.KILLED_BY_ENGAGED] += rate[places[row]]
