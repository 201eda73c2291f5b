"""Who would be transplanted again: responders, by the rule and the patient's own number; and nothing is done to anybody."""

from typing import Any

import pytest

from simulation.clinic.clinic import Clinic
from simulation.clinic.outcomes.second_transplant import SecondTransplantation
from simulation.errors import UserError

from .fake_patient import FakePatient, Values, days, follow, make_clinic, only, scenario
from .test_outcomes import PREEMPTIVE, THERAPEUTIC, steps

RULE = {"chance": 1, "wait": "20 d"}
SALVAGED = steps((0, 0.0), (50, 0.2), (80, 0.0))  # overt on day 50, found on day 61, in remission from day 80
OFTEN = {"monitoring.morphology.every": "10 d"}


def run(fraction: Any, rule: dict[str, Any] | None, keys: dict[str, Any]) -> Any:
    clinic = make_clinic(**keys, second_transplant=rule)
    return clinic, follow(clinic, FakePatient(fraction), 300)


def days_of(patients: int, rule: dict[str, Any], keys: dict[str, Any]) -> list[float | None]:
    """Return the day of the transplantation of patients, one a seed, who are salvaged."""
    plan = scenario(**keys, second_transplant=rule)
    lives = ((Clinic(plan, Values()), FakePatient(SALVAGED, seed=seed, step=1.0)) for seed in range(patients))
    found: list[Any] = [follow(clinic, patient, 150)["second_transplant_day"] for clinic, patient in lives]
    return found


def test_a_patient_in_remission_after_relapse_gets_it_after_the_wait() -> None:
    clinic, outcomes = run(SALVAGED, RULE, THERAPEUTIC | OFTEN)
    remission = only(clinic, "outcome", "complete_remission").day
    assert outcomes["second_transplant_day"] == remission + 20
    assert only(clinic, "note", "second_transplant").day == remission + 20
    until = clinic.book.watcher(SecondTransplantation).until
    assert until is not None and until["days_simulated"] == remission + 20
    assert until["second_transplant_day"] == remission + 20
    assert (
        until["current_leukaemia_free_days"] == remission + 20 - 30 < outcomes["current_leukaemia_free_days"]
    )
    assert until["blinatumomab_days"] < outcomes["blinatumomab_days"]


def test_nothing_else_differs() -> None:
    clinic, outcomes = run(SALVAGED, RULE, THERAPEUTIC)
    bare, plain = run(SALVAGED, None, THERAPEUTIC)
    assert {**outcomes, "second_transplant_day": None} == plain
    assert [event for event in clinic.events if event.what != "second_transplant"] == list(bare.events)


def test_overt_relapse_before_its_day_takes_it_away_until_the_next_remission() -> None:
    back = steps((0, 0.0), (50, 0.2), (80, 0.0), (95, 0.2), (150, 0.0))
    clinic, outcomes = run(back, {"chance": 1, "wait": "40 d"}, THERAPEUTIC | OFTEN)
    second = days(clinic, "outcome", "complete_remission")[1]
    assert second > 150 and outcomes["second_transplant_day"] == second + 40


def test_without_a_response_there_is_none() -> None:
    for fraction in (0.0, steps((0, 0.0), (50, 0.2))):
        assert run(fraction, RULE, THERAPEUTIC)[1]["second_transplant_day"] is None


def test_after_an_mrd_response_nobody_has_to_relapse_first() -> None:
    treated = steps((0, 1e-3), (60, 0.0))
    clinic, outcomes = run(treated, RULE | {"after": "mrd_response"}, PREEMPTIVE)
    assert outcomes["second_transplant_day"] == only(clinic, "outcome", "mrd_negative").day + 20
    assert outcomes["relapse_day"] is None
    assert run(treated, RULE, PREEMPTIVE)[1]["second_transplant_day"] is None


def test_the_share_is_of_patients_and_each_has_his_own_number_whatever_the_treatment() -> None:
    drawn = {"chance": "40 %", "wait": "10 d to 30 d"}
    results = days_of(200, drawn, THERAPEUTIC | OFTEN)
    got = [day for day in results if day is not None]
    assert 60 <= len(got) <= 100  # binomial(200, 0.4): outside once in 260
    assert len({round(day) for day in got}) > 10
    other = (
        THERAPEUTIC | OFTEN | {"blinatumomab": {"dose": "15 ug/day", "on": "14 d", "off": "7 d", "cycles": 1}}
    )
    assert days_of(20, drawn, other) == results[:20]


@pytest.mark.parametrize(
    ("rule", "more", "message"),
    [
        ({"chance": "30 %"}, {}, "second_transplant.wait"),
        ({"chance": 0, "wait": "20 d"}, {}, "second_transplant.chance"),
        ({"chance": "30 %", "wait": "20 d", "after": "mrd"}, {}, "mrd_response"),
        ({"chance": "30 %", "wait": "20 d", "after": "mrd_response"}, {"monitoring.mrd": None}, "monitoring.mrd"),
        ({"chance": "30 %", "wait": "20 d"}, {"monitoring.mrd": None, "monitoring.morphology": None}, "cannot be found"),
    ],
)  # fmt: skip
def test_mistakes_are_told(rule: dict[str, Any], more: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        scenario(second_transplant=rule, **more)
