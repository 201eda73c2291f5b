"""Compiled kernels against the same source run by Python, bit for bit; and bytes that depend on nothing but the key."""

import pytest

from tests.scripts import printed_by

_TINY = """
import hashlib, warnings
import numpy as np
warnings.simplefilter("ignore", RuntimeWarning)  # Python's own scalars warn where 64-bit arithmetic wraps round
from simulation.engine.rules import Variants
from tests.engine.worlds import LEFT, MUTANT, NAMES, RING, World, digest

said = hashlib.sha256()
for single_cells in (False, True):
    world = World(single_cells, seed=3, capacity=8, variants=Variants(np.array([MUTANT]), np.array([1e-2]), 0, 3))
    for place in range(RING):
        for k in range(3):
            cells = 5 if single_cells else (7, 400, 10**6)[(k + place) % 3]
            world.pop.add((0, 1, LEFT.bits(2))[k], place, cells, np.array([0.1 * k, 0.05 * place]))
    for step in range(6):
        world.set_hazards(divide=0.3, die=0.2, recode=0.15, program=0.6, to_neighbour=0.2, to_group_1=0.1, to_group_0=0.05)
        world.pop.hazard[world.pop.rows()[step], NAMES.index("die")] = 2.0  # the hazards of a stratum need not be alike
        if step == 3:
            world.pop.hazard[world.pop.rows(), NAMES.index("to_group_0")] = -0.0
        tally = world.step(0.25)
        said.update(digest(world.pop) + tally.tobytes())
        world.pop.remove(world.pop.rows()[0])
print(said.hexdigest(), world.pop.n_agents)
"""


@pytest.fixture(scope="module")
def compiled() -> str:
    return printed_by(_TINY)


def test_kernels_do_what_their_python_source_does(compiled: str) -> None:
    assert printed_by(_TINY, NUMBA_DISABLE_JIT="1") == compiled


def test_bytes_do_not_depend_on_the_hash_seed_of_python(compiled: str) -> None:
    assert printed_by(_TINY, PYTHONHASHSEED="12345") == compiled, (
        "a set, a dict's order or hash() got into the engine"
    )
