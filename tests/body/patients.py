"""Small bodies for tests: few niches, nothing in them unless asked for."""

from typing import Any

from simulation.body import Body
from simulation.body.virtual_patient import patient_values
from simulation.scenario.load import parse_scenario
from simulation.scenario.schema import Scenario


def scenario(**overrides: Any) -> Scenario:
    """Return a scenario of 2 x 2 niches without graft cells or blasts, with overrides such as {"graft.tcon": ...}."""
    empty = {
        "name": "test",
        "marrow.rows": 2,
        "marrow.columns": 2,
        "patient.n_residual_blasts": "0 cells",
        "graft.treg": "0 cells/kg",
        "graft.tcon": "0 cells/kg",
    }
    return parse_scenario("name: test\n", empty | overrides)


def patient(seed: Any = 1, number: Any = 0, **overrides: Any) -> Body:
    """Return the body of one patient of `scenario(**overrides)`."""
    plan = scenario(**overrides)
    return Body(plan, patient_values(plan, seed, number), seed, number)
