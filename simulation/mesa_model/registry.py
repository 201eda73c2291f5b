"""Which class each row belongs to, and which handle stands for it: both per model."""

from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from mesa import Agent

from simulation.biology.traits import CLASS, FIRST_CUSTOM_CLASS
from simulation.mesa_model.agents import BUILT_IN
from simulation.mesa_model.cell_agent import CellAgent
from simulation.mesa_model.ledger import Ledger, Rows

if TYPE_CHECKING:
    from simulation.mesa_model.model import TransplantModel

__all__ = ["AgentClasses", "Handles"]

_N = CLASS.largest + 1


class AgentClasses:
    """Hold one model's agent classes by class number; a user's own get 5..15 when they are first met."""

    def __init__(self, ledger: Ledger) -> None:
        self._state = ledger.state
        self.by_id: list[type[CellAgent]] = [BUILT_IN.get(i, CellAgent) for i in range(_N)]
        self._ids: dict[type[CellAgent], tuple[int, ...]] = {}
        for number, cls in BUILT_IN.items():
            self._ids[cls] = (*self._ids.get(cls, ()), number)

    @property
    def known(self) -> list[type[CellAgent]]:
        """Return all classes, the four built-in ones first."""
        return list(self._ids)

    def id_of(self, cls: type[CellAgent]) -> int:
        """Return the class number for new agents of a class, adding the class when it is new."""
        if cls not in self._ids:
            self.add(cls)
        return self._ids[cls][0]

    def ids_under(self, cls: type) -> list[int]:
        """Return the class numbers of a class and its subclasses."""
        return [number for number, own in enumerate(self.by_id) if issubclass(own, cls)]

    def exact_ids(self, cls: type) -> list[int]:
        """Return the class numbers of a class without its subclasses."""
        return [number for number, own in enumerate(self.by_id) if own is cls]

    def add(self, cls: type[CellAgent]) -> int:
        """Give a class of the user's own a number, and its cells the rules of the class it behaves like.

        Raises
        ------
        TypeError
            If it is no subclass of `CellAgent`, or neither derives from one of the four classes nor says `behaves_like`.
        ValueError
            If its number is taken or none is left.
        """
        if not (isinstance(cls, type) and issubclass(cls, CellAgent)):
            raise TypeError(f"an agent class derives from CellAgent or one of its subclasses, got {cls!r}")
        if cls in self._ids:
            return self._ids[cls][0]
        like = cls.behaves_like or next((base for base in cls.__mro__ if base in BUILT_IN.values()), None)
        kinds = [number for number, own in BUILT_IN.items() if own is like]
        if not kinds:
            names = ", ".join(sorted({own.__name__ for own in BUILT_IN.values()}))
            raise TypeError(f"{cls.__name__} must say `behaves_like = ...`, one of {names}")
        number = self._number_for(cls)
        self.by_id[number] = cls
        self._ids[cls] = (number,)
        self._state.behaviour[number] = kinds[0]
        return number

    def _number_for(self, cls: type[CellAgent]) -> int:
        free = [n for n in range(FIRST_CUSTOM_CLASS, _N) if self.by_id[n] is CellAgent]
        wanted = cls.class_id
        if wanted is None:
            free = [n for n in free if n not in self._in_use()]
            if not free:
                raise ValueError(f"no class number is left for {cls.__name__}")
            return free[0]
        if wanted not in free:
            taken = self.by_id[wanted].__name__ if 0 <= wanted < _N else None
            why = f"is taken by {taken}" if taken else f"is not in {FIRST_CUSTOM_CLASS}..{CLASS.largest}"
            raise ValueError(f"{cls.__name__}.class_id = {wanted} {why}")
        return wanted

    def _in_use(self) -> set[int]:
        """Return the class numbers of all cells, and those that a rule has given a behaviour."""
        pop = self._state.pop
        given = [n for n, like in enumerate(self._state.behaviour.tolist()) if n != like]
        return {*given, *CLASS.of(pop.codes(pop.rows())).tolist()}

    def restore(self, classes: list[type[CellAgent]]) -> None:
        """Take over the classes of another model with this one's body, by their numbers."""
        for number, cls in enumerate(classes):
            if cls is not self.by_id[number]:
                self.by_id[number] = cls
                self._ids[cls] = (number,)

    def scripted(self) -> list[type[CellAgent]]:
        """Return the classes that have a `step` of their own."""
        return [cls for cls in self._ids if cls.step is not Agent.step]


class Handles:
    """Give every agent one handle, made when it is first asked for, and the same one as long as anybody holds it."""

    def __init__(self, model: "TransplantModel") -> None:
        self._model = model
        self._pop = model.ledger.pop
        self._known: WeakValueDictionary[int, CellAgent] = WeakValueDictionary()
        self._pinned: dict[int, CellAgent] = {}
        self.created = 0  # handles made for rows so far

    def of(self, row: int, uid: int) -> CellAgent:
        """Return the handle of a living row."""
        handle = self._known.get(uid)
        if handle is None:
            cls = self._model.classes.by_id[CLASS.of(self._pop.code_of(row))]
            handle = cls.__new__(cls)
            handle._attach(self._model, row, uid)
            self._known[uid] = handle
            self.created += 1
        return handle

    def of_rows(self, rows: Rows) -> list[CellAgent]:
        """Return the handles of living rows."""
        uids = self._pop.uid[rows].tolist()
        return [self.of(row, uid) for row, uid in zip(rows.tolist(), uids, strict=True)]

    def adopt(self, agent: CellAgent) -> None:
        """Take in a handle made by hand."""
        self._known[agent.unique_id] = agent

    def welcome(self, agent: CellAgent) -> None:
        """Take in a handle that was pickled or copied with the model."""
        agent._attach(self._model, agent._row, agent._uid)
        self._known[agent._uid] = agent
        if agent.__dict__:
            self.pin(agent)

    def pinned(self) -> list[CellAgent]:
        """Return the handles that bear attributes of the user's own."""
        return list(self._pinned.values())

    def pin(self, agent: CellAgent) -> None:
        """Keep a handle that bears attributes of the user's own as long as its agent lives."""
        if agent.alive:
            self._pinned[agent.unique_id] = agent

    def sweep(self) -> None:
        """Let go of pinned handles whose agent is gone."""
        self._model.ledger.sweep()
        for uid in [uid for uid, agent in self._pinned.items() if not agent.alive]:
            del self._pinned[uid]
