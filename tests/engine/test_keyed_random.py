"""Keyed random numbers: uniform, independent over keys, frozen, and the same whatever the order.

Fixed seeds; on fresh ones each p-value would fall below its limit with probability 1e-6.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from numba import njit
from scipy import stats

from simulation.engine.compiled import alone
from simulation.engine.keyed_random import (
    agent_key,
    base_key,
    combine,
    normal,
    step_key,
    uniform,
)

_ALARM = 1e-6
_ROOT = Path(__file__).parents[2]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@njit(cache=False)
def _first_of_agents(key: np.uint64, codes: Ints, places: Ints, serials: Ints, skip: int) -> Floats:
    out = np.empty(codes.size)
    for i in range(codes.size):
        state = agent_key(key, codes[i], places[i], serials[i])
        for _ in range(skip):
            _, state = uniform(state)
        out[i], state = uniform(state)
    return out


@njit(cache=False)
def _sequence(seed: int, size: int, kind: int) -> Floats:
    state = np.uint64(seed)
    out = np.empty(size)
    for i in range(size):
        if kind == 0:
            out[i], state = uniform(state)
        else:
            out[i], state = normal(state)
    return out


def _flat(sample: Floats) -> float:
    return float(stats.chisquare(np.histogram(sample, bins=256, range=(0.0, 1.0))[0]).pvalue)


def test_one_sequence_is_uniform_and_its_neighbours_are_independent() -> None:
    u = _sequence(7, 1_000_000, 0)
    assert u.min() > 0.0 and u.max() < 1.0
    assert _flat(u) > _ALARM
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 5.0 / np.sqrt(u.size)
    pairs = np.histogram2d(u[::2], u[1::2], bins=32, range=((0, 1), (0, 1)))[0].ravel()
    assert stats.chisquare(pairs).pvalue > _ALARM


def test_normal_numbers_follow_their_law() -> None:
    z = _sequence(8, 1_000_000, 1)
    assert stats.kstest(z, "norm").pvalue > _ALARM
    for limit in (3.0, 4.0):
        p = 2.0 * stats.norm.sf(limit)
        assert stats.binomtest(int((np.abs(z) > limit).sum()), z.size, p).pvalue > _ALARM


@pytest.mark.parametrize("skip", [0, 1, 5])
def test_neighbouring_keys_are_independent(skip: int) -> None:
    n = 200_000
    codes, places, serials = np.arange(n) // 100, np.arange(n) // 4 % 25, np.arange(n) % 4
    key = step_key(base_key(1, 0, "events"), 10)
    a = _first_of_agents(key, codes, places, serials, skip)
    next_step = _first_of_agents(step_key(base_key(1, 0, "events"), 11), codes, places, serials, skip)
    patient = _first_of_agents(step_key(base_key(1, 1, "events"), 10), codes, places, serials, skip)
    stream = _first_of_agents(step_key(base_key(1, 0, "event"), 10), codes, places, serials, skip)
    further = _first_of_agents(key, codes, places + 2**18, serials, skip)
    for sample in (a, next_step, patient, stream, further):
        assert _flat(sample) > _ALARM
    for other in (a[1:], a[4:], a[100:], next_step, patient, stream, further):
        mine = a[: other.size]
        assert abs(np.corrcoef(mine, other)[0, 1]) < 5.0 / np.sqrt(other.size)
        joint = np.histogram2d(mine, other, bins=16, range=((0, 1), (0, 1)))[0].ravel()
        assert stats.chisquare(joint).pvalue > _ALARM


def test_a_draw_depends_on_the_agent_and_not_on_the_order() -> None:
    key = step_key(base_key(3, 2, "events"), 100)
    codes = np.arange(5_000, dtype=np.int64) * 7919
    places, serials = codes % 13, codes % 5
    order = np.random.default_rng(0).permutation(codes.size)
    straight = _first_of_agents(key, codes, places, serials, 2)
    shuffled = _first_of_agents(key, codes[order], places[order], serials[order], 2)
    assert (straight[order] == shuffled).all()
    assert np.unique(straight).size == straight.size


def test_numbers_are_frozen() -> None:
    # A change of these changes every result: it needs an entry in the changelog.
    key = step_key(base_key(1, 0, "events"), 5)
    state = np.uint64(alone(agent_key)(key, np.int64(17), np.int64(3), np.int64(2)))
    assert [combine(1, 2, 3), base_key(1, 0, "events"), int(key), int(state)] == FROZEN_KEYS
    uniforms, normals = (
        _sequence(int(state >> np.uint64(1)), 3, 0),
        _sequence(int(state >> np.uint64(1)), 3, 1),
    )
    assert [x.hex() for x in (*uniforms.tolist(), *normals.tolist())] == FROZEN_NUMBERS


FROZEN_KEYS = [0x45ff21466f2fdd51, 0x92fafd285b6478e9, 0x126826a25bd7ca1b, 0xe1f278a5e15aadd]  # fmt: skip
FROZEN_NUMBERS = [
    "0x1.f46a8048c4752p-3",
    "0x1.cee8f36a02b22p-3",
    "0x1.3cb6cf5e4563bp-2",
    "-0x1.778b492b7e85dp-1",
    "-0x1.b98ff4c3472f8p+0",
    "-0x1.3fff269fed587p-1",
]


def test_parts_of_a_key_and_their_places_matter() -> None:
    keys = {
        combine(*parts)
        for parts in ((), (0,), (0, 0), (1,), (1, 0), (0, 1), (-1,), (2**63,), (1, 2, 3), (3, 2, 1))
    }
    assert len(keys) == 10
    assert base_key(1, 2, "a") != base_key(2, 1, "a") != base_key(1, 2, "b")


def test_keys_do_not_depend_on_the_hash_seed_of_python() -> None:
    code = "from simulation.engine.keyed_random import base_key, step_key; print(int(step_key(base_key(5, 6, 'x'), 7)))"
    output = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=_ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(output) == 1, "a key depends on PYTHONHASHSEED: is there a set, a dict or hash() in it?"
