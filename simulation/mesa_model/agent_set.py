"""Sets of agents over the engine's rows: attributes are read, aggregated and written whole columns at a time.

A set remembers rows and unique ids, not objects; handles are made for the agents that a function must see. Agents that
are gone drop out of a set by themselves.
"""

import operator
from collections.abc import Callable, Hashable, Iterable, Iterator
from random import Random
from typing import TYPE_CHECKING, Any, Literal, Self, cast

import numpy as np
import numpy.typing as npt
from mesa.agentset import AbstractAgentSet

from simulation.biology.traits import CLASS
from simulation.mesa_model.cell_agent import CellAgent
from simulation.mesa_model.columns import Column, column_of
from simulation.mesa_model.groups import AgentGroups
from simulation.mesa_model.ledger import Rows

if TYPE_CHECKING:
    from simulation.mesa_model.model import TransplantModel

__all__ = ["CellAgentSet"]

MissingRun = Literal["error", "default"]
_NO_ROWS = np.zeros(0, np.intp)


class CellAgentSet[A: CellAgent](AbstractAgentSet[A]):
    """Hold some agents of one model, in order.

    Parameters
    ----------
    agents
        The agents; those that are gone are left out.
    random
        Generator for shuffling; by default the model's.
    """

    def __init__(self, agents: Iterable[A] = (), random: Random | None = None) -> None:
        self._model: TransplantModel | None = None
        self._rows, self._uids = _NO_ROWS, _NO_ROWS
        self._random = random
        self._uid_set: frozenset[int] | None = None  # made when membership is first asked for
        self._update(agents)

    @classmethod
    def of_rows(cls, model: "TransplantModel", rows: Rows) -> "CellAgentSet[A]":
        """Return the set of some living rows."""
        chosen = CellAgentSet[A]((), model.random)
        chosen._model, chosen._rows, chosen._uids = model, rows, model.ledger.pop.uid[rows]
        return chosen

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "__orig_class__"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    @property
    def random(self) -> Random:
        """Return the generator that shuffles."""
        if self._random is None:
            self._random = self._model.random if self._model is not None else Random(0)
        return self._random

    # Members ---------------------------------------------------------------------------------------------

    def rows(self) -> Rows:
        """Return the engine's rows of the members that are still alive, in the set's order."""
        if self._model is not None and self._rows.size:
            pop = self._model.ledger.pop
            alive = (pop.uid[self._rows] == self._uids) & (pop.cells[self._rows] > 0)
            if not alive.all():
                self._follow(np.flatnonzero(~alive).tolist())
        return self._rows

    def _follow(self, lost: list[int]) -> None:
        """Follow members that were changed by hand to where they are now, and let go of those that are gone."""
        now, keep = self._owner().ledger.now, np.ones(self._rows.size, bool)
        self._rows = self._rows.copy()
        for i in lost:
            row = now(self._rows.item(i), self._uids.item(i))
            if row is None:
                keep[i] = False
            else:
                self._rows[i] = row
        self._rows, self._uids, self._uid_set = self._rows[keep], self._uids[keep], None

    def _owner(self) -> "TransplantModel":
        if self._model is None:
            raise LookupError("the set is empty and belongs to no model")
        return self._model

    def _update(self, agents: Iterable[A]) -> Self:
        living = [agent for agent in dict.fromkeys(agents) if agent.alive]
        if living:
            self._model = living[0].model
            if any(agent.model is not self._model for agent in living):
                raise ValueError("the agents of a set belong to one model")
        self._rows = np.array([agent._row for agent in living], np.intp)
        self._uids = np.array([agent._uid for agent in living], np.int64)
        self._uid_set = None
        return self

    def _take(self, rows: Rows, inplace: bool) -> "CellAgentSet[A]":
        if not inplace:
            if self._model is None:
                return CellAgentSet((), self._random)
            return CellAgentSet.of_rows(self._model, rows)
        self._rows, self._uid_set = rows, None
        self._uids = self._model.ledger.pop.uid[rows] if self._model is not None else _NO_ROWS
        return self

    def __len__(self) -> int:
        return int(self.rows().size)

    def __iter__(self) -> Iterator[A]:
        rows = self.rows()
        if rows.size == 0:
            return
        model = self._owner()
        pop, of = model.ledger.pop, model.handles.of
        for row, uid in zip(rows.tolist(), pop.uid[rows].tolist(), strict=True):
            if pop.uid.item(row) == uid and pop.cells.item(row):  # it may have gone while we go round
                yield cast(A, of(row, uid))

    def __contains__(self, agent: object) -> bool:
        if not isinstance(agent, CellAgent) or agent.model is not self._model or not agent.alive:
            return False
        if self._uid_set is None:
            self._uid_set = frozenset(self._uids.tolist())
        return agent._uid in self._uid_set

    def __getitem__(self, item: int | slice) -> Any:
        if self._model is None:
            return [][item]
        chosen = self.rows()[item]
        if isinstance(item, slice):
            return self._model.handles.of_rows(chosen)
        return self._model.handles.of_rows(np.array([chosen]))[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} agents>"

    def to_list(self) -> list[A]:
        """Return the agents as a list."""
        return list(self)

    def copy(self) -> "CellAgentSet[A]":
        """Return a set of its own with the same members."""
        return self._take(self.rows().copy(), inplace=False)

    __copy__ = copy

    def _from_iterable(self, agents: Iterable[A]) -> "CellAgentSet[A]":
        """Make the set that `&`, `|` and `-` return."""
        return CellAgentSet(agents, self._random)

    def add(self, agent: A) -> None:
        """Add an agent to the set."""
        if agent not in self:
            self._update([*self, agent])

    def discard(self, agent: A) -> None:
        """Take an agent out of the set, if it is there; in the model it stays."""
        if agent in self:
            rows = self.rows()
            self._take(rows[rows != agent._row], inplace=True)

    def remove(self, agent: A) -> None:
        """Take an agent out of the set; raise `KeyError` when it is not there."""
        if agent not in self:
            raise KeyError(agent)
        self.discard(agent)

    # Attributes ------------------------------------------------------------------------------------------

    def _by_column(self, name: str) -> list[tuple[Column[Any, Any] | None, npt.NDArray[np.bool_] | slice]]:
        """Return the columns behind an attribute, each with the members it serves; None for plain Python."""
        rows = self.rows()
        if rows.size == 0:
            return []
        model = self._owner()
        kinds = CLASS.of(model.ledger.pop.codes(rows))
        columns = {k: column_of(model.classes.by_id[k], name) for k in np.unique(kinds).tolist()}
        different = list(dict.fromkeys(columns.values()))
        if len(different) == 1:
            return [(different[0], slice(None))]
        served = {column: [k for k, own in columns.items() if own is column] for column in different}
        return [(column, np.isin(kinds, own)) for column, own in served.items()]

    def _values(self, name: str, missing: MissingRun, default: Any) -> list[Any]:
        rows, parts = self.rows(), self._by_column(name)
        out = np.empty(rows.size, object)
        for column, which in parts:
            if column is not None:
                values = column.values(self._owner().ledger, rows[which])
            else:
                agents = self._owner().handles.of_rows(rows[which])
                fallback = () if missing == "error" else (default,)
                values = [getattr(agent, name, *fallback) for agent in agents]
            if isinstance(which, slice):
                return values
            for i, value in zip(np.flatnonzero(which).tolist(), values, strict=True):
                out[i] = value
        return out.tolist()

    def get(
        self, attr_names: str | list[str], handle_missing: MissingRun = "error", default_value: Any = None
    ) -> list[Any]:
        """Return an attribute of every agent, or a list of attributes of each.

        Raises
        ------
        AttributeError
            If `handle_missing` is `"error"` and an agent has no such attribute.
        """
        if handle_missing not in ("error", "default"):
            raise ValueError(f"handle_missing must be 'error' or 'default', got {handle_missing!r}")
        if isinstance(attr_names, str):
            return self._values(attr_names, handle_missing, default_value)
        if not attr_names:
            return [[] for _ in range(len(self))]
        columns = [self._values(name, handle_missing, default_value) for name in attr_names]
        return [list(values) for values in zip(*columns, strict=True)]

    def column(self, name: str) -> npt.NDArray[Any]:
        """Return an attribute of every agent as an array, shape (agents,)."""
        parts = self._by_column(name)
        if len(parts) == 1 and parts[0][0] is not None:
            return np.array(parts[0][0].array(self._owner().ledger, self.rows()))
        return np.array(self.get(name))

    def set(self, attr_name: str, value: Any) -> Self:
        """Give an attribute of every agent the same value."""
        rows = self.rows()
        for column, which in self._by_column(attr_name):
            if column is not None:
                column.put_all(self._owner().ledger, rows[which], value)
            else:
                for agent in self._owner().handles.of_rows(rows[which]):
                    setattr(agent, attr_name, value)
        return self

    def agg(self, attribute: str, func: Callable[..., Any] | Iterable[Callable[..., Any]]) -> Any:
        """Return one or several functions of an attribute's values."""
        values = self.get(attribute)
        return func(values) if callable(func) else [f(values) for f in func]

    # Other sets ------------------------------------------------------------------------------------------

    def select(
        self,
        filter_func: Callable[[A], bool] | None = None,
        at_most: float = float("inf"),
        inplace: bool = False,
        agent_type: type | None = None,
    ) -> "CellAgentSet[A]":
        """Return the agents of a type for which a function is true, the first so many.

        `at_most` is a number of agents, or as a float up to 1.0 a share of the set.
        """
        rows = self.rows()
        if isinstance(at_most, float) and at_most <= 1.0:
            at_most = int(rows.size * at_most)
        if agent_type is not None and rows.size:
            model = self._owner()
            kinds = CLASS.of(model.ledger.pop.codes(rows))
            rows = rows[np.isin(kinds, model.classes.ids_under(agent_type))]
        if filter_func is None:
            limit = rows.size if at_most == float("inf") else max(int(at_most), 0)
            return self._take(rows[:limit], inplace)
        chosen: list[int] = []
        for agent in self._take(rows, inplace=False):
            if len(chosen) >= at_most:
                break
            if filter_func(agent):
                chosen.append(agent._row)
        return self._take(np.array(chosen, np.intp), inplace)

    def where(self, mask: npt.ArrayLike) -> "CellAgentSet[A]":
        """Return the agents for which an array of truth values, shape (agents,), is true; makes no handles."""
        chosen = np.asarray(mask)
        if chosen.dtype != bool or chosen.shape != (len(self),):
            raise ValueError(f"expected {len(self)} truth values, got {chosen.dtype} of shape {chosen.shape}")
        return self._take(self.rows()[chosen], inplace=False)

    def shuffle(self, inplace: bool = False) -> "CellAgentSet[A]":
        """Return the agents in random order, by the model's generator."""
        order = self.rows().tolist()
        self.random.shuffle(order)
        return self._take(np.array(order, np.intp), inplace)

    def sort(
        self, key: Callable[[A], Any] | str, ascending: bool = False, inplace: bool = False
    ) -> "CellAgentSet[A]":
        """Return the agents ordered by an attribute or a function."""
        values = self._keys(key)
        order = sorted(range(len(values)), key=values.__getitem__, reverse=not ascending)
        return self._take(self.rows()[np.array(order, np.intp)], inplace)

    def groupby(
        self, by: Callable[[A], Hashable] | str, result_type: Literal["agentset", "list"] = "agentset"
    ) -> "AgentGroups":
        """Return the agents grouped by an attribute or a function."""
        rows, members = self.rows(), dict[Hashable, list[int]]()
        for i, value in enumerate(self._keys(by)):
            members.setdefault(value, []).append(i)
        groups = {value: self._take(rows[np.array(own)], inplace=False) for value, own in members.items()}
        if result_type == "list":
            return AgentGroups({value: group.to_list() for value, group in groups.items()})
        return AgentGroups(groups)

    def _keys(self, by: Callable[[A], Any] | str) -> list[Any]:
        if not isinstance(by, str):
            return [by(agent) for agent in self]
        if "." in by:
            return [operator.attrgetter(by)(agent) for agent in self]
        return self.get(by)

    # Calling ---------------------------------------------------------------------------------------------

    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Self:
        """Call a method, or a function, of every agent; those that go meanwhile are left out."""
        self.map(method, *args, **kwargs)
        return self

    def shuffle_do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Self:
        """Call a method, or a function, of every agent in random order."""
        self.shuffle().map(method, *args, **kwargs)
        return self

    def map(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Return what a method, or a function, of every agent returns."""
        if isinstance(method, str):
            return [getattr(agent, method)(*args, **kwargs) for agent in self]
        return [method(agent, *args, **kwargs) for agent in self]
