"""Inotuzumab and a tyrosine-kinase inhibitor: given as written, and what they do to cells."""

from pathlib import Path

import pytest

from simulation.body import Body
from simulation.body.virtual_patient import patient_values
from simulation.errors import UserError
from simulation.life import Life
from simulation.products.inotuzumab import PoisonedAntibody
from simulation.products.tki import Inhibition
from simulation.scenario.load import load_scenario, parse_scenario

SMALL = "name: x\nfollow_up: 60 d\ntime_step: 12 h\nrecord_every: 1 d\nmarrow: {rows: 2, columns: 2}\nmarrow_maps: []\n"
MANY = {"patient.n_residual_blasts": "1e7 cells", "graft.tcon": "0/kg", "graft.treg": "0/kg"}
DAY_5 = {"when": "day", "day": "day 5"}
PROTOCOLS = Path(__file__).parents[2] / "scenarios" / "protocols"


def body() -> Body:
    scenario = parse_scenario(SMALL, MANY)
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
    keys = MANY | {"start": DAY_5, "inotuzumab": {"doses": doses, "every": "28 d", "cycles": 2}}
    life = Life(parse_scenario(SMALL, keys), 1)
    life.run()
    given = life.clinic.events.of_kind("injection", "inotuzumab")
    assert [event.day for event in given] == [5.0, 12.0, 19.0, 33.0, 40.0, 47.0]
    surface = life.body.body_surface_m2
    assert [event.value for event in given[:2]] == pytest.approx([800 * surface, 500 * surface])
    assert life.outcomes()["treatment_start_day"] == 5.0


def test_the_inhibitor_changes_growth_while_it_is_taken() -> None:
    keys = MANY | {"start": DAY_5, "tki": {"for": "30 d"}, "patient.rate_blast_net_growth": "0.1 /day"}
    life = Life(parse_scenario(SMALL, keys), 1)
    life.run(5.0)
    grown = life.body.truth().blasts
    life.run(35.0)
    held = life.body.truth().blasts
    life.run()
    assert grown > 1e7 and held < 0.5 * grown, "0.075 a day less for 30 days"
    assert life.body.truth().blasts > 5 * held, "it grows as before"
    assert life.body.state.p.rate_blast_net_growth == 0.1
    assert [event.value for event in life.clinic.events.of_kind("dose", "tki")] == [1.0, 0.0]


def test_an_inhibitor_never_makes_leukaemia_grow() -> None:
    one = body()
    slow = one.values.rate_blast_net_growth
    one.apply(Inhibition(True))
    assert one.state.p.rate_blast_net_growth == one.values.rate_blast_net_growth_tki < slow
    one.apply(Inhibition(False))
    assert one.state.p.rate_blast_net_growth == slow


def test_a_day_after_the_cycle_is_told() -> None:
    text = PROTOCOLS.joinpath("mrd_inotuzumab.yaml")
    with pytest.raises(UserError, match="expected a day within every, 10 d, got day 15"):
        load_scenario(text, {"inotuzumab.every": "10 d"})
