"""Contacts and synapses.

How often a T cell meets a target of an engager, and how much of its time is then taken.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from simulation.biology.census import BLASTS, TCONS, TREGS
from simulation.biology.here import BUSY, SYNAPSE_RATE, Here
from simulation.biology.places import NORMAL, NORMAL_B
from simulation.biology.state import CompiledProcess, State
from simulation.engine.compiled import inner
from simulation.engine.population import Columns, Floats

__all__ = [
    "Contact",
    "any_present",
    "at_hand",
    "meet",
    "neighbours_at_hand",
    "occupancy_in_plasma",
    "targets_at",
    "time_taken",
]


def neighbours_at_hand(state: State) -> np.ndarray:
    """Return all cells a cell may meet in each place, shape (n_places,): blasts, T cells and healthy cells."""
    census = state.census
    return np.maximum(census.blasts + census.t_cells + state.places.normal + state.places.normal_b, 1.0)


@inner(forceinline=True)
def at_hand(count: Floats, place: Floats, i: int) -> float:
    """Return all cells a cell may meet in place i, as `neighbours_at_hand` does."""
    t_cells = count[TCONS, i] + count[TREGS, i]
    return max(count[BLASTS, i] + t_cells + place[NORMAL, i] + place[NORMAL_B, i], 1.0)


@inner(forceinline=True)
def targets_at(count: Floats, place: Floats, engager: Any, i: int) -> float:
    """Return the cells in place i that carry an engager's target."""
    return count[engager.carriers, i] + (place[NORMAL_B, i] if engager.on_normal_b else 0.0)


@inner(forceinline=True)
def time_taken(demand: float, most: float) -> float:
    """Return the share of a cell's time that is taken, where it would do `demand` a day without a limit and can do `most`."""
    return demand / (demand + most) if demand > 0.0 else 0.0


@inner()
def any_present(engagers: npt.NDArray[Any]) -> bool:
    """Return whether any engager was in plasma in this step."""
    for e in range(engagers.size):
        if engagers[e].mean != 0.0:
            return True
    return False


@inner()
def occupancy_in_plasma(engagers: npt.NDArray[Any], values: Floats) -> float:
    """Return the effect of engagers at plasma level, C / (EC50 + C); those of several add, up to 1."""
    share = 0.0
    for e in range(engagers.size):
        level = engagers[e].mean
        share += level / (values[engagers[e].ec50_activation] + level)
    return min(share, 1.0)


@inner()
def meet(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Set synapse rate and busy fraction of every place."""
    p, engagers, count, place, values = here.p[0], here.engagers, here.counts, here.place, here.values
    synapse, busy, drug = here.signal[SYNAPSE_RATE], here.signal[BUSY], here.drug
    given = any_present(engagers)
    for i in range(synapse.size):
        synapse[i] = busy[i] = 0.0
        if given:
            n = at_hand(count, place, i)
            for e in range(engagers.size):
                occupancy = drug[e, i] / (values[engagers[e].ec50_activation] + drug[e, i])
                targets = targets_at(count, place, engagers[e], i)
                synapse[i] += p.rate_contacts * p.p_synapse * occupancy * (targets / n)
            busy[i] = time_taken(synapse[i], p.rate_kill_max)


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
