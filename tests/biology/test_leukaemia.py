"""Growth, spread and antigen loss of blasts, each alone."""

from math import exp, log

import numpy as np
import pytest

from simulation.biology.antigens import CD19, HLA_HAPLOTYPE
from simulation.biology.places import PlaceKind
from simulation.biology.traits import BLAST, CLONE, encode

from .lab import Lab

WELL, MARROW, BLOOD = PlaceKind.WELL, PlaceKind.MARROW, PlaceKind.BLOOD


def grown(days: float, dt: float, start: float, capacity: float, **parameters: float) -> Lab:
    lab = Lab(WELL, **parameters)
    lab.places.blast_capacity[0] = capacity
    lab.add(encode(BLAST), start)
    lab.run(days, dt, "blast_growth")
    return lab


@pytest.mark.parametrize("days", [20.0, 60.0, 120.0])
def test_growth_is_logistic(days: float) -> None:
    start, capacity, rate = 1e10, 1e12, 0.07
    exact = capacity / (1 + (capacity / start - 1) * exp(-rate * days))
    left = grown(days, 0.25, start, capacity, rate_blast_net_growth=rate).cells(BLAST)
    assert log(left / exact) == pytest.approx(0.0, abs=0.01)


def test_growth_error_is_second_order_in_the_step() -> None:
    exact = 1e16 / (1 + 99 * exp(-0.07 * 60.0))
    errors = [
        abs(grown(60.0, dt, 1e14, 1e16, rate_blast_net_growth=0.07).cells(BLAST) / exact - 1)
        for dt in (2.5, 0.625)
    ]
    assert errors[1] < 0.1 * errors[0]  # a sixteenth, but for chance and the next order
    assert errors[0] < 1e-4


def test_far_below_capacity_growth_is_exponential_without_any_step_error() -> None:
    for dt in (0.25, 1.0):
        lab = grown(30.0, dt, 1e9, 1e30, rate_blast_net_growth=0.2)
        assert lab.cells(BLAST) / 1e9 == pytest.approx(exp(6.0), rel=1e-3)


def test_an_overfull_niche_shrinks_to_capacity() -> None:
    lab = grown(0.25, 0.25, 8e11, 4e11, rate_blast_net_growth=0.2)
    assert lab.cells(BLAST) < 8e11
    lab.run(80.0, 0.25, "blast_growth")
    assert lab.cells(BLAST) == pytest.approx(4e11, rel=1e-3)


def test_where_there_is_no_room_blasts_only_die() -> None:
    lab = Lab(BLOOD)
    lab.add(encode(BLAST), 1e10)
    lab.run(10.0, 0.25, "blast_growth")
    assert lab.cells(BLAST) == pytest.approx(1e10 * exp(-0.4), rel=1e-3)
    assert lab.state.births == 0


@pytest.mark.parametrize("fullness", [0.01, 1.0, 1.3])
def test_decline_is_the_same_however_full_the_niche_is(fullness: float) -> None:
    lab = grown(20.0, 0.25, 1e11, 1e11 / fullness, rate_blast_net_growth=-0.075)
    assert lab.cells(BLAST) == pytest.approx(1e11 * exp(-1.5), rel=1e-3)


def test_blasts_in_blood_decline_as_fast() -> None:
    lab = Lab(BLOOD, rate_blast_net_growth=-0.075)
    lab.add(encode(BLAST), 1e10)
    lab.run(10.0, 0.25, "blast_growth")
    assert lab.cells(BLAST) == pytest.approx(1e10 * exp(-0.75), rel=1e-3)
    assert lab.state.births == 0


def test_birth_and_death_turn_over_at_their_own_rates() -> None:
    """Net growth alone would not show a wrong split: count births and deaths over ten days far below capacity."""
    lab = grown(10.0, 0.25, 1e10, 1e30, rate_blast_net_growth=0.07, rate_blast_death=0.04)
    mean_cells = 1e10 * (exp(0.7) - 1) / 0.07  # the integral of the number of cells
    assert lab.state.deaths == pytest.approx(0.04 * mean_cells, rel=2e-3)
    assert lab.state.births == pytest.approx(0.11 * mean_cells, rel=2e-3)


def test_a_subclone_grows_at_its_own_rate() -> None:
    lab = Lab(WELL, rate_blast_net_growth=0.1)
    lab.places.blast_capacity[0] = 1e30
    lab.state.clone_growth[2] = 1.5
    lab.add(encode(BLAST), 1e9)
    lab.add(encode(BLAST, clone=2), 1e9)
    lab.run(20.0, 0.25, "blast_growth")
    fast = lab.cells(BLAST, mask=CLONE.mask, value=CLONE.bits(2))
    slow = lab.cells(BLAST, mask=CLONE.mask, value=0)
    assert log(fast / slow) == pytest.approx(1.0, abs=0.01)


# ---- spread


def test_a_symmetric_grid_has_no_drift() -> None:
    size = 7
    lab = Lab(*[MARROW] * size**2, BLOOD, rows=size, columns=size, rate_blast_to_blood=0.0)
    centre = size**2 // 2
    lab.add(encode(BLAST), 1e12, place=centre)
    lab.run(20.0, 0.25, "blast_spread")
    field = np.array([lab.cells(BLAST, place=i) for i in range(size**2)], float).reshape(size, size)
    assert field.sum() == 1e12
    offset = np.arange(size) - size // 2
    assert abs((field.sum(1) * offset).sum()) / 1e12 < 1e-4  # mean displacement, niches
    assert abs((field.sum(0) * offset).sum()) / 1e12 < 1e-4
    for mirrored in (field[::-1], field[:, ::-1], field.T):
        np.testing.assert_allclose(field, mirrored, rtol=0.01, atol=1e8)
    # Random walk in two dimensions: mean square displacement = rate x time (the torus is still far away).
    square = (field.sum(1) * offset**2).sum() + (field.sum(0) * offset**2).sum()
    assert square / 1e12 == pytest.approx(0.02 * 20.0, rel=0.01)


def test_an_even_grid_stays_even() -> None:
    lab = Lab(*[MARROW] * 16, BLOOD, rows=4, columns=4)
    for i in range(16):
        lab.add(encode(BLAST), 1e10, place=i)
    lab.run(50.0, 0.25, "blast_spread")
    field = np.array([lab.cells(BLAST, place=i) for i in range(16)], float)
    assert field.std() / field.mean() < 1e-3


def test_circulating_blasts_settle_where_flow_out_and_back_balance() -> None:
    lab = Lab(*[MARROW] * 4, BLOOD, rows=2, columns=2)
    for i in range(4):
        lab.add(encode(BLAST), 2.5e11, place=i)
    lab.run(30.0, 0.05, "blast_spread")
    marrow = sum(lab.cells(BLAST, place=i) for i in range(4))
    assert lab.cells(BLAST, place=4) / marrow == pytest.approx(0.002 / 1.0, rel=0.03)


def test_an_extramedullary_site_is_reached_only_where_there_is_one() -> None:
    for kinds, reached in (((MARROW, BLOOD), False), ((MARROW, BLOOD, PlaceKind.EXTRAMEDULLARY), True)):
        lab = Lab(*kinds)
        lab.add(encode(BLAST), 1e12, place=0)
        lab.run(20.0, 0.25, "blast_spread")
        assert (lab.cells(BLAST) - lab.cells(BLAST, place=0) - lab.cells(BLAST, place=1) > 0) == reached
        assert lab.cells() == 1e12


# ---- antigen loss


def test_mutants_per_birth_have_the_given_probability_and_keep_their_other_traits() -> None:
    lab = Lab(WELL, p_cd19_loss=1e-6, p_hla_loss=1e-7, rate_blast_death=0.0, rate_blast_net_growth=0.2)
    lab.places.blast_capacity[0] = 1e30
    lab.add(encode(BLAST), 1e12)
    lab.run(1.0, 0.25, "antigen_loss", "blast_growth")
    births = lab.state.births
    assert births == pytest.approx(1e12 * (exp(0.2) - 1), rel=1e-3)
    cd19 = lab.cells(BLAST, mask=CD19.lost.mask, value=CD19.lost.mask)
    hla = lab.cells(BLAST, mask=HLA_HAPLOTYPE.lost.mask, value=HLA_HAPLOTYPE.lost.mask)
    # Mutants born early divide within the day: at most exp(0.2), on average about 1.1 of them.
    assert 1.0 < cd19 / (births * 1e-6) < exp(0.2)
    assert 1.0 < hla / (births * 1e-7) < exp(0.2)


def test_mutants_accumulate_as_births_times_probability_times_time() -> None:
    """Luria-Delbrueck: in exponential growth without death the expected mutants are p b t N(t)."""
    p, b, days = 1e-5, 0.25, 24.0
    lab = Lab(WELL, p_cd19_loss=p, p_hla_loss=0.0, rate_blast_death=0.0, rate_blast_net_growth=b)
    lab.places.blast_capacity[0] = 1e30
    lab.add(encode(BLAST), 1e9)
    lab.run(days, 0.25, "antigen_loss", "blast_growth")
    mutants = lab.cells(BLAST, mask=CD19.lost.mask, value=CD19.lost.mask)
    # Mutants drawn in a step do not divide in it, others do: a bias of b dt / 2 of those just born.
    assert mutants == pytest.approx(p * b * days * lab.cells(BLAST), rel=0.04)


def test_loss_is_irreversible_and_a_matched_donor_knows_no_haplotype_loss() -> None:
    lab = Lab(WELL, p_cd19_loss=1e-3, p_hla_loss=1e-3)
    lab.state.haplotype_mismatch = False
    lab.places.blast_capacity[0] = 1e30
    lab.add(encode(BLAST, lost=[CD19]), 1e9)
    lab.run(5.0, 0.25, "antigen_loss", "blast_growth")
    assert lab.cells(BLAST, mask=CD19.lost.mask) == 0
    assert lab.cells(BLAST, mask=HLA_HAPLOTYPE.lost.mask, value=HLA_HAPLOTYPE.lost.mask) == 0


def test_extinction_of_a_few_blasts_is_the_birth_death_probability() -> None:
    """(d/b)^n0 for n0 = 3, with 400 patients: the share lies within 4 standard errors (false alarm 6e-5)."""
    n0, b, d, trials = 3, 0.11, 0.04, 400
    lab = Lab(*[MARROW] * trials, rows=1, columns=trials, rate_blast_death=d, rate_blast_net_growth=b - d)
    lab.places.blast_capacity[:] = 1e30
    for i in range(trials):
        lab.add(encode(BLAST), n0, place=i)
    lab.run(120.0, 1.0, "blast_growth")
    alive = sum(lab.cells(BLAST, place=i) > 0 for i in range(trials))
    expected = (d / b) ** n0
    assert 1 - alive / trials == pytest.approx(expected, abs=4 * (expected * (1 - expected) / trials) ** 0.5)
