"""A whole step in one compiled call: the laws of `order.py`, in its order, and the draw of all events."""

import numpy as np
import numpy.typing as npt
from numba import njit

from simulation.biology.activation import activate
from simulation.biology.antigen_loss import set_loss
from simulation.biology.blast_growth import grow
from simulation.biology.blast_spread import spread
from simulation.biology.blinatumomab_pk import circulate
from simulation.biology.census import count
from simulation.biology.contact import meet
from simulation.biology.crs import release
from simulation.biology.exhaustion import exhaust
from simulation.biology.gvhd import damage
from simulation.biology.gvl import attack
from simulation.biology.homeostasis import keep_number
from simulation.biology.immunosuppression import suppress
from simulation.biology.killing import kill
from simulation.biology.margination import marginate
from simulation.biology.normal_b_cells import regrow
from simulation.biology.normal_marrow import fill
from simulation.biology.priming import prime
from simulation.biology.state import Here
from simulation.biology.trafficking import traffic
from simulation.biology.treg import regulate
from simulation.engine.events import DIE, DONE, Rules, Scratch, draw_from
from simulation.engine.keyed_random import FIRST, folded
from simulation.engine.population import Columns, Floats, clear

__all__ = ["BEGIN", "draw", "finish", "step"]

BEGIN = -2  # where a step begins; a stratum otherwise

type Switches = npt.NDArray[np.bool_]


@njit(cache=True, error_model="numpy")
def step(
    at: int, on: Switches, here: Here, pop: Columns, hazards: Floats, rules: Rules, scratch: Scratch, dt: float
) -> int:  # fmt: skip
    """Do one step; return DONE, or the stratum to go on from when there is room for more strata.

    `on` says of every process of `order.py`, in its order, whether it acts.
    """
    if at == BEGIN:
        clear(hazards, pop)
        count(here, pop)
        if on[0]:
            circulate(here, pop, hazards, dt)
        if on[1]:
            suppress(here, pop, hazards, dt)
        if on[2]:
            regulate(here, pop, hazards, dt)
        if on[3]:
            meet(here, pop, hazards, dt)
        if on[4]:
            keep_number(here, pop, hazards, dt)
        if on[5]:
            kill(here, pop, hazards, dt)
        if on[6]:
            attack(here, pop, hazards, dt)
        if on[7]:
            set_loss(here, pop, hazards, dt)
        if on[8]:
            grow(here, pop, hazards, dt)
        if on[9]:
            spread(here, pop, hazards, dt)
        if on[10]:
            activate(here, pop, hazards, dt)
        if on[11]:
            prime(here, pop, hazards, dt)
        if on[12]:
            traffic(here, pop, hazards, dt)
        if on[13]:
            marginate(here, pop, hazards, dt)
        if on[14]:
            exhaust(here, pop, hazards, dt)
        here.tally[:] = 0
        at = 0
    at = draw(at, here, pop, hazards, rules, scratch, dt)
    if at != DONE:
        return at
    if on[15]:
        release(here, pop, hazards, dt)
    if on[16]:
        damage(here, pop, hazards, dt)
    if on[17]:
        fill(here, pop, hazards, dt)
    if on[18]:
        regrow(here, pop, hazards, dt)
    finish(here, dt)
    return DONE


@njit(cache=True, error_model="numpy")
def draw(
    at: int, here: Here, pop: Columns, hazards: Floats, rules: Rules, scratch: Scratch, dt: float
) -> int:  # fmt: skip
    """Draw all events from stratum `at` on, let what moved arrive, and keep the books; DONE, or the stratum reached."""
    x = here.x[0]
    key = folded(folded(FIRST, x.event_key), np.uint64(x.step))
    at = draw_from(at, hazards, pop, rules, scratch, key, dt, here.tally)
    if at == DONE:
        for c in range(rules.effect.size):
            if c == 0:
                x.births += here.tally[:, c].sum()
            elif rules.effect[c] == DIE:
                x.deaths += here.tally[:, c].sum()
    return at


@njit(cache=True, error_model="numpy")
def finish(here: Here, dt: float) -> None:
    """Let the day pass; days are counted, not summed, as sums of 1/24 drift."""
    x = here.x[0]
    x.step += 1
    x.day = x.start_day + x.step * dt
