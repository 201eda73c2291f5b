"""Contacts and synapses.

How often a T cell meets a target of an engager, and how much of its time is then taken.
"""

import numpy as np

from simulation.biology.engagers import targets
from simulation.biology.state import State

__all__ = ["Contact", "neighbours_at_hand"]


def neighbours_at_hand(state: State) -> np.ndarray:
    """Return all cells a cell may meet in each place, shape (n_places,): blasts, T cells and healthy cells."""
    census = state.census
    return np.maximum(census.blasts + census.t_cells + state.places.normal + state.places.normal_b, 1.0)


class Contact:
    """Set the synapse rate s p_syn C/(EC50 + C) T/N of a free T cell and the busy fraction x / (x + k_max).

    Targets of blinatumomab are CD19+ blasts AND normal CD19+ B cells; the rates of several engagers add. Hill slope 1
    and no hook effect: the optimum of the bell curve lies about 1,800 times above clinical levels (docs/evidence.md#p14).
    """

    name = "contact"
    source = (
        "Hosseini 2020, doi 10.1038/s41540-020-00145-7, supplement (EC50, slope); Liu 2023, doi "
        "10.7554/eLife.83659 (no hook at clinical levels); synapse chance: assumption"
    )
    reads = ("rate_contacts", "p_synapse", "rate_kill_max")

    def act(self, state: State, dt: float) -> None:
        """Set synapse rate and busy fraction of every place."""
        p, signals = state.p, state.signals
        if not any(state.mean_plasma_pg_ml.values()):
            signals.synapse_rate[:] = signals.busy[:] = 0.0
            return
        n, rate = neighbours_at_hand(state), 0.0
        for i, engager in enumerate(state.engagers):
            drug = signals.drug_pg_ml[i]
            occupancy = drug / (getattr(p, engager.ec50_activation) + drug)
            rate = rate + p.rate_contacts * p.p_synapse * occupancy * (targets(state, engager) / n)
        signals.synapse_rate[:] = rate
        signals.busy[:] = signals.synapse_rate / (signals.synapse_rate + p.rate_kill_max)
