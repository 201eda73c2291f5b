"""Homeostasis and thymus: the logistic to a set point that rises, crowds, and what comes late."""

from math import exp, log

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from simulation.biology.homeostasis import mean_room, set_point
from simulation.biology.places import PlaceKind
from simulation.biology.traits import (
    ORIGIN,
    ORIGIN_THYMUS,
    TCON,
    TREG,
    encode,
)
from simulation.engine.compiled import alone
from tests.body.patients import patient

from .lab import Lab

BLOOD = PlaceKind.BLOOD


@pytest.mark.parametrize("start", [7e7, 2e10, 1e11])
def test_t_cells_reach_a_fixed_set_point_along_the_logistic_curve(start: float) -> None:
    lab = Lab(BLOOD, n_t_cell_set_point_late=2.5e10)
    lab.add(encode(TCON), start)
    exact = 2.5e10 / (1 + (2.5e10 / start - 1) * exp(-0.25 * 30.0))
    lab.run(30.0, 0.05, "homeostasis")
    assert log(lab.cells() / exact) == pytest.approx(0.0, abs=0.01)
    lab.run(60.0, 0.25, "homeostasis")
    assert lab.cells() == pytest.approx(2.5e10, rel=0.01)


def test_t_cells_follow_a_rising_set_point_as_the_ode_does() -> None:
    def right(t: float, y: np.ndarray) -> np.ndarray:
        return 0.25 * y * (1 - y / float(alone(set_point)(2.5e10, 2.5e11, t, 700.0)))

    exact = solve_ivp(right, (0, 300), [7e7], rtol=1e-9, t_eval=[20, 40, 100, 300]).y[0]
    lab, day = Lab(BLOOD), 0
    lab.add(encode(TCON), 7e7)
    for until, expected in zip((20, 40, 100, 300), exact, strict=True):
        lab.run(until - day, 0.25, "homeostasis")
        day = until
        assert log(lab.cells() / expected) == pytest.approx(0.0, abs=0.05)


def test_the_set_point_starts_early_and_ends_late() -> None:
    assert alone(set_point)(1.0, 9.0, 0.0, 700.0) == alone(set_point)(1.0, 9.0, -4.0, 700.0) == 1.0
    assert alone(set_point)(1.0, 9.0, 700.0, 700.0) == pytest.approx(9.0 - 8.0 * exp(-1.0))


@pytest.mark.parametrize("room", [1.0, 0.3, 0.0, -2.0, -1e3])
def test_the_mean_room_is_that_along_the_logistic_curve(room: float) -> None:
    rate, days = 0.6, 1.5
    start = 1.0 - room
    end = start / (start + (1.0 - start) * exp(-rate * days)) if start > 0.0 else 0.0
    mean = log(end / start) / (rate * days) if start > 0.0 else 1.0
    assert alone(mean_room)(room, rate * days) == pytest.approx(mean, abs=1e-12)
    assert alone(mean_room)(room, 0.0) == room


@pytest.mark.parametrize("dt", [0.25, 0.5, 1.0])
def test_a_crowd_of_any_size_comes_down_and_stays_down_in_steps_of_any_length(dt: float) -> None:
    """Half a step of the hazard at its beginning would leave nobody in the middle, and the step would take nothing."""
    body = patient(
        time_step=f"{dt} d", record_every="1 d", **{"parameters.rate_homeostatic_division": "0.35 /day"}
    )
    aim = body.values.n_t_cell_set_point_early
    body.infuse(encode(TCON), round(1000 * aim))
    numbers = [1000.0]
    while body.day < 40.0:
        body.step()
        numbers.append(int(body.state.pop.cells.sum()) / aim)
    fallen = next(i for i, n in enumerate(numbers) if n < 1.5)
    assert max(numbers[1:]) < 100.0 and fallen * dt < 12.0 and max(numbers[fallen:]) < 1.5


def test_the_factor_on_homeostatic_division_slows_recovery() -> None:
    counts = []
    for factor in (1.0, 0.2):
        lab = Lab(BLOOD)
        lab.state.signals.homeostatic_factor = factor
        lab.state.signals.proliferation_factor = 0.0  # bears on division on antigen only
        lab.add(encode(TCON), 7e7)
        lab.run(10.0, 0.25, "homeostasis")
        counts.append(log(lab.cells() / 7e7))
    assert counts[0] == pytest.approx(2.5, abs=0.05)
    assert counts[1] == pytest.approx(0.2 * 2.55 - 0.05, abs=0.02)


def test_the_thymus_exports_late_and_in_the_given_number() -> None:
    lab = Lab(BLOOD, n_thymic_output=1e7, day_thymus=10.0)
    lab.run(10.0, 0.25, "thymus")
    assert lab.cells() == 0
    lab.run(20.0, 0.25, "thymus", "homeostasis")
    thymic = {"mask": ORIGIN.mask, "value": ORIGIN.bits(ORIGIN_THYMUS)}
    assert lab.state.infused == pytest.approx(20 * 1e7 * 1.06, rel=0.01)
    assert lab.cells(**thymic) == lab.cells() == lab.state.infused + lab.state.births - lab.state.deaths
    assert 0 < lab.cells(TREG, **thymic) < 0.1 * lab.cells(TCON, **thymic)
