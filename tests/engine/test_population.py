"""Columns of cohorts: conservation, merging, the cap of agents, identity of rows, copies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.engine.events import Variants
from simulation.engine.population import Population, Resolution
from tests.engine.worlds import (
    DEATH,
    FLIP,
    LEFT,
    MUTANT,
    NAMES,
    RING,
    TAG,
    World,
    cells_by,
    check_integrity,
    digest,
)

_CODES = [0, 1, FLIP, FLIP | 1, LEFT.bits(3), TAG.bits(1) | 2]


def _disturb(world: World, rng: np.random.Generator, founded: int) -> int:
    """Do one random thing to a population by hand; return how many cells it brought (or took)."""
    pop = world.pop
    what = rng.integers(4)
    if what == 0:
        n = int(rng.integers(0, 10 ** int(rng.integers(1, 7))))
        pop.add(int(rng.choice(_CODES)), int(rng.integers(RING)), n, rng.random(2))
        return n
    if what == 1:
        n = int(rng.integers(1, 1_000)) if pop.resolution.max_cells == 0 else 1
        if pop.resolution.max_cells == 0:  # a hand-made cohort of a code of its own
            pop.found(TAG.bits(int(rng.integers(10, 10_000))), int(rng.integers(RING)), n, rng.random(2))
            return n
        return 0
    rows = pop.rows()
    if what == 2 and rows.size:
        row = int(rng.choice(rows))
        n = int(pop.cells[row])
        pop.remove(row)
        return -n
    return 0


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1),
    cap=st.integers(1, 5),
    tolerance=st.sampled_from([0.0, 0.01, 0.3]),
    max_cells=st.sampled_from([0, 0, 0, 1, 100]),
)
def test_cells_are_conserved_and_columns_stay_whole(
    seed: int, cap: int, tolerance: float, max_cells: int
) -> None:
    rng = np.random.default_rng(seed)
    variants = Variants(np.array([MUTANT]), np.array([0.05]), 0, 4)
    world = World(Resolution(cap, max_cells, tolerance), seed=seed, capacity=8, variants=variants)
    total = 0
    for _ in range(40):
        if max_cells > 0 and world.pop.total_cells() > 2_000 * max_cells:
            for row in world.pop.rows():  # one cell per agent is for small systems
                world.pop.remove(int(row))
            total = 0
        if max_cells == 0 or rng.random() < 0.3:
            total += _disturb(world, rng, total) if max_cells == 0 else _small(world, rng)
        rows = world.pop.rows()
        world.pop.clear_hazards()
        world.pop.hazard[rows] = rng.exponential(0.3, (rows.size, len(NAMES))) * (
            rng.random((rows.size, len(NAMES))) < 0.5
        )
        ended = LEFT.of(world.pop.codes(rows)) == 0
        world.pop.hazard[rows[ended], NAMES.index("program")] = 0.0
        tally = world.step(float(rng.choice([0.01, 0.25, 1.0])))
        assert (tally >= 0).all()
        total += int(tally[:, 0].sum()) - int(tally[:, DEATH].sum())
        assert world.pop.total_cells() == total
        check_integrity(world.pop)


def _small(world: World, rng: np.random.Generator) -> int:
    n = int(rng.integers(1, 50))
    world.pop.add(int(rng.choice(_CODES)), int(rng.integers(RING)), n, rng.random(2))
    return n


def test_thousands_of_steps_conserve_every_cell() -> None:
    rng = np.random.default_rng(5)
    world = World(Resolution(2), seed=5, capacity=8)
    total = 0
    for place in range(RING):
        world.pop.add(0, place, 10**11)
        total += 10**11
    for _ in range(3_000):
        world.set_hazards(**{name: float(rng.exponential(0.1)) for name in NAMES if name != "program"})
        tally = world.step(0.1)
        total += int(tally[:, 0].sum()) - int(tally[:, DEATH].sum())
    assert world.pop.total_cells() == total
    check_integrity(world.pop)


def test_merging_never_mixes_discrete_traits_and_averages_continuous_ones_by_cells() -> None:
    rng = np.random.default_rng(1)
    pop = Population(2, len(NAMES), Resolution(2, 0, 0.01), capacity=8)
    cells: dict[tuple[int, int], int] = {}
    sums: dict[tuple[int, int], np.ndarray] = {}
    for _ in range(5_000):
        at = (int(rng.choice(_CODES)), int(rng.integers(RING)))
        n, traits = int(rng.integers(1, 10**9)), rng.random(2)
        pop.add(*at, n, traits)
        cells[at] = cells.get(at, 0) + n
        sums[at] = sums.get(at, np.zeros(2)) + n * traits
    assert cells_by(pop) == cells
    check_integrity(pop)
    for at, wanted in sums.items():
        rows = [r for r in pop.rows() if (pop.codes(r), pop.place[r]) == at]
        got = (pop.cells[rows, None] * pop.traits[rows]).sum(axis=0)
        np.testing.assert_allclose(got, wanted, rtol=1e-9)


def test_movement_keeps_the_mean_of_traits() -> None:
    rng = np.random.default_rng(2)
    world = World(Resolution(3), seed=2)
    for place in range(RING):
        for _ in range(3):
            world.pop.add(0, place, int(rng.integers(1, 10**7)), rng.random(2))
    pop = world.pop
    before = (pop.cells[:, None] * pop.traits).sum(axis=0)
    for _ in range(200):
        world.set_hazards(to_neighbour=0.5, to_group_1=0.2, recode=0.0)
        world.step(0.25)
    np.testing.assert_allclose((pop.cells[:, None] * pop.traits).sum(axis=0), before, rtol=1e-9)


@pytest.mark.parametrize("cap", [1, 2, 3, 10])
def test_the_cap_of_agents_holds_and_the_two_most_alike_are_merged(cap: int) -> None:
    pop = Population(1, 1, Resolution(cap, 0, 0.0), capacity=8)
    for i in range(cap):
        pop.add(0, 0, 10, np.array([float(i * i)]))
    assert pop.n_agents == cap
    pop.add(0, 0, 10, np.array([1e6]))  # far from all: two residents (0 and 1) make room, if there are two
    assert pop.n_agents == cap
    assert pop.total_cells() == 10 * (cap + 1)
    if cap >= 2:
        values = sorted(pop.traits[pop.rows(), 0])
        assert values[0] == pytest.approx(0.5) and values[-1] == 1e6


def test_cohorts_that_became_alike_are_merged() -> None:
    pop = Population(1, 1, Resolution(3, 0, 0.05), capacity=8)
    pop.add(0, 0, 30, np.array([0.2]))
    pop.add(0, 0, 10, np.array([0.8]))
    assert pop.n_agents == 2
    pop.traits[pop.rows(), 0] = [0.50, 0.54]
    pop.settle(consolidate=True)
    assert pop.n_agents == 1
    total = {0.50 * 30 + 0.54 * 10, 0.54 * 30 + 0.50 * 10}
    assert any(pop.traits[pop.rows()[0], 0] * 40 == pytest.approx(t) for t in total)


def test_rows_never_move_and_a_uid_is_given_once() -> None:
    rng = np.random.default_rng(3)
    world = World(Resolution(3), seed=3, capacity=8)
    seen: dict[int, tuple[int, int, int]] = {}
    for _ in range(60):
        _disturb(world, rng, 0)
        world.set_hazards(divide=0.3, die=0.6, to_neighbour=0.5)
        world.step(0.5)
        pop = world.pop
        for row in pop.rows().tolist():
            what = (row, int(pop.codes(row)), int(pop.place[row]))
            assert seen.setdefault(int(pop.uid[row]), what) == what
    assert len(seen) > 50


def test_a_freed_row_is_used_again() -> None:
    pop = Population(1, 1, Resolution(), capacity=8)
    for place in range(3):
        pop.add(0, place, 5)
    row = int(pop.rows()[1])
    pop.remove(row)
    assert pop.n_agents == 2 and pop.cells[row] == 0
    pop.add(7, 9, 5)
    assert pop.top == 3 and pop.cells[row] == 5 and pop.uid[row] == 4
    check_integrity(pop)


def test_a_copy_goes_on_with_the_same_bytes_and_apart() -> None:
    world = World(Resolution(2), seed=4, capacity=8)
    for place in range(RING):
        world.pop.add(0, place, 1_000)
    rates = {"divide": 0.4, "die": 0.3, "recode": 0.2, "to_neighbour": 0.3, "to_group_1": 0.2}
    for _ in range(10):
        world.set_hazards(**rates)
        world.step(0.25)
    twin = World(Resolution(2), seed=4, capacity=8)
    twin.pop, twin.steps = world.pop.copy(), world.steps
    at_copy = digest(world.pop)
    for _ in range(20):
        twin.set_hazards(**rates)
        twin.step(0.25)
    assert digest(world.pop) == at_copy  # the original did not notice
    for _ in range(20):
        world.set_hazards(**rates)
        world.step(0.25)
    assert digest(world.pop) == digest(twin.pop) != at_copy


def test_the_order_in_which_cohorts_came_does_not_matter() -> None:
    entries = [(code, place) for code in (0, 1, FLIP) for place in range(RING)]
    results = []
    for order in (entries, entries[::-1], entries[7:] + entries[:7]):
        world = World(seed=6, capacity=8)
        for code, place in order:
            world.pop.add(code, place, 500)
        for _ in range(30):
            world.set_hazards(divide=0.3, die=0.2, recode=0.1, to_neighbour=0.3, to_group_0=0.1)
            flipped = world.pop.rows()[(world.pop.codes(world.pop.rows()) & FLIP) > 0]
            world.pop.hazard[flipped, NAMES.index("recode")] = 0.0
            world.step(0.25)
        results.append(cells_by(world.pop))
    assert results[0] == results[1] == results[2]


def test_places_far_apart_have_draws_of_their_own() -> None:
    # Place numbers of large grids must not run into one another in the key.
    outcomes = set()
    for place in (0, 2**17, 2**18, 2**19):
        world = World(seed=8)
        world.pop.add(0, place, 10**9)
        world.set_hazards(divide=0.5, die=0.4)
        world.step(0.25)
        outcomes.add(world.pop.total_cells())
    assert len(outcomes) == 4


def test_bad_numbers_of_cells_are_refused() -> None:
    pop = Population(1, 1, Resolution())
    with pytest.raises(ValueError, match="cells must be >= 0"):
        pop.add(0, 0, -1)
    pop.add(0, 0, 0)
    assert pop.n_agents == 0


def test_a_population_of_any_capacity_finds_its_strata() -> None:
    pop = Population(1, 1, Resolution(1), capacity=13)
    for place in range(200):
        pop.add(place % 3, place, 1)
        pop.add(place % 3, place, 1)
    assert pop.n_agents == 200 and pop.total_cells() == 400
    check_integrity(pop)
