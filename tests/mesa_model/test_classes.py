from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from simulation.biology.channels import Channel
from simulation.biology.state import State
from simulation.biology.traits import CLASS, ENGAGED_TCON, TCON, TREG, encode
from simulation.life import Life
from simulation.mesa_model import (
    CellAgent,
    CellAgentSet,
    DonorTcon,
    DonorTreg,
    EngagedTCell,
    LeukemicBlast,
    TransplantModel,
)
from simulation.mesa_model.columns import column_of
from simulation.scenario import Scenario
from tests.mesa_model.helpers import books_balance

Make = Callable[..., TransplantModel]


class NaturalKiller(DonorTcon):
    name = "nk"

    def __init__(self, model: TransplantModel, *, colour: str = "red", **traits: object) -> None:
        super().__init__(model, **traits)  # type: ignore[arg-type]
        self.colour = colour


class Macrophage(CellAgent):
    class_id = 9
    behaves_like = DonorTreg


def test_a_subclass_lives_like_its_base(make: Make) -> None:
    model = make(day=1.0)
    cells = model.body.truth().cd3_per_ul
    nk = NaturalKiller(model, place="blood", cells=10_000_000, colour="blue")
    assert nk.colour == "blue"
    assert model.body.truth().cd3_per_ul > cells  # counted like T cells
    code = CLASS.of(model.state.pop.code_of(nk._row))
    assert (code, model.state.behaviour[code]) == (5, TCON)
    assert NaturalKiller in model.agent_types
    model.run_for(1)
    elsewhere = model.agents_by_type[NaturalKiller].select(lambda a: a is not nk)
    assert len(elsewhere) > 0  # some have moved: their class moved with them
    assert all(type(agent) is NaturalKiller for agent in elsewhere)
    assert elsewhere.get("name") == ["nk"] * len(elsewhere)
    assert elsewhere.get("colour", "default", "none") == ["none"] * len(elsewhere)  # made without __init__
    assert model.agents_by_type[DonorTcon].select(agent_type=NaturalKiller).to_list() == []
    assert (
        len(model.agents.select(agent_type=DonorTcon))
        == len(model.agents_by_type[DonorTcon]) + len(elsewhere) + 1
    )
    assert books_balance(model)


def test_a_new_class_with_its_own_number(make: Make) -> None:
    model = make()
    assert model.add_agent_class(Macrophage) == 9
    assert model.add_agent_class(Macrophage) == 9
    assert len(model.agents_by_type[Macrophage]) == 0
    assert model.state.behaviour[9] == TREG
    created = Macrophage.create_agents(model, 3, place=[0, 1, 2], cells=100, kept_apart=False)
    assert isinstance(created, CellAgentSet)
    assert model.agents_by_type[Macrophage].agg("cells", sum) == 300
    model.run_for(1)
    assert books_balance(model)


def test_numbers_are_the_models_own(make: Make) -> None:
    class Other(EngagedTCell):
        pass

    one, two = make(), make()
    assert one.add_agent_class(NaturalKiller) == 5
    assert one.add_agent_class(Other) == 6
    assert two.add_agent_class(Other) == 5
    assert one.state.behaviour[6] == two.state.behaviour[5] == ENGAGED_TCON
    assert NaturalKiller not in two.agent_types
    with pytest.raises(ValueError, match="lineage"):
        Other(one, place=0, lineage="treg")


def test_classes_that_cannot_be(make: Make) -> None:
    class Nothing(CellAgent):
        pass

    class Taken(LeukemicBlast):
        class_id = 1

    class TooHigh(LeukemicBlast):
        class_id = 16

    class Again(LeukemicBlast):
        class_id = 9

    model = make()
    model.add_agent_class(Macrophage)
    with pytest.raises(TypeError, match="must say `behaves_like"):
        Nothing(model, place=0)
    with pytest.raises(ValueError, match="taken by DonorTcon"):
        model.add_agent_class(Taken)
    with pytest.raises(ValueError, match=r"not in 5\.\.15"):
        model.add_agent_class(TooHigh)
    with pytest.raises(ValueError, match="taken by Macrophage"):
        model.add_agent_class(Again)
    with pytest.raises(TypeError, match="derives from CellAgent"):
        model.add_agent_class(int)  # type: ignore[arg-type]
    for _ in range(10):
        model.add_agent_class(type("More", (DonorTcon,), {}))
    with pytest.raises(ValueError, match="no class number is left"):
        model.add_agent_class(NaturalKiller)
    assert books_balance(model)


def test_a_branched_course_is_not_told(make: Make) -> None:
    model = make()
    twin = model.life.copy()
    model.add_agent_class(NaturalKiller)
    assert twin.body.state.behaviour[5] == 5


def test_a_property_takes_the_place_of_a_column(make: Make) -> None:
    class Doubled(DonorTcon):
        @property
        def exhaustion(self) -> float:  # type: ignore[override]
            return 2.0

    model = make(day=0.0)
    Doubled(model, place=0)
    assert column_of(Doubled, "exhaustion") is None
    values = model.agents.select(agent_type=DonorTcon).get("exhaustion")
    assert set(values) == {0.0, 2.0}


class Walker(DonorTcon):
    """Go to the next niche in every step; every agent of the class counts its own steps."""

    walked = 0

    def step(self) -> None:
        here = self.position or (0, -1)
        self.position = (here[0], (here[1] + 1) % 4)
        self.walked += 1


def test_a_scripted_agent_acts_in_every_step(make: Make) -> None:
    model = make()
    walker = Walker(model, place=(2, 0), cells=1_000_000_000)
    for _ in range(6):
        model.step()
    assert walker.walked == 6
    assert walker.position == (2, 2)
    assert books_balance(model)


def test_scripts_belong_to_the_seed(make: Make) -> None:
    class Drunk(DonorTcon):
        def step(self) -> None:
            self.place = self.random.randrange(self.model.state.places.n_niches)

    def run() -> bytes:
        model = make()
        Drunk.create_agents(model, 5, place=0, cells=1_000_000)
        model.run_for(5)
        pop = model.state.pop
        return pop.cells[pop.rows()].tobytes()

    assert run() == run()


@dataclass
class CountAndKill:
    """Kill blasts at a constant rate, and note when it acted."""

    name: str = "count_and_kill"
    source: str = "a test"
    rate: float = 1.0
    seen: ClassVar[list[float]] = []

    def act(self, state: State, dt: float) -> None:
        self.seen.append(state.day)
        state.pop.hazard[state.blast_rows, Channel.DIE] += self.rate


def test_a_rule_of_the_users_own(make: Make, scenario: Scenario) -> None:
    rule = CountAndKill()
    CountAndKill.seen.clear()
    with_rule, without = make(rules=[rule], day=2.0), make(day=2.0)
    assert CountAndKill.seen == [-4.0 + 0.5 * i for i in range(12)]
    assert with_rule.body.truth().blasts < 0.3 * without.body.truth().blasts
    bare = Life(scenario, 1, 0, [rule])
    while bare.day < 2.0:
        bare.step()
    assert bare.body.truth().blasts == with_rule.body.truth().blasts


@dataclass(frozen=True)
class Infusion:
    """Put cells of a class number that no class claims into the blood on day 1."""

    name: str = "infusion"
    source: str = "a test"

    def act(self, state: State, dt: float) -> None:
        if state.day == 1.0:
            state.behaviour[7] = TCON
            state.pop.add(encode(7), state.places.n_niches, 1000)
            state.infused += 1000


def test_cells_of_a_class_that_was_not_named(make: Make) -> None:
    model = make(rules=[Infusion()], day=1.0)
    assert CellAgent not in model.agent_types
    model.step()
    (agent,) = model.agents_by_type[CellAgent].select(lambda a: a.place_kind == "blood")
    assert type(agent) is CellAgent
    assert 0 < agent.cells <= 1000
    assert model.add_agent_class(NaturalKiller) == 5
    assert model.add_agent_class(type("Second", (DonorTcon,), {})) == 6
    assert model.add_agent_class(type("Third", (DonorTcon,), {})) == 8  # 7 is in use
    assert model.add_agent_class(type("Seventh", (DonorTcon,), {"class_id": 7})) == 7
    assert CellAgent not in model.agent_types
    assert np.isin(7, CLASS.of(model.state.pop.codes(model.state.pop.rows())))
    assert books_balance(model)
