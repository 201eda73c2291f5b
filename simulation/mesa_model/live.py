"""The view of all agents of a model: `model.agents` and `model.agents_by_type`."""

from typing import TYPE_CHECKING

import numpy as np

from simulation.biology.traits import CLASS
from simulation.mesa_model.agent_set import CellAgentSet
from simulation.mesa_model.cell_agent import CellAgent
from simulation.mesa_model.ledger import Rows

if TYPE_CHECKING:
    from simulation.mesa_model.model import TransplantModel

__all__ = ["LiveAgents"]


class LiveAgents(CellAgentSet[CellAgent]):
    """Show all agents of a model, or of one class, as they are now; `model.agents` is one.

    Taking an agent out of it takes it out of the model. What would reorder or narrow it works on a copy only.
    """

    def __init__(self, model: "TransplantModel", agent_type: type[CellAgent] | None = None) -> None:
        super().__init__((), model.random)
        self._model: TransplantModel = model
        self._type = agent_type

    def rows(self) -> Rows:
        """Return the rows of all agents shown, ascending."""
        pop = self._model.ledger.pop
        rows = pop.rows()
        if self._type is not None:
            shown = np.zeros(CLASS.largest + 1, bool)
            shown[self._model.classes.exact_ids(self._type)] = True
            rows = rows[shown[CLASS.of(pop.codes(rows))]]
        return rows

    def __len__(self) -> int:
        return self._model.ledger.pop.n_agents if self._type is None else super().__len__()

    def __contains__(self, agent: object) -> bool:
        if not isinstance(agent, CellAgent) or agent.model is not self._model or not agent.alive:
            return False
        return self._type is None or type(agent) is self._type

    def _take(self, rows: Rows, inplace: bool) -> CellAgentSet[CellAgent]:
        if inplace:
            raise TypeError("this set always shows all agents: leave out inplace, and use the set returned")
        return super()._take(rows, inplace)

    def add(self, agent: CellAgent) -> None:
        """Do nothing with an agent of the model; others are made by calling their class."""
        if agent not in self:
            raise ValueError(f"{agent!r} does not live here; agents are made by calling their class")

    def discard(self, agent: CellAgent) -> None:
        """Take an agent out of the model, if it is there."""
        if agent in self:
            agent.remove()
