"""Priming, Treg, GvHD, cytokine release, immunosuppressants and the normal marrow, each alone."""

from math import exp

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from simulation.biology.channels import Channel
from simulation.biology.crs import crs_grade
from simulation.biology.gvhd import grade_of
from simulation.biology.places import PlaceKind
from simulation.biology.traits import (
    BLAST,
    DIVISIONS_LEFT,
    EFFECTOR,
    ENGAGED_TCON,
    ENGAGED_TREG,
    MEMORY,
    STAGE,
    TCON,
    TREG,
    encode,
)

from .lab import PROCESSES, Lab

WELL, MARROW, BLOOD, LYMPHOID, TISSUE = (
    PlaceKind.WELL,
    PlaceKind.MARROW,
    PlaceKind.BLOOD,
    PlaceKind.LYMPHOID,
    PlaceKind.TISSUE,
)
STAGES = STAGE.mask
NAIVE = encode(TCON, alloreactive=True)


def staged(lab: Lab, stage: int) -> int:
    return lab.cells(TCON, mask=STAGES, value=STAGE.bits(stage))


# ---- priming


@pytest.mark.parametrize("divisions", [3, 4, 6])
@pytest.mark.parametrize("dt", [0.05, 0.25, 1.0])
def test_every_primed_cell_makes_exactly_its_programmed_progeny(divisions: int, dt: float) -> None:
    lab = Lab(LYMPHOID, n_priming_divisions=divisions, rate_contraction=0.0)
    lab.add(encode(TCON, alloreactive=True, stage=EFFECTOR, divisions_left=divisions), 12_345)
    lab.run(40.0, dt, "priming")
    assert lab.cells(mask=DIVISIONS_LEFT.mask) == lab.cells() == 12_345 * 2**divisions


@pytest.mark.parametrize("dt", [0.1, 0.5, 2.0])
def test_programmed_division_keeps_pace_with_a_poisson_clock_at_any_step(dt: float) -> None:
    """A lineage divides at 1.2 a day until 4 divisions are done: E[cells] = sum over k of 2^min(k,4) P(Poisson(rt) = k)."""
    from scipy.stats import poisson

    lab = Lab(LYMPHOID, rate_contraction=0.0)
    lab.add(encode(TCON, alloreactive=True, stage=EFFECTOR, divisions_left=4), 1e10)
    lab.run(2.0, dt, "priming")
    k = np.arange(40)
    expected = (2.0 ** np.minimum(k, 4) * poisson.pmf(k, 1.2 * 2.0)).sum()
    assert lab.cells() / 1e10 == pytest.approx(expected, rel=0.005)


def test_cells_are_primed_at_the_rate_of_host_apc_and_treg_hinder_it() -> None:
    for suppression in (0.0, 0.8):
        lab = Lab(LYMPHOID, rate_apc_decay=0.02, rate_apc_tolerisation=0.0)
        lab.state.signals.suppression[:] = suppression
        lab.add(NAIVE, 1e12)
        lab.run(10.0, 0.25, "priming")
        exposure = (1 - exp(-0.02 * 10.0)) / 0.02
        left = staged(lab, 0) / 1e12
        assert left == pytest.approx(exp(-0.3 * exposure * (1 - suppression)), rel=2e-3)


def test_alloreactive_cells_without_help_are_deleted_and_effectors_and_others_are_not() -> None:
    lab = Lab(LYMPHOID, BLOOD, TISSUE, rate_peripheral_deletion=0.1, rate_priming=0.0, rate_contraction=0.0)
    lab.state.host_apc = 0.0
    effector = encode(TCON, alloreactive=True, stage=EFFECTOR)
    for code in (NAIVE, encode(TCON, alloreactive=True, stage=MEMORY), effector, encode(TCON), encode(TREG)):
        lab.add(code, 1e10)
    lab.add(NAIVE, 1e10, place=1)  # cells in the blood pass by
    lab.add(NAIVE, 1e10, place=2)
    lab.run(5.0, 0.25, "priming")
    assert lab.cells(mask=~0, value=NAIVE, place=0) / 1e10 == pytest.approx(exp(-0.5), rel=1e-3)
    assert lab.cells(place=2) / 1e10 == pytest.approx(exp(-0.5), rel=1e-3)
    assert staged(lab, MEMORY) / 1e10 == pytest.approx(exp(-0.5), rel=1e-3)
    assert staged(lab, EFFECTOR) == lab.cells(TREG) == lab.cells(place=1) == 1e10
    assert lab.cells(TCON, mask=~0, value=encode(TCON)) == 1e10


def test_only_alloreactive_cells_in_lymphoid_tissue_are_primed() -> None:
    lab = Lab(BLOOD, LYMPHOID)
    lab.add(NAIVE, 1e9, place=0)
    lab.add(encode(TCON), 1e9, place=1)
    lab.add(encode(TREG), 1e9, place=1)
    lab.run(10.0, 0.25, "priming")
    assert lab.cells(TCON, mask=STAGES) == 2e9
    assert lab.cells() == 3e9


@pytest.mark.parametrize("persistent", [0.0, 0.2])
@pytest.mark.parametrize("suppression", [0.0, 0.7])
@pytest.mark.parametrize("integrity", [1.0, 0.3])
def test_host_apc_follow_their_ode(suppression: float, integrity: float, persistent: float) -> None:
    lab = Lab(LYMPHOID, rate_apc_damage=0.1, fraction_host_apc_persistent=persistent)
    lab.state.signals.suppression[:] = suppression
    lab.state.tissue_integrity = integrity
    lab.run(15.0, 0.25, "priming")
    gain, loss = 0.1 * (1 - integrity), 0.05 + 0.3 * suppression
    level = (gain + loss * persistent) / (gain + loss)  # dA/dt = gain (1 - A) - loss (A - persistent)
    assert lab.state.host_apc == pytest.approx(level + (1 - level) * exp(-(gain + loss) * 15.0), rel=1e-9)


def test_effectors_contract_to_a_small_memory_that_host_apc_recall() -> None:
    lab = Lab(BLOOD, LYMPHOID)
    lab.add(encode(TCON, alloreactive=True, stage=EFFECTOR), 1e10)
    lab.run(3.0, 0.25, "priming")
    assert staged(lab, EFFECTOR) / 1e10 == pytest.approx(exp(-0.23 * 3.0), rel=2e-3)  # half-life 3 d
    lab.run(60.0, 0.25, "priming")
    assert staged(lab, EFFECTOR) == pytest.approx(0.0, abs=2e4)
    assert staged(lab, MEMORY) / 1e10 == pytest.approx(0.07, rel=2e-3)
    recalled = Lab(LYMPHOID, rate_contraction=0.0)
    recalled.add(encode(TCON, alloreactive=True, stage=MEMORY), 1e6)
    recalled.run(60.0, 0.25, "priming")
    recalled.p.rate_priming = 0.0  # let those recalled finish their program
    recalled.run(20.0, 0.25, "priming")
    assert staged(recalled, MEMORY) < 1e6
    assert staged(recalled, EFFECTOR) == (1_000_000 - staged(recalled, MEMORY)) * 16


@pytest.mark.parametrize(
    ("place", "exposure"),
    [
        (TISSUE, 5.0),
        (WELL, (1 - exp(-0.1)) / 0.02),
        (MARROW, 0.0),
    ],  # in a well the antigen goes with the stimulators
)
def test_effectors_divide_on_antigen_and_treg_suppress_it(place: PlaceKind, exposure: float) -> None:
    grown = []
    for suppression in (0.0, 0.8):
        others = () if place == WELL else (LYMPHOID,)
        lab = Lab(place, *others, rate_apc_decay=0.02, rate_apc_tolerisation=0.0, rate_contraction=0.0)
        lab.state.signals.suppression[0] = suppression
        lab.add(encode(TCON, alloreactive=True, stage=EFFECTOR), 1e10)
        lab.run(5.0, 0.25, "priming")
        grown.append(np.log(lab.cells() / 1e10))
    np.testing.assert_allclose(grown, [0.3 * exposure, 0.06 * exposure], rtol=5e-3)


def test_host_apc_recall_memory_more_slowly_than_they_prime() -> None:
    left = []
    for stage in (0, MEMORY):
        lab = Lab(
            LYMPHOID, factor_recall=0.2, rate_apc_decay=0.02, rate_apc_tolerisation=0.0, rate_contraction=0.0
        )
        lab.add(encode(TCON, alloreactive=True, stage=stage), 1e12)
        lab.run(5.0, 0.25, "priming")
        left.append(np.log(staged(lab, stage) / 1e12))
    assert left[1] == pytest.approx(0.2 * left[0], rel=5e-3)


# ---- Treg


@pytest.mark.parametrize(("ratio", "suppressed"), [(1.0, 0.8), (0.5, 0.67), (0.25, 0.5), (0.125, 0.33)])
def test_suppression_is_r_over_r_plus_k_and_near_the_recalled_assay(ratio: float, suppressed: float) -> None:
    lab = Lab(WELL)
    lab.add(encode(TCON), 1e6)
    lab.add(encode(TREG), 1e6 * ratio)
    lab.act("treg")
    assert lab.state.signals.suppression[0] == pytest.approx(ratio / (ratio + 0.25))
    assert lab.state.signals.suppression[0] == pytest.approx(suppressed, abs=0.05)


def test_drug_activated_treg_suppress_more_and_each_place_feels_its_own() -> None:
    lab = Lab(BLOOD, WELL)
    lab.add(encode(TCON), 1e6, place=0)
    lab.add(encode(TREG), 1e5, place=0)
    lab.add(encode(TCON), 1e6, place=1)
    lab.add(encode(ENGAGED_TREG), 1e5, place=1)
    lab.act("treg")
    np.testing.assert_allclose(lab.state.signals.suppression, [0.1 / 0.35, 0.4 / 0.65])


@pytest.mark.parametrize("start", [1e10, 1e7])
def test_treg_without_support_die_and_with_room_expand_as_their_ode(start: float) -> None:
    supported = 0.06 * 1e10

    def right(_: float, y: np.ndarray) -> np.ndarray:
        return 0.1 * (np.minimum(supported - y, 0.0) + np.maximum(y * (1 - y / supported), 0.0))

    exact = solve_ivp(right, (0, 30), [start], rtol=1e-9, max_step=0.1).y[0, -1]
    lab = Lab(BLOOD)
    lab.add(encode(TCON), 1e10)
    lab.add(encode(TREG), start)
    lab.run(30.0, 0.1, "treg")
    assert lab.cells(TREG) == pytest.approx(exact, rel=0.01)
    assert lab.cells(TCON) == 1e10


def test_treg_alone_die_with_a_half_life_of_a_week() -> None:
    lab = Lab(BLOOD)
    lab.add(encode(TREG), 1e10)
    lab.run(7.0, 0.25, "treg")
    assert lab.cells(TREG) / 1e10 == pytest.approx(exp(-0.7), rel=1e-3)


# ---- GvHD


def test_integrity_follows_its_ode() -> None:
    for effectors in (0.0, 3e6, 3e7):
        lab = Lab(TISSUE)
        lab.add(encode(TCON, alloreactive=True, stage=EFFECTOR), effectors * 70.0)
        lab.run(21.0, 0.25, "gvhd")
        strength = (effectors / 3e6) ** 2
        damage = 0.25 * strength / (1 + strength)
        level = 0.1 / (damage + 0.1)
        exact = level + (1 - level) * exp(-(damage + 0.1) * 21.0)
        assert lab.state.tissue_integrity == pytest.approx(exact, rel=1e-9)


def test_tissue_regenerates_and_the_worst_is_remembered() -> None:
    lab = Lab(TISSUE)
    lab.state.tissue_integrity = lab.state.worst_integrity = 0.4
    lab.run(10.0, 0.25, "gvhd")
    assert lab.state.tissue_integrity == pytest.approx(1 - 0.6 * exp(-1.0))
    assert lab.state.worst_integrity == 0.4


def test_suppressed_effectors_do_less_damage_and_resting_alloreactive_cells_none() -> None:
    integrity = []
    for code, suppression in (
        (encode(TCON, alloreactive=True, stage=EFFECTOR), 0.0),
        (encode(TCON, alloreactive=True, stage=EFFECTOR), 0.8),
        (NAIVE, 0.0),
    ):
        lab = Lab(TISSUE)
        lab.state.signals.suppression[:] = suppression
        lab.add(code, 70 * 5e6)
        lab.run(20.0, 0.25, "gvhd")
        integrity.append(lab.state.tissue_integrity)
    assert integrity[0] < 0.6 < 0.8 < integrity[1] < integrity[2] == 1.0


def test_grades_follow_integrity() -> None:
    thresholds = (0.9, 0.75, 0.5, 0.3)
    results = [grade_of(i, thresholds) for i in (1.0, 0.9, 0.89, 0.76, 0.74, 0.51, 0.49, 0.31, 0.29, 0.0)]
    assert results == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


# ---- cytokine release


def released(blasts: float, tolerance: float = 0.0, steroid: float = 0.0) -> float:
    """Return the worst score of a week of drug among so many blasts and 6e9 T cells."""
    lab = Lab(MARROW)
    lab.state.crs_tolerance = tolerance
    lab.state.exposure["corticosteroid"] = steroid
    lab.add(encode(BLAST), blasts)
    lab.add(encode(TCON), 6e9)
    lab.places.normal[0] = 7.3e11
    lab.drug(169.0)
    lab.run(7.0, 0.25, "contact", "activation", "crs")
    return lab.state.worst_crs_score


def test_score_rises_with_burden_and_falls_with_tolerance_and_steroid() -> None:
    scores = [released(b) for b in (0.0, 7e8, 7e9, 7e10, 6e11)]
    assert scores[0] == 0.0
    assert (np.diff(scores) > 0).all()
    assert scores[-1] > 20 * scores[1]
    assert released(6e11, tolerance=0.9) < 0.2 * scores[-1]
    assert released(6e11, steroid=1.0) == pytest.approx(0.4 * scores[-1], rel=1e-6)


def test_the_second_exposure_releases_less_than_the_first() -> None:
    lab = Lab(MARROW, rate_division_engaged=0.0, rate_activation_death=0.0)  # the same T cells twice
    lab.add(encode(BLAST), 4e11)
    lab.add(encode(TCON), 6e9)
    worst = []
    for _cycle in range(2):
        lab.state.worst_crs_score = 0.0
        lab.drug(525.0)
        lab.run(28.0, 0.25, "contact", "activation", "crs")
        worst.append(lab.state.worst_crs_score)
        lab.drug(0.0)
        lab.run(14.0, 0.25, "contact", "activation", "crs")
    assert worst[1] < 0.3 * worst[0]


def test_the_score_decays_over_a_day_and_grades_by_thresholds() -> None:
    lab = Lab(MARROW)
    lab.state.crs_score = 8.0
    lab.run(2.0, 0.25, "crs")
    assert lab.state.crs_score == pytest.approx(8.0 * exp(-2.0))
    assert [crs_grade(s, 5.0, 4.0) for s in (4.9, 5, 19.9, 20, 80, 320, 1e9)] == [0, 1, 1, 2, 3, 4, 4]


def test_tolerance_follows_exposure_and_fades_over_months() -> None:
    lab = Lab(MARROW)
    lab.state.mean_plasma_pg_ml["blinatumomab"] = 1e9
    lab.run(10.0, 0.25, "crs")
    level = 0.2 / 0.21
    assert lab.state.crs_tolerance == pytest.approx(level * (1 - exp(-0.21 * 10)), rel=1e-6)
    lab.state.mean_plasma_pg_ml["blinatumomab"], before = 0.0, lab.state.crs_tolerance
    lab.run(30.0, 0.25, "crs")
    assert lab.state.crs_tolerance == pytest.approx(before * exp(-0.3), rel=1e-6)


# ---- immunosuppressants


def factors(level: float = 1.0, et_ratio: float = 10.0, **drugs: float) -> tuple[float, float]:
    lab = Lab(WELL)
    lab.add(encode(BLAST), 1e9)
    lab.add(encode(ENGAGED_TCON), 1e9 * et_ratio)
    lab.state.exposure.update({name: level for name in drugs})
    lab.act("immunosuppression")
    return lab.state.signals.proliferation_factor, float(lab.state.signals.killing_factor[0])


@pytest.mark.parametrize(
    ("drug", "division", "killing"),
    [("ciclosporin", 0.2, 0.55), ("tacrolimus", 0.2, 0.55), ("mycophenolate", 0.2, 0.95)],
)
def test_plain_drugs_bear_on_division_and_killing_by_level(
    drug: str, division: float, killing: float
) -> None:
    assert factors(**{drug: 1}) == pytest.approx((division, killing))
    assert factors(level=0.5, **{drug: 1}) == pytest.approx(((1 + division) / 2, (1 + killing) / 2))
    assert factors(level=0.0, **{drug: 1}) == (1.0, 1.0)


def homeostatic(**drugs: float) -> float:
    lab = Lab(WELL)
    lab.state.exposure.update(drugs)
    lab.act("immunosuppression")
    return lab.state.signals.homeostatic_factor


def test_calcineurin_inhibitors_leave_homeostatic_division_alone_and_mycophenolate_does_not() -> None:
    assert homeostatic(tacrolimus=1.0) == homeostatic(ciclosporin=1.0) == homeostatic() == 1.0
    assert homeostatic(mycophenolate=1.0) == pytest.approx(0.2)
    assert homeostatic(mycophenolate=0.5, corticosteroid=1.0) == pytest.approx(0.6 * 0.6)


def test_drugs_combine_by_multiplication() -> None:
    assert factors(ciclosporin=1, mycophenolate=1) == pytest.approx((0.04, 0.55 * 0.95))


def test_a_steroid_costs_little_killing_at_high_e_to_t_and_much_at_low() -> None:
    killing = [factors(et_ratio=r, corticosteroid=1)[1] for r in (0.001, 0.01, 0.1, 1.0, 100.0)]
    assert (np.diff(killing) > 0).all()
    assert killing[0] == pytest.approx(0.4, abs=0.01)
    assert killing[2] == pytest.approx(0.7, abs=0.01)
    assert killing[-1] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("channel", [Channel.DIVIDE, Channel.PROGRAM])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_cyclophosphamide_kills_who_divides_and_spares_treg_and_blasts(
    channel: Channel, level: float
) -> None:
    lab = Lab(BLOOD)
    shares = {
        encode(TCON, alloreactive=True, stage=EFFECTOR): 1 - 0.1**level,
        encode(TCON): 1 - 0.1**level,  # whatever makes it divide
        encode(ENGAGED_TREG): (1 - 0.1**level) * 0.2,
        encode(TREG): (1 - 0.1**level) * 0.2,
        encode(BLAST): 0.0,
    }
    for code in shares:
        lab.add(code, 1e6)
    pop = lab.state.pop
    lab.act()
    rows = pop.rows()
    pop.hazard[rows, channel], pop.hazard[rows, Channel.DIE] = 0.8, 0.05
    lab.state.exposure["cyclophosphamide"] = level
    PROCESSES["cyclophosphamide"].act(lab.state, 0.25)
    for row in rows:
        share = shares[int(pop.codes(row))]
        assert pop.hazard[row, channel] == pytest.approx(0.8 * (1 - share))
        assert pop.hazard[row, Channel.DIE] == pytest.approx(0.05 + 0.8 * share)


def test_who_rests_outlives_cyclophosphamide() -> None:
    lab = Lab(BLOOD)
    lab.state.exposure["cyclophosphamide"] = 1.0
    lab.add(NAIVE, 1e6)
    lab.run(2.0, 0.25, "cyclophosphamide")
    assert lab.cells() == 1e6


# ---- normal marrow and B cells


def test_normal_marrow_fills_what_blasts_leave() -> None:
    lab = Lab(MARROW, MARROW)
    lab.add(encode(BLAST), 4e11, place=0)
    lab.run(10.0, 0.25, "normal_marrow")
    np.testing.assert_allclose(lab.places.normal, np.array([6e11, 1e12]) * (1 - exp(-0.8)), rtol=1e-9)
    lab.add(encode(BLAST), 3e12, place=1)
    lab.run(200.0, 0.25, "normal_marrow")
    np.testing.assert_allclose(lab.places.normal, [6e11, 0.05e12], rtol=1e-3)


def test_b_cells_return_late_towards_their_share() -> None:
    def right(t: float, y: np.ndarray) -> np.ndarray:
        maturity = 1 - exp(-max(t - 30.0, 0.0) / 120.0)
        return np.asarray(0.05 * (np.array([0.05, 0.04]) * 1e12 * maturity - y))

    exact = solve_ivp(right, (0, 200), [0.0, 0.0], rtol=1e-9, max_step=1.0).y[:, -1]
    lab = Lab(MARROW, BLOOD)
    lab.places.normal[:] = 1e12
    lab.run(30.0, 0.25, "normal_b_cells")
    assert not lab.places.normal_b.any()
    lab.run(170.0, 0.25, "normal_b_cells")
    np.testing.assert_allclose(lab.places.normal_b, exact, rtol=0.01)


def test_killed_b_cells_vanish_below_one_cell_and_come_back() -> None:
    lab = Lab(BLOOD)
    lab.state.day = lab.state.start_day = 400.0
    lab.places.normal[:] = 1e10
    lab.places.normal_b[:] = 4e8
    lab.state.signals.normal_b_kill_rate[:] = 30.0
    lab.run(3.0, 0.25, "normal_b_cells")
    assert lab.places.normal_b[0] < 0.01 * 4e8
    lab.state.signals.normal_b_kill_rate[:] = 0.0
    lab.run(60.0, 0.25, "normal_b_cells")
    assert lab.places.normal_b[0] > 3e8


def test_nothing_here_touches_channels_of_blasts_but_killing() -> None:
    lab = Lab(LYMPHOID)
    lab.add(encode(BLAST), 1e9)
    lab.run(5.0, 0.25, "priming", "treg", "gvhd", "immunosuppression")
    assert lab.cells(BLAST) == 1e9
    assert not lab.state.tally[BLAST, Channel.PRIME :].any()
