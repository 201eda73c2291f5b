import gc
from collections.abc import Callable
from typing import Any

import mesa
import numpy as np
import pytest

from simulation.biology.places import PlaceKind
from simulation.biology.traits import TAG
from simulation.mesa_model import (
    AgentGone,
    CellAgent,
    DonorTcon,
    DonorTreg,
    EngagedTCell,
    LeukemicBlast,
    TransplantModel,
)
from simulation.scenario import Scenario
from tests.mesa_model.helpers import attributes, books_balance

Make = Callable[..., TransplantModel]
SCALARS = (int, float, bool, str, tuple, type(None))


@pytest.mark.parametrize("cls", [LeukemicBlast, DonorTcon, DonorTreg, EngagedTCell])
def test_attributes_are_python_scalars(model: TransplantModel, cls: type[CellAgent]) -> None:
    for agent in model.agents_by_type[cls]:
        assert isinstance(agent, mesa.Agent)
        for name in attributes(cls):
            assert type(getattr(agent, name)) in SCALARS, name


def test_what_each_class_has() -> None:
    common = {
        "cells", "clone", "kept_apart", "place", "place_kind", "position", "tag", "unique_id",
    }  # fmt: skip
    t_cell = {
        "alloreactive", "divisions_left", "exhaustion", "exhaustion_reversible", "exhaustion_terminal",
        "haematopoietic", "lineage",
        "origin", "stage",
    }  # fmt: skip
    assert set(attributes(LeukemicBlast)) == common | {"cd19", "hla_haplotype"}
    for cls in (DonorTcon, DonorTreg, EngagedTCell):
        assert set(attributes(cls)) == common | t_cell


def test_values_are_those_of_the_row(make: Make) -> None:
    model = make()
    blast = LeukemicBlast(model, place=(2, 3), cells=7, cd19=False, clone=9)
    assert (blast.cells, blast.place, blast.position, blast.place_kind) == (7, 11, (2, 3), "marrow")
    assert (blast.cd19, blast.hla_haplotype, blast.clone) == (False, True, 9)
    t_cell = DonorTcon(
        model, place="blood", cells=5, alloreactive=True, stage="memory", divisions_left=3, origin=2,
        exhaustion_reversible=0.25, exhaustion_terminal=0.5,
    )  # fmt: skip
    assert (t_cell.alloreactive, t_cell.stage, t_cell.divisions_left, t_cell.origin) == (True, "memory", 3, 2)
    assert (t_cell.exhaustion_reversible, t_cell.exhaustion_terminal, t_cell.exhaustion) == (0.25, 0.5, 0.75)
    assert (t_cell.position, t_cell.place_kind, t_cell.lineage) == (None, "blood", "tcon")
    assert DonorTreg(model, place=0).lineage == "treg"


@pytest.mark.parametrize("lineage", ["tcon", "treg"])
def test_engaged_t_cells_keep_their_lineage(make: Make, lineage: str) -> None:
    model = make()
    engaged = EngagedTCell(model, place=0, lineage=lineage, cells=1_000_000)
    assert engaged.lineage == lineage
    assert engaged in model.agents_by_type[EngagedTCell]
    model.run_for(1)  # no drug: they revert
    free = DonorTcon if lineage == "tcon" else DonorTreg
    reverted = model.agents_by_type[free].select(lambda agent: agent.tag == engaged_tag)
    assert reverted.agg("cells", sum) > 0


engaged_tag = 1  # the first mark that a model gives


def test_the_place_may_be_named_in_any_way(make: Make) -> None:
    model = make()
    blood = model.state.places.index(PlaceKind.BLOOD)
    for place in ("blood", PlaceKind.BLOOD, blood, np.int64(blood)):
        assert DonorTcon(model, place=place).place == blood  # type: ignore[arg-type]
    agent = DonorTcon(model, place=(1, 2))
    agent.place = "lymphoid"
    assert agent.place_kind == "lymphoid"
    agent.position = (2, 0)
    assert (agent.place, agent.place_kind) == (8, "marrow")
    agent.place_kind = "tissue"
    assert agent.position is None


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("marow", "no kind of place 'marow'; there are blood, marrow"),
        ("marrow", "there are several"),
        ("extramedullary", "there is none here"),
        ((3, 0), "no niche"),
        (-1, "no place -1"),
        (99, "no place 99"),
        (0.5, "place must be a whole number"),
        ((0, "a"), "row and column must be a whole number"),
    ],
)
def test_places_that_are_not(make: Make, place: Any, message: str) -> None:
    model = make()
    with pytest.raises((ValueError, TypeError), match=message):
        DonorTcon(model, place=place)
    assert len(model.agents_by_type[DonorTcon]) == 0
    assert books_balance(model)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cells", -1), ("cells", 1.5), ("cells", "many"), ("clone", 4096), ("clone", -1), ("stage", "naive"), ("stage", 1),
        ("alloreactive", 1), ("divisions_left", 16), ("origin", 16), ("exhaustion_reversible", 1.1),
        ("exhaustion_terminal", -0.1), ("exhaustion_terminal", float("nan")), ("position", 3), ("position", (9, 9)),
    ],
)  # fmt: skip
def test_values_that_cannot_be(make: Make, name: str, value: Any) -> None:
    model = make()
    agent = DonorTcon(model, place=0, cells=10)
    before = {n: getattr(agent, n) for n in attributes(DonorTcon)}
    with pytest.raises((ValueError, TypeError)):
        setattr(agent, name, value)
    assert {n: getattr(agent, n) for n in attributes(DonorTcon)} == before
    if name != "position":
        with pytest.raises((ValueError, TypeError)):
            DonorTcon(model, **({"place": 0} | {name: value}))
    assert books_balance(model)


@pytest.mark.parametrize("name", ["unique_id", "tag", "exhaustion", "lineage", "alive"])
def test_what_cannot_be_set(make: Make, name: str) -> None:
    agent = DonorTcon(make(), place=0)
    with pytest.raises(AttributeError):
        setattr(agent, name, 3)


def test_cells_written_are_booked(model: TransplantModel) -> None:
    agent = model.agents.sort("cells").to_list()[0]
    state, cells = model.state, agent.cells
    infused, deaths = state.infused, state.deaths
    agent.cells += 500
    assert (state.infused, state.deaths) == (infused + 500, deaths)
    agent.cells = 1e3  # type: ignore[assignment]  # a whole number all the same
    assert state.deaths == deaths + cells + 500 - 1000
    assert agent.cells == 1000
    assert books_balance(model)
    agent.cells = 0
    assert not agent.alive
    assert books_balance(model)
    model.run_for(1)
    assert books_balance(model)


def test_a_discrete_trait_written_moves_the_cohort(model: TransplantModel) -> None:
    agent = model.agents.select(lambda a: a.cells > 1000, agent_type=LeukemicBlast).to_list()[0]
    pop, uid, cells = model.state.pop, agent.unique_id, agent.cells
    before = model.body.truth().lost["cd19"]
    code = pop.code_of(agent._row)
    agent.cd19 = False
    assert (agent.unique_id, agent.cells, agent.cd19, agent.alive) == (uid, cells, False, True)
    assert pop.code_of(agent._row) != code
    assert model.body.truth().lost["cd19"] == before + cells
    assert next(a for a in model.agents if a.unique_id == uid) is agent
    assert books_balance(model)
    model.run_for(1)
    assert books_balance(model)


def test_strata_stay_whole_whatever_is_written(model: TransplantModel) -> None:
    rng = np.random.default_rng(1)
    for agent in model.agents.to_list():
        if agent.alive:  # else it has joined one that came its way
            agent.place = int(rng.integers(model.state.places.n))
            agent.clone = int(rng.integers(8))
    pop = model.state.pop
    rows = pop.rows()
    assert len(set(zip(pop.codes(rows).tolist(), pop.place[rows].tolist(), strict=True))) == rows.size
    columns = pop.columns
    for stratum in range(rows.max() // pop.n_places + 1):
        kept = np.flatnonzero(columns.cells[stratum])
        assert (columns.first[stratum], columns.end[stratum]) == (
            (kept[0], kept[-1] + 1) if kept.size else (0, 0)
        )
    assert pop.n_agents == rows.size
    model.run_for(1)
    assert books_balance(model)


def test_a_handle_is_the_same_object_while_it_is_held(make: Make) -> None:
    model = make()
    agent = DonorTcon(model, place="blood", cells=1_000_000)
    capacity = model.state.pop.capacity
    DonorTcon.create_agents(model, 2 * capacity, place=0, cells=10, clone=7)
    assert model.state.pop.capacity > capacity  # the columns have grown
    assert agent.cells == 1_000_000
    agent.place = "tissue"
    assert next(a for a in model.agents if a.unique_id == agent.unique_id) is agent
    model.step()
    assert agent in model.agents
    assert agent in model.agents.to_list()


def test_attributes_of_the_users_own_are_kept(make: Make) -> None:
    model = make()
    agent = DonorTcon(model, place="blood", cells=1_000_000)
    uid = agent.unique_id
    agent.note = "mine"
    del agent
    gc.collect()
    model.step()
    (result,) = model.agents.select(lambda a: a.unique_id == uid)
    assert result.note == "mine"
    result.remove()
    assert not model.handles._pinned
    assert result.note == "mine"
    result.note = "still"  # does not pin what is gone
    assert not model.handles._pinned


def test_handles_that_nobody_holds_are_let_go(model: TransplantModel) -> None:
    model.agents.to_list()
    gc.collect()
    assert len(model.handles._known) == 0


def test_an_agent_that_is_gone_says_so(make: Make) -> None:
    model = make()
    agent = DonorTcon(model, place=0, cells=5)
    uid = agent.unique_id
    agent.remove()
    assert not agent.alive
    assert agent.unique_id == uid
    assert "gone" in repr(agent)
    for use in (
        lambda: agent.cells,
        lambda: agent.place_kind,
        lambda: setattr(agent, "cells", 3),
        lambda: setattr(agent, "stage", "memory"),
    ):
        with pytest.raises(AgentGone, match=f"DonorTcon {uid} is gone"):
            use()
    agent.remove()  # as in Mesa, nothing happens
    with pytest.raises(KeyError):
        model.deregister_agent(agent)
    code = model.state.pop.code_of(agent._row)
    model.state.pop.add(code, 0, 6)  # the row is another's now
    model.state.infused += 6
    assert model.state.pop.cells[agent._row] == 6
    assert not agent.alive
    assert books_balance(model)


def test_kept_apart(make: Make) -> None:
    model = make(day=3.0)
    mine = DonorTcon(model, place="blood", cells=1000)
    same = DonorTcon(model, place="blood", cells=1000)
    common = [DonorTcon(model, place="blood", cells=1000, kept_apart=False) for _ in range(4)]
    assert mine.kept_apart
    assert mine.tag != same.tag
    assert [agent.alive for agent in common] == [False, False, False, True]  # alike: each joins the next
    assert common[-1].tag == 0
    assert common[-1].cells >= 4000
    model.step()
    assert mine.alive
    assert same.alive
    assert mine.cells < 1200  # nothing has joined it
    family = model.agents.select(lambda a: a.tag == mine.tag)
    assert 900 < family.agg("cells", sum) < 1100
    assert len(family) > 1  # some went elsewhere

    mine.kept_apart = False
    assert mine.tag == 0
    mine.kept_apart = True
    tag = mine.tag
    mine.kept_apart = True
    assert mine.tag == tag != same.tag
    assert books_balance(model)


def test_marks_run_out_with_a_clear_message(make: Make) -> None:
    model = make()
    model.ledger._last_tag = TAG.largest - 1
    DonorTcon(model, place=0)
    with pytest.raises(ValueError, match="kept_apart=False"):
        DonorTcon(model, place=0)
    assert DonorTcon(model, place=0, kept_apart=False).cells == 1


def test_create_agents(make: Make) -> None:
    model = make()
    created = DonorTreg.create_agents(
        model, 3, place=["blood", (0, 1), 5], cells=np.array([1, 2, 3]), clone=4, kept_apart=False
    )
    gc.collect()  # nobody holds them, and they are still there
    assert created.get(["place_kind", "cells", "clone"]) == [
        ["blood", 1, 4],
        ["marrow", 2, 4],
        ["marrow", 3, 4],
    ]
    assert len(DonorTreg.create_agents(model, 2, place=(1, 1))) == 2  # a tuple is one niche
    assert len(DonorTreg.create_agents(model, 0, place=0)) == 0
    assert books_balance(model)


def test_from_dataframe(make: Make) -> None:
    pandas = pytest.importorskip("pandas")
    model = make()
    table = pandas.DataFrame({"place": [0, 1], "cells": [10, 20]})
    created = LeukemicBlast.from_dataframe(model, table, cd19=False)
    assert created.get(["place", "cells", "cd19"]) == [[0, 10, False], [1, 20, False]]


def test_one_cell_an_agent(make: Make, scenario: Scenario) -> None:
    one = scenario.resolution.model_copy(update={"cells_per_agent": 1})
    few = {"treg": 0.0, "tcon": 1.0}
    model = make(
        scenario=scenario.model_copy(
            update={
                "resolution": one,
                "graft": scenario.graft.model_copy(update=few),
                "patient": scenario.patient.fixing({"n_residual_blasts": 100.0}),
            }
        )
    )
    assert set(model.agents.get("cells")) == {1}
    with pytest.raises(ValueError, match="at most 1 cell"):
        DonorTcon(model, place=0, cells=2)
    agent = DonorTcon(model, place=0)
    with pytest.raises(ValueError, match="at most 1 cell"):
        agent.cells = 2
    model.step()
    assert set(model.agents.get("cells")) == {1}
    assert books_balance(model)
