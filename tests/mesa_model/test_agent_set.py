import copy
import random
from collections.abc import Callable

import numpy as np
import pytest
from mesa.agentset import AbstractAgentSet

from simulation.mesa_model import (
    AgentGone,
    CellAgentSet,
    DonorTcon,
    DonorTreg,
    EngagedTCell,
    LeukemicBlast,
    TCell,
    TransplantModel,
)
from tests.mesa_model.helpers import attributes, books_balance

Make = Callable[..., TransplantModel]


def test_get_reads_columns_as_the_agents_would(model: TransplantModel) -> None:
    for cls, agents in model.agents_by_type.items():
        for name in attributes(cls):
            assert agents.get(name) == [getattr(agent, name) for agent in agents], name
            assert agents.column(name).tolist() == agents.get(name)


def test_columns_are_read_without_making_handles(make: Make) -> None:
    model = make()
    DonorTcon.create_agents(model, 1000, place=list(range(10)) * 100, cells=5, kept_apart=False)
    many = model.agents
    created = model.handles.created
    assert len(many.get("cells")) == len(many)
    many.get(["unique_id", "place_kind"])
    many.agg("cells", [sum, max])
    many.groupby("place_kind").agg("cells", sum)
    many.sort("cells").select(at_most=10, agent_type=TCell).shuffle().copy()
    many.where(many.column("cells") > 3)
    many.select(agent_type=DonorTcon).set("exhaustion_terminal", 0.5)
    many.set("cells", 6)
    assert model.handles.created == created


def test_get_where_not_all_agents_have_the_attribute(model: TransplantModel) -> None:
    with pytest.raises(AttributeError, match="cd19"):
        model.agents.get("cd19")
    result = model.agents.get("cd19", handle_missing="default", default_value="none")
    assert result == [getattr(agent, "cd19", "none") for agent in model.agents]
    assert set(result) == {True, "none"}
    with pytest.raises(ValueError, match="handle_missing"):
        model.agents.get("cells", handle_missing="ignore")  # type: ignore[arg-type]
    assert model.agents.get([]) == [[] for _ in range(len(model.agents))]
    assert {type(value) for row in model.agents.get(["cells", "place"]) for value in row} == {int}


def test_attributes_of_the_users_own(model: TransplantModel) -> None:
    some = model.agents.select(at_most=5)
    some.set("mark", 3)
    assert some.get("mark") == [3] * 5
    assert model.agents.get("mark", handle_missing="default", default_value=0).count(3) == 5
    assert some.agg("mark", sum) == 15


def test_set_writes_columns(model: TransplantModel) -> None:
    t_cells = model.agents.select(agent_type=TCell)
    assert t_cells.set("exhaustion_reversible", 0.25) is t_cells
    assert set(t_cells.get("exhaustion_reversible")) == {0.25}
    blasts = model.agents_by_type[LeukemicBlast]
    blasts.set("hla_haplotype", False)
    assert model.body.truth().lost["hla_haplotype"] == model.body.truth().blasts > 0
    before = model.agents.agg("cells", sum)
    blasts.set("cells", 7)
    assert blasts.agg("cells", sum) == 7 * len(blasts)
    assert model.agents.agg("cells", sum) < before
    assert books_balance(model)
    blasts.set("cells", 0)
    assert len(blasts) == 0
    assert books_balance(model)
    with pytest.raises(ValueError, match="exhaustion_terminal"):
        t_cells.set("exhaustion_terminal", 2.0)
    with pytest.raises(AttributeError):
        t_cells.set("exhaustion", 0.5)
    model.run_for(1)
    assert books_balance(model)


def test_agg(model: TransplantModel) -> None:
    cells = model.agents.get("cells")
    assert model.agents.agg("cells", sum) == sum(cells) == model.state.pop.total_cells()
    assert model.agents.agg("cells", [min, max, np.mean]) == [min(cells), max(cells), np.mean(cells)]


def test_select(model: TransplantModel) -> None:
    agents = model.agents
    large = agents.select(lambda a: a.cells > 1e6)
    assert large.to_list() == [a for a in agents if a.cells > 1e6]
    assert agents.select(agent_type=TCell).to_list() == [a for a in agents if isinstance(a, TCell)]
    assert len(agents.select(agent_type=LeukemicBlast, at_most=3)) == 3
    assert agents.select(lambda a: a.cells > 1e6, at_most=2).to_list() == large.to_list()[:2]
    assert len(agents.select(at_most=0.5)) == len(agents) // 2
    assert len(agents.select(at_most=1.0)) == len(agents)
    assert len(agents.select(at_most=1)) == 1
    assert len(agents.select(lambda a: False)) == 0
    everything = agents.select()
    assert everything is not agents
    assert everything.to_list() == agents.to_list()
    assert everything.select(agent_type=EngagedTCell, inplace=True) is everything
    assert set(map(type, everything)) == {EngagedTCell}


def test_where(model: TransplantModel) -> None:
    cells = model.agents.column("cells")
    assert model.agents.where(cells > 1e6).get("cells") == cells[cells > 1e6].tolist()
    for wrong in (cells, [True], cells[:3] > 0):
        with pytest.raises(ValueError, match="truth values"):
            model.agents.where(wrong)


def test_sort(model: TransplantModel) -> None:
    by_name = model.agents.sort("cells", ascending=True)
    assert by_name.get("cells") == sorted(model.agents.get("cells"))
    assert model.agents.sort("cells").to_list() == model.agents.sort(lambda a: a.cells).to_list()
    assert model.agents.sort("cells").get("cells") == by_name.get("cells")[::-1]
    assert by_name.sort("unique_id", inplace=True) is by_name
    assert by_name.get("unique_id") == sorted(model.agents.get("unique_id"), reverse=True)
    assert model.agents.sort("model.seed").get("unique_id") == model.agents.get("unique_id")


def test_groupby(model: TransplantModel) -> None:
    groups = model.agents.groupby("place_kind")
    assert set(groups.groups) == set(model.agents.get("place_kind"))
    assert sum(groups.count().values()) == len(model.agents)
    cells = groups.agg("cells", sum)
    assert sum(cells.values()) == model.state.pop.total_cells()
    assert cells["blood"] == sum(a.cells for a in model.agents if a.place_kind == "blood")
    assert groups.map(len) == groups.count()
    assert all(isinstance(group, CellAgentSet) for _, group in groups)
    by_class = model.agents.groupby(type, result_type="list")
    assert {cls: len(group) for cls, group in by_class} == {
        cls: len(agents) for cls, agents in model.agents_by_type.items()
    }
    assert by_class.agg("cells", max)[LeukemicBlast] == model.agents_by_type[LeukemicBlast].agg("cells", max)


def test_shuffle(make: Make) -> None:
    one, two = make(day=1.0), make(day=1.0)
    ids = one.agents.get("unique_id")
    first, second = one.agents.shuffle(), one.agents.shuffle()
    assert sorted(first.get("unique_id")) == sorted(second.get("unique_id")) == sorted(ids)
    assert first.get("unique_id") != second.get("unique_id")
    assert two.agents.shuffle().get("unique_id") == first.get("unique_id")  # it belongs to the seed
    assert first.shuffle(inplace=True) is first


def test_do_map_and_shuffle_do(model: TransplantModel) -> None:
    some = model.agents.select(at_most=20)
    seen: list[int] = []

    def see(agent: TCell, factor: int, *, plus: int = 0) -> int:
        seen.append(agent.unique_id)
        return factor * agent.cells + plus

    assert some.do(see, 2) is some
    assert seen == some.get("unique_id")
    assert some.map(see, 2, plus=1) == [2 * cells + 1 for cells in some.get("cells")]
    seen.clear()
    model.agents.shuffle_do(see, 1)
    assert sorted(seen) == model.agents.sort("unique_id", ascending=True).get("unique_id")
    assert seen != sorted(seen)
    assert some.map("__repr__") == [repr(agent) for agent in some]


def test_agents_that_go_meanwhile_are_left_out(model: TransplantModel) -> None:
    some = model.agents.select(agent_type=LeukemicBlast)
    n, called = len(some), 0

    def remove_the_last(agent: LeukemicBlast) -> None:
        nonlocal called
        called += 1
        some.to_list()[-1].remove()

    some.do(remove_the_last)
    assert called == (n + 1) // 2
    assert len(some) == n - called
    model.agents_by_type[LeukemicBlast].do("remove")
    assert len(model.agents_by_type[LeukemicBlast]) == len(some) == 0
    assert model.body.truth().blasts == 0
    assert books_balance(model)


def test_a_set_forgets_those_that_are_gone(model: TransplantModel) -> None:
    some = model.agents.select(at_most=10)
    kept = some.to_list()
    kept[3].remove()
    DonorTcon(model, place=0, cells=5)  # takes the free row
    assert len(some) == 9
    assert kept[3] not in some
    assert some.to_list() == kept[:3] + kept[4:]
    with pytest.raises(AgentGone):
        _ = kept[3].cells


def test_membership(model: TransplantModel) -> None:
    blasts = model.agents.select(agent_type=LeukemicBlast)
    t_cell = model.agents_by_type[DonorTcon].to_list()[0]
    blast = blasts.to_list()[0]
    assert blast in blasts
    assert t_cell not in blasts
    assert "blast" not in blasts
    assert blast in model.agents
    assert blast in model.agents_by_type[LeukemicBlast]
    assert blast not in model.agents_by_type[DonorTcon]
    blasts.discard(t_cell)
    blasts.add(t_cell)
    blasts.add(t_cell)
    assert blasts.to_list()[-1] is t_cell
    blasts.remove(blast)
    assert blast not in blasts
    assert blast.alive  # only the set has let it go
    with pytest.raises(KeyError):
        blasts.remove(blast)


def test_sets_are_sets(model: TransplantModel) -> None:
    a, b = model.agents.select(at_most=10), model.agents.select(at_most=15)
    assert isinstance(a, AbstractAgentSet)
    assert len(a & b) == 10
    assert len(b - a) == 5
    assert (a | b) == b
    assert a <= b
    assert a.isdisjoint(b - a)
    assert copy.copy(a) == a
    assert copy.copy(a) is not a
    assert (a[0], a[-1], a[2:4]) == (a.to_list()[0], a.to_list()[-1], a.to_list()[2:4])
    assert repr(a) == "<CellAgentSet of 10 agents>"


def test_sets_made_by_hand(model: TransplantModel) -> None:
    agents = model.agents.to_list()[:4]
    created = CellAgentSet([*agents, agents[0]], random.Random(1))
    assert created.to_list() == agents
    empty: CellAgentSet[DonorTcon] = CellAgentSet()
    assert len(empty) == 0
    assert list(empty) == empty.get("cells") == empty.map("remove") == empty[:2] == []
    assert len(empty.select(lambda a: True).shuffle().sort("cells")) == 0
    assert len(empty.groupby("cells")) == 0
    assert empty.set("cells", 3).agg("cells", sum) == 0
    empty.add(DonorTcon(model, place=0))
    assert len(empty) == 1
    other = TransplantModel(model.life.scenario)
    with pytest.raises(ValueError, match="one model"):
        CellAgentSet([agents[0], DonorTcon(other, place=0)])


def test_the_view_of_all_agents_is_live(model: TransplantModel) -> None:
    view, treg = model.agents, model.agents_by_type[DonorTreg]
    n, n_treg = len(view), len(treg)
    agent = DonorTreg(model, place="blood")
    assert (len(view), len(treg)) == (n + 1, n_treg + 1)
    view.add(agent)  # is there already
    view.remove(agent)
    assert not agent.alive
    assert len(view) == n
    with pytest.raises(KeyError):
        view.remove(agent)
    view.discard(agent)
    with pytest.raises(ValueError, match="does not live here"):
        view.add(agent)
    for inplace in (
        lambda: view.shuffle(inplace=True),
        lambda: view.sort("cells", inplace=True),
        lambda: view.select(at_most=2, inplace=True),
    ):
        with pytest.raises(TypeError, match="leave out inplace"):
            inplace()
    with pytest.raises(AttributeError):
        model.agents = view  # type: ignore[misc]
    assert books_balance(model)
