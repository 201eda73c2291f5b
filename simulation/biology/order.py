"""The order of a step, as data: signals first, then hazards, then ONE draw of all events, then fields."""

from collections.abc import Iterable, Mapping

import numpy as np

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
from simulation.biology.step import BEGIN, step
from simulation.biology.trafficking import Trafficking
from simulation.biology.treg import TregSuppression
from simulation.engine.events import DONE

__all__ = ["AFTER_EVENTS", "BEFORE_EVENTS", "Order", "switched_on"]

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
_ALL = (*BEFORE_EVENTS, *AFTER_EVENTS)
_NOTHING = np.zeros(len(_ALL), bool)


def switched_on(processes: Iterable[Process], switches: Mapping[str, bool]) -> tuple[Process, ...]:
    """Return the processes that a scenario leaves on."""
    return tuple(p for p in processes if switches.get(p.name, True))


class Order:
    """Do steps: in one compiled call where all processes are built-in ones, else one process after the other.

    Both do the same, bit for bit.
    """

    def __init__(
        self, before: Iterable[Process] = BEFORE_EVENTS, after: Iterable[Process] = AFTER_EVENTS
    ) -> None:
        self.before, self.after = tuple(before), tuple(after)
        chosen: list[Process] = [
            process for process in _ALL if process in self.before or process in self.after
        ]
        self._on = (
            np.array([process in chosen for process in _ALL])
            if [*self.before, *self.after] == chosen
            else None
        )

    def advance(self, state: State, dt: float) -> None:
        """Advance one patient's body by one step of `dt` days."""
        state.make_room(dt)
        stratum = BEGIN
        if self._on is None:
            state.pop.clear_hazards()
            state.take_census()
            for process in self.before:
                process.act(state, dt)
            _ = state.pop.hazards  # takes in what rules wrote by row
            state.tally[:] = stratum = 0
        on = _NOTHING if self._on is None else self._on
        while (stratum := step(stratum, on, state.addresses, dt)) != DONE:
            state.pop.reserve(2 * state.pop.room + 64)
        if self._on is None:
            for process in self.after:
                process.act(state, dt)
        state.pass_time(dt)
