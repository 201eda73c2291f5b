"""Activation, exhaustion, trafficking and margination, each alone against its ODE."""

from math import exp, log

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from simulation.biology.margination import adhere
from simulation.biology.places import PlaceKind
from simulation.biology.traits import (
    BLAST,
    EFFECTOR,
    ENGAGED_TCON,
    ENGAGED_TREG,
    EXHAUSTION_REVERSIBLE,
    EXHAUSTION_TERMINAL,
    TCON,
    TREG,
    encode,
)
from simulation.engine.compiled import alone

from .lab import Lab

WELL, MARROW, BLOOD, LYMPHOID, TISSUE = (
    PlaceKind.WELL,
    PlaceKind.MARROW,
    PlaceKind.BLOOD,
    PlaceKind.LYMPHOID,
    PlaceKind.TISSUE,
)


def well_with_busy(u: float, **parameters: float) -> Lab:
    """Return a well in which an engaged T cell is busy a fraction `u` of its time (signals held by hand)."""
    lab = Lab(WELL, **parameters)
    lab.state.signals.busy[0] = u
    lab.state.signals.synapse_rate[0] = 3.0 * u / (1.0 - u) if u < 1 else 1e9
    return lab


# ---- activation


@pytest.mark.parametrize("u", [0.1, 0.5, 0.95])
def test_activation_and_reversion_follow_their_ode(u: float) -> None:
    a = 3.0 * u / (1.0 - u)
    engage = a * 9.8 / (a + 9.8)
    room = 1.0 - 1.0 / 4.0
    b, d, r = 0.35 * u * room, 0.1 * u, 0.5 * (1.0 - u)
    matrix = np.array([[-engage, r], [engage, b - d - r]])
    exact = expm(matrix * 5.0) @ np.array([1e12, 0.0])
    errors = []
    for dt in (0.05, 0.025):
        lab = well_with_busy(u)
        lab.add(encode(TCON), 1e12)
        lab.run(5.0, dt, "activation")
        result = np.array([lab.cells(TCON), lab.cells(ENGAGED_TCON)])
        assert result.sum() == pytest.approx(exact.sum(), rel=0.02)
        errors.append(abs(result[1] / exact[1] - 1.0))
    assert errors[1] < 0.01
    assert errors[1] < 0.65 * errors[0] + 1e-4  # first order in the step


def test_engaged_cells_keep_their_lineage_and_traits_when_they_revert() -> None:
    lab = well_with_busy(0.0)
    lab.add(encode(ENGAGED_TCON, alloreactive=True, stage=EFFECTOR, origin=2), 1e6, exhaustion=0.5)
    lab.add(encode(ENGAGED_TREG), 1e6)
    lab.run(60.0, 0.25, "activation")
    assert lab.cells(TCON) == lab.cells(TREG) == 1e6
    effector = encode(TCON, alloreactive=True, stage=EFFECTOR, origin=2)
    assert lab.cells(TCON, mask=~0, value=effector) == 1e6
    assert lab.trait(EXHAUSTION_REVERSIBLE) == pytest.approx(0.25)


def test_reversion_without_antigen_is_exponential() -> None:
    lab = well_with_busy(0.0)
    lab.add(encode(ENGAGED_TCON), 1e10)
    lab.run(4.0, 0.25, "activation")
    assert lab.cells(ENGAGED_TCON) / 1e10 == pytest.approx(exp(-2.0), rel=1e-3)
    assert lab.cells() == 1e10


def test_nothing_is_activated_faster_than_the_maximum() -> None:
    lab = well_with_busy(1.0, rate_activation_death=0.0001, rate_division_engaged=0.0001)
    lab.add(encode(TCON), 1e12)
    lab.run(0.25, 0.25, "activation")
    assert lab.cells(TCON) / 1e12 == pytest.approx(exp(-9.8 / 4), rel=1e-3)


@pytest.mark.parametrize(
    ("exhaustion", "suppression", "kind", "share"),
    [
        (0.0, 0.0, ENGAGED_TCON, 1.0),
        (0.4, 0.0, ENGAGED_TCON, 0.6),
        (0.0, 0.8, ENGAGED_TCON, 0.2),
        (0.0, 0.8, ENGAGED_TREG, 0.3),
    ],
)
def test_division_of_engaged_cells_falls_with_exhaustion_and_suppression(
    exhaustion: float, suppression: float, kind: int, share: float
) -> None:
    lab = well_with_busy(0.8, rate_reversion=0.0, rate_activation_death=0.0)
    lab.state.signals.suppression[0] = suppression
    lab.add(encode(kind), 1e12, exhaustion=exhaustion)
    lab.run(2.0, 0.25, "activation")
    rate = 0.35 * 0.8 * (1 - 1 / 4) * share
    assert log(lab.cells() / 1e12) == pytest.approx(2.0 * rate, rel=1e-3)


def test_immunosuppressed_cells_divide_less_and_division_ends_at_the_expansion_limit() -> None:
    lab = well_with_busy(0.8, rate_reversion=0.0, rate_activation_death=0.0)
    lab.add(encode(ENGAGED_TCON), 1e12)
    lab.state.signals.proliferation_factor = 0.2
    lab.run(2.0, 0.25, "activation")
    assert log(lab.cells() / 1e12) == pytest.approx(2.0 * 0.2 * 0.35 * 0.8 * 0.75, rel=1e-3)
    before = lab.cells()
    lab.state.signals.proliferation_factor = 1.0
    lab.state.signals.lymphopenia = 1.0 - 4.0  # N = 4 K, the limit
    lab.run(2.0, 0.25, "activation")
    assert lab.cells() == before


# ---- exhaustion


@pytest.mark.parametrize("kind", [TCON, TREG])
def test_cells_that_are_not_engaged_recover_at_the_rate_of_recovery_and_keep_what_is_terminal(
    kind: int,
) -> None:
    lab = well_with_busy(0.9)  # busy is the time of engaged cells: these have none
    lab.state.pop.add(encode(kind), 0, 1_000, np.array([0.6, 0.2]))
    lab.run(3.0, 0.25, "exhaustion")
    assert lab.trait(EXHAUSTION_REVERSIBLE) == pytest.approx(0.6 * exp(-0.4 * 3.0), rel=1e-12)
    assert lab.trait(EXHAUSTION_TERMINAL) == 0.2


def exhaustion_ode(u: float, days: float, k: tuple[float, float, float], r0: float) -> np.ndarray:
    rise, recovery, terminal = k

    def right(_: float, y: np.ndarray) -> np.ndarray:
        r, t = y
        return np.array(
            [rise * u * (1 - r - t) - recovery * (1 - u) * r - terminal * u * r, terminal * u * r]
        )

    return np.asarray(solve_ivp(right, (0, days), [r0, 0.0], rtol=1e-10, atol=1e-12).y[:, -1])


@pytest.mark.parametrize("u", [0.0, 0.05, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("terminal", [0.0, 0.01, 0.1])
def test_exhaustion_follows_its_ode_at_any_engagement(u: float, terminal: float) -> None:
    exact = exhaustion_ode(u, 28.0, (0.29, 0.4, terminal), 0.2)
    lab = well_with_busy(u, rate_exhaustion_terminal=terminal)
    lab.add(encode(ENGAGED_TCON), 1e9, exhaustion=0.2)
    lab.run(28.0, 0.25, "exhaustion")
    results = [lab.trait(EXHAUSTION_REVERSIBLE), lab.trait(EXHAUSTION_TERMINAL)]
    np.testing.assert_allclose(results, exact, atol=0.002 if terminal <= 0.01 else 0.015)


@pytest.mark.parametrize("u", [0.1, 0.9])
def test_exhaustion_depends_hardly_on_the_step_and_not_at_all_without_the_terminal_part(u: float) -> None:
    def after(dt: float, terminal: float) -> float:
        lab = well_with_busy(u, rate_exhaustion_terminal=terminal)
        lab.add(encode(ENGAGED_TCON), 1e9)
        lab.run(8.0, dt, "exhaustion")
        return float(lab.trait(EXHAUSTION_REVERSIBLE) + lab.trait(EXHAUSTION_TERMINAL))

    assert after(4.0, 0.0) == pytest.approx(after(0.125, 0.0), rel=1e-9)
    assert after(0.5, 0.01) == pytest.approx(after(0.125, 0.01), abs=0.002)


def test_recovery_spares_the_terminal_part_and_needs_time_off() -> None:
    lab = well_with_busy(0.9, rate_exhaustion_terminal=0.05)
    lab.add(encode(ENGAGED_TCON), 1e9)
    lab.run(20.0, 0.25, "exhaustion")
    terminal = lab.trait(EXHAUSTION_TERMINAL)
    reversible = lab.trait(EXHAUSTION_REVERSIBLE)
    assert terminal > 0.1
    lab.state.signals.busy[0] = 0.0
    lab.run(7.0, 0.25, "exhaustion")
    assert lab.trait(EXHAUSTION_TERMINAL) == pytest.approx(terminal)
    assert lab.trait(EXHAUSTION_REVERSIBLE) == pytest.approx(reversible * exp(-0.4 * 7.0), rel=1e-6)


def test_exhaustion_stays_within_bounds_whatever_the_history() -> None:
    lab = well_with_busy(1.0, rate_exhaustion=0.4, rate_exhaustion_terminal=0.1)
    lab.add(encode(ENGAGED_TCON), 1e9, exhaustion=1.0)
    for u in (1.0, 0.0, 0.5, 1.0):
        lab.state.signals.busy[0] = u
        lab.run(60.0, 1.0, "exhaustion")
        total = lab.trait(EXHAUSTION_REVERSIBLE) + lab.trait(EXHAUSTION_TERMINAL)
        assert 0.0 <= total <= 1.0 + 1e-12


def test_free_cells_do_not_exhaust_even_among_targets() -> None:
    lab = well_with_busy(0.95)
    lab.add(encode(TCON), 1e9)
    lab.run(10.0, 0.25, "exhaustion")
    assert lab.trait(EXHAUSTION_REVERSIBLE) == 0.0


# ---- trafficking

PLACES = (MARROW, BLOOD, LYMPHOID, TISSUE)


def exchange(access: float = 1.0, homing: float = 1.0) -> np.ndarray:
    """Return the matrix of dN/dt over (marrow, blood, lymphoid, tissue)."""
    out = np.array([0.25 * access, 0.7, 0.05 * homing])
    back = np.array([0.02, 0.022 * homing, 0.03 / homing])
    m = np.zeros((4, 4))
    for place, (o, r) in zip((0, 2, 3), zip(out, back, strict=True), strict=True):
        m[1, 1] -= o
        m[place, 1] += o
        m[place, place] -= r
        m[1, place] += r
    return m


@pytest.mark.parametrize(
    ("code", "access", "homing"),
    [
        (encode(TCON), 1.0, 1.0),
        (encode(TREG), 0.2, 1.0),
        (encode(TCON, alloreactive=True), 1.0, 1.0),
        (encode(TCON, alloreactive=True, stage=EFFECTOR), 1.0, 3.0),
    ],
)
def test_cells_reach_the_places_as_the_linear_exchange_says(code: int, access: float, homing: float) -> None:
    for days, dt, tolerance in ((3.0, 0.0125, 0.025), (300.0, 0.1, 0.06)):
        lab = Lab(*PLACES)
        lab.add(code, 1e12, place=1)
        lab.run(days, dt, "trafficking")
        exact = expm(exchange(access, homing) * days) @ np.array([0.0, 1e12, 0.0, 0.0])
        result = np.array([lab.cells(place=i) for i in range(4)])
        assert result.sum() == 1e12
        np.testing.assert_allclose(result, exact, rtol=tolerance)


def test_the_share_of_t_cells_in_blood_and_marrow_is_that_of_the_evidence() -> None:
    lab = Lab(*PLACES)
    lab.add(encode(TCON), 1e12, place=1)
    lab.run(400.0, 0.25, "trafficking")
    assert lab.cells(place=1) / 1e12 == pytest.approx(0.02, abs=0.005)
    assert 0.15 < lab.cells(place=0) / 1e12 < 0.35


def test_niches_receive_t_cells_by_their_perfusion() -> None:
    lab = Lab(MARROW, MARROW, BLOOD, access=(0.25, 1.75, 1.0))
    lab.add(encode(TCON), 1e10, place=2)
    lab.run(4.0, 0.25, "trafficking")
    assert lab.cells(place=1) / lab.cells(place=0) == pytest.approx(7.0, rel=0.01)


def test_an_extramedullary_site_holds_t_cells_as_densely_as_its_access_tells() -> None:
    lab = Lab(*PLACES, PlaceKind.EXTRAMEDULLARY)
    site = lab.places.index(PlaceKind.EXTRAMEDULLARY)
    lab.places.room[site], lab.places.access[site] = 1e10, 0.1  # a hundredth of the marrow
    lab.add(encode(TCON), 1e13, place=1)
    lab.run(600.0, 0.25, "trafficking")
    assert lab.cells() == 1e13
    assert lab.cells(place=site) / lab.cells(place=0) == pytest.approx(0.01 * 0.1, rel=0.01)


def test_effectors_in_their_program_stay_in_lymphoid_tissue() -> None:
    lab = Lab(*PLACES)
    lab.add(encode(TCON, alloreactive=True, stage=EFFECTOR, divisions_left=3), 1e9, place=2)
    lab.run(20.0, 0.25, "trafficking")
    assert lab.cells(place=2) == 1e9


def test_blasts_do_not_traffic_as_t_cells() -> None:
    lab = Lab(*PLACES)
    lab.add(encode(BLAST), 1e9, place=1)
    lab.run(5.0, 0.25, "trafficking", "margination", "homeostasis", "activation")
    assert lab.cells(place=1) == 1e9


# ---- margination


def blood_ode(hours: list[float], dose: float = 9.0) -> np.ndarray:
    """Return flowing T cells relative to the start from the ODE of adhesion and adaptation under an infusion."""

    def right(t: float, y: np.ndarray) -> list[float]:
        level = 1000.0 * dose / (2.22 * 24) * (1 - exp(-2.22 * 24 / 5.98 * t))
        occupancy = level / (100.0 + level)
        stick = 20.0 * max(occupancy - y[1], 0.0)
        return [stick * (1.0 - y[0]) - 1.2 * y[0], occupancy - y[1]]

    days = np.array(hours) / 24
    result = solve_ivp(right, (0, days[-1]), [0.0, 0.0], t_eval=days, rtol=1e-8, atol=1e-12)
    return np.asarray(1.0 - result.y[0])


def blood_curve(dt: float, hours: list[float], dose: float = 9.0) -> list[float]:
    lab = Lab(BLOOD)
    lab.state.infusion_ug_per_day["blinatumomab"] = dose
    results, passed = [], 0.0
    for hour in hours:
        lab.run((hour - passed) / 24, dt, "blinatumomab_pk", "margination")
        passed = hour
        results.append(1.0 - lab.state.marginated)
    return results


@pytest.mark.parametrize("dt", [0.05, 0.25, 1.0])
def test_adhesion_of_constant_drive_is_exact_at_any_step(dt: float) -> None:
    out, back = 17.0, 1.2
    level = out / (out + back)
    exact = level + (0.1 - level) * exp(-(out + back) * dt)
    assert alone(adhere)(0.1, 1.0, 0.0, out, back, dt) == pytest.approx(exact, rel=1e-12)
    assert alone(adhere)(0.3, 0.0, 1.0, 0.0, 0.0, dt) == 0.3


def test_margination_moves_no_cell_and_stays_a_share() -> None:
    lab = Lab(BLOOD, rate_adhesion=60.0)
    lab.add(encode(TCON), 1e12)
    lab.state.mean_plasma_pg_ml["blinatumomab"] = 1e9
    for _ in range(40):
        lab.run(0.25, 0.25, "margination")
        assert 0.0 <= lab.state.marginated < 1.0
    assert lab.cells(place=0) == 1e12


def test_cells_come_back_as_the_body_adapts_and_hardly_leave_the_second_time() -> None:
    lab = Lab(BLOOD)
    lowest = []
    for _cycle in range(2):
        lab.state.mean_plasma_pg_ml["blinatumomab"] = 525.0
        counts = []
        for _ in range(112):
            lab.run(0.25, 0.25, "margination")
            counts.append(1.0 - lab.state.marginated)
        lowest.append(min(counts))
        assert counts[-1] > 0.99
        lab.state.mean_plasma_pg_ml["blinatumomab"] = 0.0
        lab.run(14.0, 0.25, "margination")
    assert lowest[0] < 0.1
    assert lowest[1] > 1.5 * lowest[0]


def test_margination_follows_its_ode_at_the_default_step_and_converges() -> None:
    hours = [12.0, 24.0, 48.0, 168.0]
    exact = blood_ode(hours)
    errors = [np.abs(np.array(blood_curve(dt, hours)) / exact - 1).max() for dt in (1 / 4, 1 / 24, 1 / 96)]
    assert errors[0] < 0.15
    assert errors[2] < errors[1] < errors[0]
    assert errors[2] < 0.02


def test_blood_share_at_the_default_step_is_that_of_the_exchange() -> None:
    lab = Lab(*PLACES)
    lab.add(encode(TCON), 1e12, place=1)
    lab.run(300.0, 0.25, "trafficking")
    exact = expm(exchange() * 300.0) @ np.array([0.0, 1e12, 0.0, 0.0])
    assert lab.cells(place=1) == pytest.approx(exact[1], rel=0.05)


@pytest.mark.parametrize("programmed", [0.0, 0.6])
def test_engaged_cells_go_on_dividing_without_antigen_until_they_revert(programmed: float) -> None:
    lab = Lab(
        BLOOD, fraction_division_programmed=programmed, rate_activation_death=0.0, rate_reversion=0.5,
        fold_expansion_max=1e9,
    )  # fmt: skip
    lab.state.signals.lymphopenia = 1.0
    lab.add(encode(ENGAGED_TCON), 1e8)
    lab.run(30.0, 0.1, "activation")
    rate = 0.35 * programmed
    expected = 0.5 / (0.5 - rate)  # each cell's clan, all reverted in the end: dE/dt = (rate - 0.5) E
    assert lab.cells() / 1e8 == pytest.approx(expected, rel=0.01)
