"""A whole step in one compiled call: the laws of `order.py`, in its order, and the draw of all events.

The laws before the draw are gone through twice: for the hazards at the step's beginning, from which its middle is foreseen, and
for those of its middle, from which events are drawn (`foresight.py`). What may advance only once a step does so in the first
round: drug levels, and exhaustion, which so runs half a step ahead of the counts, as in a leapfrog scheme.
"""

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
from simulation.biology.drug_penetration import penetrate
from simulation.biology.exhaustion import exhaust
from simulation.biology.foresight import foresee
from simulation.biology.gvhd import damage
from simulation.biology.gvl import attack
from simulation.biology.here import Here, whole
from simulation.biology.homeostasis import keep_number
from simulation.biology.host_marrow import give_way
from simulation.biology.immunosuppression import suppress
from simulation.biology.killing import kill
from simulation.biology.margination import marginate
from simulation.biology.marrow_priming import prime_on_blasts
from simulation.biology.normal_b_cells import regrow
from simulation.biology.normal_marrow import fill
from simulation.biology.priming import prime
from simulation.biology.thymus import export
from simulation.biology.trafficking import traffic
from simulation.biology.treg import regulate
from simulation.engine.compiled import Addresses, inner, kernel
from simulation.engine.events import DONE, draw_stratum
from simulation.engine.keyed_random import FIRST, folded
from simulation.engine.moves import settle
from simulation.engine.population import N_STRATA, Columns, Floats, clear
from simulation.engine.rules import births_and_deaths

__all__ = ["BEGIN", "step"]

BEGIN = -2  # where a step begins; a stratum otherwise

type Switches = npt.NDArray[np.bool_]


@inner()
def _laws(on: Switches, here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Do those of the laws before the events that are on."""
    if on[1]:
        circulate(here, pop, hazards, dt)
    if on[2]:
        penetrate(here, pop, hazards, dt)
    if on[3]:
        suppress(here, pop, hazards, dt)
    if on[4]:
        regulate(here, pop, hazards, dt)
    if on[5]:
        meet(here, pop, hazards, dt)
    if on[6]:
        keep_number(here, pop, hazards, dt)
    if on[7]:
        kill(here, pop, hazards, dt)
    if on[8]:
        attack(here, pop, hazards, dt)
    if on[9]:
        set_loss(here, pop, hazards, dt)
    if on[10]:
        grow(here, pop, hazards, dt)
    if on[11]:
        spread(here, pop, hazards, dt)
    if on[12]:
        activate(here, pop, hazards, dt)
    if on[13]:
        prime(here, pop, hazards, dt)
    if on[14]:
        prime_on_blasts(here, pop, hazards, dt)
    if on[15]:
        traffic(here, pop, hazards, dt)
    if on[16]:
        marginate(here, pop, hazards, dt)
    if on[17]:
        exhaust(here, pop, hazards, dt)
    if on[18]:
        fill(here, pop, hazards, dt)
    if on[19]:
        regrow(here, pop, hazards, dt)
    if on[20]:
        alkylate(here, pop, hazards, dt)
    if on[21]:
        export(here, pop, hazards, dt)


@kernel()
def step(stratum: int, first: Switches, on: Switches, at: Addresses, dt: float) -> int:
    """Do a step, or a part of one, of the body at these addresses.

    `on` says what is to be done, in this order: the census, the processes of `order.py` before the events, the draw of
    events, those after it; `first` says the same of the first round, which ends before the draw. Returns DONE, or the stratum
    to go on from when there is room for more.
    """
    body = whole(at)
    here, rules, scratch, pop, hazards = body.here, body.rules, body.scratch, body.pop, body.hazards
    if stratum == BEGIN:
        if first[0]:
            clear(hazards, pop)
            count(here, pop)
            before = here.x.copy()
            _laws(first, here, pop, hazards, dt)
            here.x[:] = before
            foresee(here, pop, hazards, rules, dt)
            clear(hazards, pop)
        elif on[0]:
            clear(hazards, pop)
            count(here, pop)
        _laws(on, here, pop, hazards, dt)
        for kind in range(here.tally.shape[0] if on[22] else 0):
            for c in range(here.tally.shape[1]):
                here.tally[kind, c] = 0
        stratum = 0
    if on[22]:
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
    if on[23]:
        release(here, pop, hazards, dt)
    if on[24]:
        damage(here, pop, hazards, dt)
    if on[25]:
        give_way(here, pop, hazards, dt)
    return DONE
