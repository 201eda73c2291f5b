"""`TransplantModel`: one simulated patient as a Mesa model."""

import inspect
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mesa import Model
from mesa.time import Priority

from simulation.biology.state import Process, State
from simulation.body import Body
from simulation.engine.keyed_random import base_key
from simulation.errors import UserError
from simulation.life import Life
from simulation.mesa_model.cell_agent import CellAgent
from simulation.mesa_model.data_collection import Recorder, data_collector
from simulation.mesa_model.ledger import Ledger
from simulation.mesa_model.live import LiveAgents
from simulation.mesa_model.registry import AgentClasses, Handles
from simulation.scenario import Scenario, load_scenario, parse_scenario

__all__ = ["TransplantModel"]

_DEFAULT = "name: Default patient\n"
_EPS = 1e-9  # days
_LARGEST = 2**63 - 1
_NOT_GIVEN: Any = type("NotGiven", (), {"__repr__": lambda self: "not given"})()


class _MesaSignature:
    """Give the signature of a model's class without `seed`, where there is `rng`.

    `mesa.batch_run` puts its own `rng` into whichever of the two it finds there, `seed` first, and so would overwrite the
    seeds among its parameters.
    """

    def __get__(self, model: "TransplantModel | None", cls: type["TransplantModel"]) -> inspect.Signature:
        own = inspect.signature(cls.__init__)
        kept = [one for name, one in own.parameters.items() if name != "self"]
        if "rng" in own.parameters:
            kept = [one for one in kept if one.name != "seed"]
        return own.replace(parameters=kept)


class TransplantModel(Model):
    """Follow one patient; a thin shell around a `Life`, which it leaves byte for byte as it is.

    Parameters
    ----------
    scenario
        A scenario, the path of its file, or None for the defaults alone.
    seed, patient
        Keys of every random number of the body and the clinic; text from a form is understood. Without a seed it is 0; with
        `rng=None` or `seed=None`, Mesa's way to ask for another run, it is a new one each time (`model.seed` tells it).
    rules
        Processes of the user's own (see docs/extending.md).
    rng
        Mesa's name for the seed; give one of the two.

    Time is in days since transplant: `model.time` equals `model.day`, a step lasts `model.body.time_step`, and
    `schedule_event` takes days. `model.rng` and `model.random` are for scripts; the body draws none of its numbers from them.
    """

    __signature__ = _MesaSignature()

    def __init__(
        self,
        scenario: Scenario | str | os.PathLike[str] | None = None,
        seed: int | str | None = _NOT_GIVEN,
        patient: int | str = 0,
        rules: Sequence[Process] = (),
        rng: int | str | None = _NOT_GIVEN,
    ) -> None:
        plan = _scenario(scenario)
        self._take_up(Life(plan, _seed(seed, rng), _key(patient, "patient"), tuple(rules)))
        self.datacollector: Any = data_collector()  # set it to another one, or to None
        self.collect()

    @classmethod
    def of_life(cls, life: Life) -> "TransplantModel":
        """Return a model of a life that has come some way, without a data collector; the life stays what it is."""
        model = cls.__new__(cls)
        model._take_up(life)
        model.datacollector = None
        return model

    def _take_up(self, life: Life) -> None:
        self.seed, self.patient = life.seed, life.patient
        super().__init__(rng=base_key(self.seed, self.patient, "scripts"))
        self.life = life
        self.ledger = Ledger(self.life.body)
        self.classes = AgentClasses(self.ledger)
        self.handles = Handles(self)
        self._shown = LiveAgents(self)
        self._recorder = Recorder()
        self._start_clock()

    # Copies ----------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle or a copy holds; it goes on with the same bytes."""
        rebuilt = {"ledger", "classes", "handles", "_shown", "_recorder"}
        state = {name: value for name, value in self.__dict__.items() if name not in rebuilt}
        return state | {"_pickled": (self.ledger, self.classes.by_id, self.handles.pinned())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        early = self.__dict__.pop("_early", [])
        self.__dict__.update(state)
        self.ledger, classes, _ = self.__dict__.pop("_pickled")  # agents come by themselves: see `welcome`
        self.classes = AgentClasses(self.ledger)
        self.classes.restore(classes)
        self.handles = Handles(self)
        self._shown = LiveAgents(self)
        self._recorder = Recorder()
        for agent in early:
            self.welcome(agent)

    def welcome(self, agent: CellAgent) -> None:
        """Take in an agent that was pickled or copied with this model, and may be there before it."""
        if "handles" in self.__dict__:
            self.handles.welcome(agent)
        else:
            self.__dict__.setdefault("_early", []).append(agent)

    # The patient -----------------------------------------------------------------------------------------

    @property
    def body(self) -> Body:
        """Return the patient's body."""
        return self.life.body

    @property
    def state(self) -> State:
        """Return the body's state, what rules act on."""
        return self.life.body.state

    @property
    def day(self) -> float:
        """Return days since transplant."""
        return self.life.day

    @property
    def scenario(self) -> Any:
        """Raise `AttributeError`: the name is Mesa's, whose Reset would put a scenario of its own into ours."""
        raise AttributeError("the scenario is model.life.scenario")

    @scenario.setter
    def scenario(self, value: Any) -> None:
        """Let Mesa's own scenario, which only holds a seed, go."""

    def record(self) -> dict[str, float]:
        """Return the trajectory's columns now: name -> value."""
        return self._recorder.line(self.life)

    def collect(self) -> None:
        """Let the data collector take note, if there is one."""
        if self.datacollector is not None:
            self.datacollector.collect(self)

    # Time ------------------------------------------------------------------------------------------------

    def _start_clock(self) -> None:
        """Let Mesa's clock count days, one event per step, instead of a step per unit of time."""
        self._default_schedule.stop()
        self.time = self.day
        self.steps = 0
        self.step = self._pass_time  # type: ignore[method-assign]
        self.running = not self.life.finished
        self._plan_step()

    def _plan_step(self) -> None:
        self.schedule_event(self._take_step, at=self._day_after(1), priority=Priority.HIGH)

    def _day_after(self, steps: int) -> float:
        """Return the day so many steps from now, exactly as the body counts it."""
        return self.state.start_day + (self.state.step + steps) * self.body.time_step

    def _pass_time(self) -> None:
        """Do what stands behind `model.step()`: let time pass until the next step is done."""
        if not self.life.finished:
            self.run_until(self._day_after(1))

    def _take_step(self) -> None:
        if self.life.finished:
            return
        self.steps += 1
        try:
            self._user_step()  # `step` of this class or of a subclass
        finally:
            self._plan_step()

    def step(self) -> None:
        """Advance by one step: clinic, body, then agents with a `step` of their own, then data collection.

        A subclass that overrides it calls `super().step()`.
        """
        self.life.step()
        for cls in self.classes.scripted():
            LiveAgents(self, cls).do("step")
        self.handles.sweep()
        self.running = not self.life.finished
        self.collect()

    def run_for(self, duration: float) -> None:
        """Let so many days pass."""
        self.run_until(self.time + duration)

    def run_until(self, end_time: float) -> None:
        """Let time pass until a day; a step that ends on it is done."""
        steps = round((end_time - self.day) / self.body.time_step)
        boundary = self._day_after(steps)
        super().run_until(boundary if abs(boundary - end_time) < _EPS else end_time)
        if self.life.finished:  # nothing happens after the last day: the clock stands with it
            self.time = self.day

    # Agents ----------------------------------------------------------------------------------------------

    @property
    def agents(self) -> LiveAgents:
        """Return all agents, always as they are now."""
        return self._shown

    @property
    def agent_types(self) -> list[type[CellAgent]]:
        """Return the four agent classes and those of the user's own that the model knows."""
        return list(self.agents_by_type)

    @property
    def agents_by_type(self) -> dict[type[CellAgent], LiveAgents]:
        """Return class -> its agents, always as they are now; a class without agents is there too."""
        shown = {cls: LiveAgents(self, cls) for cls in self.classes.known}
        unnamed = LiveAgents(self, CellAgent)  # a rule's cells of a class number that no class claims
        return shown | ({CellAgent: unnamed} if len(unnamed) else {})

    def add_agent_class(self, cls: type[CellAgent]) -> int:
        """Tell the model of an agent class before an agent of it is made by hand; return its class number."""
        return self.classes.add(cls)

    def register_agent(self, agent: CellAgent) -> None:
        """Take in an agent; its class does so by itself when it is called."""
        if not isinstance(agent, CellAgent):
            raise TypeError(f"an agent of this model is a CellAgent, got {type(agent).__name__}")
        if agent.model is not self:
            raise ValueError(f"{agent!r} belongs to another model")
        self.handles.adopt(agent)

    def deregister_agent(self, agent: CellAgent) -> None:
        """Take an agent's cells out of the body; they count as dead. Raise `KeyError` when it is gone already."""
        if agent not in self._shown:
            raise KeyError(agent)
        self.ledger.remove(agent._row)
        self.handles.sweep()

    def remove_all_agents(self) -> None:
        """Take all cells out of the body."""
        for row in self.ledger.pop.rows().tolist():
            self.ledger.remove(row)
        self.handles.sweep()
        super().remove_all_agents()


def _scenario(given: Scenario | str | os.PathLike[str] | None) -> Scenario:
    if isinstance(given, Scenario):
        return given
    if given is None:
        return parse_scenario(_DEFAULT, name="the default patient")
    if isinstance(given, str | os.PathLike):
        return load_scenario(Path(given))
    raise UserError(f"got {type(given).__name__}", key="scenario", expected="a Scenario, a path, or None")


def _seed(seed: int | str | None, rng: int | str | None) -> int:
    """Return the seed under either of its names: 0 where none is given, a new one where None is."""
    given = {name: value for name, value in (("seed", seed), ("rng", rng)) if value is not _NOT_GIVEN}
    numbers = {name: _key(value, name) for name, value in given.items() if value is not None}
    if len(set(numbers.values())) > 1:
        raise UserError(f"got seed={seed} and rng={rng}", key="seed", expected="one of the two")
    return next(iter(numbers.values()), secrets.randbits(32) if given else 0)


def _key(value: int | str | None, name: str) -> int:
    """Return a whole number from 0 on; a form gives text, a slider a float."""
    expected = f"a whole number from 0 to {_LARGEST}"
    try:
        number = int(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"got {value!r}", key=name, expected=expected) from None
    altered = isinstance(value, bool) or (isinstance(value, float) and number != value)
    if altered or not 0 <= number <= _LARGEST:
        raise UserError(f"got {value!r}", key=name, expected=expected)
    return number
