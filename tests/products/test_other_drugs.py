"""Inotuzumab and a tyrosine-kinase inhibitor: given as written, and what they do to cells."""

import math
from pathlib import Path

import pytest

from simulation.body import Body
from simulation.body.virtual_patient import patient_values
from simulation.errors import UserError
from simulation.products.inotuzumab import PoisonedAntibody
from simulation.products.registry import product
from simulation.products.tki import Inhibition
from simulation.scenario.load import load_scenario, parse_scenario
from tests.clinic.fake_patient import FakePatient, days, follow, make_clinic

SMALL = "name: x\nfollow_up: 60 d\ntime_step: 12 h\nrecord_every: 1 d\nmarrow: {rows: 2, columns: 2}\nmarrow_maps: []\n"
MANY = {"patient.n_residual_blasts": "1e7 cells", "graft.tcon": "0/kg", "graft.treg": "0/kg"}
DAY_5 = {"when": "day", "day": "day 5"}
PROTOCOLS = Path(__file__).parents[2] / "scenarios" / "protocols"


def body(**changes: str) -> Body:
    scenario = parse_scenario(SMALL, MANY | changes)
    return Body(scenario, patient_values(scenario, 1, 0), 1, 0)


def test_a_dose_kills_so_many_powers_of_ten_and_less_where_it_comes_badly() -> None:
    one = body()
    access, before = one.state.places.access.copy(), one.truth().niche_blasts.copy()
    one.apply(PoisonedAntibody(0.5))
    after = one.truth().niche_blasts
    for niche, (n, left) in enumerate(zip(before, after, strict=True)):
        # 1e6 blasts and more a niche: five standard errors of a binomial draw
        expected = n * 10.0 ** -(one.values.log10_kill_inotuzumab * 0.5 * access[niche])
        assert abs(left - expected) <= 5 * expected**0.5
    assert one.state.deaths == before.sum() - after.sum()


def test_inotuzumab_is_given_on_its_days() -> None:
    doses = [{"dose": "800 ug/m2", "days": ["day 1"]}, {"dose": "500 ug/m2", "days": ["day 8", "day 15"]}]
    clinic = make_clinic(start=DAY_5, inotuzumab={"doses": doses, "every": "28 d", "cycles": 2})
    patient = FakePatient()
    outcomes = follow(clinic, patient, 80.0)
    given = [5.0, 12.0, 19.0, 33.0, 40.0, 47.0]
    assert [day for day, _ in patient.antibodies] == days(clinic, "injection", "inotuzumab") == given
    assert [mg for _, mg in patient.antibodies] == pytest.approx([0.8, 0.5, 0.5] * 2)
    assert outcomes["treatment_start_day"] == 5.0
    ends = [event.day for event in clinic.events.of_kind("test", "mrd") if "of inotuzumab" in event.detail]
    assert ends == [33.0, 61.0], "the marrow is looked at after each cycle"


def test_a_fixed_dose_is_less_per_body_surface() -> None:
    one = {"doses": [{"dose": "900 ug", "days": ["day 1"]}], "every": "21 d", "cycles": 1}
    clinic = make_clinic(start=DAY_5, inotuzumab=one)
    patient = FakePatient()
    follow(clinic, patient, 20.0)
    ((day, dose),) = patient.antibodies
    assert day == 5.0
    assert dose == pytest.approx(0.9 / patient.body_surface_m2)


def test_the_inhibitor_is_taken_for_as_long_as_written() -> None:
    clinic = make_clinic(start=DAY_5, tki={"for": "30 d", "first": "day 3"})
    patient = FakePatient()
    follow(clinic, patient, 60.0)
    assert patient.inhibited == [(7.0, True), (37.0, False)]
    bars = product("tki").received(list(clinic.events), 60.0)[0].bars
    assert [(bar.start, bar.end) for bar in bars] == [(7.0, 37.0)]
    assert "end of tyrosine-kinase inhibitor" in " ".join(
        event.detail for event in clinic.events.of_kind("test")
    )


def test_an_inhibitor_never_makes_leukaemia_grow() -> None:
    one = body()
    slow = one.values.rate_blast_net_growth
    one.apply(Inhibition(True))
    assert one.state.p.rate_blast_net_growth == one.values.rate_blast_net_growth_tki < slow
    one.apply(Inhibition(False))
    assert one.state.p.rate_blast_net_growth == slow


def test_one_whose_leukaemia_grows_more_slowly_is_not_made_to_grow() -> None:
    one = body(
        **{"parameters.rate_blast_net_growth_tki": "0.03 /day", "patient.rate_blast_net_growth": "0.02 /day"}
    )
    one.apply(Inhibition(True))
    assert one.state.p.rate_blast_net_growth == one.values.rate_blast_net_growth == 0.02


@pytest.mark.parametrize("fullness", [0.01, 1.0, 1.3])
def test_blasts_fall_on_the_inhibitor_however_full_the_marrow_is(fullness: float) -> None:
    one = body()
    one.begin()
    start, before = one.truth().blasts, one.truth().niche_blasts.copy()
    one.state.places.blast_capacity[: before.size] = before / fullness
    one.apply(Inhibition(True))
    for _ in range(20):
        one.step()
    expected = one.values.rate_blast_net_growth_tki * 10.0
    assert math.log(one.truth().blasts / start) == pytest.approx(expected, abs=0.15)


def test_a_day_after_the_cycle_is_told() -> None:
    text = PROTOCOLS.joinpath("mrd_inotuzumab.yaml")
    with pytest.raises(UserError, match="expected a day within every, 10 d, got day 15"):
        load_scenario(text, {"inotuzumab.every": "10 d"})
