"""What cells that come in the middle of a step are owed of it: growth is that of their whole time, to second order."""

import math

import numpy as np
from scipy import linalg, stats

from simulation.engine.population import Floats
from tests.engine.worlds import LEFT, RING, SPREAD_WEIGHT, TO_SPREAD, World


def _grown(world: World, birth: float, dt: float) -> Floats:
    """Return cells by row, with the growth that they are still owed of their last step."""
    rows = world.pop.rows()
    owed = world.pop.columns.late[rows // world.pop.n_places, world.pop.place[rows]] * dt
    cells: Floats = world.pop.cells[rows].astype(float)
    return cells * np.exp(birth * owed)


def test_cells_in_a_program_live_the_rest_of_a_step_too() -> None:
    """They divide besides: the program's mean times the others' growth, to second order in the step.

    Where daughters of a programmed division wait for the end of a step, 16, 28 and 45 % are missing.
    """
    rate, birth, steps, days = 1.5, 0.8, 4, 4.0
    missing = []
    for dt in (0.125, 0.25, 0.5):
        world = World(seed=21)
        world.pop.add(LEFT.bits(steps), 0, 10**9)
        for _ in range(round(days / dt)):
            world.set_hazards(program=rate, divide=birth)
            world.step(dt)
        done = [float(stats.poisson.pmf(k, rate * days)) for k in range(steps)]
        done.append(1.0 - sum(done))
        mean = 1e9 * math.exp(birth * days) * sum(share * 2**k for k, share in enumerate(done))
        missing.append(1.0 - _grown(world, birth, dt).sum() / mean)
    assert 0.0 < missing[0] < 0.35 * missing[1] < 0.35**2 * missing[2] and missing[2] < 0.15


def test_cells_that_change_twice_live_their_whole_time() -> None:
    """They come to a hub and leave it at once: away from it they divide, and their growth is that of the time away."""
    leave, away, birth, days = 40.0, 1.0, 0.5, 8.0
    back = leave * (1.0 - SPREAD_WEIGHT[0])  # of those that leave the hub some go to it
    gaps = []
    for dt in (0.0625, 0.125, 0.25):
        world = World(seed=22)
        for place in range(1, RING):
            world.pop.add(0, place, 10**9)
        for _ in range(round(days / dt)):
            world.set_hazards(divide=birth, to_group_0=away)
            rows = world.pop.rows()
            hub = rows[world.pop.place[rows] == 0]
            world.pop.hazard[hub] = 0.0
            world.pop.hazard[hub, TO_SPREAD] = leave
            world.step(dt)
        # dA/dt = (birth - away) A + back H, dH/dt = away A - back H
        flow = np.array([[birth - away, back], [away, -back]])
        mean = 5e9 * linalg.expm(flow * days).sum(axis=0)[0]
        gaps.append(float(np.log(_grown(world, birth, dt).sum() / mean)))
    assert 0.0 < -gaps[0] < 0.35 * -gaps[1] < 0.35**2 * -gaps[2] and -gaps[2] < 0.15
