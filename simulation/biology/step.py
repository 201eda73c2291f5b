"""A whole step in one compiled call: the laws of `order.py`, in its order, and the draw of all events.

The midpoint rule: laws are gone through twice, for the hazards at the step's beginning, with which its middle is foreseen
(`foresight.py`), and for those of its middle, from which events are drawn and with which fields go from its beginning to its end.
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
from simulation.biology.foresight import foresee, keep, keep_numbers, recall, recall_field
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
from simulation.biology.places import NORMAL, NORMAL_B
from simulation.biology.priming import prime
from simulation.biology.thymus import export
from simulation.biology.trafficking import traffic
from simulation.biology.treg import regulate
from simulation.engine.compiled import Addresses, inner, kernel
from simulation.engine.events import BEGIN, DONE, draw_stratum, leave_out_programs
from simulation.engine.keyed_random import FIRST, folded
from simulation.engine.moves import settle
from simulation.engine.population import N_STRATA, Columns, Floats, clear
from simulation.engine.rules import Rules, births_and_deaths
from simulation.engine.scratch import Scratch

__all__ = ["step"]

# What a step consists of, in the order of `order.py`: the census, each law before the events, their draw, each law after it.
(
    COUNT, CIRCULATE, PENETRATE, SUPPRESS, REGULATE, MEET, KEEP_NUMBER, KILL, ATTACK, SET_LOSS, GROW, SPREAD, ACTIVATE,
    PRIME, PRIME_ON_BLASTS, TRAFFIC, MARGINATE, EXHAUST, ALKYLATE, EXPORT, DRAW, RELEASE, DAMAGE, GIVE_WAY, FILL, REGROW,
) = range(26)  # fmt: skip

type Switches = npt.NDArray[np.bool_]


@inner()
def _laws(
    on: Switches, first: Switches, again: bool, here: Here, pop: Columns, hazards: Floats, dt: float
) -> None:  # fmt: skip
    """Do those of the laws before the events that are on: what is done once a step only in its round."""
    ahead = (
        0.5 * dt
    )  # how long what a law averages over time is to hold: in the middle of a step it is the middle's
    if again:
        ahead = 0.0 if first[KEEP_NUMBER] else dt
    if on[CIRCULATE] and not (again and first[CIRCULATE]):
        circulate(here, pop, hazards, dt)
    if on[PENETRATE]:
        penetrate(here, pop, hazards, dt)
    if on[SUPPRESS]:
        suppress(here, pop, hazards, dt)
    if on[REGULATE]:
        regulate(here, pop, hazards, dt)
    if on[MEET]:
        meet(here, pop, hazards, dt)
    if on[KEEP_NUMBER]:
        keep_number(here, pop, hazards, ahead)
    if on[KILL]:
        kill(here, pop, hazards, dt)
    if on[ATTACK]:
        attack(here, pop, hazards, dt)
    if on[SET_LOSS]:
        set_loss(here, pop, hazards, dt)
    if on[GROW]:
        grow(here, pop, hazards, dt)
    if on[SPREAD]:
        spread(here, pop, hazards, dt)
    if on[ACTIVATE]:
        activate(here, pop, hazards, dt)
    if on[PRIME]:
        prime(here, pop, hazards, dt)
    if on[PRIME_ON_BLASTS]:
        prime_on_blasts(here, pop, hazards, dt)
    if on[TRAFFIC]:
        traffic(here, pop, hazards, dt)
    if on[MARGINATE]:
        marginate(here, pop, hazards, dt)
    if on[EXHAUST] and again:
        if first[EXHAUST]:
            recall(pop)
        exhaust(here, pop, hazards, dt)
    if on[ALKYLATE]:
        alkylate(here, pop, hazards, dt)
    if on[EXPORT]:
        export(here, pop, hazards, dt)


@inner()
def _look_ahead(
    first: Switches, here: Here, pop: Columns, hazards: Floats, rules: Rules, scratch: Scratch, dt: float
) -> None:  # fmt: skip
    """Go through the laws once, and set counts and fields to what they will be in the middle of the step."""
    for i in range(here.words.size):
        here.words_before[i] = here.words[i]
    _laws(first, first, False, here, pop, hazards, dt)
    keep(here, pop)
    if first[EXHAUST]:
        exhaust(here, pop, hazards, 0.5 * dt)
    if first[DAMAGE]:
        damage(here, pop, hazards, 0.5 * dt)
    if first[GIVE_WAY]:
        give_way(here, pop, hazards, 0.5 * dt)
    if first[FILL]:
        fill(here, pop, hazards, 0.5 * dt)
    if first[REGROW]:
        regrow(here, pop, hazards, 0.5 * dt)
    foresee(here, pop, hazards, rules, scratch, dt)
    integrity, host_marrow = here.x[0].tissue_integrity, here.x[0].host_marrow
    for i in range(here.words.size):
        here.words[i] = here.words_before[i]
    keep_numbers(here, integrity, host_marrow)
    clear(hazards, pop)


@kernel()
def step(stratum: int, first: Switches, on: Switches, at: Addresses, dt: float) -> int:
    """Do a step, or a part of one, of the body at these addresses.

    `on` says what is to be done, in this order: the census, the processes of `order.py` before the events, the draw of
    events, those after it; `first` says the same of the first round, which follows the census. Returns DONE, or the stratum
    to go on from when there is room for more.
    """
    body = whole(at)
    here, rules, scratch, pop, hazards = body.here, body.rules, body.scratch, body.pop, body.hazards
    if stratum == BEGIN:
        if on[COUNT]:
            clear(hazards, pop)
            count(here, pop)
            if first[COUNT]:
                _look_ahead(first, here, pop, hazards, rules, scratch, dt)
        _laws(on, first, True, here, pop, hazards, dt)
        for kind in range(here.tally.shape[0] if on[DRAW] else 0):
            for c in range(here.tally.shape[1]):
                here.tally[kind, c] = 0
        if on[DRAW]:
            leave_out_programs(pop, hazards, rules)
        stratum = 0
    if on[DRAW]:
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
    if on[RELEASE]:
        release(here, pop, hazards, dt)
    if on[DAMAGE]:
        if first[DAMAGE]:
            here.x[0].tissue_integrity = here.x[0].tissue_integrity_before
        damage(here, pop, hazards, dt)
    if on[GIVE_WAY]:
        if first[GIVE_WAY]:
            here.x[0].host_marrow = here.x[0].host_marrow_before
        give_way(here, pop, hazards, dt)
    if on[FILL]:
        if first[FILL]:
            recall_field(here, NORMAL)
        fill(here, pop, hazards, dt)
    if on[REGROW]:
        if first[REGROW]:
            recall_field(here, NORMAL_B)
        regrow(here, pop, hazards, dt)
    return DONE
