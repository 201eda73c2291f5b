"""Pharmacokinetics, contact, killing and graft-versus-leukaemia, each against its closed form or limit."""

from math import exp, log

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from simulation.biology.antigens import CD19, HLA_HAPLOTYPE
from simulation.biology.blinatumomab_pk import infuse
from simulation.biology.channels import Channel
from simulation.biology.engagers import Engager
from simulation.biology.places import PlaceKind
from simulation.biology.traits import BLAST, EFFECTOR, ENGAGED_TCON, MEMORY, TCON, encode
from simulation.engine.compiled import alone
from simulation.products.blinatumomab import BLINATUMOMAB

from .lab import ANTI_CD22, CD22, PROCESSES, Lab

WELL, DRUG = PlaceKind.WELL, BLINATUMOMAB.name
LOST = CD19.lost.mask | HLA_HAPLOTYPE.lost.mask
FLOOD = 1e9  # pg/mL: every receptor that can be occupied is
CL, V = 2.22 * 24.0, 5.98


def analytic(level: float, rate: float, t: float) -> float:
    steady = 1000.0 * rate / CL
    return steady + (level - steady) * exp(-CL / V * t)


@pytest.mark.parametrize("dt", [1 / 24, 0.25, 1.0])
@pytest.mark.parametrize(("level", "rate"), [(0.0, 28.0), (525.0, 0.0), (200.0, 9.0)])
def test_one_step_of_infusion_is_the_closed_form_and_so_is_its_mean(
    dt: float, level: float, rate: float
) -> None:
    end, mean = alone(infuse)(level, rate, CL, V, dt)
    assert end == pytest.approx(analytic(level, rate, dt), rel=1e-12)
    integral, _ = quad(lambda t: analytic(level, rate, t), 0.0, dt, epsabs=1e-12)
    assert mean == pytest.approx(integral / dt, rel=1e-9)


@pytest.mark.parametrize("dt", [1 / 24, 0.25, 1.0])
def test_plasma_follows_pump_changes_whatever_the_step(dt: float) -> None:
    lab = Lab(WELL, PlaceKind.BLOOD)
    expected = area = measured_area = 0.0
    for rate, days in ((9.0, 7.0), (28.0, 21.0), (0.0, 2.0)):
        lab.state.infusion_ug_per_day[DRUG] = rate
        for _ in range(round(days / dt)):
            lab.run(dt, dt, "blinatumomab_pk")
            measured_area += lab.state.mean_plasma_pg_ml[DRUG] * dt
        area += quad(lambda t, a=expected, r=rate: analytic(a, r, t), 0.0, days, limit=400)[0]
        expected = analytic(expected, rate, days)
        assert lab.state.plasma_pg_ml[DRUG] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert measured_area == pytest.approx(area, rel=1e-9)
    # Mass balance: the area under the curve is dose / clearance.
    assert area == pytest.approx(1000.0 * (9 * 7 + 28 * 21) / CL, rel=1e-6)


def test_steady_levels_and_half_life_are_those_of_the_evidence() -> None:
    assert pytest.approx(526, abs=1) == 1000.0 * 28 / CL
    assert pytest.approx(169, abs=1) == 1000.0 * 9 / CL
    assert 24.0 * log(2.0) * V / CL == pytest.approx(1.9, abs=0.05)


def test_cells_see_plasma_times_partition_times_perfusion() -> None:
    lab = Lab(PlaceKind.MARROW, PlaceKind.MARROW, PlaceKind.BLOOD)
    lab.places.access[:] = 0.5, 1.5, 1.0
    lab.places.drug_partition[:] = 0.3, 0.3, 1.0
    lab.state.infusion_ug_per_day[DRUG] = 28.0
    lab.run(5.0, 0.25, "blinatumomab_pk", "drug_penetration")
    steady = 1000.0 * 28 / CL
    np.testing.assert_allclose(
        lab.state.signals.drug_pg_ml[0], steady * np.array([0.15, 0.45, 1.0]), rtol=1e-9
    )


def test_a_packed_marrow_holds_less_drug_and_blood_does_not() -> None:
    lab = Lab(PlaceKind.MARROW, PlaceKind.MARROW, PlaceKind.BLOOD, ratio_antigen_sink=8.0)
    for place, share in enumerate((0.75, 0.25, 0.75)):
        lab.add(encode(BLAST), share * 1e10, place=place)
        lab.places.normal[place] = (1 - share) * 1e10
    lab.state.infusion_ug_per_day[DRUG] = 28.0
    lab.run(5.0, 0.25, "blinatumomab_pk", "drug_penetration")
    steady = 1000.0 * 28 / CL
    expected = steady * np.array([1 / 7, 1 / 3, 1.0])
    np.testing.assert_allclose(lab.state.signals.drug_pg_ml[0], expected, rtol=1e-9)


def test_drug_washes_out_to_exactly_nothing() -> None:
    lab = Lab(PlaceKind.BLOOD)
    lab.state.plasma_pg_ml[DRUG] = 500.0
    lab.run(14.0, 0.25, "blinatumomab_pk", "drug_penetration")
    assert lab.state.plasma_pg_ml[DRUG] == 0.0
    lab.run(0.25, 0.25, "blinatumomab_pk", "drug_penetration")
    assert lab.state.mean_plasma_pg_ml[DRUG] == 0.0


# ---- contact


def test_synapse_rate_is_contacts_times_synapse_chance_times_occupancy_times_target_share() -> None:
    lab = Lab(WELL)
    lab.add(encode(BLAST), 2e6)
    lab.add(encode(BLAST, lost=[CD19]), 1e6)
    lab.add(encode(TCON), 3e6)
    lab.places.normal[0], lab.places.normal_b[0] = 3e6, 1e6
    for level in (10.0, 100.0, 1000.0):
        lab.drug(level)
        lab.act("contact")
        x = 200 * 0.8 * level / (100.0 + level) * (2e6 + 1e6) / 10e6
        assert lab.state.signals.synapse_rate[0] == pytest.approx(x, rel=1e-12)
        assert lab.state.signals.busy[0] == pytest.approx(x / (x + 3.0), rel=1e-12)


def test_more_drug_never_means_fewer_synapses() -> None:
    lab = Lab(WELL)
    lab.add(encode(BLAST), 1e6)
    rates = []
    for level in np.geomspace(1e-3, 1e6, 40):
        lab.drug(level)
        lab.act("contact")
        rates.append(lab.state.signals.synapse_rate[0])
    assert (np.diff(rates) > 0).all()
    assert rates[-1] / rates[0] > 1e4


def test_no_drug_no_contact_and_the_signals_of_the_day_before_are_wiped() -> None:
    lab = Lab(WELL)
    lab.add(encode(BLAST), 1e6)
    lab.add(encode(ENGAGED_TCON), 1e6)
    lab.drug(500.0)
    lab.act("contact", "killing")
    assert lab.state.signals.busy[0] > 0 and lab.state.signals.kill_rate[0, 0] > 0
    lab.drug(0.0)
    lab.act("contact", "killing")
    assert lab.state.signals.busy[0] == lab.state.signals.kill_rate[0, 0] == 0.0
    assert not lab.state.pop.hazard.any()


# ---- killing: Holling limits


def kills_per_t_cell(targets: float, killers: float, **parameters: float) -> float:
    """Return the hazard-weighted kills per engaged T cell and day."""
    lab = Lab(WELL, **parameters)
    lab.add(encode(BLAST), targets)
    lab.add(encode(ENGAGED_TCON), killers)
    lab.drug(FLOOD)
    lab.act("killing")
    return float(lab.state.signals.kill_rate[0, 0]) * targets / killers


@pytest.mark.parametrize("k_max", [2.0, 3.0, 16.0])
def test_kills_per_t_cell_approach_k_max_when_targets_abound(k_max: float) -> None:
    # x = 160 synapses a day: 1 / (1/160 + 1/k_max) is the Holling value; ever more contacts give k_max itself.
    assert kills_per_t_cell(1e12, 1e6, rate_kill_max=k_max) == pytest.approx(
        1 / (1 / 160 + 1 / k_max), rel=1e-4
    )
    assert kills_per_t_cell(1e12, 1e6, rate_kill_max=k_max, rate_contacts=1e6) == pytest.approx(
        k_max, rel=1e-4
    )


def test_killing_is_mass_action_when_targets_are_rare() -> None:
    # Per target: 160 contacts a day with killers that fill the place; kills rise in proportion to targets.
    for targets in (10, 100, 1000):
        assert kills_per_t_cell(targets, 1e9) * 1e9 / targets == pytest.approx(160.0, rel=1e-4)


def test_kills_per_t_cell_rise_with_targets_and_never_exceed_k_max() -> None:
    kills = [kills_per_t_cell(n, 1e8) for n in np.geomspace(1e2, 1e13, 30)]
    assert (np.diff(kills) > 0).all()
    assert max(kills) < 3.0


@pytest.mark.parametrize(("targets", "killers"), [(1e12, 1e10), (1e11, 1e11), (1e10, 1e11)])
def test_killing_alone_follows_its_ode_and_the_error_shrinks_with_the_step(
    targets: float, killers: float
) -> None:
    def right(_: float, y: np.ndarray) -> np.ndarray:
        a = 160.0 * y[0] / (y[0] + killers)
        return np.array([-killers * a / (1.0 + a / 3.0)])

    days = 2.0
    exact = solve_ivp(right, (0, days), [targets], rtol=1e-10, atol=1e-3, method="LSODA").y[0, -1]
    errors = []
    for dt in (0.02, 0.01):
        lab = Lab(WELL, rate_activation_max=5.0)
        lab.add(encode(BLAST), targets)
        lab.add(encode(ENGAGED_TCON), killers)
        lab.drug(FLOOD)
        lab.run(days, dt, "killing")
        left = lab.cells(BLAST)
        if exact < 10:
            assert left < 10
            return
        errors.append(abs(log(left / exact)))
    assert errors[1] < 0.02
    assert errors[1] < 0.7 * errors[0] + 1e-5


def test_blasts_and_normal_b_cells_share_the_kills_by_their_number() -> None:
    lab = Lab(WELL, rate_b_cell_regeneration=1e-12)
    lab.add(encode(BLAST), 3e9)
    lab.add(encode(BLAST, lost=[CD19]), 1e9)
    lab.add(encode(ENGAGED_TCON), 1e9)
    lab.places.normal_b[0] = 2e9
    lab.drug(FLOOD)
    lab.run(1.0, 0.05, "killing", "normal_b_cells")
    kept = lab.cells(BLAST, mask=CD19.lost.mask) / 3e9
    assert kept == pytest.approx(lab.places.normal_b[0] / 2e9, rel=1e-3)
    assert 0.1 < kept < 0.9
    assert lab.cells(BLAST, mask=CD19.lost.mask, value=CD19.lost.mask) == 1e9
    assert lab.state.tally[BLAST, Channel.KILLED_BY_ENGAGED] > 0
    # Together they die at no more than k_max per killer.
    assert 3e9 * (1 - kept) + 2e9 * (1 - kept) < 3.0 * 1e9


def test_normal_b_cells_distract_killers_from_blasts() -> None:
    rates = []
    for b_cells in (0.0, 1e12):
        lab = Lab(WELL)
        lab.add(encode(BLAST), 1e9)
        lab.add(encode(ENGAGED_TCON), 1e9)
        lab.places.normal_b[0] = b_cells
        lab.drug(FLOOD)
        lab.act("killing")
        rates.append(lab.state.signals.kill_rate[0, 0])
    assert rates[1] < 0.02 * rates[0]


@pytest.mark.parametrize(
    ("change", "factor"),
    [
        ({"exhaustion": 0.6}, 0.4),
        ({"kind": TCON}, 0.24),
        ({"suppression": 0.8}, 1 - 0.5 * 0.8),
        ({"killing_factor": 0.55}, 0.55),
        ({"fitness": 1.7}, 1.7),
        ({"level": 150.0}, 0.5),
    ],
)
def test_what_weakens_a_killer(change: dict[str, float], factor: float) -> None:
    def rate(
        kind: int = ENGAGED_TCON,
        exhaustion: float = 0.0,
        suppression: float = 0.0,
        killing_factor: float = 1.0,
        fitness: float = 1.0,
        level: float = FLOOD,
    ) -> float:
        lab = Lab(WELL, t_cell_fitness=fitness)
        lab.add(encode(BLAST), 10)
        lab.add(encode(int(kind)), 1e9, exhaustion=exhaustion)
        lab.drug(level)
        lab.state.signals.suppression[:] = suppression
        lab.state.signals.killing_factor[:] = killing_factor
        lab.act("killing")
        return float(lab.state.signals.kill_rate[0, 0])

    assert rate(**change) == pytest.approx(factor * rate(), rel=1e-5)  # type: ignore[arg-type]


def test_rates_do_not_know_the_scale_of_the_place() -> None:
    """A well of 1e5 cells and a marrow of 7e11 use the same rule: only densities count."""
    rates = []
    for scale in (1.0, 7e6):
        lab = Lab(WELL)
        lab.add(encode(BLAST), 5e4 * scale)
        lab.add(encode(ENGAGED_TCON), 2e4 * scale)
        lab.add(encode(TCON), 3e4 * scale)
        lab.drug(500.0)
        lab.act("contact", "killing")
        rates.append((lab.state.signals.kill_rate[0, 0], lab.state.signals.synapse_rate[0]))
    assert rates[0] == pytest.approx(rates[1], rel=1e-12)


# ---- a second engager with another target

BOTH = (BLINATUMOMAB, ANTI_CD22)


def hazards_of_blasts(*given: Engager) -> dict[str, float]:
    """Return the hazard of being killed of blasts that lost nothing, CD19, CD22 or both, few among many killers."""
    lab = Lab(WELL, engagers=BOTH)
    blasts = {"none": (), "cd19": (CD19,), "cd22": (CD22,), "both": (CD19, CD22)}
    for lost in blasts.values():
        lab.add(encode(BLAST, lost=lost), 10)
    lab.add(encode(ENGAGED_TCON), 1e9)
    for engager in given:
        lab.drug(500.0, engager)
    lab.act("killing")
    pop = lab.state.pop
    hazard = {
        int(pop.codes(row)): float(pop.hazard[row, Channel.KILLED_BY_ENGAGED]) for row in lab.state.blast_rows
    }
    return {name: hazard[encode(BLAST, lost=lost)] for name, lost in blasts.items()}


def test_hazards_of_two_engagers_add_and_each_spares_the_blasts_that_lost_its_target() -> None:
    one, other, both = (hazards_of_blasts(*given) for given in ((BOTH[0],), (BOTH[1],), BOTH))
    assert one["cd19"] == one["both"] == other["cd22"] == other["both"] == both["both"] == 0.0
    assert one["none"] == one["cd22"] > 100.0
    assert other["none"] == other["cd19"] > 100.0
    assert both["none"] == pytest.approx(one["none"] + other["none"], rel=1e-6)
    assert both["cd19"] == pytest.approx(other["cd19"], rel=1e-6)
    assert both["cd22"] == pytest.approx(one["cd22"], rel=1e-6)


def test_two_engagers_share_one_limit_of_the_killers() -> None:
    lab = Lab(WELL, engagers=BOTH)
    lab.add(encode(BLAST), 1e12)
    lab.add(encode(ENGAGED_TCON), 1e6)
    for engager in BOTH:
        lab.drug(FLOOD, engager)
    lab.act("killing")
    assert lab.state.signals.kill_rate.sum() * 1e12 / 1e6 == pytest.approx(1 / (1 / 320 + 1 / 3), rel=1e-4)


def test_a_second_engager_has_its_own_plasma_synapses_and_side_effects() -> None:
    lab = Lab(WELL, engagers=BOTH)
    lab.add(encode(BLAST, lost=[CD19]), 1e6)
    lab.places.normal_b[:] = 1e6  # they carry no CD22 here
    lab.state.infusion_ug_per_day[ANTI_CD22.name] = 28.0
    lab.run(3.0, 0.25, "blinatumomab_pk", "drug_penetration")
    assert lab.state.plasma_pg_ml == {DRUG: 0.0, ANTI_CD22.name: pytest.approx(1000.0 * 28 / CL, rel=1e-6)}
    lab.act("contact", "killing", "margination", "crs")
    level = 1000.0 * 28 / CL
    x = 200 * 0.8 * level / (100.0 + level) * 0.5
    assert lab.state.signals.synapse_rate[0] == pytest.approx(x, rel=1e-6)
    assert lab.state.signals.normal_b_kill_rate[0] == 0.0
    assert lab.state.adaptation > 0.1 and lab.state.crs_tolerance > 0.01


# ---- graft-versus-leukaemia


def survivors(mismatch: bool) -> dict[str, float]:
    """Return the share of blasts of each kind that one day of alloreactive effectors leaves, without drug."""
    lab = Lab(WELL)
    lab.state.haplotype_mismatch = mismatch
    kinds = {
        "both": encode(BLAST),
        "cd19_lost": encode(BLAST, lost=[CD19]),
        "hla_lost": encode(BLAST, lost=[HLA_HAPLOTYPE]),
    }
    for code in kinds.values():
        lab.add(code, 1e10)
    lab.add(encode(TCON, alloreactive=True, stage=EFFECTOR), 1e9)
    lab.run(1.0, 0.25, "gvl")
    return {
        name: lab.cells(
            BLAST,
            mask=CD19.lost.mask | HLA_HAPLOTYPE.lost.mask,
            value=code & (CD19.lost.mask | HLA_HAPLOTYPE.lost.mask),
        )
        / 1e10
        for name, code in kinds.items()
    }


def test_hla_loss_escapes_gvl_and_cd19_loss_does_not() -> None:
    left = survivors(mismatch=True)
    assert left["hla_lost"] == 1.0
    assert left["both"] < 0.95
    assert left["cd19_lost"] == pytest.approx(left["both"], rel=1e-3)


def test_with_a_matched_donor_hla_loss_does_not_escape() -> None:
    left = survivors(mismatch=False)
    assert left["hla_lost"] == pytest.approx(left["both"], rel=1e-3)
    assert left["both"] < 0.95


@pytest.mark.parametrize("stage", [0, MEMORY])
def test_resting_and_memory_alloreactive_cells_do_not_kill(stage: int) -> None:
    lab = Lab(WELL)
    lab.add(encode(BLAST), 1e9)
    lab.add(encode(TCON, alloreactive=True, stage=stage), 1e9)
    lab.add(encode(TCON), 1e9)
    lab.run(1.0, 0.25, "gvl")
    assert lab.cells(BLAST) == 1e9


def test_gvl_obeys_the_same_holling_limit_without_any_drug() -> None:
    lab = Lab(WELL)
    lab.add(encode(BLAST), 1e12)
    lab.add(encode(TCON, alloreactive=True, stage=EFFECTOR), 1e6)
    lab.act("gvl")
    assert lab.state.signals.gvl_rate[0] * 1e12 / 1e6 == pytest.approx(1 / (1 / 160 + 1 / 3), rel=1e-4)


def test_a_killer_of_both_kinds_does_not_exceed_its_limit_by_much() -> None:
    """An engaged effector kills by drug and by recognition; each has its own limit, so the sum may reach 2 k_max."""
    lab = Lab(WELL)
    lab.add(encode(BLAST), 1e12)
    lab.add(encode(ENGAGED_TCON, alloreactive=True, stage=EFFECTOR), 1e6)
    lab.drug(FLOOD)
    lab.act("killing", "gvl")
    kills = (lab.state.signals.kill_rate[0, 0] + lab.state.signals.gvl_rate[0]) * 1e12 / 1e6
    assert kills <= 2 * 3.0


def test_every_process_has_a_name_and_a_source() -> None:
    assert all(p.source for p in PROCESSES.values())
