"""The front of two outcomes, against the definition."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulation.analysis.pareto import front

small = st.integers(0, 5).map(float) | st.just(float("nan"))


@given(st.lists(st.tuples(small, small), max_size=25))
def test_nobody_on_the_front_is_beaten_and_everybody_off_it_is(points: list[tuple[float, float]]) -> None:
    table = np.array(points, float).reshape(-1, 2)
    known = [i for i in range(len(table)) if np.isfinite(table[i]).all()]

    def beaten(i: int) -> bool:
        return any((table[j] <= table[i]).all() and (table[j] < table[i]).any() for j in known)

    result = front(table[:, 0], table[:, 1]).tolist()
    assert sorted(result) == [i for i in known if not beaten(i)]
    assert sorted(result, key=lambda i: float(table[i, 0])) == result
