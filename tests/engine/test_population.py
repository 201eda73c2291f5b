"""Tables of agents: conservation, averages, identity of rows, growth and reuse."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.engine.population import NEXT_SERIAL, NEXT_UID, Population
from simulation.engine.rules import Variants
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
    traits_by,
)

_CODES = [0, 1, FLIP, FLIP | 1, LEFT.bits(3), TAG.bits(1) | 2]


def _disturb(world: World, rng: np.random.Generator, most: int = 10**6) -> int:
    """Do one random thing to a population by hand; return how many cells it brought (or took)."""
    pop, rows = world.pop, world.pop.rows()
    what = rng.integers(4)
    if what < 2:
        n = int(10 ** rng.uniform(0.0, np.log10(most))) - 1
        code = int(rng.choice(_CODES)) if what == 0 else TAG.bits(int(rng.integers(10, 10_000)))
        pop.add(code, int(rng.integers(RING)), n, rng.random(2))
        return n
    if what == 2 and rows.size:
        row = int(rng.choice(rows))
        n = int(pop.cells[row])
        pop.remove(row)
        return -n
    return 0


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1),
    capacity=st.sampled_from([1, 3, 8, 200]),
    single_cells=st.sampled_from([False, False, True]),
)
def test_cells_are_conserved_and_tables_stay_whole(seed: int, capacity: int, single_cells: bool) -> None:
    rng = np.random.default_rng(seed)
    variants = Variants(np.array([MUTANT]), np.array([0.05]), 0, 4)
    world = World(single_cells, seed=seed, capacity=capacity, variants=variants)
    total = 0
    for _ in range(40):
        if single_cells and total > 1_000:
            for row in world.pop.rows():
                world.pop.remove(int(row))
            total = 0
        total += _disturb(world, rng, 50 if single_cells else 10**6)
        check_integrity(world.pop)
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
        assert world.pop.total_cells() == total == sum(cells_by(world.pop).values())
        check_integrity(world.pop)


def test_thousands_of_steps_conserve_every_cell() -> None:
    rng = np.random.default_rng(5)
    world = World(seed=5, capacity=8)
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


def test_cells_that_are_added_never_mix_discrete_traits_and_average_continuous_ones() -> None:
    rng = np.random.default_rng(1)
    pop = Population(RING, 2, len(NAMES), capacity=1)
    cells: dict[tuple[int, int], int] = {}
    sums: dict[tuple[int, int], list[Fraction]] = {}
    for _ in range(5_000):
        at = (int(rng.choice(_CODES)), int(rng.integers(RING)))
        n, traits = int(10 ** rng.uniform(0.0, 12.0)), rng.random(2)
        pop.add(*at, n, traits)
        cells[at] = cells.get(at, 0) + n
        sums[at] = [a + n * Fraction(b) for a, b in zip(sums.get(at, [Fraction()] * 2), traits, strict=True)]
    assert cells_by(pop) == cells
    check_integrity(pop)
    for at, traits in traits_by(pop).items():
        np.testing.assert_allclose(traits, [float(x / cells[at]) for x in sums[at]], rtol=1e-12)


@pytest.mark.parametrize("residents", [0, 1, 10**3, 10**12])
@pytest.mark.parametrize("comers", [1, 10**3, 10**12])
def test_cohorts_that_meet_average_their_traits_by_cells(residents: int, comers: int) -> None:
    # All cells of places 1..5, and those of another code in place 0, come to place 0 in one step.
    rng = np.random.default_rng(2)
    world = World(capacity=4)
    here = rng.random(2)
    world.pop.add(FLIP, 0, residents, here)
    sums, total = [residents * Fraction(x) for x in here], residents
    for code, place in [(FLIP, place) for place in range(1, RING)] + [(0, 0)]:
        n, traits = int(comers * rng.uniform(1.0, 9.0)), rng.random(2)
        world.pop.add(code, place, n, traits)
        total += n
        sums = [a + n * Fraction(b) for a, b in zip(sums, traits, strict=True)]
    world.pop.clear_hazards()
    for row in world.pop.rows():
        if world.pop.code_of(row) == 0:
            world.pop.hazard[row, NAMES.index("recode")] = 1e9
        elif world.pop.place[row] > 0:
            world.pop.hazard[row, NAMES.index("to_group_0")] = 1e9
    world.step(1.0)
    assert cells_by(world.pop) == {(FLIP, 0): total}
    row = world.pop.rows()[0]
    np.testing.assert_allclose(world.pop.traits[row], [float(x / total) for x in sums], rtol=1e-12)


def test_movement_keeps_the_mean_of_traits() -> None:
    rng = np.random.default_rng(2)
    world = World(seed=2)
    for place in range(RING):
        for tag in range(3):
            world.pop.add(TAG.bits(tag), place, int(rng.integers(1, 10**7)), rng.random(2))
    before = (world.pop.cells[:, None] * world.pop.traits).sum(axis=0)
    for _ in range(200):
        world.set_hazards(to_neighbour=0.5, to_group_1=0.2, recode=0.01)
        world.step(0.25)
    np.testing.assert_allclose((world.pop.cells[:, None] * world.pop.traits).sum(axis=0), before, rtol=1e-12)


@pytest.mark.parametrize("single_cells", [False, True])
def test_rows_never_move_and_a_uid_is_given_once(single_cells: bool) -> None:
    rng = np.random.default_rng(3)
    world = World(single_cells, seed=3, capacity=2)
    seen: dict[int, tuple[int, int, int]] = {}
    gone: set[int] = set()
    users: dict[int, set[int]] = {}  # of each stratum, the codes that it had
    for _ in range(300):
        for _ in range(3):
            _disturb(world, rng, 30)
        for step in (False, True):
            if step:
                world.set_hazards(divide=0.3, die=0.6, recode=0.1, to_neighbour=0.5)
                world.step(0.5)
            pop = world.pop
            now = {}
            for row in pop.rows().tolist():
                now[int(pop.uid[row])] = what = (row, pop.code_of(row), int(pop.place[row]))
                users.setdefault(row // RING, set()).add(what[1])
                assert seen.setdefault(int(pop.uid[row]), what) == what
            assert len(now) == pop.n_agents
            assert not gone & now.keys()
            gone |= seen.keys() - now.keys()
    assert len(gone) > 100
    assert max(len(codes) for codes in users.values()) > 1  # strata were used for other codes


def test_strata_without_cells_are_used_again() -> None:
    pop = Population(RING, 1, 1, capacity=8)
    kept = pop.add(TAG.bits(1), 3, 7, np.array([0.5]))
    uid = int(pop.uid[kept])
    rows = []
    for k in range(2, 2_000):  # at most three codes at a time
        rows.append(pop.add(TAG.bits(k), k % RING, k, np.array([1.0 / k])))
        assert pop.traits[rows[-1], 0] == 1.0 / k and pop.cells[rows[-1]] == k
        if len(rows) > 2:
            pop.remove(rows.pop(0))
        if k % 100 == 0:
            check_integrity(pop)
    assert pop.capacity == 8
    assert pop.cells[kept] == 7 and pop.uid[kept] == uid and pop.code_of(kept) == TAG.bits(1)
    assert pop.n_agents == 3 and pop.meta[NEXT_UID] == 2_000


def test_single_cells_are_strata_of_their_own_in_tables_that_grow_and_are_used_again() -> None:
    world = World(True, seed=4, capacity=2)
    world.pop.add(LEFT.bits(2), 0, 40, np.array([0.25, 0.5]))
    world.pop.add(0, 3, 60, np.array([0.25, 0.5]))
    assert world.pop.n_agents == 100
    seen = set(world.pop.uid[world.pop.rows()].tolist())
    most = 0
    for _ in range(400):
        world.set_hazards(divide=0.5, die=0.5, program=0.3, recode=0.1, to_neighbour=0.4, to_group_1=0.2)
        world.step(0.5)
        check_integrity(world.pop)
        rows = world.pop.rows()
        assert (world.pop.cells[rows] == 1).all() and np.unique(rows // RING).size == rows.size
        assert (world.pop.traits[rows] == [0.25, 0.5]).all()
        seen.update(world.pop.uid[rows].tolist())
        most = max(most, rows.size)
    assert 50 < most < 5_000
    assert world.pop.capacity >= most > 2
    created = int(world.pop.meta[NEXT_SERIAL]) - 1
    assert created > 10 * world.pop.capacity  # and yet they found room
    assert len(seen) <= created == world.pop.meta[NEXT_UID] - 1


def test_hazards_by_row_and_by_stratum_are_the_same() -> None:
    world = World(capacity=64)
    pop = world.pop
    for place in range(RING):
        pop.add(7, place, 100)
    world.set_hazards()
    kept = pop.hazard
    kept[pop.rows(), DEATH] = 1e9
    new = pop.add(8, 2, 100)  # neither does this undo what was written, nor is what is written later lost
    kept[new, DEATH] = 1e9
    assert pop.hazards[:2, DEATH].tolist() == [[1e9] * RING, [0.0, 0.0, 1e9, 0.0, 0.0, 0.0]]
    pop.hazards[0, DEATH, 3] = 0.0
    assert pop.hazard[:RING, DEATH].tolist() == [1e9, 1e9, 1e9, 0.0, 1e9, 1e9]
    assert world.step(1.0)[:, DEATH].sum() == RING * 100
    assert cells_by(pop) == {(7, 3): 100}


def test_bad_numbers_of_cells_are_refused() -> None:
    pop = Population(1, 1, 1)
    with pytest.raises(ValueError, match="cells must be >= 0"):
        pop.add(0, 0, -1)
    assert pop.add(0, 0, 0) == -1
    assert pop.n_agents == 0


@pytest.mark.parametrize("capacity", [1, 13, 64])
def test_a_population_of_any_capacity_finds_its_strata(capacity: int) -> None:
    pop = Population(7, 1, 1, capacity=capacity)
    for code in range(200):
        for place in (code % 7, code % 5):
            pop.add(code << 40, place, 1)
    assert pop.total_cells() == 400 and int(pop.meta[0]) == 200
    check_integrity(pop)


@pytest.mark.parametrize("single_cells", [False, True])
def test_cells_put_along_places_are_the_same_as_put_in_one_by_one(single_cells: bool) -> None:
    rng = np.random.default_rng(17)
    along, each = (Population(6, 2, 3, single_cells=single_cells, capacity=4) for _ in range(2))
    for turn in range(8):
        code, cells = int(rng.integers(0, 3)), (rng.integers(0, 3, 6) * rng.integers(0, 2, 6)).tolist()
        if turn >= 2:  # what an earlier step left
            along.hazards[:] = each.hazards[:] = rng.random(along.hazards.shape)
        along.add_along(code, cells)
        for place, n in enumerate(cells):
            each.add(code, place, n)
        assert all(
            np.asarray(mine).tobytes() == np.asarray(its).tobytes()
            for mine, its in zip(along.columns, each.columns, strict=True)
        )
        assert along.hazards.tobytes() == each.hazards.tobytes()
