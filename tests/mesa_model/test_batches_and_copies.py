"""`mesa.batch_run` gives runs that differ as it was asked; a model that is copied or pickled goes on with the same bytes."""

import copy
import multiprocessing
import pickle
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mesa
import pytest

from simulation.life import Life
from simulation.mesa_model import CellAgent, DonorTcon, LeukemicBlast, TransplantModel
from simulation.scenario import Scenario, load_scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SMALL = {"marrow.rows": 2, "marrow.columns": 2, "follow_up": "12 d", "patient.n_residual_blasts": "1e6 cells"}
Copy = Callable[[Any], Any]
COPIES = pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])


@pytest.fixture
def small() -> Scenario:
    return load_scenario(SCENARIOS / "no_treatment.yaml", SMALL)


@pytest.fixture(autouse=True)
def start_method() -> Iterator[None]:
    """Undo what `batch_run` does to the whole process."""
    before = multiprocessing.get_start_method(allow_none=True)
    yield
    multiprocessing.set_start_method(before, force=True)


def batch(parameters: dict[str, Any], **more: Any) -> list[float]:
    given: dict[str, Any] = {"max_steps": 10_000, "display_progress": False} | more
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # `iterations`
        return [run["blasts_cells"] for run in mesa.batch_run(TransplantModel, parameters, **given)]


def alone(scenario: Scenario, seed: int, patient: int = 0) -> float:
    model = TransplantModel(scenario, seed=seed, patient=patient)
    model.run_model()
    return model.record()["blasts_cells"]


@pytest.mark.parametrize("asked", [{"iterations": 3}, {"rng": [None] * 3}])
def test_replicates_differ(small: Scenario, asked: dict[str, Any]) -> None:
    assert len(set(batch({"scenario": small}, **asked))) == 3


def test_seeds_are_those_asked_for(small: Scenario) -> None:
    each = [alone(small, seed) for seed in (1, 2, 3)]
    assert len(set(each)) == 3
    assert batch({"scenario": small, "seed": [1, 2, 3]}) == each
    assert batch({"scenario": [small]}, rng=[1, 2, 3]) == each
    assert batch({"scenario": small, "seed": 2, "patient": [0, 5]}) == [alone(small, 2), alone(small, 2, 5)]


def test_a_subclass_of_the_users_own(small: Scenario) -> None:
    class Mine(TransplantModel):
        def __init__(self, scenario: Scenario, doubled: int, rng: int | None = None) -> None:
            super().__init__(scenario, seed=2 * doubled)

    given: dict[str, Any] = {"max_steps": 10_000, "display_progress": False}
    runs = mesa.batch_run(Mine, {"scenario": small, "doubled": [1, 2]}, **given)
    assert [run["blasts_cells"] for run in runs] == [alone(small, 2), alone(small, 4)]


def test_scenarios_are_values(small: Scenario) -> None:
    other = small.model_copy(update={"follow_up": 6.0})
    assert batch({"scenario": [small, other], "seed": 1}) == [alone(small, 1), alone(other, 1)]
    with pytest.raises(TypeError):
        iter(small)


def test_no_seed_is_seed_0_and_none_another(small: Scenario) -> None:
    assert TransplantModel(small).seed == 0
    assert len({TransplantModel(small, rng=None).seed for _ in range(5)}) == 5
    assert TransplantModel(small, seed=None, rng=4).seed == 4


class Hunter(LeukemicBlast):
    """A class of one's own."""


def trajectory(life: Life) -> bytes:
    return b"".join(column.tobytes() for column in life.columns().values())


@COPIES
def test_a_life_goes_on(scenario: Scenario, copied: Copy) -> None:
    life = Life(scenario, 3, 2)
    life.run(until=7)
    other = copied(life)
    life.run()
    assert trajectory(other) != trajectory(life)
    other.run()
    assert trajectory(other) == trajectory(life)
    assert other.outcomes() == life.outcomes()


@COPIES
def test_a_model_goes_on(scenario: Scenario, copied: Copy) -> None:
    model = TransplantModel(scenario, seed=3)
    model.run_until(6)
    helper = DonorTcon(model, place="blood", cells=50_000, stage="memory")
    hunter = Hunter(model, place=(0, 0), cells=1000)
    hunter.note, hunter.owner = "mine", model
    model.shown, model.blasts = [helper, hunter], model.agents.select(agent_type=LeukemicBlast)
    model.state.p.phi_bm = 0.3  # type: ignore[attr-defined]  # by hand, as rules do
    other: TransplantModel = copied(model)
    twin = other.shown[1]
    assert (twin.note, twin.owner, twin.model, twin.cells) == ("mine", other, other, 1000)
    assert type(twin) is Hunter
    assert other.handles.of(twin._row, twin.unique_id) is twin
    assert other.blasts.get("cells") == model.blasts.get("cells")
    assert (other.time, other.steps) == (model.time, model.steps)
    for each in (model, other):
        each.run_model()
        assert each.day == each.time == 20.0
    assert trajectory(other.life) == trajectory(model.life)
    assert other.record() == model.record()
    assert other.random.random() == model.random.random()
    assert other.datacollector.get_model_vars_dataframe().equals(
        model.datacollector.get_model_vars_dataframe()
    )
    assert other.agents_by_type.keys() == model.agents_by_type.keys()


@COPIES
def test_the_two_do_not_meet(scenario: Scenario, copied: Copy) -> None:
    model = TransplantModel(scenario, seed=3)
    model.run_until(6)
    before, agent = model.record(), model.agents.to_list()[0]
    other: TransplantModel = copied(model)
    other.remove_all_agents()
    other.run_for(2)
    assert model.record() == before
    assert agent.alive


def test_an_agent_alone_brings_its_model(scenario: Scenario) -> None:
    model = TransplantModel(scenario, seed=3)
    agent = DonorTcon(model, place="blood", cells=5)
    agent.note = "mine"
    twin: CellAgent = pickle.loads(pickle.dumps(agent))
    assert twin.model is not model
    assert (twin.cells, twin.note, twin in twin.model.agents) == (5, "mine", True)


RULE = """
class Remember:
    name, source = "remember", "assumption, for a test"

    def __init__(self):
        self.days = []

    def act(self, state, dt):
        self.days.append(state.day)
        if len(self.days) > 20:
            pop = state.pop
            pop.hazard[state.blast_rows, 1] += 0.5


RULES = [Remember()]
"""


@COPIES
def test_what_rules_of_a_plugin_keep_goes_along(tmp_path: Path, copied: Copy) -> None:
    (tmp_path / "mine.py").write_text(RULE)
    given = SMALL | {"plugin.file": str(tmp_path / "mine.py")}
    model = TransplantModel(load_scenario(SCENARIOS / "no_treatment.yaml", given), seed=1)
    model.run_for(5)
    other: TransplantModel = copied(model)
    for each in (model, other):
        each.run_model()
    assert trajectory(other.life) == trajectory(model.life)
    (rule,) = other.body.plugin_rules
    assert len(rule.rule.days) == other.steps  # type: ignore[attr-defined]
