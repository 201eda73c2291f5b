"""Tables of agents: conservation, averages, identity of rows, growth and reuse, copies."""

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
    digest,
    traits_by,
)

_CODES = [0, 1, FLIP, FLIP | 1, LEFT.bits(3), TAG.bits(1) | 2]
_BUSY = dict(divide=0.4, die=0.4, recode=0.2, program=0.5, to_neighbour=0.3, to_group_1=0.2, to_group_0=0.1)


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


def _crowd(capacity: int, *, single_cells: bool) -> World:
    variants = Variants(np.array([MUTANT]), np.array([0.02]), 0, 40)
    world = World(single_cells, seed=9, capacity=capacity, variants=variants)
    for k, code in enumerate((0, 1, LEFT.bits(4), LEFT.bits(3) | 2, TAG.bits(5))):
        for place in range(RING):
            n = 8 if single_cells else (3, 400, 10**7)[place % 3]
            world.pop.add(code, place, n, np.array([0.1 * k, 0.3 * place]))
    return world


@pytest.mark.parametrize("single_cells", [False, True])
def test_tables_that_grow_in_the_middle_of_a_step_give_the_same_bytes(single_cells: bool) -> None:
    small, large = _crowd(1, single_cells=single_cells), _crowd(1 << 13, single_cells=single_cells)
    grown = 0
    for _ in range(6):
        for world in (small, large):
            # Nobody dies or goes for good from a stratum of many cells: no stratum becomes free, all keep their order.
            world.set_hazards(divide=0.6, program=0.5, recode=0.1)
            before = world.pop.capacity
            world.step(0.25)
            check_integrity(world.pop)
            grown += world.pop.capacity - before
        a, b = small.pop, large.pop
        assert (a.rows() == b.rows()).all()
        for name in ("cells", "uid", "place", "traits", "code"):
            assert getattr(a, name)[: a.top].tobytes() == getattr(b, name)[: b.top].tobytes(), name
        assert (a.columns.serial[: a.meta[0]] == b.columns.serial[: b.meta[0]]).all()
        assert (a.meta == b.meta).all()
        if single_cells:
            break  # cells that changed left free strata behind
    assert large.pop.capacity == 1 << 13 and grown > 0


@pytest.mark.parametrize("capacity", [1, 2, 7, 50])
def test_the_room_of_the_tables_does_not_matter(capacity: int) -> None:
    # Strata are freed and used again in the small tables, in the large ones they are not.
    worlds = [World(seed=10, capacity=size) for size in (capacity, 1 << 10)]
    for world in worlds:
        for step in range(60):
            for place in range(RING):
                world.pop.add(TAG.bits(step) | LEFT.bits(3), place, 20, np.array([0.01 * step, 0.1 * place]))
            world.set_hazards(**_BUSY | {"die": 1.5})
            world.step(0.5)
    assert cells_by(worlds[0].pop) == cells_by(worlds[1].pop)
    wanted = traits_by(worlds[1].pop)
    for at, traits in traits_by(worlds[0].pop).items():
        np.testing.assert_allclose(traits, wanted[at], rtol=1e-12)
    assert worlds[0].pop.top < worlds[1].pop.top


@pytest.mark.parametrize("single_cells", [False, True])
def test_a_copy_goes_on_with_the_same_bytes_and_apart(single_cells: bool) -> None:
    world = World(single_cells, seed=4, capacity=8)
    for place in range(RING):
        world.pop.add(LEFT.bits(place), place, 30 if single_cells else 1_000, np.array([0.1, 0.2 * place]))
    for _ in range(10):
        world.set_hazards(**_BUSY)
        world.step(0.25)
    twin = World(single_cells, seed=4)
    twin.pop, twin.steps = world.pop.copy(), world.steps
    at_copy = digest(world.pop)
    assert digest(twin.pop) == at_copy
    for either in (twin, world):
        assert digest(world.pop) == at_copy  # the original did not notice
        for step in range(20):
            either.pop.add(TAG.bits(step), 0, 10)
            either.set_hazards(**_BUSY)
            either.step(0.25)
    assert digest(world.pop) == digest(twin.pop) != at_copy


def test_the_order_in_which_cohorts_came_does_not_matter() -> None:
    entries = [(code, place) for code in (0, 1, FLIP, LEFT.bits(3)) for place in range(RING)]
    results = []
    for order in (entries, entries[::-1], entries[7:] + entries[:7]):
        world = World(seed=6, capacity=8)
        for code, place in order:
            world.pop.add(code, place, 500, np.array([0.01 * code, 0.1 * place]))
        for _ in range(30):
            world.set_hazards(**_BUSY)
            world.step(0.25)
        results.append((cells_by(world.pop), traits_by(world.pop)))
    for cells, traits in results[1:]:
        assert cells == results[0][0]
        for at, wanted in results[0][1].items():
            np.testing.assert_allclose(traits[at], wanted, rtol=1e-12)


def test_a_cohort_does_not_notice_what_other_strata_exist() -> None:
    # Keys are by code and place: the cells of tag 0 do the same alone, among others, and after others.
    def of_tag_0(others: int, seed_of_others: int) -> list[dict[tuple[int, int], tuple[int, bytes]]]:
        rng = np.random.default_rng(seed_of_others)
        world = World(seed=7, capacity=4)
        for k in range(others):
            world.pop.add(TAG.bits(k + 1) | LEFT.bits(2), int(rng.integers(RING)), 10**9, rng.random(2))
        for place in range(RING):
            world.pop.add(LEFT.bits(4), place, (5, 300, 10**8)[place % 3], np.array([0.2, 0.1 * place]))
        history = []
        for _ in range(30):
            if others:
                world.pop.add(
                    TAG.bits(int(rng.integers(1, 10_000))), int(rng.integers(RING)), 100, rng.random(2)
                )
            world.set_hazards(**_BUSY)
            world.step(0.25)
            pop = world.pop
            history.append(
                {
                    (pop.code_of(row), int(pop.place[row])): (
                        int(pop.cells[row]),
                        pop.traits[row].round(12).tobytes(),
                    )
                    for row in pop.rows()
                    if TAG.of(pop.code_of(row)) == 0
                }
            )
        return history

    alone = of_tag_0(0, 0)
    assert len(alone[-1]) > RING
    assert of_tag_0(1, 1) == alone
    assert of_tag_0(50, 2) == alone


def test_a_cohort_draws_by_its_place_and_not_by_where_the_range_of_its_stratum_begins() -> None:
    outcomes = []
    for places in ((3,), (0, 3), (3, 5), range(RING)):
        world = World(seed=12)
        for place in places:
            world.pop.add(0, place, 10**9)
        world.set_hazards(divide=0.3, die=0.2, recode=0.4)
        world.step(0.25)
        outcomes.append(cells_by(world.pop))
    for cells in outcomes:
        assert [cells[code, 3] for code in (0, FLIP)] == [outcomes[0][code, 3] for code in (0, FLIP)]
    assert len(set(outcomes[-1].values())) == 2 * RING  # no two places draw the same


@pytest.mark.parametrize(
    "ends", [{}, {"die": 1e9}, {"recode": 1e9}], ids=["by hand", "by death", "by change"]
)
@pytest.mark.parametrize("comes", ["before the hazards", "after the hazards", "by change"])
def test_a_stratum_that_is_used_again_keeps_nothing_of_its_last_user(
    ends: dict[str, float], comes: str
) -> None:
    new, seed = TAG.bits(2), TAG.bits(3)

    def world_with(*, used: bool) -> World:
        world = World(seed=11)
        pop = world.pop
        if used:
            for tag in range(5, 25):
                pop.add(TAG.bits(tag), tag % RING, 10, np.array([0.9, 0.8]))
            world.set_hazards(**dict.fromkeys(NAMES, 1.0) | ends)
            world.step(1.0)
        for tag in range(25, 25 + pop.room if used else 0):  # until every stratum has been used
            pop.add(TAG.bits(tag), tag % RING, 10, np.array([0.9, 0.8]))
        world.set_hazards(**dict.fromkeys(NAMES, 1e9))
        for row in pop.rows():
            pop.remove(int(row))
        check_integrity(pop)
        world.steps = 1
        return world

    fresh, again = world_with(used=False), world_with(used=True)
    for world in (fresh, again):
        traits = np.array([0.125, 0.25])
        if comes == "before the hazards":
            for place in range(RING):
                world.pop.add(new, place, 1_000, traits)
        if comes == "by change":
            for place in range(RING):
                world.pop.add(seed, place, 1_000, traits)
            world.set_hazards(recode=1.0)
            world.step(1.0)
        world.set_hazards()
        if comes == "after the hazards":  # as a user's rule may do
            for place in range(RING):
                world.pop.add(new, place, 1_000, traits)
        assert not world.pop.hazard[world.pop.rows()].any()
        assert world.step(1.0).sum() == 0
        for _ in range(10):
            world.set_hazards(divide=0.3, die=0.2, recode=0.1, to_neighbour=0.2)
            world.step(0.5)
        check_integrity(world.pop)
    assert again.pop.capacity == 64 and again.pop.top == 64 * RING
    assert cells_by(again.pop) == cells_by(fresh.pop)
    assert {at: x.tobytes() for at, x in traits_by(again.pop).items()} == {
        at: x.tobytes() for at, x in traits_by(fresh.pop).items()
    }
    last = int(again.pop.meta[NEXT_UID]) - int(fresh.pop.meta[NEXT_UID])
    assert (np.sort(again.pop.uid[again.pop.rows()]) == np.sort(fresh.pop.uid[fresh.pop.rows()]) + last).all()


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
