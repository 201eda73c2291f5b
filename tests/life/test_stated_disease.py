"""The clinic sees of a stated disease nothing before its day, then what it sees of any relapse; twins get the same cells."""

from typing import Any

import numpy as np
import pytest

from simulation.life import Life, simulate
from simulation.products.cytoreduction import Kill
from simulation.scenario.load import parse_scenario
from simulation.scenario.schema import Scenario
from tests.life.test_life import population, shipped

TEXT = """
name: Stated
follow_up: 80 d
marrow: {rows: 3, columns: 3}
disease: {on: day 40, marrow: 30 %}
start: {when: overt_relapse, delay: 2 d}
blinatumomab: {dose: 28 ug/day, on: 28 d, off: 14 d, cycles: 2}
monitoring:
  mrd: {first: day 10, every: 10 d}
  morphology: {first: day 10, every: 10 d}
"""


def scenario(**overrides: Any) -> Scenario:
    return parse_scenario(TEXT, overrides)


def events(life: Life, what: str) -> list[float]:
    return [event.day for event in life.clinic.events if event.what == what]


def lived(**overrides: Any) -> Life:
    life = Life(scenario(**overrides), 3)
    life.run()
    return life


def test_a_relapse_is_found_by_the_first_test_and_treated() -> None:
    life = lived()
    outcomes, columns = life.outcomes(), life.columns()
    days, share, blasts = columns["day"], columns["marrow_blast_fraction"], columns["blasts_cells"]
    assert not blasts[days < 40].any()
    assert share[days == 40] == pytest.approx(0.3, abs=1e-11)
    assert outcomes["relapse_day"] == outcomes["relapse_free_days"] == 40.0
    # the aspirate of day 40 shows it, microscopy reports after one day
    assert outcomes["relapse_diagnosed_day"] == outcomes["trigger_day"] == 41.0
    assert outcomes["treatment_start_day"] == 43.0
    assert outcomes["relapse_cd19"] == "positive"
    results = [e for e in life.clinic.events if e.kind == "result" and e.what == "mrd" and e.day < 43]
    assert [event.day for event in results] == [13.0, 23.0, 33.0]
    assert all(event.value == 0.0 for event in results)


@pytest.mark.parametrize(("on", "diagnosed"), [("day 40", 41.0), ("day 40.5", 43.0), ("day 44", 50.0)])
def test_between_two_tests_blood_or_the_next_test_finds_it(on: str, diagnosed: float) -> None:
    # blood is counted on days 7, 14, ..., 42, 49 and calls for an aspirate at once, which microscopy reports after a day
    keys = {"start": {"when": "never"}, "blinatumomab": None, "processes": {"gvl": "off"}}
    outcomes = lived(**{"disease.on": on} | keys).outcomes()
    assert outcomes["relapse_day"] == float(on.removeprefix("day "))
    assert outcomes["relapse_diagnosed_day"] == diagnosed


def test_stated_mrd_is_measured_before_it_is_overt() -> None:
    keys = {
        "disease": {"on": "day 20", "mrd": "1 %"},
        "patient.rate_blast_net_growth": "0.2 /day",
        "start": {"when": "never"},
        "blinatumomab": None,
        "processes": {"gvl": "off"},
    }
    life = lived(**keys)
    columns = life.columns()
    days, share = columns["day"], columns["marrow_blast_fraction"]
    assert life.outcomes()["relapse_day"] == pytest.approx(days[share >= 0.05][0], abs=1.0)
    assert 22 < float(str(life.outcomes()["relapse_day"])) < 40
    measured = [e.value for e in life.clinic.events if e.kind == "result" and e.what == "mrd"]
    assert measured[0] == 0.0
    assert measured[1] == pytest.approx(0.01, rel=0.3)


def test_what_is_not_there_yet_is_not_eradicated() -> None:
    life = Life(scenario(), 3)
    life.run(until=39.0)
    assert life.body.truth().blasts == 0
    assert (life.outcomes()["eradicated"], life.outcomes()["eradicated_day"]) == (False, None)
    life.run()
    assert events(life, "eradication") == []
    gone = Life(scenario(), 3)
    gone.run(until=40.5)
    gone.body.apply(Kill(30.0))
    gone.run()
    assert (gone.outcomes()["eradicated"], gone.outcomes()["eradicated_day"]) == (True, 41.0)
    assert events(gone, "eradication") == [41.0]


def test_until_its_day_the_body_is_that_without_leukaemia() -> None:
    stated = Life(scenario(), 3)
    healthy = Life(scenario(**{"disease": None, "patient.n_residual_blasts": "0 cells"}), 3)
    for life in (stated, healthy):
        life.run(until=39.5)
    assert population(stated) == population(healthy)
    stated.step()
    healthy.step()
    assert population(stated) != population(healthy)


def test_residual_blasts_do_not_count_with_it() -> None:
    few, many = (lived(**{"patient.n_residual_blasts": f"{n} cells"}) for n in (0, 10**6))
    assert population(few) == population(many)


def test_arms_get_the_same_cells_and_share_a_body() -> None:
    salvage, none = scenario(), scenario(**{"start": {"when": "never"}, "blinatumomab": None})
    early = scenario(start={"when": "day", "day": "day 20"})
    lives = simulate([salvage, none, early], seed=3)
    maps = {}
    for name, life in zip(("salvage", "none", "early"), lives, strict=True):
        alone = Life(life.scenario, 3)
        alone.run(until=40.0)
        maps[name] = alone.body.truth()
        alone.run()
        assert alone.outcomes() == life.outcomes()
        assert population(alone) == population(life)
    assert lives[0].parted_day == 43.0, "one body up to the first dose"
    np.testing.assert_array_equal(maps["salvage"].niche_blasts, maps["none"].niche_blasts)
    # treated before, there are other T cells among which the blasts are the same share: the same keys, other numbers
    assert maps["early"].marrow_blast_fraction == pytest.approx(maps["none"].marrow_blast_fraction, abs=1e-10)
    assert maps["early"].niche_blasts == pytest.approx(maps["none"].niche_blasts, rel=0.1)


def test_bodies_of_other_diseases_are_not_shared() -> None:
    one, other = simulate([scenario(), scenario(**{"disease.marrow": "10 %"})], seed=3)
    assert one.body is not other.body
    assert one.body.state.infused != other.body.state.infused


def test_the_shipped_scenario_treats_its_relapse() -> None:
    life = Life(shipped("stated_relapse"), 3)
    life.run()
    outcomes = life.outcomes()
    assert outcomes["relapse_day"] == 20.0
    assert (
        20.0
        < float(str(outcomes["relapse_diagnosed_day"]))
        < float(str(outcomes["treatment_start_day"]))
        < 35.0
    )
    state = life.body.state
    assert state.pop.total_cells() == state.infused + state.births - state.deaths
