import gc
import inspect
import math
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mesa
import numpy as np
import pytest

from simulation.errors import UserError
from simulation.life import Life
from simulation.mesa_model import DonorTcon, LeukemicBlast, TransplantModel
from simulation.scenario import Scenario

Make = Callable[..., TransplantModel]


def trajectory(life: Life) -> bytes:
    return b"".join(column.tobytes() for column in life.columns().values())


def test_the_shell_changes_no_byte(scenario: Scenario) -> None:
    bare = Life(scenario, 3, 2)
    bare.run()
    model = TransplantModel(scenario, seed=3, patient=2)
    while model.running:
        model.step()
        model.agents.get(["cells", "place_kind"])
        for agent in model.agents.shuffle().select(at_most=5):
            repr(agent)
    assert model.life.finished
    assert model.day == bare.day == 20.0
    assert trajectory(model.life) == trajectory(bare)
    np.testing.assert_array_equal(model.state.pop.traits, bare.body.state.pop.traits)


def test_time_is_in_days(make: Make) -> None:
    model = make()
    assert model.time == model.day == -4.0
    model.step()
    assert (model.time, model.day, model.steps) == (-3.5, -3.5, 1)
    model.run_for(1)
    assert (model.time, model.day, model.steps) == (-2.5, -2.5, 3)
    model.run_for(0.1)  # no step ends in it
    assert model.time == pytest.approx(-2.4)
    assert (model.day, model.steps) == (-2.5, 3)
    model.step()
    assert (model.time, model.day, model.steps) == (-2.0, -2.0, 4)


def test_steps_of_an_hour_are_not_lost_by_rounding(make: Make, scenario: Scenario) -> None:
    model = make(scenario=scenario.model_copy(update={"time_step": 1 / 24}))
    for _ in range(10):
        model.run_for(1.0)
    assert model.steps == 240
    assert model.time == model.day


def test_the_end(make: Make) -> None:
    model = make(day=19.75)
    assert model.running
    model.run_model()
    assert not model.running
    assert model.day == 20.0
    model.step()  # nothing more happens
    model.run_for(3)
    assert model.day == 20.0
    assert model.steps == 48


class Scheduled(TransplantModel):
    """Note the day on which an event happens, and the blasts before and after every step."""

    def note(self) -> None:
        self.noted = (self.time, self.day)

    def step(self) -> None:
        self.ran = getattr(self, "ran", 0) + 1
        super().step()


def test_events_of_the_users_own_are_in_days_and_follow_the_step(scenario: Scenario) -> None:
    model = Scheduled(scenario)
    model.schedule_event(model.note, at=1.5)
    model.run_until(3)
    assert model.noted == (1.5, 1.5)
    assert model.ran == model.steps == 14


@pytest.mark.parametrize("seed", [7, "7", " 7 ", 7.0, np.int64(7)])
def test_a_seed_from_a_form(make: Make, seed: Any) -> None:
    by_seed, by_rng = make(seed=seed), make(seed=None, rng=seed)
    assert by_seed.seed == by_rng.seed == by_seed.life.seed == 7
    assert by_seed.random.random() == by_rng.random.random()


@pytest.mark.parametrize("seed", ["seven", "", "1.5", 1.5, -1, math.nan, math.inf, 2**63, True])
@pytest.mark.parametrize("name", ["seed", "rng", "patient"])
def test_a_seed_that_is_none(make: Make, seed: Any, name: str) -> None:
    with pytest.raises(UserError, match=f"{name}: expected a whole number from 0"):
        make(**({"seed": None} | {name: seed}))


def test_two_seeds(make: Make) -> None:
    assert make(seed=4, rng="4").seed == 4
    with pytest.raises(UserError, match="one of the two"):
        make(seed=4, rng=5)


def test_what_a_scenario_may_be(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: Mine\nmarrow: {rows: 2, columns: 2}\n")
    for given in (file, str(file)):
        assert TransplantModel(given).life.scenario.name == "Mine"
    assert TransplantModel().life.scenario.name == "Default patient"
    with pytest.raises(UserError, match="no such file"):
        TransplantModel(tmp_path / "none.yaml")
    with pytest.raises(UserError, match="got Scenario"):
        TransplantModel(mesa.experimental.scenarios.Scenario())


def test_keywords_are_explicit_and_typos_refused(scenario: Scenario) -> None:
    kinds = {p.kind for p in inspect.signature(TransplantModel.__init__).parameters.values()}
    assert kinds == {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    with pytest.raises(TypeError):
        TransplantModel(scenario, sed=3)  # type: ignore[call-arg]


def test_the_reset_of_solara_viz(make: Make, scenario: Scenario) -> None:
    from mesa.visualization import solara_viz as viz

    model = make()
    parameters = {"scenario": scenario, "seed": "5", "patient": 0}
    viz._check_model_params(model, parameters)
    again = viz._build_model_init_kwargs(
        model, parameters, add_scenario_when_empty=True, require_model_accepts_scenario=True
    )
    assert again == parameters
    assert type(model)(**again).seed == 5


def test_mesa_sees_no_scenario_of_its_own(make: Make) -> None:
    # Else SolaraViz puts an empty scenario of its own into our keyword on Reset.
    model = make()
    assert getattr(model, "scenario", None) is None
    with pytest.raises(AttributeError, match=r"model\.life\.scenario"):
        _ = model.scenario


def test_two_models_at_once_do_not_meet(make: Make) -> None:
    a, b = make(seed=1), make(seed=2)
    for _ in range(40):
        a.step()
        b.step()
    alone = make(seed=1)
    alone.run_until(a.day)
    assert trajectory(a.life) == trajectory(alone.life)
    agent, other = a.agents.to_list()[0], b.agents.to_list()[0]
    agent.cells += 5
    assert agent.model is a
    assert other.model is b
    assert agent not in b.agents
    assert trajectory(b.life) != trajectory(a.life)
    with pytest.raises(ValueError, match="another model"):
        b.register_agent(agent)
    with pytest.raises(KeyError):
        b.deregister_agent(agent)


def test_a_model_is_freed(make: Make) -> None:
    model = make(day=1.0)
    handles = model.agents.to_list()
    handles[0].mine = model  # a pinned handle, in a cycle with the model
    DonorTcon(model, place="blood")
    model.agents.groupby("place")
    gone = weakref.ref(model)
    del model, handles
    gc.collect()
    assert gone() is None


def test_agents_by_type(model: TransplantModel) -> None:
    by_type = model.agents_by_type
    names = [cls.__name__ for cls in by_type]
    assert names == ["LeukemicBlast", "DonorTcon", "DonorTreg", "EngagedTCell"]
    assert model.agent_types == list(by_type)
    assert sum(map(len, by_type.values())) == len(model.agents)
    assert all(len(agents) > 0 for agents in by_type.values())
    assert all(type(agent) is cls for cls, agents in by_type.items() for agent in agents)


def test_remove_all_agents(model: TransplantModel) -> None:
    kept = model.agents.to_list()[0]
    before = model.state.pop.total_cells()
    deaths = model.state.deaths
    model.remove_all_agents()
    assert len(model.agents) == 0
    assert not kept.alive
    assert model.state.deaths - deaths == before
    model.step()  # an empty body goes on


def test_plain_mesa_agents_are_refused(model: TransplantModel) -> None:
    with pytest.raises(TypeError, match="a CellAgent, got Agent"):
        mesa.Agent(model)


def test_what_is_changed_by_hand_is_seen_at_once(model: TransplantModel) -> None:
    before = model.body.truth().blasts
    LeukemicBlast(model, place=(0, 0), cells=12_345)
    assert model.body.truth().blasts == before + 12_345
    assert model.record()["blasts_cells"] == before + 12_345


def test_after_the_last_day_the_clock_stands(make: Make) -> None:
    model = make()
    end = model.life.scenario.follow_up
    model.run_for(end + 100)
    assert model.time == model.day == end
    model.run_for(10)
    assert model.time == end
