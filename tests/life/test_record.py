"""What is kept of a life: all columns or those that are asked for, any number of lines, and copies that stand alone."""

import numpy as np

from simulation.life import Life, Record
from simulation.life.trajectory import COLUMNS
from simulation.scenario.load import parse_scenario

SCENARIO = parse_scenario(
    "name: t\nmarrow: {rows: 2, columns: 2}\nfollow_up: 200 d\nrecord_every: 12 h\nmarrow_maps: []\n"
)


def a_life(columns: tuple[str, ...] | None = None) -> Life:
    life = Life(SCENARIO, seed=3, record=Record(columns=columns))
    life.run()
    return life


def test_columns_that_are_asked_for_are_those_of_the_whole_trajectory() -> None:
    whole, some = a_life().columns(), a_life(("cd3_per_ul", "day")).columns()
    assert tuple(whole) == tuple(COLUMNS) and tuple(some) == ("cd3_per_ul", "day")
    assert len(whole["day"]) == 401  # more lines than there was room for at first
    for name in some:
        np.testing.assert_array_equal(some[name], whole[name])


def test_a_copy_keeps_lines_of_its_own() -> None:
    life = Life(SCENARIO, seed=3)
    life.run(100.0)
    twin = life.copy()
    twin.run()
    assert len(life.columns()["day"]) == 201 and len(twin.columns()["day"]) == 401
    life.run()
    np.testing.assert_array_equal(life.columns()["blasts_cells"], twin.columns()["blasts_cells"])
