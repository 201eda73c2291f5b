from collections.abc import Callable

import mesa
import pytest

from simulation.life.trajectory import COLUMNS
from simulation.mesa_model import (
    DonorTcon,
    EngagedTCell,
    LeukemicBlast,
    TCell,
    TransplantModel,
    data_collector,
)
from simulation.scenario import Scenario

Make = Callable[..., TransplantModel]


def test_the_trajectory_is_collected_by_itself(scenario: Scenario) -> None:
    model = TransplantModel(scenario)
    model.run_until(3)
    table = model.datacollector.get_model_vars_dataframe()
    assert list(table) == list(COLUMNS)
    assert table["day"].tolist() == [-4.0 + 0.5 * i for i in range(15)]
    recorded = model.life.columns()
    daily = table[table["day"].isin(recorded["day"])]
    for name in COLUMNS:
        assert daily[name].tolist() == pytest.approx(recorded[name].tolist(), nan_ok=True), name


def test_mesas_own_collector(make: Make) -> None:
    model = make(day=4.0)
    model.datacollector = mesa.DataCollector(
        model_reporters={
            "agents": lambda m: len(m.agents),
            "day": "day",
            "blasts": [lambda m: m.record()["blasts_cells"], [model]],
        },
        agent_reporters={"cells": "cells", "where": "place_kind", "double": lambda a: 2 * a.cells},
        agenttype_reporters={
            LeukemicBlast: {"cd19": "cd19", "position": "position"},
            TCell: {"exhaustion": "exhaustion", "class": lambda a: type(a).__name__},
        },
    )
    numbers = []
    for _ in range(3):
        model.step()
        numbers.append((model.day, len(model.agents), len(model.agents.select(agent_type=TCell))))
    of_model = model.datacollector.get_model_vars_dataframe()
    assert of_model["day"].tolist() == [day for day, _, _ in numbers]
    assert of_model["agents"].tolist() == [n for _, n, _ in numbers]
    of_agents = model.datacollector.get_agent_vars_dataframe()
    now = of_agents.xs(model.day, level="Step")
    assert now.index.tolist() == model.agents.get("unique_id")
    assert now["cells"].tolist() == model.agents.get("cells")
    assert now["where"].tolist() == model.agents.get("place_kind")
    assert (now["double"] == 2 * now["cells"]).all()
    blasts = model.datacollector.get_agenttype_vars_dataframe(LeukemicBlast).xs(model.day, level="Step")
    assert blasts["position"].tolist() == model.agents_by_type[LeukemicBlast].get("position")
    t_cells = model.datacollector.get_agenttype_vars_dataframe(TCell)
    assert len(t_cells.xs(model.day, level="Step")) == numbers[-1][2]
    assert {"DonorTcon", "EngagedTCell"} <= set(t_cells["class"])


def test_what_the_adapter_adds_to(make: Make) -> None:
    model = make(day=1.0)
    model.datacollector = data_collector(
        model_reporters={"engaged": lambda m: len(m.agents_by_type[EngagedTCell])},
        agent_reporters={"cells": "cells"},
        agenttype_reporters={DonorTcon: {"stage": "stage"}},
        tables={"notes": ["day", "text"]},
    )
    model.collect()
    model.datacollector.add_table_row("notes", {"day": model.day, "text": "begun"})
    assert {"engaged", "blasts_cells"} <= set(model.datacollector.get_model_vars_dataframe())
    assert len(model.datacollector.get_agent_vars_dataframe()) == len(model.agents)
    stages = model.datacollector.get_agenttype_vars_dataframe(DonorTcon)["stage"].tolist()
    assert stages == model.agents_by_type[DonorTcon].get("stage")
    assert model.datacollector.get_table_dataframe("notes")["text"].tolist() == ["begun"]


def test_nothing_is_collected_without_a_collector(make: Make) -> None:
    model = make()
    model.step()
    assert model.datacollector is None


def test_an_attribute_that_is_not_there(make: Make) -> None:
    model = make(day=1.0)
    model.datacollector = mesa.DataCollector(agent_reporters={"cd19": "cd19"})
    with pytest.raises(AttributeError, match=r"has no attribute 'cd19'"):
        model.collect()
