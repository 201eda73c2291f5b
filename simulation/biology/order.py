"""The order of a step, as data: signals first, then hazards, both twice (`step.py`), then ONE draw of all events, then fields."""

from collections.abc import Iterable, Mapping
from typing import cast

import numpy as np
import numpy.typing as npt

from simulation.biology.activation import Activation
from simulation.biology.antigen_loss import AntigenLoss
from simulation.biology.blast_growth import BlastGrowth
from simulation.biology.blast_spread import BlastSpread
from simulation.biology.blinatumomab_pk import BlinatumomabPk
from simulation.biology.contact import Contact
from simulation.biology.crs import CytokineRelease
from simulation.biology.cyclophosphamide import Cyclophosphamide
from simulation.biology.drug_penetration import DrugPenetration
from simulation.biology.exhaustion import Exhaustion
from simulation.biology.gvhd import Gvhd
from simulation.biology.gvl import GraftVersusLeukaemia
from simulation.biology.homeostasis import Homeostasis
from simulation.biology.host_marrow import HostMarrow
from simulation.biology.immunosuppression import Immunosuppression
from simulation.biology.killing import Killing
from simulation.biology.margination import Margination
from simulation.biology.marrow_priming import MarrowPriming
from simulation.biology.normal_b_cells import NormalBCells
from simulation.biology.normal_marrow import NormalMarrow
from simulation.biology.priming import Priming
from simulation.biology.state import Process, State
from simulation.biology.step import step
from simulation.biology.thymus import Thymus
from simulation.biology.trafficking import Trafficking
from simulation.biology.treg import TregSuppression
from simulation.engine.events import BEGIN, DONE

__all__ = ["AFTER_EVENTS", "BEFORE_EVENTS", "Order", "switched_on"]

BEFORE_EVENTS: tuple[Process, ...] = (
    BlinatumomabPk(),
    DrugPenetration(),
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
    MarrowPriming(),
    Trafficking(),
    Margination(),
    Exhaustion(),
    Cyclophosphamide(),
    Thymus(),
)
AFTER_EVENTS: tuple[Process, ...] = (CytokineRelease(), Gvhd(), HostMarrow(), NormalMarrow(), NormalBCells())
# What one compiled call can do, in this order; strings stand for what is no process.
_COUNT, _DRAW = "census", "draw"
_PARTS = (_COUNT, *BEFORE_EVENTS, _DRAW, *AFTER_EVENTS)
# What the first round of a step leaves out: what counts do not depend on, and what follows from the events of the step.
_SECOND_ONLY = (AntigenLoss, Margination, Thymus, CytokineRelease)
_FORESEEN = np.array([part != _DRAW and not isinstance(part, _SECOND_ONLY) for part in _PARTS])


def switched_on(processes: Iterable[Process], switches: Mapping[str, bool]) -> tuple[Process, ...]:
    """Return the processes that a scenario leaves on."""
    return tuple(p for p in processes if switches.get(p.name, True))


class Order:
    """Do steps: built-in processes that follow one another in the usual order are one compiled call, with the draw.

    A user's own processes, and those of a culture well, act in between; it makes no difference, bit for bit, where a call ends.
    """

    def __init__(
        self, before: Iterable[Process] = BEFORE_EVENTS, after: Iterable[Process] = AFTER_EVENTS
    ) -> None:
        self._calls: list[npt.NDArray[np.bool_] | Process] = []
        foreseen = np.zeros(len(_PARTS), bool)
        last = len(_PARTS)
        for part in (_COUNT, *before, _DRAW, *after):
            number = next((i for i, known in enumerate(_PARTS) if known is part), -1)
            if number < 0:
                self._calls.append(cast(Process, part))
                last = len(_PARTS)
                continue
            if number <= last:
                self._calls.append(np.zeros(len(_PARTS), bool))
            cast("npt.NDArray[np.bool_]", self._calls[-1])[number] = True
            last = number
            foreseen[number] = _FORESEEN[number]
        self._first = foreseen

    def advance(self, state: State, dt: float) -> None:
        """Advance one patient's body by one step of `dt` days."""
        state.make_room(dt)
        for call in self._calls:
            if not isinstance(call, np.ndarray):
                call.act(state, dt)
                continue
            stratum = BEGIN
            while (stratum := step(stratum, self._first, call, state.addresses, dt)) != DONE:
                state.pop.reserve(2 * state.pop.room + 64)
        state.pass_time(dt)
