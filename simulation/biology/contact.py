"""Contacts and synapses.

How often a T cell meets a target of an engager, and how much of its time is then taken.
"""

import numpy as np
from numba import njit

from simulation.biology.census import BLASTS, TCONS, TREGS
from simulation.biology.places import NORMAL, NORMAL_B
from simulation.biology.state import BUSY, SYNAPSE_RATE, CompiledProcess, Here, State
from simulation.engine.population import Columns, Floats

__all__ = ["Contact", "any_present", "at_hand", "meet", "neighbours_at_hand", "occupancy_in_plasma", "targets_at"]


def neighbours_at_hand(state: State) -> np.ndarray:
    """Return all cells a cell may meet in each place, shape (n_places,): blasts, T cells and healthy cells."""
    return np.array([at_hand(state.here, i) for i in range(state.places.n)])


@njit(cache=True, error_model="numpy")
def at_hand(here: Here, i: int) -> float:
    """Return all cells a cell may meet in place i."""
    count, place = here.count, here.place
    return max(count[BLASTS, i] + (count[TCONS, i] + count[TREGS, i]) + place[NORMAL, i] + place[NORMAL_B, i], 1.0)


@njit(cache=True, error_model="numpy", forceinline=True)
def targets_at(here: Here, e: int, i: int) -> float:
    """Return the cells in place i that carry the target of engager e."""
    engager = here.engagers[e]
    return here.count[engager.carriers, i] + (here.place[NORMAL_B, i] if engager.on_normal_b else 0.0)


@njit(cache=True, error_model="numpy")
def any_present(here: Here) -> bool:
    """Return whether any engager was in plasma in this step."""
    for e in range(here.engagers.size):
        if here.engagers[e].mean != 0.0:
            return True
    return False


@njit(cache=True, error_model="numpy")
def occupancy_in_plasma(here: Here) -> float:
    """Return the effect of engagers at plasma level, C / (EC50 + C); those of several add, up to 1."""
    share = 0.0
    for e in range(here.engagers.size):
        level = here.engagers[e].mean
        share += level / (here.values[here.engagers[e].ec50_activation] + level)
    return min(share, 1.0)


@njit(cache=True, error_model="numpy")
def meet(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Set synapse rate and busy fraction of every place."""
    p, engagers = here.p[0], here.engagers
    synapse, busy = here.signal[SYNAPSE_RATE], here.signal[BUSY]
    synapse[:] = 0.0
    busy[:] = 0.0
    if not any_present(here):
        return
    for i in range(synapse.size):
        n = at_hand(here, i)
        for e in range(engagers.size):
            drug = here.drug[e, i]
            occupancy = drug / (here.values[engagers[e].ec50_activation] + drug)
            synapse[i] += p.rate_contacts * p.p_synapse * occupancy * (targets_at(here, e, i) / n)
        busy[i] = synapse[i] / (synapse[i] + p.rate_kill_max)


class Contact(CompiledProcess):
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
    law = meet
