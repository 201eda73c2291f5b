"""Draws by name."""

import pytest

from simulation.body.keyed import Keyed
from simulation.engine.keyed_random import base_key, combine


def test_a_key_is_made_of_all_its_parts_and_asking_before_changes_nothing() -> None:
    draw = Keyed(3, 5)
    for ids in ((1, 2), (1, 2), (2, 1), ()):
        assert draw.key("marrow", *ids) == combine(base_key(3, 5, "marrow"), *ids)


@pytest.mark.parametrize("cells", [0, 1, 7, 10**6, 10**12 + 1])
def test_cells_that_scatter_are_the_same_as_drawn_place_by_place(cells: int) -> None:
    draw, left, one_by_one = Keyed(3, 5), cells, []
    for place in range(9):
        one_by_one.append(draw.binomial("seed", left, 1.0 / (9 - place), place))
        left -= one_by_one[-1]
    assert draw.scattered("seed", cells, 9) == one_by_one
    assert sum(one_by_one) == cells
