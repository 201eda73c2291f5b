"""What is ordered by hand: carried out on its day, counted, and the same whether ordered in advance or on the day."""

import re
from typing import Any

import pytest

from simulation.clinic.clinic import Clinic
from simulation.errors import UserError
from simulation.life import Life
from simulation.scenario.load import parse_scenario
from simulation.scenario.schema import Scenario

from .fake_patient import FakePatient, days, follow, make_clinic, only, scenario

DLI = {"day": "day 40", "give": "dli", "cd3": "1e6/kg"}
PUMP = {"day": "day 50", "give": "blinatumomab", "dose": "28 ug/day", "for": "10 d"}
PLANNED: dict[str, Any] = {
    "start": {"when": "day", "day": "day 60"},
    "blinatumomab": {"dose": "28 ug/day", "on": "28 d", "off": "14 d", "cycles": 2},
    "dli": {"cd3": ["1e5/kg"], "first": "day 15 of cycle 1"},
}


def ordered(
    *orders: dict[str, Any], until: float = 120.0, **keys: Any
) -> tuple[FakePatient, Clinic, dict[str, Any]]:
    clinic, patient = make_clinic(orders=list(orders), **keys), FakePatient(1e-3)
    return patient, clinic, follow(clinic, patient, until)


def test_an_ordered_infusion_is_given_and_counted() -> None:
    patient, _, outcomes = ordered(DLI | {"treg_per_tcon": 0.5})
    assert patient.infusions == [(40.0, 70_000_000, 35_000_000, 1, False)]
    assert (outcomes["dli_count"], outcomes["dli_cells_per_kg"], outcomes["treatment_start_day"]) == (
        1,
        1e6,
        40.0,
    )


def test_ordered_and_planned_infusions_are_numbered_together() -> None:
    patient, _, outcomes = ordered(DLI, **PLANNED)
    assert [(day, number) for day, _, _, number, _ in patient.infusions] == [(40.0, 1), (74.0, 2)]
    assert outcomes["dli_cells_per_kg"] == pytest.approx(1.1e6)


def test_the_pump_runs_as_long_as_ordered() -> None:
    patient, _, outcomes = ordered(PUMP)
    assert patient.rates == [(50.0, 28.0), (60.0, 0.0)]
    assert (outcomes["blinatumomab_days"], outcomes["blinatumomab_ug"]) == (10.0, 280.0)


def test_without_a_duration_it_runs_until_it_is_stopped() -> None:
    patient, _, _ = ordered(
        {k: v for k, v in PUMP.items() if k != "for"}, {"day": "day 71", "stop": "blinatumomab"}
    )
    assert patient.rates == [(50.0, 28.0), (71.0, 0.0)]


def test_the_pump_takes_the_highest_rate_asked_for() -> None:
    patient, clinic, outcomes = ordered(PUMP | {"for": "30 d"}, until=150.0, **PLANNED)
    assert patient.rates == [(50.0, 28.0), (88.0, 0.0), (102.0, 28.0), (130.0, 0.0)]
    assert outcomes["blinatumomab_ug"] == 28.0 * (38 + 28)
    assert len(days(clinic, "dose", "blinatumomab")) == 4


@pytest.mark.parametrize("hours", [1, 7, 31])
def test_an_ordered_infusion_lasts_as_long_as_written(hours: int) -> None:
    patient, clinic, outcomes = ordered(PUMP | {"for": f"{hours} h"})
    assert outcomes["blinatumomab_ug"] == pytest.approx(28 * hours / 24, rel=1e-9)
    assert days(clinic, "dose") == pytest.approx([50.0, 50.0 + hours / 24])
    assert clinic.events.of_kind("dose")[-1].detail.endswith("(ordered by hand, time over)")
    assert patient.rates[-1][1] == 0.0


def test_an_infusion_inside_another_ends_neither() -> None:
    inner = PUMP | {"day": "day 52", "dose": "9 ug/day", "for": "2 d"}
    patient, _, _ = ordered(PUMP, inner)
    assert patient.rates == [(50.0, 28.0), (52.0, 9.0), (54.0, 28.0), (60.0, 0.0)]


def test_a_stop_before_the_trigger_holds() -> None:
    patient, clinic, outcomes = ordered({"day": "day 20", "stop": "blinatumomab"}, **PLANNED)
    assert (patient.rates, outcomes["blinatumomab_days"], outcomes["dli_count"]) == ([], 0.0, 1)
    assert days(clinic, "stop", "blinatumomab") == [20.0]
    assert (
        "DLI from" in only(clinic, "trigger").detail and "blinatumomab" not in only(clinic, "trigger").detail
    )


def test_a_stop_comes_before_what_is_planned_for_its_day() -> None:
    for day in (60, 74):  # of the trigger, of the infusion
        patient, clinic, _ = ordered({"day": f"day {day}", "stop": "dli"}, **PLANNED)
        assert patient.infusions == [] and days(clinic, "stop", "dli") == [day]


def test_a_stop_between_courses_holds_for_those_to_come() -> None:
    again = {"retreatment": {"start": {"when": "mrd", "at_least": "1e-4"}, "courses": 1}}
    patient, clinic, _ = ordered({"day": "day 135", "stop": "dli"}, until=300.0, **PLANNED, **again)
    assert len(patient.infusions) == 1 and days(clinic, "stop", "dli") == [135.0]
    assert [day for day, rate in patient.rates if rate > 0 and day > 135]


def test_what_cannot_be_stopped_is_told() -> None:
    for product in ("blinatumomab", "dli"):
        _, clinic, _ = ordered({"day": "day 20", "stop": product})
        assert only(clinic, "note", product).day == 20.0 and not days(clinic, "stop")


def test_orders_of_one_day_are_carried_out_in_their_order() -> None:
    stop = {"day": "day 50", "stop": "blinatumomab"}
    assert ordered(PUMP, stop)[0].rates == []
    assert ordered(stop, PUMP)[0].rates == [(50.0, 28.0), (60.0, 0.0)]


def test_stopping_ends_what_is_planned() -> None:
    patient, clinic, _ = ordered({"day": "day 70", "stop": "blinatumomab"}, until=150.0, **PLANNED)
    assert patient.rates == [(60.0, 28.0), (70.0, 0.0)]
    assert days(clinic, "stop", "blinatumomab") == [70.0]


def test_a_rule_ends_an_ordered_infusion() -> None:
    clinic = make_clinic(orders=[PUMP])
    patient = FakePatient(1e-3, crs=lambda day: 3 if day >= 52 else 0)
    follow(clinic, patient, 80.0)
    assert patient.rates == [(50.0, 28.0), (52.0, 0.0)]


def test_a_marrow_test_is_taken_on_the_day() -> None:
    _, clinic, _ = ordered({"day": "day 45", "test": "marrow"})
    assert 45.0 in days(clinic, "test", "mrd") and 45.0 in days(clinic, "test", "morphology")
    assert 48.0 in days(clinic, "result", "mrd")


def test_an_order_for_a_day_that_is_over_is_refused() -> None:
    clinic = make_clinic()
    order = scenario(orders=[DLI]).orders[0]
    with pytest.raises(ValueError, match="too late"):
        clinic.order(order, 41.0)


def test_ordering_on_the_day_is_ordering_in_advance() -> None:
    # the body too: the whole trajectory, to the last bit
    text = "name: a test\nfollow_up: 40 d\nmarrow: {rows: 3, columns: 3}\npatient: {n_residual_blasts: 1e6 cells}\n"
    orders = [
        {"day": "day 10.5", "give": "dli", "cd3": "1e6/kg"},
        {"day": "day 10.5", "test": "marrow"},
        {"day": "day 12", "give": "blinatumomab", "dose": "28 ug/day", "for": "7 d"},
        {"day": "day 15", "stop": "blinatumomab"},
    ]
    planned = parse_scenario(text, {"orders": orders})
    in_advance, on_the_day = Life(planned, 3), Life(parse_scenario(text), 3)
    in_advance.run()
    while not on_the_day.finished:
        for order in planned.orders:
            if order.day == on_the_day.day:
                on_the_day.clinic.order(order, on_the_day.day)
        on_the_day.step()
    first, second = in_advance.columns(), on_the_day.columns()
    assert all((first[name] == second[name]).all() or name == "mrd_measured_fraction" for name in first)
    assert list(in_advance.clinic.events) == list(on_the_day.clinic.events)
    assert in_advance.outcomes() == on_the_day.outcomes()


def test_orders_are_written_as_they_were_said() -> None:
    plan = scenario(orders=[DLI, PUMP, {"day": "day 60", "stop": "dli"}])
    again = parse_scenario(plan.to_yaml())
    assert again == plan and isinstance(again, Scenario)
    assert plan.orders[2].model_dump(by_alias=True) == {"day": "day 60", "stop": "dli"}


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"day": "day 40"}, "says nothing to do"),
        (DLI | {"stop": "dli"}, "got give and stop"),
        ({"day": "day 40", "give": "dli"}, "orders.0.cd3: this key is missing"),
        (PUMP | {"cd3": "1e6/kg"}, "it means nothing with give: blinatumomab"),
        (DLI | {"day": "day 999"}, "to day 364.5 (the last step of follow_up begins)"),
        (DLI | {"day": "day 365"}, "to day 364.5 (the last step of follow_up begins)"),
        (DLI | {"day": "day -4.25"}, "expected day -4 (the simulation begins)"),
        (DLI | {"cd3": "28 ug/day"}, "cells per kg"),
        (DLI | {"give": "dly"}, "did you mean 'dli'"),
    ],
)
def test_a_wrong_order_is_told(order: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match="(?i)" + re.escape(message)):
        scenario(orders=[order])


def test_a_plan_changed_before_treatment_is_the_plan_from_the_beginning() -> None:
    changed = PLANNED | {"blinatumomab": None, "dli": {"cd3": ["1e6/kg"], "first": "day 1"}}
    clinic, patient = make_clinic(**PLANNED), FakePatient(1e-3)
    follow(clinic, patient, 40.0)
    clinic.replan(scenario(**changed))
    straight, other = make_clinic(**changed), FakePatient(1e-3)
    assert follow(clinic, patient, 150.0) == follow(straight, other, 150.0)
    assert patient.infusions == other.infusions and patient.rates == other.rates == []


def test_a_plan_cannot_change_once_it_is_triggered() -> None:
    clinic = make_clinic(**PLANNED)
    follow(clinic, FakePatient(1e-3), 61.0)
    with pytest.raises(ValueError, match="can no longer change"):
        clinic.replan(scenario(**PLANNED))
