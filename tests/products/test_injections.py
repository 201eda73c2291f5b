"""Engagers under the skin, and maintenance: what is planned, what is given, what reaches the plasma."""

import math
from typing import Any

import numpy as np
import pytest

from simulation.biology.blinatumomab_pk import absorb, infuse
from simulation.engine.compiled import alone
from simulation.life import Life
from simulation.products.pump import InfusionPlan, Pump
from simulation.products.registry import product
from simulation.results.scenario_words import scenario_words
from simulation.scenario.load import parse_scenario
from tests.clinic.fake_patient import FakePatient, days, follow, make_clinic

CL, V, KA = 53.28, 5.98, 1.5  # L/day, L, per day
WEEK = [{"dose": "250 ug", "days": [f"day {day}" for day in range(1, 8)]}]
THRICE = [{"dose": "500 ug", "days": [f"day {day}" for day in (8, 10, 12, 15, 17, 19, 22, 24, 26)]}]
SC = {"injections": WEEK + THRICE, "on": "28 d", "off": "14 d", "cycles": 1}
DAY_10 = {"when": "day", "day": "day 10"}


@pytest.mark.parametrize("rate", [0.5, 1.5, CL / V])
def test_the_level_after_an_injection_is_that_of_the_differential_equation(rate: float) -> None:
    depot, level, mean, fine = 100.0, 0.0, 0.0, 40_000
    dt = 0.25 / fine
    d, c = depot, 0.0
    for _ in range(fine):  # Heun's rule: error below 1e-6 here
        slope = 1000 * rate * d / V - CL / V * c
        d_next = d - rate * d * dt
        c_next = c + slope * dt
        new = c + dt * (slope + 1000 * rate * d_next / V - CL / V * c_next) / 2
        mean += dt * (c + new) / 2 / 0.25
        d, c = d - dt * rate * (d + d_next) / 2, new
    level, mean_over_step, left = alone(absorb)(depot, rate, CL, V, 0.25)
    assert level == pytest.approx(c, rel=1e-5)
    assert mean_over_step == pytest.approx(mean, rel=1e-5)
    assert left == pytest.approx(100 * math.exp(-rate * 0.25))


def test_all_that_is_absorbed_leaves_by_clearance() -> None:
    depot, level, area = 175.0, 0.0, 0.0
    for _ in range(400):
        level, mean = alone(infuse)(level, 0.0, CL, V, 0.25)
        more, of_more, depot = alone(absorb)(depot, KA, CL, V, 0.25) if depot > 0 else (0.0, 0.0, 0.0)
        level, area = level + more, area + (mean + of_more) * 0.25
    assert area * CL / 1000 == pytest.approx(175.0, rel=1e-9)


def plan(spec: dict[str, Any], start: float = 10.0) -> tuple[InfusionPlan, Pump]:
    pump = Pump("blinatumomab")
    scenario = parse_scenario("name: x", {"start": DAY_10, "blinatumomab": spec, "follow_up": "1096 d"})
    return InfusionPlan("blinatumomab", scenario.blinatumomab, start, 2.0, pump), pump


def given(spec: dict[str, Any], until: float = 100.0, **keys: Any) -> tuple[Any, list[tuple[float, float]]]:
    clinic = make_clinic(start=DAY_10, blinatumomab=spec, **keys)
    patient = FakePatient()
    follow(clinic, patient, until)
    return clinic, patient.injected


def test_injections_are_given_on_their_days_of_the_cycle() -> None:
    clinic, injected = given(SC)
    assert injected == [(10.0 + day, 250.0) for day in range(7)] + [
        (9.0 + day, 500.0) for day in (8, 10, 12, 15, 17, 19, 22, 24, 26)
    ]
    row = clinic.outcomes(FakePatient())
    assert (row["blinatumomab_ug"], row["blinatumomab_days"]) == (7 * 250 + 9 * 500, 28.0)
    assert row["treatment_start_day"] == 10.0
    assert [
        event.day for event in clinic.events.of_kind("test", "mrd") if "end of cycle 1" in event.detail
    ] == [38.0]
    bars = product("blinatumomab").received(list(clinic.events), 100.0)[0].bars
    assert len(bars) == 1 and bars[0].start == 10.0
    assert bars[0].level * (bars[0].end - bars[0].start) == pytest.approx(7 * 250 + 9 * 500)


def test_doses_per_body_surface() -> None:
    _, injected = given(SC | {"injections": [{"dose": "100 ug/m2", "days": ["day 1", "day 3"]}]})
    assert [day for day, _ in injected] == [10.0, 12.0]
    assert [dose for _, dose in injected] == pytest.approx([180.0, 180.0])


def test_a_stop_rule_ends_the_injections() -> None:
    clinic = make_clinic(start=DAY_10, blinatumomab=SC)
    patient = FakePatient(crs=lambda day: 3 if day >= 13 else 0)
    follow(clinic, patient, 60.0)
    assert [day for day, _ in patient.injected] == [10.0, 11.0, 12.0]
    assert days(clinic, "stop", "blinatumomab") == [13.0]
    assert clinic.outcomes(patient)["blinatumomab_days"] == 3.0


def test_maintenance_counts_from_the_last_cycle() -> None:
    cycles, pump = plan({"dose": "28 ug/day", "on": "28 d", "off": "14 d", "cycles": 2,
                         "maintenance": {"every": "91 d", "cycles": 3, "on": "14 d", "dose": "9 ug/day"}})  # fmt: skip
    starts = [10.0, 52.0, 143.0, 234.0, 325.0]
    assert [cycles.start_of_cycle(cycle + 1) for cycle in range(5)] == starts
    assert [pump.asked_by_plan(day) for day in (20, 60, 100, 150, 160, 330, 400)] == [28, 28, 0, 9, 0, 9, 0]


def test_maintenance_is_as_before_unless_it_says_more() -> None:
    _, pump = plan({"dose": "15 ug/m2/day", "step_up": {"dose": "9 ug/day", "for": "7 d"}, "on": "28 d", "off": "14 d",
                    "cycles": 1, "maintenance": {"every": "91 d", "cycles": 1}})  # fmt: skip
    assert [pump.asked_by_plan(day) for day in (12, 20, 40, 101, 128, 129)] == [9, 30, 0, 30, 30, 0]


def test_maintenance_may_be_injected_after_infusions() -> None:
    more = {"every": "30 d", "cycles": 2, "injections": [{"dose": "500 ug", "days": ["day 1", "day 3"]}]}
    spec = {"dose": "28 ug/day", "on": "7 d", "off": "7 d", "cycles": 1, "maintenance": more}
    _, injected = given(spec, until=120.0)
    assert injected == [(40.0, 500.0), (42.0, 500.0), (70.0, 500.0), (72.0, 500.0)]


def test_donor_lymphocytes_may_come_with_a_cycle_of_maintenance() -> None:
    spec = {
        "dose": "28 ug/day",
        "on": "7 d",
        "off": "7 d",
        "cycles": 1,
        "maintenance": {"every": "91 d", "cycles": 2},
    }
    clinic = make_clinic(
        start=DAY_10, blinatumomab=spec, dli={"cd3": ["1e6/kg"], "first": "day 60 of cycle 2"}
    )
    follow(clinic, FakePatient(), 200.0)
    assert days(clinic, "infusion") == [10.0 + 91.0 + 59.0]


def test_what_injections_take_the_place_of_and_the_reverse() -> None:
    base = {"start": DAY_10, "blinatumomab": {"dose": "28 ug/day", "on": "28 d", "off": "14 d", "cycles": 1}}
    injected = parse_scenario("name: x", base | {"blinatumomab.injections": WEEK})
    assert injected.blinatumomab.dose is None
    back = parse_scenario(injected.to_yaml(), {"blinatumomab.dose": "9 ug/day"})
    assert back.blinatumomab.injections is None
    assert parse_scenario(injected.to_yaml()) == injected


def test_the_words_say_what_is_injected_and_maintained() -> None:
    spec = SC | {"maintenance": {"every": "91 d", "cycles": 4, "dose": "28 ug/day", "on": "14 d"}}
    text = dict(scenario_words(parse_scenario("name: x", {"start": DAY_10, "blinatumomab": spec})))[
        "Blinatumomab"
    ]
    assert "250 µg under the skin on days 1 to 7 then 500 µg" in text
    assert "then up to 4 cycles, one every 91 days, of 28 µg/day for 14 days" in text


def test_injected_drug_reaches_the_cells() -> None:
    text = "name: x\nfollow_up: 14 d\nmarrow: {rows: 2, columns: 2}\n"
    life = Life(parse_scenario(text, {"start": {"when": "day", "day": "day 1"}, "blinatumomab": SC}), seed=1)
    levels = []
    while not life.finished:
        life.step()
        levels.append(life.body.state.plasma_pg_ml["blinatumomab"])
    peak = np.array(levels)
    assert peak[:4].max() == 0.0, "nothing before day 1"
    # 250 ug a day of which 35 % are absorbed: about 1640 pg/mL at rest (87.5 / 53.28 * 1000)
    assert 1000 < peak[24:28].mean() < 2300
    twin = life.copy()
    assert twin.body.state.depot_ug["blinatumomab"] == life.body.state.depot_ug["blinatumomab"] > 0
