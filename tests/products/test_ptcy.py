"""Cyclophosphamide after transplant: given as written, each dose at work for a day."""

from itertools import pairwise

import pytest

from simulation.errors import UserError
from simulation.products.registry import product
from simulation.scenario.load import parse_scenario
from tests.clinic.fake_patient import FakePatient, days, follow, make_clinic


def exposures(step: float = 0.25, **block: object) -> list[tuple[float, str, float]]:
    clinic = make_clinic(ptcy=block)
    patient = FakePatient(first_day=-1.0, step=step)
    follow(clinic, patient, 12.0)
    return patient.drugs


def test_by_default_two_days_of_the_usual_dose() -> None:
    clinic = make_clinic(ptcy={})
    patient = FakePatient()
    outcomes = follow(clinic, patient, 12.0)
    assert patient.drugs == [(3.0, "cyclophosphamide", 1.0), (5.0, "cyclophosphamide", 0.0)]
    assert days(clinic, "dose", "ptcy") == [3.0, 4.0]
    assert outcomes["treatment_start_day"] is None, "part of the platform, not of the treatment"
    (row,) = product("ptcy").received(list(clinic.events), 12.0)
    assert [(mark.day, mark.level) for mark in row.marks] == [(3.0, 50.0), (4.0, 50.0)]


def test_half_the_dose_on_days_apart() -> None:
    assert exposures(dose="25 mg/kg", days=["day 3", "day 5"]) == [
        (day, "cyclophosphamide", level) for day, level in ((3.0, 0.5), (4.0, 0.0), (5.0, 0.5), (6.0, 0.0))
    ]


@pytest.mark.parametrize("step", [1 / 24, 0.25, 0.5, 1.0])
def test_a_dose_is_at_work_as_long_at_any_step(step: float) -> None:
    given = exposures(step, days=["day 3.3"])
    at_work = sum(level * (end - day) for (day, _, level), (end, *_) in pairwise(given))
    assert at_work == pytest.approx(1.0, rel=1e-9) and given[-1][2] == 0.0


def test_in_words() -> None:
    scenario = parse_scenario("name: x\nptcy: {}\n")
    assert product("ptcy").phrases(scenario) == [
        "cyclophosphamide after transplant, 50 mg/kg on days 3 and 4"
    ]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("{days: [day 4, day 3]}", "day 3 after day 4"),
        ("{days: [day 3, day 3.5]}", "day 4 or later"),
        ("{dose: 50 mg}", "50 mg/kg"),
        ("{dose: 50 ug/m2}", "50 mg/kg"),
        ("{dosis: 50 mg/kg}", "dose"),
    ],
)
def test_mistakes_are_told_with_their_place(block: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        parse_scenario(f"name: x\nptcy: {block}\n")
    assert "line 2" in str(error.value) or error.value.line == 2
