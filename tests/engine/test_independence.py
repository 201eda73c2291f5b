"""What draws must not depend on: the room of the tables, copies, the order in which agents came, what else is there."""

import numpy as np
import pytest

from simulation.engine.population import NEXT_UID
from simulation.engine.rules import Variants
from tests.engine.worlds import (
    BUSY,
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
            world.set_hazards(**BUSY | {"die": 1.5})
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
        world.set_hazards(**BUSY)
        world.step(0.25)
    twin = World(single_cells, seed=4)
    twin.pop, twin.steps = world.pop.copy(), world.steps
    at_copy = digest(world.pop)
    assert digest(twin.pop) == at_copy
    for either in (twin, world):
        assert digest(world.pop) == at_copy  # the original did not notice
        for step in range(20):
            either.pop.add(TAG.bits(step), 0, 10)
            either.set_hazards(**BUSY)
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
            world.set_hazards(**BUSY)
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
            world.set_hazards(**BUSY)
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
