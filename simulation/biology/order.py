"""The order of a step, as data: signals first, then hazards, then ONE draw of all events, then fields."""

from collections.abc import Iterable, Mapping, Sequence

from simulation.biology.activation import Activation
from simulation.biology.antigen_loss import AntigenLoss
from simulation.biology.blast_growth import BlastGrowth
from simulation.biology.blast_spread import BlastSpread
from simulation.biology.blinatumomab_pk import BlinatumomabPk
from simulation.biology.contact import Contact
from simulation.biology.crs import CytokineRelease
from simulation.biology.exhaustion import Exhaustion
from simulation.biology.gvhd import Gvhd
from simulation.biology.gvl import GraftVersusLeukaemia
from simulation.biology.homeostasis import Homeostasis
from simulation.biology.immunosuppression import Immunosuppression
from simulation.biology.killing import Killing
from simulation.biology.margination import Margination
from simulation.biology.normal_b_cells import NormalBCells
from simulation.biology.normal_marrow import NormalMarrow
from simulation.biology.priming import Priming
from simulation.biology.state import Process, State
from simulation.biology.trafficking import Trafficking
from simulation.biology.treg import TregSuppression
from simulation.engine.events import draw_events
from simulation.engine.keyed_random import step_key

__all__ = ["AFTER_EVENTS", "BEFORE_EVENTS", "advance"]

BEFORE_EVENTS: tuple[Process, ...] = (
    BlinatumomabPk(),
    Immunosuppression(),
    TregSuppression(),
    Contact(),
    Homeostasis(),
    Killing(),
    GraftVersusLeukaemia(),
    AntigenLoss(),
    BlastGrowth(),
    BlastSpread(),
    Activation(),
    Priming(),
    Trafficking(),
    Margination(),
    Exhaustion(),
)
AFTER_EVENTS: tuple[Process, ...] = (CytokineRelease(), Gvhd(), NormalMarrow(), NormalBCells())


def switched_on(processes: Iterable[Process], switches: Mapping[str, bool]) -> tuple[Process, ...]:
    """Return the processes that a scenario leaves on."""
    return tuple(p for p in processes if switches.get(p.name, True))


def advance(
    state: State,
    dt: float,
    before: Sequence[Process] = BEFORE_EVENTS,
    after: Sequence[Process] = AFTER_EVENTS,
) -> None:
    """Advance one patient's body by one step of `dt` days."""
    pop = state.pop
    pop.clear_hazards()
    state.take_census()
    for process in before:
        process.act(state, dt)
    state.tally = draw_events(
        pop,
        state.channels,
        state.places.destinations,
        state.variants,
        step_key(state.event_key, state.step),
        dt,
    )
    births, deaths = state.channels.births_and_deaths(state.tally)
    state.births += births
    state.deaths += deaths
    for process in after:
        process.act(state, dt)
    state.step += 1
    state.day = state.start_day + state.step * dt  # counted, not summed: sums of 1/24 drift
