"""Clones that see antigens of blood cells only: primed on blasts and host marrow, tired by killing, kept out of host tissue."""

from math import exp, log

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from simulation.biology.antigens import HLA_HAPLOTYPE
from simulation.biology.channels import Channel
from simulation.biology.places import PlaceKind
from simulation.biology.traits import (
    BLAST,
    EFFECTOR,
    EXHAUSTION_REVERSIBLE,
    EXHAUSTION_TERMINAL,
    HAEMATOPOIETIC,
    MEMORY,
    STAGE,
    TCON,
    TREG,
    encode,
)

from .lab import Lab

MARROW, BLOOD, LYMPHOID, TISSUE = (
    PlaceKind.MARROW,
    PlaceKind.BLOOD,
    PlaceKind.LYMPHOID,
    PlaceKind.TISSUE,
)
NAIVE = encode(TCON, alloreactive=True, haematopoietic=True)
SPENT = encode(TCON, alloreactive=True, haematopoietic=True, stage=EFFECTOR)


def marrow(blasts: float, lost: bool = False, **parameters: float) -> Lab:
    """Return a niche with 1e11 cells, of which so many are blasts."""
    lab = Lab(MARROW, **parameters)
    lab.add(encode(BLAST, lost=[HLA_HAPLOTYPE] if lost else []), blasts)
    lab.places.normal[:] = 1e11 - blasts
    return lab


def staged(lab: Lab, stage: int) -> int:
    return lab.cells(TCON, mask=STAGE.mask, value=STAGE.bits(stage))


@pytest.mark.parametrize("share", [1e-4, 1e-3, 0.5])
@pytest.mark.parametrize("suppression", [0.0, 0.6])
def test_they_are_primed_on_blasts_at_a_rate_that_saturates(share: float, suppression: float) -> None:
    lab = marrow(share * 1e11, fraction_half_marrow_priming=1e-3)
    lab.state.signals.suppression[:] = suppression
    lab.add(NAIVE, 1e7)
    lab.run(5.0, 0.25, "marrow_priming")
    drive = share / (share + 1e-3) * (1 - suppression)
    assert staged(lab, 0) / 1e7 == pytest.approx(exp(-0.3 * drive * 5.0), rel=3e-3)


def test_memory_is_recalled_at_its_factor_and_others_see_nothing() -> None:
    lab = marrow(1e10, factor_recall_haematopoietic=0.25)
    lab.add(encode(TCON, alloreactive=True, haematopoietic=True, stage=MEMORY), 1e7)
    lab.add(encode(TCON, alloreactive=True), 1e7)
    lab.add(encode(TCON), 1e7)
    lab.add(encode(TREG), 1e7)
    lab.run(4.0, 0.25, "marrow_priming")
    drive = 0.1 / (0.1 + 1e-3)
    assert staged(lab, MEMORY) / 1e7 == pytest.approx(exp(-0.3 * 0.25 * drive * 4.0), rel=3e-3)
    assert lab.cells(mask=HAEMATOPOIETIC.mask, value=0) == 3e7 + 1e10


def test_they_do_not_see_blasts_that_lost_the_haplotype_unless_the_donor_is_matched() -> None:
    left = []
    for mismatch in (True, False):
        lab = marrow(1e10, lost=True)
        lab.state.haplotype_mismatch = mismatch
        lab.add(NAIVE, 1e7)
        lab.run(4.0, 0.25, "marrow_priming")
        left.append(staged(lab, 0))
    assert left[0] == 1e7 > 0.5e7 > left[1]


@pytest.mark.parametrize("exhaustion", [0.0, 0.5])
def test_effectors_divide_on_blasts_as_far_as_they_are_fit(exhaustion: float) -> None:
    lab = marrow(1e10)
    lab.add(SPENT, 1e7, exhaustion=exhaustion)
    lab.run(3.0, 0.25, "marrow_priming")
    rate = 0.8 * 0.1 / (0.1 + 1e-3) * (1 - exhaustion)
    assert log(lab.cells(TCON) / 1e7) == pytest.approx(rate * 3.0, rel=5e-3)


def test_outside_the_marrow_nothing_primes_them_here() -> None:
    lab = Lab(BLOOD, LYMPHOID)
    for place in (0, 1):
        lab.add(encode(BLAST), 1e9, place=place)
        lab.add(NAIVE, 1e7, place=place)
    lab.run(5.0, 0.25, "marrow_priming")
    assert staged(lab, 0) == 2e7


def test_they_do_not_enter_host_tissue_and_other_effectors_do() -> None:
    lab = Lab(MARROW, BLOOD, LYMPHOID, TISSUE)
    lab.add(SPENT, 1e9, place=1)
    lab.add(encode(TCON, alloreactive=True, stage=EFFECTOR), 1e9, place=1)
    lab.run(20.0, 0.25, "trafficking")
    restricted = HAEMATOPOIETIC.mask
    assert lab.cells(TCON, place=3, mask=restricted, value=restricted) == 0
    assert lab.cells(TCON, place=3) > 1e8


def test_host_apc_prime_them_as_others_and_their_deletion_has_a_factor() -> None:
    for apc, factor in ((1.0, 1.0), (0.0, 0.25)):
        lab = Lab(
            LYMPHOID, rate_apc_decay=0.0, rate_apc_tolerisation=0.0, rate_peripheral_deletion=0.4,
            factor_deletion_haematopoietic=factor,
        )  # fmt: skip
        lab.state.host_apc = apc
        lab.add(NAIVE, 1e9)
        lab.run(5.0, 0.25, "priming")
        assert staged(lab, 0) / 1e9 == pytest.approx(
            exp(-(0.3 * apc + 0.4 * factor * (1 - apc)) * 5.0), rel=3e-3
        )


@pytest.mark.parametrize("effectors", [0.0, 1e8])
def test_host_marrow_lasts_but_for_what_is_killed(effectors: float) -> None:
    lab = Lab(MARROW, p_recognition_gvl=0.5, rate_contacts=100.0, t_cell_fitness=1.0)
    lab.places.normal[:] = 1e11
    lab.state.host_marrow = 1e-4
    lab.add(SPENT, effectors)
    lab.run(10.0, 0.25, "gvl", "host_marrow")
    # few targets: an effector is nearly always free, 50 encounters a day lead to a kill
    killed = 50.0 * effectors / (1e11 + effectors)
    assert log(lab.state.host_marrow / 1e-4) == pytest.approx(-killed * 10.0, rel=2e-3)


def test_host_marrow_primes_as_many_blasts_would() -> None:
    left = []
    for share, host in ((1e-3, 0.0), (0.0, 1e-3)):
        lab = marrow(share * 1e11, fraction_half_marrow_priming=1e-3)
        lab.state.host_marrow = host
        lab.add(NAIVE, 1e7)
        lab.run(5.0, 0.25, "marrow_priming")
        left.append(staged(lab, 0) / 1e7)
    assert left[0] == pytest.approx(left[1], rel=2e-3)
    assert left[1] < 0.6


def ode(gain: float, u: float, terminal: float, days: float) -> np.ndarray:
    """Return reversible and terminal exhaustion of the law in the docstring, from fresh cells."""

    def right(_: float, y: np.ndarray) -> list[float]:
        r, t = y
        return [gain * (1 - r - t) - 0.4 * (1 - u) * r - terminal * u * r, terminal * u * r]

    return np.asarray(solve_ivp(right, (0, days), [0.0, 0.0], rtol=1e-9, max_step=0.05).y[:, -1])


def test_an_alloreactive_effector_tires_while_it_kills_and_a_resting_cell_does_not() -> None:
    lab = marrow(5e10, rate_exhaustion_terminal=0.05)
    lab.add(SPENT, 1e6)
    lab.add(NAIVE, 1e6)
    lab.run(14.0, 0.25, "gvl", "exhaustion")
    demand = 200.0 * 0.8 * 0.5
    u = demand / (demand + 3.0)
    exact = ode(0.29 * u, u, 0.05, 14.0)
    assert lab.trait(EXHAUSTION_REVERSIBLE) == pytest.approx(exact[0] / 2, rel=0.02)  # half of the cells rest
    assert lab.trait(EXHAUSTION_TERMINAL) == pytest.approx(exact[1] / 2, rel=0.03)


@pytest.mark.parametrize("share", [0.1, 0.8])
def test_blasts_tire_every_t_cell_of_their_niche_without_drug(share: float) -> None:
    lab = marrow(share * 1e11, rate_exhaustion_by_blasts=0.2)
    lab.add(encode(TCON), 1e6)
    lab.add(encode(TREG), 1e6)
    lab.run(20.0, 0.25, "exhaustion")
    assert lab.trait(EXHAUSTION_REVERSIBLE) == pytest.approx(ode(0.2 * share, 0.0, 0.0, 20.0)[0], rel=1e-3)
    assert lab.trait(EXHAUSTION_TERMINAL) == 0.0
    elsewhere = Lab(BLOOD, rate_exhaustion_by_blasts=0.2)
    elsewhere.add(encode(BLAST), 1e10)
    elsewhere.add(encode(TCON), 1e6)
    elsewhere.run(20.0, 0.25, "exhaustion")
    assert elsewhere.trait(EXHAUSTION_REVERSIBLE) == 0.0


def test_cells_that_just_came_are_owed_exhaustion_by_their_own() -> None:
    """A quarter of an agent's cells came rested in the middle of the last step: they gain more than the tired ones would."""
    lab, steps = marrow(8e10, rate_exhaustion_by_blasts=0.2), {0.5: 1.0, 0.0: 1.5}
    lab.add(encode(TCON), 1e6, exhaustion=0.75 * 0.5)
    table = lab.state.pop.columns
    (stratum,) = np.flatnonzero(table.code == encode(TCON))
    table.late[stratum, 0] = 0.25 * 0.5
    lab.act("exhaustion", dt=0.5)
    gain, recovery = 0.2 * 0.8, 0.4
    level, total = gain / (gain + recovery), gain + recovery
    tired, rested = (level + (before - level) * np.exp(-total * 0.5 * n) for before, n in steps.items())
    assert lab.trait(EXHAUSTION_REVERSIBLE) == pytest.approx(0.75 * tired + 0.25 * rested, abs=1e-3)
    alike = level + (0.375 - level) * np.exp(-total * 0.5 * 1.125)
    assert abs(alike - (0.75 * tired + 0.25 * rested)) > 5e-3


def test_they_kill_blasts_with_the_haplotype_as_other_effectors_do() -> None:
    hazards = []
    for code in (SPENT, encode(TCON, alloreactive=True, stage=EFFECTOR)):
        lab = marrow(1e9)
        lab.add(code, 1e8)
        lab.act("gvl")
        hazards.append(float(lab.state.pop.hazard[lab.state.blast_rows, Channel.KILLED_BY_GVL][0]))
    assert hazards[0] == hazards[1] > 0
