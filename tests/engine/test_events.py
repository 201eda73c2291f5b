"""The event kernel against closed forms.

Replicates of one experiment are agents told apart by a tag, so that one call draws them all. Fixed seeds; on
fresh ones a comparison at five standard errors raises a false alarm with probability 6e-7, a p-value below its
limit with 1e-6.
"""

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from simulation.engine.population import Floats, Ints
from simulation.engine.rules import DIE, DIVIDE, RECODE, Channels, Variants
from tests.engine.worlds import (
    CLONE,
    DEATH,
    FLIP,
    KIND,
    LEFT,
    MUTANT,
    NAMES,
    PROGRAMMED,
    RECODED,
    RING,
    SPREAD_WEIGHT,
    TAG,
    TO_FIRST,
    TO_NEIGHBOUR,
    TO_SPREAD,
    World,
    cells_by,
    check_integrity,
    traits_by,
)  # fmt: skip

_ALARM = 1e-6
_SIGMAS = 5.0
_REPLICATES = 20_000


def _near(sample: npt.ArrayLike, wanted: float, variance: float) -> None:
    x = np.asarray(sample, float)
    assert abs(x.mean() - wanted) < _SIGMAS * math.sqrt(variance / x.size), (
        f"mean {x.mean()}, wanted {wanted}"
    )


def _cultures(n0: int, replicates: int = _REPLICATES, seed: int = 1, code: int = 0) -> World:
    world = World(seed=seed, capacity=1 << 15)
    for i in range(replicates):
        world.pop.add(code | (TAG.bits(i)), 0, n0)
    return world


def _grow(world: World, days: float, dt: float, birth: float, death: float) -> tuple[Ints, int, int]:
    """Run and return cells per replicate, all births and all deaths."""
    births = deaths = 0
    for _ in range(round(days / dt)):
        world.set_hazards(divide=birth, die=death)
        tally = world.step(dt)
        births, deaths = births + int(tally[:, 0].sum()), deaths + int(tally[:, DEATH].sum())
    return world.by_tag(_REPLICATES), births, deaths


def _kendall(b: float, d: float, t: float) -> tuple[float, float]:
    """Return P(extinct) and the ratio of the geometric tail for one founder."""
    g = math.exp((b - d) * t)
    return d * (g - 1.0) / (b * g - d), b * (g - 1.0) / (b * g - d)


@pytest.mark.parametrize("dt", [0.0625, 0.25, 1.0, 4.0])
@pytest.mark.parametrize(("birth", "death"), [(0.5, 0.3), (0.2, 0.45), (1.2, 1.0)])
def test_birth_and_death_follow_kendall_whatever_the_step(dt: float, birth: float, death: float) -> None:
    n0, days = 2, 4.0
    cells, births, deaths = _grow(_cultures(n0), days, dt, birth, death)
    alpha, beta = _kendall(birth, death, days)
    # The whole law: extinct founders' clans, and a negative binomial from those that live.
    top = 60
    law = np.zeros(top + 1)
    for live in range(n0 + 1):
        weight = stats.binom.pmf(live, n0, 1.0 - alpha)
        law[live:] += weight * (
            stats.nbinom.pmf(np.arange(top + 1 - live), live, 1.0 - beta) if live else np.eye(1, top + 1)[0]
        )
    expected = np.append(law, max(1.0 - law.sum(), 0.0)) * _REPLICATES
    seen = np.bincount(np.minimum(cells, top + 1), minlength=top + 2).astype(float)
    keep = expected >= 10.0
    chi2 = ((seen - expected)[keep] ** 2 / expected[keep]).sum()
    rest, rest_seen = expected[~keep].sum(), seen[~keep].sum()
    chi2 += (rest_seen - rest) ** 2 / rest if rest > 5.0 else 0.0
    assert stats.chi2.sf(chi2, int(keep.sum())) > _ALARM
    assert stats.binomtest(int((cells == 0).sum()), _REPLICATES, alpha**n0).pvalue > _ALARM
    # Conservation, and the mean number of deaths.
    assert births - deaths == int(cells.sum()) - n0 * _REPLICATES
    grown = (math.exp((birth - death) * days) - 1.0) / (birth - death)
    spread = n0 * (death * grown) * (1.0 + 2.0 * birth * grown)  # an upper bound of the variance of deaths
    assert abs(deaths / _REPLICATES - n0 * death * grown) < _SIGMAS * math.sqrt(spread / _REPLICATES)


def test_extinction_reaches_d_over_b_to_the_number_of_founders() -> None:
    n0, birth, death = 3, 0.4, 0.3
    world = _cultures(n0)
    extinct = []
    for day in range(1, 61):
        world.set_hazards(divide=birth, die=death)
        world.step(1.0)
        if day in (2, 6, 15, 60):
            alpha, _ = _kendall(birth, death, float(day))
            extinct.append((float((world.by_tag(_REPLICATES) == 0).mean()), alpha**n0))
    for seen, wanted in extinct:
        assert abs(seen - wanted) < _SIGMAS * math.sqrt(wanted * (1.0 - wanted) / _REPLICATES)
    assert abs(extinct[-1][1] - (death / birth) ** n0) < 2e-3  # by day 60 the limit is reached


@pytest.mark.parametrize("dt", [0.0625, 0.25, 1.0])
@pytest.mark.parametrize("n0", [30, 1_000, 200_000, 10**9])
def test_mean_and_variance_of_large_cohorts_do_not_depend_on_the_step(n0: int, dt: float) -> None:
    birth, death, days = 0.6, 0.25, 2.0
    cells, _, _ = _grow(_cultures(n0, seed=3), days, dt, birth, death)
    g = math.exp((birth - death) * days)
    mean, variance = n0 * g, n0 * (birth + death) / (birth - death) * g * (g - 1.0)
    _near(cells, mean, variance)
    assert abs(cells.var() / variance - 1.0) < _SIGMAS * math.sqrt((2.0 + 12.0 / n0) / _REPLICATES)


def test_pure_birth_has_the_variance_of_yule() -> None:
    n0, birth, days = 5, 0.5, 3.0
    for dt in (0.25, 3.0):
        cells, _, _ = _grow(_cultures(n0, seed=4), days, dt, birth, 0.0)
        g = math.exp(birth * days)
        variance = n0 * g * (g - 1.0)
        _near(cells, n0 * g, variance)
        assert abs(cells.var() / variance - 1.0) < _SIGMAS * math.sqrt(5.0 / _REPLICATES)
        assert cells.min() >= n0


def test_pure_death_is_binomial() -> None:
    cells, _, deaths = _grow(_cultures(40, seed=5), 2.0, 0.25, 0.0, 0.3)
    p = math.exp(-0.6)
    _near(cells, 40 * p, 40 * p * (1 - p))
    assert deaths == 40 * _REPLICATES - cells.sum()


def test_equal_birth_and_death_need_no_special_luck() -> None:
    # b = d makes the closed form 0/0; close to it digits are lost.
    for gap in (0.0, 1e-15, 1e-10, 1e-4):
        cells, _, _ = _grow(_cultures(2, seed=6), 4.0, 1.0, 0.4 + gap, 0.4)
        alpha = (0.4 * 4.0) / (1.0 + 0.4 * 4.0)
        assert stats.binomtest(int((cells == 0).sum()), _REPLICATES, alpha**2).pvalue > _ALARM


def test_mutants_follow_luria_and_delbrueck() -> None:
    birth, days, dt, n0, replicates = 0.5, 8.0, 0.125, 100, 4_000
    bit = MUTANT
    mu = 2e-4
    world = _cultures(n0, replicates, seed=7)
    world.variants = Variants(np.array([bit]), np.array([mu]), 0, 0)
    for _ in range(round(days / dt)):
        world.set_hazards(divide=birth)
        world.step(dt)
    mutants = world.by_tag(replicates, bit, bit)
    # P0: none of the births of the wild type was a mutant; their number is negative binomial.
    p = math.exp(-birth * days)
    p0 = (p / (1.0 - (1.0 - p) * (1.0 - mu))) ** n0
    assert stats.binomtest(int((mutants == 0).sum()), replicates, p0).pvalue > _ALARM
    # Mean and variance of the clones, born at the ends of the steps.
    grow = math.exp(birth * dt)
    mean = variance = 0.0
    for k in range(round(days / dt)):
        founded = mu * n0 * (grow * (1.0 - mu) + mu) ** k * (grow - 1.0)
        size = math.exp(birth * (days - (k + 1) * dt))
        mean += founded * size
        variance += founded * (2.0 * size * size - size)
    _near(mutants, mean, 1.2 * variance)
    exact = mu * n0 * birth * days * math.exp(birth * days)
    assert abs(mean / exact - 1.0) < 0.6 * birth * dt  # the step's own error: half a step of growth


def test_a_mutant_founds_a_clone_until_the_clones_are_used_up() -> None:
    world = World(variants=Variants(np.array([MUTANT]), np.array([0.01]), 0, 4))
    world.pop.add(0, 0, 100_000)
    for _ in range(20):
        world.set_hazards(divide=0.2)
        world.step(0.5)
    clones = {CLONE.of(code) for code, _ in cells_by(world.pop) if code & MUTANT}
    assert clones == {0, 1, 2, 3}


@pytest.mark.parametrize("dt", [0.0625, 0.5, 2.0])
def test_programmed_divisions_have_the_mean_of_the_closed_form(dt: float) -> None:
    rate, steps, days, replicates = 1.1, 4, 2.0, 4_000
    world = _cultures(20, replicates, seed=8, code=LEFT.bits(steps))
    births = 0
    for _ in range(round(days / dt)):
        world.set_hazards(program=rate)
        births += int(world.step(dt)[:, 0].sum())
    done = [stats.poisson.pmf(k, rate * days) for k in range(steps)]
    done.append(1.0 - sum(done))
    for k in range(steps + 1):
        now = world.by_tag(replicates, LEFT.mask, LEFT.bits(steps - k))
        mean = 20 * done[k] * 2**k
        assert abs(now.mean() - mean) < _SIGMAS * now.std() / math.sqrt(replicates)
    assert births == world.pop.total_cells() - 20 * replicates


def test_leavers_are_shared_by_hazard() -> None:
    rates = {"die": 0.5, "recode": 0.3, "to_neighbour": 0.1, "to_group_1": 0.7}
    world = _cultures(50, seed=9)
    world.set_hazards(**rates)
    tally = world.step(0.5).sum(axis=0)
    total = sum(rates.values())
    assert stats.binomtest(int(tally.sum()), 50 * _REPLICATES, 1.0 - math.exp(-0.5 * total)).pvalue > _ALARM
    seen = tally[[DEATH, RECODED, TO_NEIGHBOUR, TO_SPREAD]]
    expected = np.array(list(rates.values())) / total * tally.sum()
    assert stats.chisquare(seen, expected).pvalue > _ALARM


@pytest.mark.parametrize("n", [1, 30, 5_000, 10**8])
def test_destinations_follow_their_weights(n: int) -> None:
    # 1 cell, a few, many: a multinomial draw in each case, checked by its means and by its covariance.
    replicates = 3_000
    world = _cultures(n, replicates, seed=10)
    world.set_hazards(to_group_1=1e3)
    world.step(1.0)
    table = np.zeros((replicates, RING))
    for (code, place), cells in cells_by(world.pop).items():
        table[TAG.of(code), place] += cells
    assert (table.sum(axis=1) == n).all()
    for j, p in enumerate(SPREAD_WEIGHT):
        _near(table[:, j], n * p, n * p * (1 - p))
    i, j = 4, 5
    covariance = float(np.cov(table[:, i], table[:, j])[0, 1])
    wanted = -n * SPREAD_WEIGHT[i] * SPREAD_WEIGHT[j]
    error = n * math.sqrt(SPREAD_WEIGHT[i] * SPREAD_WEIGHT[j] * (1.0 + 2.0 / n) / replicates)
    assert abs(covariance - wanted) < _SIGMAS * error


def test_neighbours_are_reached_alike_and_a_lonely_place_keeps_its_cells() -> None:
    world = _cultures(1_000, 2_000, seed=11)
    world.set_hazards(to_neighbour=1e3)
    world.step(1.0)
    by_place = np.zeros(RING)
    for (_, place), cells in cells_by(world.pop).items():
        by_place[place] += cells
    assert by_place[[0, 2, 3, 4]].sum() == 0
    assert stats.binomtest(int(by_place[1]), 2_000_000, 0.5).pvalue > _ALARM
    lonely = World()
    lonely.where.neighbours[:] = -1
    lonely.pop.add(0, 3, 10)
    lonely.set_hazards(to_neighbour=1e3)
    lonely.step(1.0)
    assert cells_by(lonely.pop) == {(0, 3): 10}


def test_a_ring_has_no_drift() -> None:
    world = World(seed=12)
    for place in range(RING):
        world.pop.add(0, place, 10**6)
    for _ in range(50):
        world.set_hazards(to_neighbour=2.0)
        world.step(0.25)
    cells = [cells_by(world.pop)[0, place] for place in range(RING)]
    assert sum(cells) == RING * 10**6
    assert stats.chisquare(cells).pvalue > _ALARM


def test_one_cell_an_agent_gives_the_statistics_of_cohorts() -> None:
    # 60 cells divide, die, change and wander; counts by state after two days, in 300 wells.
    wells, n0 = 300, 60
    tables = []
    for single_cells, seed in ((False, 13), (True, 14)):
        world = World(single_cells, seed=seed, capacity=1 << 15)
        for i in range(wells):
            world.pop.add(TAG.bits(i), 0, n0 // 2)
            world.pop.add(TAG.bits(i) | LEFT.bits(2), 0, n0 // 2)
        for _ in range(8):
            world.set_hazards(divide=0.5, die=0.3, recode=0.2, program=0.3, to_neighbour=0.4, to_group_1=0.1)
            world.step(0.25)
        assert (world.pop.cells.max() == 1) == single_cells
        table = np.zeros((wells, 2 * RING))
        for (code, place), cells in cells_by(world.pop).items():
            table[TAG.of(code), place + (RING if code & FLIP else 0)] += cells
        tables.append(table)
    agents, single = tables
    for a, b in [(agents[:, j], single[:, j]) for j in range(2 * RING)] + [(agents.sum(1), single.sum(1))]:
        error = math.sqrt((a.var() + b.var()) / wells)
        assert abs(a.mean() - b.mean()) < _SIGMAS * max(error, 0.05)
        if a.mean() > 3.0:
            assert abs(math.log(a.var() / b.var())) < _SIGMAS * math.sqrt(6.0 / wells)


def test_nothing_happens_without_hazards() -> None:
    world = _cultures(7, 100)
    before = cells_by(world.pop)
    world.set_hazards()
    assert world.step(1.0).sum() == 0
    assert cells_by(world.pop) == before


def test_the_cost_of_variants_is_not_paid_by_other_classes() -> None:
    world = World(variants=Variants(np.array([MUTANT]), np.array([0.5]), 3, 0))
    world.pop.add(2, 0, 1_000)
    world.set_hazards(divide=1.0)
    world.step(1.0)
    assert all(code == 2 for code, _ in cells_by(world.pop))


@pytest.mark.parametrize("n", [10**10, 4 * 10**15])
def test_a_channel_takes_no_cells_where_its_hazard_is_zero(n: int) -> None:
    # Channels that change a bit each, and death, each open in part of the places: what a channel took from a place is known
    # to the cell. Rates whose sums are rounded; of 4e15 cells one or so would go astray by it in every step.
    bits = (FLIP, FLIP << 1, FLIP << 2)
    effects, operands = [DIVIDE, *(RECODE for _ in bits), DIE], [0, *bits, 0]
    rules = Channels(np.array(effects, np.int64), np.array(operands, np.int64), KIND, LEFT, CLONE, 0)
    world = World(seed=15, n_traits=1, channels=rules)
    rng = np.random.default_rng(15)
    rates = np.array([0.1 + 0.2, 0.3, 0.1, 0.2, 1.0 / 3.0, 0.7, 1e-3, 50.0])
    for place in range(RING):
        world.pop.add(0, place, n)
    rows = world.pop.rows()
    patterns = set()
    for _ in range(3_000):
        world.set_hazards()
        hazard: Floats = rng.choice(rates, (RING, len(effects))) * (rng.random((RING, len(effects))) < 0.5)
        hazard[:, 0] = 0.0
        world.pop.hazard[rows] = hazard
        patterns.add((hazard > 0.0).tobytes())
        tally = world.step(0.1).sum(axis=0)
        taken = np.zeros_like(hazard, dtype=np.int64)
        for (code, place), cells in cells_by(world.pop).items():
            if code:
                taken[place, operands.index(code)] += cells
        taken[:, -1] = n - world.pop.cells[rows] - taken.sum(axis=1)
        assert ((taken > 0) == (hazard > 0.0)).all()
        assert (taken.sum(axis=0) == tally).all()
        for row in world.pop.rows():
            if world.pop.code_of(row):
                world.pop.remove(row)
        world.pop.cells[rows] = n
    assert len(patterns) > 2_500


@pytest.mark.parametrize("single_cells", [False, True])
@pytest.mark.parametrize(
    ("channel", "goes_to"),
    [
        (RECODED, {3}),
        (PROGRAMMED, {3}),
        (TO_NEIGHBOUR, {2, 4}),
        (TO_FIRST, {0}),
        (TO_SPREAD, set(range(RING))),
    ],
)
def test_what_a_channel_takes_comes_from_where_it_is_open(
    channel: int, goes_to: set[int], single_cells: bool
) -> None:
    # The channel is open in place 3 only; change or death elsewhere, and everywhere a little.
    n = 300 if single_cells else 10**6
    world = World(single_cells, seed=16, n_traits=1)
    for place in range(RING):
        world.pop.add(LEFT.bits(1), place, n, np.array([float(place)]))
    world.set_hazards(die=0.1)
    rows = world.pop.rows()
    world.pop.hazard[rows[world.pop.place[rows] == 3], channel] = 2.0
    old = {int(uid) for uid in world.pop.uid[rows]}
    tally = world.step(1.0).sum(axis=0)
    came = {int(world.pop.place[row]) for row in world.pop.rows() if int(world.pop.uid[row]) not in old}
    assert tally[channel] > 0 and tally[DEATH] > 0 and tally.sum() - tally[[channel, DEATH, 0]].sum() == 0
    pop = world.pop
    if channel in (RECODED, PROGRAMMED) or single_cells:  # nobody like them was there
        assert came == goes_to
        now = pop.rows()[~np.isin(pop.uid[pop.rows()], list(old))]
        assert pop.cells[now].sum() == tally[channel] + tally[0]
        assert (pop.traits[now, 0] == 3.0).all()
    else:
        for (_, place), traits in traits_by(pop).items():
            mixed = place in goes_to and place != 3
            assert (traits[0] != place) == mixed
            assert traits[0] == pytest.approx(3.0, abs=abs(place - 3.0))  # drawn towards 3, not from it
    check_integrity(pop)


@pytest.mark.parametrize("single_cells", [False, True])
def test_cells_called_to_a_group_without_members_stay(single_cells: bool) -> None:
    world = World(single_cells)
    world.where = world.where._replace(group_start=np.array([0, 0, RING], np.int32))
    world.pop.add(0, 2, 100, np.array([0.25, 0.5]))
    world.set_hazards(to_group_0=1.0)
    assert world.step(1.0)[0, TO_FIRST] > 30
    assert cells_by(world.pop) == {(0, 2): 100}
    assert (world.pop.traits[world.pop.rows()] == [0.25, 0.5]).all()


def test_minus_zero_is_no_hazard() -> None:
    worlds = [World(seed=17), World(seed=17)]
    for zero, world in zip((0.0, -0.0), worlds, strict=True):
        for place in range(1, RING):
            world.pop.add(0, place, 1_000)
        world.set_hazards(**dict.fromkeys(NAMES, zero) | {"die": 0.5})
        world.step(1.0)
    assert cells_by(worlds[0].pop) == cells_by(worlds[1].pop)


def test_what_cells_of_a_place_do_does_not_depend_on_hazards_in_other_places() -> None:
    results = []
    for elsewhere in (0.0, 5.0):
        world = World(seed=5)
        world.pop.add(0, 3, 1_000)
        world.pop.add(0, 0, 10)
        world.set_hazards()
        hazard = world.pop.hazard
        rows = world.pop.rows()
        there = rows[world.pop.place[rows] == 3]
        for name, rate in (("die", 0.2), ("recode", 0.3), ("to_neighbour", 0.25)):
            hazard[there, NAMES.index(name)] = rate
        hazard[rows[world.pop.place[rows] == 0], NAMES.index("die")] = elsewhere
        world.step(1.0)
        cells = cells_by(world.pop)
        results.append([cells.get(at, 0) for at in ((0, 3), (FLIP, 3), (0, 2), (0, 4))])
    assert results[0] == results[1]
    assert results[0][1] > 0


def _chain(dt: float, a: float, b: float, days: float = 2.0, n: int = 10**14) -> float:
    """Return the share of cells that, after some days, have changed at rate `a` and not yet died at rate `b`."""
    world = World(capacity=8)
    world.pop.add(0, 0, n)
    for _ in range(round(days / dt)):
        world.pop.clear_hazards()
        for row in world.pop.rows():
            changed = world.pop.code_of(row) & FLIP
            world.pop.hazard[row, DEATH if changed else RECODED] = b if changed else a
        world.step(dt)
    check_integrity(world.pop)
    return cells_by(world.pop)[FLIP, 0] / n


def test_who_changed_in_a_step_is_owed_the_rest_of_it() -> None:
    """A chain of two changes is right to second order in the step, where it would be late by half a step in each link."""
    a, b, days = 1.2, 0.7, 2.0
    exact = a / (b - a) * (math.exp(-a * days) - math.exp(-b * days))
    errors = [abs(_chain(dt, a, b) / exact - 1.0) for dt in (0.5, 0.25, 0.125)]
    assert errors[1] < 0.3 * errors[0] and errors[2] < 0.3 * errors[1]  # a quarter or less
    assert errors[2] < 1e-3


@pytest.mark.parametrize(("birth", "leave"), [(0.0, 1e-4), (0.0, 0.8), (0.0, 9.0), (1.5, 0.5), (0.5, 0.5)])
def test_what_is_owed_is_the_mean_time_left(birth: float, leave: float) -> None:
    """Cells there grow as exp((b - d) t), so that those who leave in (0, dt) leave at a time weighted by it."""
    dt, world = 0.5, World(capacity=8)
    world.pop.add(0, 0, 10**12)
    world.set_hazards(divide=birth, recode=leave)
    world.step(dt)
    times = (np.arange(20_000) + 0.5) / 20_000
    weight = np.exp((birth - leave) * dt * times)
    wanted = float((weight * (1.0 - times)).sum() / weight.sum())
    (row,) = (row for row in world.pop.rows() if world.pop.code_of(row) & FLIP)
    assert world.pop.columns.late[row // RING, 0] == pytest.approx(wanted, rel=1e-6)
