"""A whole step in one compiled call: the laws of `order.py`, in its order, and the draw of all events."""

import numpy as np
import numpy.typing as npt

from simulation.biology.activation import activate
from simulation.biology.antigen_loss import set_loss
from simulation.biology.blast_growth import grow
from simulation.biology.blast_spread import spread
from simulation.biology.blinatumomab_pk import circulate
from simulation.biology.census import count
from simulation.biology.contact import meet
from simulation.biology.crs import release
from simulation.biology.cyclophosphamide import alkylate
from simulation.biology.exhaustion import exhaust
from simulation.biology.gvhd import damage
from simulation.biology.gvl import attack
from simulation.biology.here import whole
from simulation.biology.homeostasis import keep_number
from simulation.biology.host_marrow import give_way
from simulation.biology.immunosuppression import suppress
from simulation.biology.killing import kill
from simulation.biology.margination import marginate
from simulation.biology.marrow_priming import prime_on_blasts
from simulation.biology.normal_b_cells import regrow
from simulation.biology.normal_marrow import fill
from simulation.biology.priming import prime
from simulation.biology.trafficking import traffic
from simulation.biology.treg import regulate
from simulation.engine.compiled import Addresses, kernel
from simulation.engine.events import DONE, draw_stratum
from simulation.engine.keyed_random import FIRST, folded
from simulation.engine.moves import settle
from simulation.engine.population import N_STRATA, clear
from simulation.engine.rules import births_and_deaths

__all__ = ["BEGIN", "step"]

BEGIN = -2  # where a step begins; a stratum otherwise

type Switches = npt.NDArray[np.bool_]


@kernel()
def step(stratum: int, on: Switches, at: Addresses, dt: float) -> int:
    """Do a step, or a part of one, of the body at these addresses.

    `on` says what is to be done, in this order: the census, the processes of `order.py` before the events, the draw of
    events, those after it. Returns DONE, or the stratum to go on from when there is room for more.
    """
    body = whole(at)
    here, rules, scratch, pop, hazards = body.here, body.rules, body.scratch, body.pop, body.hazards
    if stratum == BEGIN:
        if on[0]:
            clear(hazards, pop)
            count(here, pop)
        if on[1]:
            circulate(here, pop, hazards, dt)
        if on[2]:
            suppress(here, pop, hazards, dt)
        if on[3]:
            regulate(here, pop, hazards, dt)
        if on[4]:
            meet(here, pop, hazards, dt)
        if on[5]:
            keep_number(here, pop, hazards, dt)
        if on[6]:
            kill(here, pop, hazards, dt)
        if on[7]:
            attack(here, pop, hazards, dt)
        if on[8]:
            set_loss(here, pop, hazards, dt)
        if on[9]:
            grow(here, pop, hazards, dt)
        if on[10]:
            spread(here, pop, hazards, dt)
        if on[11]:
            activate(here, pop, hazards, dt)
        if on[12]:
            prime(here, pop, hazards, dt)
        if on[13]:
            prime_on_blasts(here, pop, hazards, dt)
        if on[14]:
            traffic(here, pop, hazards, dt)
        if on[15]:
            marginate(here, pop, hazards, dt)
        if on[16]:
            exhaust(here, pop, hazards, dt)
        if on[17]:
            alkylate(here, pop, hazards, dt)
        for kind in range(here.tally.shape[0] if on[18] else 0):
            for c in range(here.tally.shape[1]):
                here.tally[kind, c] = 0
        stratum = 0
    if on[18]:
        x = here.x[0]
        key = folded(folded(FIRST, x.event_key), np.uint64(x.step))
        while stratum < pop.meta[N_STRATA]:
            if pop.end[stratum] > 0 and not draw_stratum(
                stratum, hazards, pop, rules, scratch, key, dt, here.tally
            ):
                return stratum
            stratum += 1
        settle(pop)
        births, deaths = births_and_deaths(here.tally, rules.effect)
        x.births += births
        x.deaths += deaths
    if on[19]:
        release(here, pop, hazards, dt)
    if on[20]:
        damage(here, pop, hazards, dt)
    if on[21]:
        give_way(here, pop, hazards, dt)
    if on[22]:
        fill(here, pop, hazards, dt)
    if on[23]:
        regrow(here, pop, hazards, dt)
    return DONE
