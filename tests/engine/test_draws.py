"""Draws against the exact laws of SciPy.

Every test has a fixed seed, so it passes or fails for good; on a fresh seed each comparison would raise a false
alarm with probability 1e-6 (p-values) or 6e-7 (five standard errors).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from numba import njit
from scipy import stats

from simulation.engine.compiled import alone
from simulation.engine.draws import binomial, draw_binomial, draw_births, draw_gamma, draw_poisson, poisson
from simulation.engine.keyed_random import GOLDEN
from simulation.engine.population import Floats, Ints
from simulation.engine.row_draws import Row, binomial_along, births_along, poisson_along

_ALARM = 1e-6
_SIGMAS = 5.0
States = npt.NDArray[np.uint64]
Law = Any  # a frozen discrete law of SciPy


@njit(cache=False)
def _binomials(seed: int, n: int, p: float, size: int) -> Ints:
    state = np.uint64(seed)
    out = np.empty(size, np.int64)
    for i in range(size):
        out[i], state = draw_binomial(state, n, p)
    return out


@njit(cache=False)
def _poissons(seed: int, mean: float, size: int) -> Ints:
    state = np.uint64(seed)
    out = np.empty(size, np.int64)
    for i in range(size):
        out[i], state = draw_poisson(state, mean)
    return out


@njit(cache=False)
def _births(seed: int, n: int, stay: float, size: int) -> Ints:
    state = np.uint64(seed)
    out = np.empty(size, np.int64)
    for i in range(size):
        out[i], state = draw_births(state, n, stay)
    return out


@njit(cache=False)
def _gammas(seed: int, shape: float, size: int) -> Floats:
    state = np.uint64(seed)
    out = np.empty(size)
    for i in range(size):
        out[i], state = draw_gamma(state, shape)
    return out


def _p_value(sample: Ints, law: Law) -> float:
    """Compare a sample with a discrete law by chi-square over at most 100 bins with 20 expected draws each at least."""
    edges = np.unique(law.ppf(np.linspace(0.0, 1.0, 101)[1:-1]))
    share = np.diff(np.concatenate([[0.0], law.cdf(edges), [1.0]]))
    seen = np.bincount(np.searchsorted(edges, sample, side="left"), minlength=edges.size + 1)
    expected = share * sample.size
    merged_seen, merged_expected, a, b = [], [], 0.0, 0.0
    for observed, wanted in zip(seen, expected, strict=True):
        a, b = a + observed, b + wanted
        if b >= 20.0:
            merged_seen.append(a)
            merged_expected.append(b)
            a = b = 0.0
    merged_seen[-1] += a
    merged_expected[-1] += b
    if len(merged_seen) < 2:
        return 1.0
    return float(stats.chisquare(merged_seen, merged_expected, sum_check=False).pvalue)


def _check(sample: Ints, law: Law) -> None:
    n = sample.size
    mean, variance, _, excess = (float(x) for x in law.stats("mvsk"))
    assert abs(sample.mean() - mean) < _SIGMAS * np.sqrt(variance / n)
    assert abs(sample.var() - variance) < _SIGMAS * variance * np.sqrt((excess + 2.0) / n) + 1e-9
    assert _p_value(sample, law) > _ALARM
    for where in (mean - 3.5 * variance**0.5, mean + 3.5 * variance**0.5):  # the tails
        below = where < mean
        p = float(law.cdf(np.floor(where)) if below else law.sf(np.ceil(where)))
        seen = int((sample <= np.floor(where)).sum() if below else (sample > np.ceil(where)).sum())
        assert stats.binomtest(seen, n, p).pvalue > _ALARM if p > 0 else seen == 0


_BINOMIALS = [
    (1, 0.3), (2, 0.5), (3, 0.01), (7, 0.9), (20, 0.2), (20, 0.5), (25, 0.4), (64, 0.03), (100, 0.09), (100, 0.11), (200, 0.3),
    (1_000, 0.0004), (1_000, 0.02), (1_000, 0.97), (1_000, 0.5), (5_000, 0.4), (100_000, 1e-5), (100_000, 3e-4), (100_000, 0.1),
    (10**9, 1e-9), (10**9, 5e-9), (10**9, 3e-8), (10**9, 2e-7), (10**9, 0.25), (10**12, 1e-12),
    (7 * 10**11, 1e-3), (7 * 10**11, 0.6),
]  # fmt: skip


@pytest.mark.parametrize(("n", "p"), _BINOMIALS)
def test_binomial_follows_its_law(n: int, p: float) -> None:
    sample = _binomials(11, n, p, 300_000)
    assert sample.min() >= 0 and sample.max() <= n
    _check(sample, stats.binom(n, p))


@pytest.mark.parametrize(
    "mean", [1e-3, 0.1, 1.0, 5.0, 9.9, 10.1, 15.0, 25.0, 40.0, 90.0, 110.0, 200.0, 990.0, 1_100.0, 1e5, 1e10]
)
def test_poisson_follows_its_law(mean: float) -> None:
    sample = _poissons(12, mean, 300_000)
    assert sample.min() >= 0
    _check(sample, stats.poisson(mean))


_CLANS = [
    (1, 0.5), (1, 0.05), (2, 0.9), (3, 0.02), (10, 0.99), (10, 0.3), (100, 0.999), (100, 0.95), (100, 0.7), (1_000, 0.999),
    (1_000, 0.95), (1_000, 0.5), (10**6, 0.99999), (10**6, 0.9999), (10**6, 0.98), (10**9, 0.98), (7 * 10**11, 0.98),
]  # fmt: skip


@pytest.mark.parametrize(("n", "stay"), _CLANS)
def test_births_of_clans_follow_the_negative_binomial(n: int, stay: float) -> None:
    sample = _births(13, n, stay, 300_000)
    assert sample.min() >= 0
    _check(sample, stats.nbinom(n, stay))


@pytest.mark.parametrize("n", [10**9, 7 * 10**11, 10**15])
def test_large_draws_have_the_variance_to_a_part_in_a_thousand(n: int) -> None:
    sample = _binomials(14, n, 0.3, 4_000_000).astype(float)
    variance = n * 0.3 * 0.7
    assert abs((sample - 0.3 * n).mean()) < _SIGMAS * np.sqrt(variance / sample.size)
    assert abs(sample.var() / variance - 1.0) < _SIGMAS * np.sqrt(2.0 / sample.size) < 5e-3


@pytest.mark.parametrize("shape", [1.0, 2.0, 7.5, 1e3])
def test_gamma_follows_its_law(shape: float) -> None:
    assert stats.kstest(_gammas(15, shape, 200_000), stats.gamma(shape).cdf).pvalue > _ALARM


@pytest.mark.parametrize("n", [0, 1, 2, 50, 10**6, 10**13])
def test_certain_and_impossible_events_need_no_luck(n: int) -> None:
    for p, wanted in ((0.0, 0), (-1e-18, 0), (1.0, n), (1.0 + 1e-15, n)):
        assert (_binomials(3, n, p, 100) == wanted).all()


@pytest.mark.parametrize("p", [1e-300, 1e-17, 1.0 - 1e-16, 0.5 - 1e-16, 0.5, 0.5 + 1e-16])
@pytest.mark.parametrize("n", [1, 3, 10**5, 10**14])
def test_draws_at_the_edge_of_the_probabilities_stay_inside_the_support(n: int, p: float) -> None:
    sample = _binomials(4, n, p, 2_000)
    assert sample.min() >= 0 and sample.max() <= n


def test_no_cells_no_events() -> None:
    assert (_binomials(5, 0, 0.5, 10) == 0).all()
    assert (_poissons(5, 0.0, 10) == 0).all()
    assert (_births(5, 0, 0.5, 10) == 0).all()
    assert (_births(5, 100, 1.0, 10) == 0).all()


def test_draws_with_the_state_in_an_array_are_the_same_draws() -> None:
    for n, p in ((5, 0.3), (1_000, 0.004), (1_000, 0.02), (1_000, 0.3), (10**8, 0.2)):
        state = np.full(1, 21, np.uint64)
        assert [binomial(state, n, p) for _ in range(50)] == _binomials(21, n, p, 50).tolist()
    state = np.full(1, 22, np.uint64)
    assert [poisson(state, 3.0) for _ in range(50)] == _poissons(22, 3.0, 50).tolist()


@njit(cache=False)
def _binomials_one_by_one(state: States, n: Ints, p: Floats) -> Ints:
    out = np.empty(n.size, np.int64)
    for i in range(n.size):
        out[i], state[i] = draw_binomial(state[i], n[i], p[i])
    return out


@njit(cache=False)
def _poissons_one_by_one(state: States, mean: Floats) -> Ints:
    out = np.empty(mean.size, np.int64)
    for i in range(mean.size):
        out[i], state[i] = draw_poisson(state[i], mean[i])
    return out


@njit(cache=False)
def _births_one_by_one(state: States, founders: Ints, stay: Floats) -> Ints:
    out = np.empty(founders.size, np.int64)
    for i in range(founders.size):
        out[i], state[i] = draw_births(state[i], founders[i], stay[i])
    return out


_BELOW, _ABOVE = np.nextafter(50.0, 0.0), np.nextafter(50.0, 99.0)
_CELLS = [
    0,
    1,
    2,
    3,
    10,
    23,
    24,
    25,
    26,
    50,
    99,
    100,
    199,
    200,
    201,
    1_000,
    4_567,
    10**5,
    10**6,
    10**9,
    10**12,
]
_P = [
    -1.0, -1e-18, 0.0, 5e-324, 1e-300, 1e-17, 1e-12, 1e-11, 5e-11, 1e-9, 1e-7, 1e-5, 1e-4, 1e-3, 0.02, 0.1, 0.25, 1.0 / 3.0, 0.4,
    0.5 - 1e-16, 0.5, 0.5 + 1e-16, 0.6, 0.9, 0.999, 1.0 - 1e-9, 1.0 - 1e-12, 1.0 - 1e-16, 1.0, 1.0 + 1e-15, 2.0,
]  # fmt: skip
_MEANS = [
    -1.0, 0.0, 5e-324, 1e-300, 1e-9, 0.01, 0.5, 1.0, 5.0, 9.999, 10.0, 10.001, 25.0, 49.0, _BELOW, 50.0, _ABOVE, 60.0, 1e3, 1e6,
    1e12, 1e15,
]  # fmt: skip
_STAY = [
    1.0 + 1e-15, 1.0, 1.0 - 1e-16, 1.0 - 1e-13, 1.0 - 1e-12, 1.0 - 1e-11, 1.0 - 1e-9, 0.999999, 0.9999, 0.99, 0.9, 0.7, 0.5, 0.3,
    0.1, 0.01, 1e-3, 1e-5,
]  # fmt: skip


def _along_as_one_by_one(draw_along: Any, one_by_one: Any, *arguments: npt.NDArray[Any], seed: int) -> float:
    """Compare numbers and states, in rows of many lengths; return the share that the first glance settled."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(arguments[0].size)  # what is drawn in different ways stands side by side
    shuffled = [argument[order] for argument in arguments]
    state = rng.integers(0, 2**64, order.size, np.uint64)
    after, wanted = state.copy(), np.zeros(order.size, np.int64)
    wanted[:] = one_by_one(after, *shuffled)
    begin, length = 0, 0
    while begin < order.size:
        part = slice(begin, begin + length)
        n = shuffled[0][part].size
        room = n + length % 3  # what lies beyond the row's places is not touched
        mine, out = np.ones(room, np.uint64), np.full(room, -7, np.int64)
        mine[:n] = state[part]
        parts = [np.append(argument[part], np.ones(room - n, argument.dtype)) for argument in shuffled]
        draw_along(mine, *parts, out, Row.of(room), n)
        assert out[:n].tobytes() == wanted[part].tobytes() and mine[:n].tobytes() == after[part].tobytes()
        assert (out[n:] == -7).all() and (mine[n:] == 1).all()
        begin, length = begin + length, length % 40 + 1 if length < 40 else 5_000
    return float((after == state + GOLDEN).mean())


def _log_uniform(rng: np.random.Generator, low: float, high: float, size: int) -> Floats:
    return np.exp(rng.uniform(np.log(low), np.log(high), size))


def test_binomial_draws_along_a_row_are_the_same_as_one_by_one() -> None:
    rng = np.random.default_rng(30)
    n, p = (x.ravel() for x in np.meshgrid(np.array(_CELLS), np.array(_P), indexing="ij"))
    n, p = np.tile(n, 60), np.tile(p, 60)
    settled = _along_as_one_by_one(alone(binomial_along), _binomials_one_by_one, n, p, seed=31)
    assert 0.1 < settled < 0.9
    n, p = _log_uniform(rng, 1.0, 1e13, 200_000).astype(np.int64), _log_uniform(rng, 1e-13, 1.0, 200_000)
    p[::2] = 1.0 - p[::2]
    assert _along_as_one_by_one(alone(binomial_along), _binomials_one_by_one, n, p, seed=32) > 0.5
    # Where the ways to draw change: at some mean, and at some variance.
    p = rng.random(100_000)
    n = (rng.uniform(9.0, 11.0, p.size) / np.minimum(p, 1.0 - p)).astype(np.int64)
    n[::2] = (rng.uniform(45.0, 55.0, p.size) / (p * (1.0 - p))).astype(np.int64)[::2]
    _along_as_one_by_one(alone(binomial_along), _binomials_one_by_one, n, p, seed=33)


def test_poisson_draws_along_a_row_are_the_same_as_one_by_one() -> None:
    rng = np.random.default_rng(34)
    mean = np.tile(_MEANS, 2_000)
    assert 0.2 < _along_as_one_by_one(alone(poisson_along), _poissons_one_by_one, mean, seed=35) < 0.9
    mean = np.concatenate([_log_uniform(rng, 1e-9, 1e15, 100_000), rng.uniform(5.0, 55.0, 100_000)])
    _along_as_one_by_one(alone(poisson_along), _poissons_one_by_one, mean, seed=36)


def test_births_along_a_row_are_the_same_as_one_by_one() -> None:
    rng = np.random.default_rng(37)
    founders, stay = (x.ravel() for x in np.meshgrid(np.array(_CELLS), np.array(_STAY), indexing="ij"))
    founders, stay = np.tile(founders, 60), np.tile(stay, 60)
    assert 0.2 < _along_as_one_by_one(alone(births_along), _births_one_by_one, founders, stay, seed=38) < 0.9
    founders, more = (
        _log_uniform(rng, 1.0, 1e13, 200_000).astype(np.int64),
        _log_uniform(rng, 1e-13, 0.9999, 200_000),
    )
    _along_as_one_by_one(alone(births_along), _births_one_by_one, founders, 1.0 - more, seed=39)
    mean, more = rng.uniform(5.0, 100.0, 100_000), _log_uniform(rng, 1e-9, 0.9, 100_000)
    founders = (mean * (1.0 - more) / more).astype(np.int64)
    _along_as_one_by_one(alone(births_along), _births_one_by_one, founders, 1.0 - more, seed=40)
