"""One body: what goes in, what is measured, what cytoreduction and donor lymphocytes do."""

from math import log10

import numpy as np
import pytest

from simulation import UserError
from simulation.biology.antigens import CD19, HLA_HAPLOTYPE
from simulation.biology.channels import Channel
from simulation.biology.places import PlaceKind
from simulation.biology.state import State
from simulation.biology.traits import ALLOREACTIVE, BLAST, CLASS, MEMORY, ORIGIN, STAGE, TCON, TREG, encode
from simulation.body import Body
from simulation.body.measure import marrow_layers
from simulation.body.virtual_patient import patient_values
from simulation.products.cytoreduction import Kill
from simulation.products.dli import DonorLymphocytes
from simulation.products.immunosuppression import Exposure

from .patients import patient, scenario


def cells(body: Body, mask: int, value: int) -> int:
    pop = body.state.pop
    rows = pop.rows()
    return int(pop.cells[rows][(pop.codes(rows) & mask) == value].sum())


# ---- what goes in


def test_the_graft_comes_in_on_its_days_and_in_its_numbers() -> None:
    body = patient(**{"graft.treg": "2e6 cells/kg", "graft.tcon": "1e6 cells/kg", "patient.weight": "50 kg"})
    assert body.day == -4.0
    assert cells(body, CLASS.mask, TREG) == 10**8
    assert cells(body, CLASS.mask, TCON) == 0
    while body.day < 0.0:
        assert cells(body, CLASS.mask, TCON) == 0
        body.step()
    assert body.day == 0.0
    assert cells(body, CLASS.mask, TCON) == 5 * 10**7
    assert body.state.infused == 15 * 10**7


def test_without_treg_the_clock_starts_on_the_day_of_transplant() -> None:
    assert patient(**{"graft.tcon": "1e6 cells/kg"}).day == 0.0


def test_the_alloreactive_share_is_a_binomial_draw_and_smaller_from_a_sibling_or_a_memory_product() -> None:
    shares = {}
    for name, match, memory in (
        ("haplo", "haploidentical", False),
        ("sibling", "matched_sibling", False),
        ("memory", "haploidentical", True),
    ):
        body = patient(**{"donor.match": match, "parameters.fraction_alloreactive_haploidentical": 0.03})
        body.apply(DonorLymphocytes(10**7, 0, 1, memory))
        assert cells(body, CLASS.mask, TCON) == 10**7
        shares[name] = cells(body, ALLOREACTIVE.mask, ALLOREACTIVE.mask) / 1e7
        stage = MEMORY if memory else 0
        assert cells(body, ALLOREACTIVE.mask | STAGE.mask, ALLOREACTIVE.mask | STAGE.bits(stage)) > 0
    assert shares["haplo"] == pytest.approx(0.03, rel=0.02)
    assert shares["memory"] == pytest.approx(0.003, rel=0.05)
    assert shares["sibling"] < 0.2 * shares["haplo"]


def test_donor_lymphocytes_arrive_in_the_blood_with_their_origin() -> None:
    body = patient(**{"resolution.tracked_infusions": 3})
    for number in (1, 2, 5):
        body.apply(DonorLymphocytes(1000 * number, 10 * number, number))
    blood = body.state.places.index(PlaceKind.BLOOD)
    pop = body.state.pop
    assert set(pop.place[pop.rows()]) == {blood}
    for origin, number in ((1, 1), (2, 2), (3, 5)):  # the fifth counts as the last tracked one
        mask = ORIGIN.mask | CLASS.mask
        assert cells(body, mask, ORIGIN.bits(origin) | TCON) == 1000 * number
        assert cells(body, mask, ORIGIN.bits(origin) | TREG) == 10 * number
    assert body.state.infused == 8000 + 80


def test_residual_blasts_and_reservoirs_are_spread_over_the_niches_cell_by_cell() -> None:
    body = patient(
        **{
            "patient.n_residual_blasts": "1e6 cells",
            "patient.n_cd19_negative_reservoir": "7 cells",
            "parameters.n_hla_lost_reservoir": "5 cells",
        }
    )
    assert cells(body, CLASS.mask, BLAST) == 10**6 + 12
    assert cells(body, CD19.lost.mask, CD19.lost.mask) == 7
    assert cells(body, HLA_HAPLOTYPE.lost.mask, HLA_HAPLOTYPE.lost.mask) == 5
    niches = body.truth().niche_blasts
    assert niches.sum() == 10**6 + 12
    # four niches: each a binomial with p = 1/4, standard deviation 433
    assert np.abs(niches - 250_003).max() < 5 * 433
    assert niches.std() > 0


def test_a_single_residual_blast_is_a_single_cell_somewhere() -> None:
    places = {
        int(np.argmax(patient(seed=s, **{"patient.n_residual_blasts": "1 cells"}).truth().niche_blasts))
        for s in range(40)
    }
    assert places == {0, 1, 2, 3}


# ---- cytoreduction


@pytest.mark.parametrize("log10_kill", [0.5, 1.0, 3.0])
def test_cytoreduction_kills_by_the_log_and_spares_t_cells(log10_kill: float) -> None:
    body = patient(**{"patient.n_residual_blasts": "1e7 cells", "graft.tcon": "1e4 cells/kg"})
    body.apply(Kill(log10_kill))
    left = body.truth().blasts
    assert log10(1e7 / left) == pytest.approx(log10_kill, abs=0.02)
    assert cells(body, CLASS.mask, TCON) == 700_000
    state = body.state
    assert state.pop.total_cells() == state.infused + state.births - state.deaths


def test_cytoreduction_can_eradicate_the_last_cells() -> None:
    body = patient(**{"patient.n_residual_blasts": "5 cells"})
    body.apply(Kill(9.0))
    assert body.truth().blasts == 0
    assert body.state.pop.n_agents == 0


def test_repeated_cytoreduction_draws_anew_in_another_step() -> None:
    body = patient(**{"patient.n_residual_blasts": "1e6 cells"}, processes={"blast_growth": "off"})
    counts = []
    for _ in range(3):
        body.apply(Kill(0.30103))
        counts.append(body.truth().blasts)
        body.step()
    np.testing.assert_allclose(counts, [5e5, 2.5e5, 1.25e5], rtol=0.01)


# ---- what can be measured


def test_truth_counts_what_is_there() -> None:
    body = patient()
    state, blood = body.state, body.state.places.index(PlaceKind.BLOOD)
    state.pop.add(encode(BLAST), 0, 600)
    state.pop.add(encode(BLAST, lost=[CD19]), 1, 300)
    state.pop.add(encode(BLAST, lost=[HLA_HAPLOTYPE]), blood, 4_900_000)
    state.pop.add(encode(TCON), blood, 490_000_000)
    state.pop.add(encode(TREG), blood, 49_000_000)
    state.pop.add(encode(TREG), 0, 100)
    state.places.normal[state.places.marrow] = [1000.0, 0.0, 0.0, 0.0]
    state.places.normal_b[blood] = 4.9e8
    body._truth = None
    truth = body.truth()
    assert (truth.blasts, truth.marrow_blasts) == (4_900_900, 900)
    assert truth.lost == {"cd19": 300, "hla_haplotype": 4_900_000}
    assert truth.marrow_cells == 600 + 300 + 100 + 1000
    assert truth.marrow_blast_fraction == pytest.approx(0.45)
    np.testing.assert_allclose(truth.niche_blast_fraction, [600 / 1700, 1.0, 0.0, 0.0])
    # 70 kg x 0.07 L/kg = 4.9e6 uL of blood
    assert truth.cd3_per_ul == pytest.approx(110.0)
    assert truth.treg_per_ul == pytest.approx(10.0)
    assert truth.b_cells_per_ul == pytest.approx(100.0)
    assert truth.blood_blasts_per_ul == pytest.approx(1.0)
    assert truth.marrow_t_cells == 100
    assert truth.marrow_treg_share == 1.0
    assert truth.marrow_et_ratio == pytest.approx(1 / 9)
    layers = marrow_layers(state)
    assert all(layer.shape == (2, 2) for layer in layers.values())
    np.testing.assert_array_equal(layers["blasts"], [[600, 300], [0, 0]])


def test_an_empty_marrow_divides_by_nothing() -> None:
    body = patient()
    body.state.places.normal[:] = 0.0
    body._truth = None
    truth = body.truth()
    assert truth.marrow_blast_fraction == 0.0
    assert truth.marrow_et_ratio == float("inf")


def test_body_surface_is_mosteller() -> None:
    assert patient().body_surface_m2 == pytest.approx((170 * 70 / 3600) ** 0.5)


def test_severe_gvhd_and_crs_are_hazards_of_death() -> None:
    body = patient()
    p = body.values
    assert body.hazard_of_death() == 0.0
    for integrity, hazard in ((0.6, 0.0), (0.4, p.rate_death_agvhd_3), (0.1, p.rate_death_agvhd_4)):
        body.state.tissue_integrity = integrity
        body.changed()
        assert body.hazard_of_death() == hazard
    body.state.tissue_integrity = 1.0
    body.state.crs_score = p.crs_score_grade_1 * p.crs_score_step**3.01
    body.changed()
    assert body.crs_grade() == 4
    assert body.hazard_of_death() == p.rate_death_crs_4


# ---- places and patients


def test_perfusion_has_mean_one_and_sanctuaries_are_poor() -> None:
    plan = {"marrow.rows": 40, "marrow.columns": 40, "parameters.cv_marrow_perfusion": 0.5}
    access = patient(**plan, **{"parameters.fraction_sanctuary": 0}).state.places.access[:1600]
    assert access.mean() == pytest.approx(1.0, abs=4 * 0.5 / 40)
    assert access.std() / access.mean() == pytest.approx(0.5, abs=0.06)
    poor = patient(
        **plan, **{"parameters.fraction_sanctuary": 0.3, "parameters.access_sanctuary": 0.1}
    ).state.places.access[:1600]
    ratio = poor / access
    assert (np.isclose(ratio, 1.0) | np.isclose(ratio, 0.1)).all()
    assert np.isclose(ratio, 0.1).mean() == pytest.approx(0.3, abs=4 * (0.21 / 1600) ** 0.5)


def test_niches_share_the_marrow_whatever_the_grid() -> None:
    for rows, columns in ((1, 1), (2, 3), (12, 12)):
        places = patient(**{"marrow.rows": rows, "marrow.columns": columns}).state.places
        assert places.room[places.marrow].sum() == pytest.approx(70 * 10.4e9)
        assert places.blast_capacity[places.marrow].sum() == pytest.approx(1.37 * 70 * 10.4e9)
        near = places.destinations.neighbours[: rows * columns]
        for niche in range(rows * columns):  # neighbours are mutual
            for other in near[niche][near[niche] >= 0]:
                assert niche in near[other]


def test_an_extramedullary_site_is_there_where_it_has_room_and_the_scenario_allows_it() -> None:
    for room, allowed, there in (
        ("1e8 cells", True, True),
        ("0 cells", True, False),
        ("1e8 cells", False, False),
    ):
        record = {"patient.n_extramedullary_cells": room, "marrow.extramedullary_site": allowed}
        places = patient(**record, **{"parameters.access_extramedullary": 0.2}).state.places
        site = places.index(PlaceKind.EXTRAMEDULLARY)
        assert (site >= 0) == there
        if there:
            assert places.blast_capacity[site] == places.room[site] == 1e8
            assert places.access[site] == 0.2


def test_a_patient_is_the_same_in_every_arm_and_whatever_else_varies() -> None:
    varied = {
        "patient.rate_blast_net_growth": {"distribution": "uniform", "low": "0.05 /day", "high": "0.2 /day"}
    }
    more = varied | {"patient.t_cell_fitness": {"distribution": "uniform", "low": 0.5, "high": 1.5}}
    growth = [patient_values(scenario(**varied), 1, n).rate_blast_net_growth for n in range(200)]
    assert growth == [patient_values(scenario(**more), 1, n).rate_blast_net_growth for n in range(200)]
    assert growth != [patient_values(scenario(**varied), 2, n).rate_blast_net_growth for n in range(200)]
    assert 0.05 <= min(growth) < 0.06 < 0.19 < max(growth) <= 0.2
    fitness = [patient_values(scenario(**more), 1, n).t_cell_fitness for n in range(200)]
    assert abs(np.corrcoef(growth, fitness)[0, 1]) < 0.3  # 4 standard errors


def test_one_agent_a_cell_is_refused_with_an_estimate_where_memory_would_not_do() -> None:
    with pytest.raises(UserError, match=r"7e\+07 cells in 8 places would take about \d+ GiB") as error:
        patient(**{"resolution.cells_per_agent": 1, "graft.tcon": "1e6 cells/kg"})
    assert error.value.errors[0].key == "resolution.cells_per_agent"


def test_a_copied_body_is_independent() -> None:
    body = patient(**{"patient.n_residual_blasts": "1e6 cells"})
    twin = body.copy()
    before = body.truth().blasts
    twin.apply(Kill(3.0))
    twin.apply(Exposure("ciclosporin", 1.0))
    twin.state.places.normal[:] = 0.0
    twin.step()
    assert body.truth().blasts == before
    assert not any(body.state.exposure.values())
    assert body.state.places.normal.any()
    assert body.state.step == 0


class Feeding:
    """Let blasts divide, whatever room there is."""

    name, source = "feeding", "a test"

    def act(self, state: State, dt: float) -> None:
        state.pop.hazard[state.blast_rows, Channel.DIVIDE] += 5.0


def test_cells_that_multiply_without_bound_end_the_life_and_no_number_overflows() -> None:
    plan = scenario(**{"patient.n_residual_blasts": "1e3 cells"})
    body = Body(plan, patient_values(plan, 1, 0), 1, 0, rules=[Feeding()])
    with pytest.raises(UserError, match=r"were born by day .*: they multiply without bound") as told:
        while body.day < 100.0:
            assert body.state.pop.cells.min() >= 0
            body.step()
    assert told.value.key == "time_step" and 5.0 < body.day < 20.0
