"""Directions of the biology that a credible model must show with its default parameters (docs/evidence.md).

Numbers in the names are those of the facts. What fails is marked with what was measured; when a change of
the biology or of the parameters mends it, the strict mark fails and is to be taken away.
"""

import numpy as np
import pytest

from simulation.parameters import ParameterTable

from .experiments import (
    blood_curve,
    burden_at_start,
    burden_plan,
    classic_course,
    crs_by_cycle,
    dli_outcomes,
    dose_response,
    graft_outcomes,
    high_risk_trajectories,
    immunosuppressed_response,
    late_dli,
    lysis_under_continuous_exposure,
    paired_arms,
    respond,
    response_by_burden,
    spread,
    treg_response,
)

EARLY = {"fraction_alloreactive_haploidentical", "treg_share_supported", "n_t_cell_set_point_early"}


def test_experiments_reach_the_burden_they_ask_for() -> None:
    for fraction in (1e-4, 1e-2, 0.2):
        before = respond(burden_plan(fraction, 30.0)).fraction_before
        assert before == pytest.approx(fraction, rel=0.3)


# ---- 1 burden


def test_fact_1_response_falls_with_burden_and_has_a_threshold() -> None:
    shares = response_by_burden([1e-3, 1e-2, 0.2, 0.8], 6)
    assert (np.diff(shares) <= 0.0).all(), shares
    assert shares[0] >= 0.5
    assert shares[-1] <= shares[0] - 0.3


@pytest.mark.slow
def test_fact_1_with_more_patients_and_burdens() -> None:
    shares = response_by_burden([1e-4, 1e-3, 1e-2, 0.05, 0.2, 0.5, 0.8], 30)
    assert (np.diff(shares) <= 0.08).all(), shares  # one standard error of 30 patients
    assert shares[0] >= 0.6 and shares[-1] <= 0.6


def test_some_patients_in_overt_relapse_respond_to_blinatumomab_alone() -> None:
    plan = burden_plan(0.5, 70.0) | spread("cl_blinatumomab", "t_cell_fitness", "n_t_cell_set_point_early")
    remissions = [respond(plan, k).nadir_fraction < 0.05 for k in range(10)]
    assert 0.1 <= np.mean(remissions) <= 0.9


# ---- 2 early against late


def test_fact_2_the_same_patient_treated_early_goes_deeper_and_stays_free_longer() -> None:
    rows = paired_arms(2, 500.0)
    for row in rows:
        early, late = row["preemptive"], row["therapeutic"]
        assert early["log10_nadir"] < late["log10_nadir"] - 1.0
        assert early["relapse_free"] > late["relapse_free"] + 60.0
        assert early["remission_days"] > late["remission_days"]


# ---- 3 lymphocytes in blood

HOURS = [6, 12, 24, 48, 96, 168, 336, 504, 672]


def test_fact_3_t_cells_leave_the_blood_within_a_day_and_are_back_above_baseline_by_day_7() -> None:
    t_cells = dict(zip(HOURS, blood_curve(HOURS)["t_cells"], strict=True))
    assert min(t_cells, key=lambda hour: t_cells[hour]) <= 24
    assert min(t_cells.values()) < 0.5
    assert t_cells[96] > 0.8
    assert t_cells[168] > 1.0


def test_fact_3_b_cells_are_gone_within_two_days_and_stay_away() -> None:
    b_cells = blood_curve(HOURS)["b_cells_per_ul"]
    assert b_cells[0] > 20.0
    assert max(b_cells[4:]) < 1.5


IQR = {12: (0.03, 0.22), 168: (1.06, 2.00), 672: (0.91, 2.33)}  # docs/evidence.md#e9


@pytest.mark.xfail(
    strict=True,
    reason="fall and return are right (12 h 0.08, 24 h 0.14, 48 h 0.34; data 0.07, 0.11, 0.33), but there is no "
    "overshoot: day 7 1.01 of baseline (data 1.77, IQR 1.06-2.00)",
)
def test_fact_3_depth_and_timing_lie_within_the_interquartile_ranges() -> None:
    t_cells = dict(zip(HOURS, blood_curve(HOURS)["t_cells"], strict=True))
    assert all(low <= t_cells[hour] <= high for hour, (low, high) in IQR.items())
    assert t_cells[24] < 0.25
    assert t_cells[48] < 0.6


# ---- 4 dose


def test_fact_4_more_drug_never_does_less() -> None:
    killed = dose_response([1, 9, 28, 112, 300], 0.05)
    assert (np.diff(killed) > -0.02).all(), killed


@pytest.mark.xfail(
    strict=True,
    reason="log10 kill in 28 d at 5 % blasts: 1.75 (9 ug/d), 2.75 (28), 3.48 (112): no plateau, because the "
    "marrow sees 0.9 x 525 pg/mL, three times the EC50 of 150; an EC90 of 470 pg/mL would mean an EC50 of 52",
)
def test_fact_4_little_is_gained_above_28_ug_a_day() -> None:
    killed = dose_response([9, 28, 112], 0.05)
    assert killed[2] - killed[1] < 0.5 * (killed[1] - killed[0])


# ---- 5 exhaustion


def test_fact_5_continuous_exposure_loses_lysis_and_a_break_restores_it() -> None:
    steady, broken = lysis_under_continuous_exposure(False), lysis_under_continuous_exposure(True)
    assert steady[7] > steady[14] > steady[28]
    assert steady[28] < 0.2 * 1.0
    assert broken[14] > 2.0 * steady[14]
    assert broken[14] > 0.85


# ---- 6 cytokine release


def test_fact_6_the_score_rises_with_burden() -> None:
    scores = [respond(burden_plan(f, 30.0)).worst_crs_score for f in (1e-3, 1e-2, 0.05, 0.2, 0.5)]
    assert (np.diff(scores) > 0).all(), scores
    assert scores[-1] > 20 * scores[0]


def test_fact_6_the_first_cycle_releases_far_more_than_the_second_in_a_responder() -> None:
    first, second = crs_by_cycle(0.05)
    assert first > 4 * second


@pytest.mark.xfail(
    strict=True, reason="50 % blasts that persist: score 13.9 in cycle 1, 9.7 in cycle 2: less, but not half"
)
def test_fact_6_the_first_cycle_releases_more_than_the_second_whatever_the_response() -> None:
    first, second = crs_by_cycle(0.5)
    assert first > 2 * second


# ---- 7 Treg


def test_fact_7_more_treg_less_response_and_less_so_without_their_activation_by_the_drug() -> None:
    weak = [treg_response(share, 1.0, 0.03, 2) for share in (0.02, 0.2)]
    strong = [treg_response(share, 4.0, 0.03, 2) for share in (0.02, 0.08, 0.2)]
    assert (np.diff(strong) < 0).all(), strong
    assert strong[0] - strong[-1] > weak[0] - weak[-1] > 0.0
    assert strong[0] - strong[-1] > 0.3


# ---- 8 Treg x Tcon


def test_fact_8_tcon_alone_bring_gvhd_to_most_and_treg_keep_it_rare() -> None:
    alone, both, none = (graft_outcomes(*g, 0.2, 8) for g in (("0", "1e6"), ("2e6", "1e6"), ("2e6", "0")))
    assert alone["agvhd_2"] > 0.5
    assert both["agvhd_2"] <= 0.25
    assert none["agvhd_2"] == 0.0
    assert alone["log10_blasts"] < none["log10_blasts"] - 0.2  # without Treg there is GvL


@pytest.mark.xfail(
    strict=True,
    reason="GvL next to Treg is nearly nothing (log10 blasts on day 120: 8.93 without Tcon, 8.92 at phi_BM 0 and 1): "
    "Treg act where cells are primed, in lymphoid tissue",
)
def test_fact_8_gvl_is_kept_only_where_treg_do_not_enter_the_marrow() -> None:
    without = graft_outcomes("2e6", "0", 0.2, 4)["log10_blasts"]
    low, high = (graft_outcomes("2e6", "1e6", phi, 4)["log10_blasts"] for phi in (0.0, 1.0))
    assert without - low > 0.2  # GvL
    assert without - high < 0.5 * (without - low)


# ---- 9, 10 donor lymphocytes


@pytest.mark.xfail(
    strict=True,
    reason="damage after 1e8 haploidentical CD3/kg on day 200 is 0.18: aGvHD I (C14: 55 % grade II-IV, matched)",
)
def test_fact_9_a_high_dose_of_donor_lymphocytes_brings_gvhd_ii() -> None:
    assert late_dli(1e8, 2)["damage"] > 0.25


def test_fact_9_gvhd_rises_with_the_dose_of_donor_lymphocytes() -> None:
    low, middle, high = (late_dli(dose, 2)["damage"] for dose in (1e4, 1e7, 1e8))
    assert 10 * low < middle < 0.1 * high
    assert high > 0.1  # grade I


def test_fact_9_control_of_the_leukaemia_rises_much_less_than_the_dose() -> None:
    blasts = [dli_outcomes(dose, False, 2)["log10_blasts"] for dose in (1e5, 1e7)]
    assert abs(blasts[0] - blasts[1]) < 1.0  # a hundredfold dose


def test_fact_10_blinatumomab_does_not_raise_gvhd_beyond_that_of_the_cells() -> None:
    without, with_drug = (dli_outcomes(1e7, drug, 3) for drug in (False, True))
    assert with_drug["agvhd_2"] <= without["agvhd_2"]
    assert with_drug["damage"] <= 1.3 * without["damage"] + 0.01


# ---- 11 relapses


@pytest.mark.slow
def test_fact_11_a_minority_of_relapses_is_cd19_negative() -> None:
    rows = high_risk_trajectories(30)
    relapsed = [r for r in rows if r["second_relapse_day"] is not None]
    assert len(relapsed) >= 8
    negative = np.mean([r["relapse_cd19"] == "negative" for r in relapsed])
    assert 0.02 <= negative <= 0.45


def test_fact_11_without_antigen_loss_no_relapse_is_cd19_negative() -> None:
    plan = {"processes": {"antigen_loss": "off"}, "patient.n_cd19_negative_reservoir": "0 cells"}
    rows = paired_arms(1, 400.0, plan)
    for row in rows:
        assert all(arm["outcomes"]["relapse_cd19"] in (None, "positive") for arm in row.values())


# ---- 12 immunosuppression


def test_fact_12_a_calcineurin_inhibitor_lowers_response_and_mycophenolate_less() -> None:
    none, cni, mmf = (immunosuppressed_response(d, 0.03) for d in (None, "ciclosporin", "mycophenolate"))
    assert none > mmf > cni
    assert cni < none - 0.5


def test_fact_12_a_calcineurin_inhibitor_lowers_gvhd() -> None:
    given = [{"drug": "ciclosporin", "from": "day -1", "to": "day 100", "level": 1}]
    alone = graft_outcomes("0", "1e6", 0.2, 4)
    treated = graft_outcomes("0", "1e6", 0.2, 4, immunosuppression=given)
    assert treated["agvhd_2"] < alone["agvhd_2"]


def test_fact_12_a_short_steroid_costs_little_at_high_e_to_t_and_much_at_low() -> None:
    cost = [
        immunosuppressed_response(None, f) - immunosuppressed_response("corticosteroid", f, 5.0)
        for f in (1e-4, 0.05)
    ]
    assert cost[0] < 0.1
    assert cost[1] > 3 * cost[0]
    assert cost[1] > 0.15


# ---- 13 sampling


def test_fact_13_rare_sampling_and_fast_growth_use_up_the_advantage() -> None:
    frequent, rare = (burden_at_start(i, 0.07, 2) for i in (30.0, 180.0))
    assert frequent < 0.005 < rare
    fast = [burden_at_start(i, 0.15, 2) for i in (30.0, 90.0)]
    assert frequent < fast[0] < fast[1]
    assert fast[1] > 0.05  # the lead time has passed: treatment begins in overt relapse


# ---- 16 the source's trajectory


@pytest.mark.slow
def test_fact_16_remission_without_mrd_and_gvhd_then_relapse_is_common_in_high_risk() -> None:
    rows = high_risk_trajectories(12)
    assert np.mean([classic_course(r) for r in rows]) >= 0.2


def test_the_experiments_use_parameters_that_vary_between_patients() -> None:
    table = ParameterTable.load()
    assert all(table[name].between_patients is not None for name in EARLY)
