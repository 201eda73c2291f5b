"""Compiled kernels against the same source run by Python, bit for bit; and bytes that depend on nothing but the key."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_TINY = """
import hashlib, warnings
import numpy as np
warnings.simplefilter("ignore", RuntimeWarning)  # Python's own scalars warn where 64-bit arithmetic wraps round
from simulation.engine.events import Variants
from simulation.engine.population import Resolution
from tests.engine.worlds import FLIP, LEFT, MUTANT, NAMES, RING, World, digest

said = hashlib.sha256()
for max_cells in (0, 1):
    world = World(Resolution(2, max_cells), seed=3, capacity=8,
                  variants=Variants(np.array([MUTANT]), np.array([1e-2]), 0, 3))
    for place in range(RING):
        for k in range(3):
            cells = 5 if max_cells else (7, 400, 10**6)[k]
            world.pop.add((0, 1, LEFT.bits(2))[k], place, cells, np.array([0.1 * k, 0.05 * place]))
    for step in range(6):
        world.set_hazards(divide=0.3, die=0.2, recode=0.15, to_neighbour=0.2, to_group_1=0.1, to_group_0=0.05)
        rows = world.pop.rows()
        world.pop.hazard[rows[(world.pop.codes(rows) & FLIP) > 0], NAMES.index("recode")] = 0.0
        world.pop.hazard[rows[LEFT.of(world.pop.codes(rows)) > 0], NAMES.index("program")] = 0.6
        tally = world.step(0.25)
        said.update(digest(world.pop) + tally.tobytes())
print(said.hexdigest(), world.pop.n_agents)
"""


def _say(**environment: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(_ROOT), **environment}
    done = subprocess.run(
        [sys.executable, "-c", _TINY], cwd=_ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def compiled() -> str:
    return _say()


def test_kernels_do_what_their_python_source_does(compiled: str) -> None:
    assert _say(NUMBA_DISABLE_JIT="1") == compiled


def test_bytes_do_not_depend_on_the_hash_seed_of_python(compiled: str) -> None:
    assert _say(PYTHONHASHSEED="12345") == compiled, "a set, a dict's order or hash() got into the engine"
