from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulation.mesa_model import TransplantModel
from simulation.scenario import Scenario, load_scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
EARLY = {
    "marrow.rows": "3",
    "marrow.columns": "4",
    "marrow.extramedullary_site": "false",
    "follow_up": "20 d",
    "allow_out_of_range": "true",
    "patient.n_residual_blasts": "1e9 cells",
    "start.day": "day 2",
    "blinatumomab.on": "7 d",
    "blinatumomab.off": "7 d",
    "dli.first": "day 3 of cycle 1",
    "dli.every": "14 d",
}

Make = Callable[..., TransplantModel]


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    """A small marrow with many blasts, treated from day 2 on."""
    return load_scenario(SCENARIOS / "prophylactic.yaml", EARLY)


@pytest.fixture
def make(scenario: Scenario) -> Make:
    """Make a model that collects nothing, with other keywords, run until a day."""

    def build(day: float | None = None, **keywords: Any) -> TransplantModel:
        given: dict[str, Any] = {"scenario": scenario, "seed": 1} | keywords
        model = TransplantModel(**given)
        model.datacollector = None
        if day is not None:
            model.run_until(day)
        return model

    return build


@pytest.fixture
def model(make: Make) -> TransplantModel:
    """A model on day 6, with agents of all four classes."""
    return make(day=6.0)
