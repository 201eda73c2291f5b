"""Every parameter at either end of its range: a patient with every treatment lives a day, and all numbers are numbers."""

import numpy as np
import pytest

from simulation.biology.drugs import DRUGS
from simulation.life import Life, simulate
from simulation.parameters import ParameterTable
from simulation.scenario.load import parse_scenario

TABLE = ParameterTable.load()
DRUGS_GIVEN = "\n".join(f"  - {{drug: {drug}, from: day 0, to: day 2, level: 1}}" for drug in DRUGS)
EVERYTHING = f"""
name: Everything at once
follow_up: 1 d
patient: {{n_residual_blasts: 1e7 cells}}
marrow: {{rows: 2, columns: 2}}
monitoring: {{mrd: {{first: day 0, every: 6 h, delay: 0 d}}, morphology: {{first: day 0, every: 6 h, delay: 0 d}}}}
start: {{when: day, day: day 0}}
blinatumomab: {{dose: 28 ug/day, on: 28 d, off: 14 d, cycles: 1}}
dli: {{cd3: [1e8/kg], first: day 1, every: 42 d}}
orders: [{{day: day 0, give: dli, cd3: 1e7/kg}}]
ptcy: {{days: [day 0]}}
immunosuppression:
{DRUGS_GIVEN}
"""


def one_day(name: str, value: float) -> Life:
    block = "patient" if name == "n_residual_blasts" else "parameters"
    return simulate([parse_scenario(EVERYTHING, [f"{block}.{name}={TABLE[name].written(value)}"])], seed=1)[0]


def not_numbers(life: Life) -> list[str]:
    """Return which tables of a life hold NaN or infinity; what was not measured, or is a ratio to no blasts, may."""
    state = life.body.state
    columns = life.columns()
    defined = {
        name: column[columns["marrow_blasts_cells"] > 0] if name == "marrow_et_ratio" else column
        for name, column in columns.items()
        if "measured" not in name
    }
    outcomes = {name: np.asarray(value) for name, value in life.outcomes().items() if value is not None}
    bodies = {
        "cells": state.pop.cells,
        "hazards": state.pop.hazard,
        "traits": state.pop.traits,
        **state.numbers,
    }
    tables = {**bodies, **defined, **outcomes}
    return [
        name for name, table in tables.items() if table.dtype.kind == "f" and not np.isfinite(table).all()
    ]


@pytest.mark.parametrize("name", TABLE.names)
def test_a_day_at_either_end_of_a_parameter(name: str) -> None:
    row = TABLE[name]
    by_name = {row.written(value): not_numbers(one_day(name, value)) for value in (row.low, row.high)}
    assert not any(by_name.values()), by_name


def test_a_number_that_is_none_is_found() -> None:
    life = one_day("phi_bm", TABLE["phi_bm"].value)
    assert not_numbers(life) == []
    life.body.state.pop.traits[0, 0] = np.nan
    assert not_numbers(life) == ["traits"]
