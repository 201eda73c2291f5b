"""Cycles that only who responds is given."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from simulation.clinic.clinic import Clinic
from simulation.errors import UserError
from simulation.scenario.load import parse_scenario

from .fake_patient import FakePatient, days, follow, make_clinic, only

CYCLES = {
    "dose": "28 ug/day",
    "on": "14 d",
    "off": "14 d",
    "cycles": 3,
    "maintenance": {"every": "60 d", "cycles": 2},
}
START = {"when": "day", "day": "day 10", "delay": "0 d"}


def treated(
    patient: FakePatient,
    need: str = "remission",
    after: int = 1,
    keys: Mapping[str, Any] = MappingProxyType({}),
) -> Clinic:
    drug = CYCLES | {"further_cycles": {"after": after, "only_with": need}}
    clinic = make_clinic(**({"start": START, "blinatumomab": drug} | dict(keys)))
    follow(clinic, patient, 260.0)
    return clinic


def begun(clinic: Clinic) -> list[float]:
    return [event.day for event in clinic.events if event.kind == "dose" and event.value]


def test_who_responds_is_given_all_cycles_and_who_does_not_those_in_any_case() -> None:
    assert begun(treated(FakePatient(1e-6))) == [10.0, 38.0, 66.0, 126.0, 186.0]
    assert begun(treated(FakePatient(0.3))) == [10.0]
    clinic = treated(FakePatient(0.3), after=2)
    assert begun(clinic) == [10.0, 38.0]
    stop = only(clinic, "stop", "blinatumomab")
    assert stop.day == 66.0 and stop.detail.endswith("not complete remission, which cycle 3 needs")


def test_each_later_cycle_asks_anew() -> None:
    lost = FakePatient(lambda day: 0.3 if day > 100 else 1e-6)
    clinic = treated(lost)
    assert begun(clinic) == [10.0, 38.0, 66.0]
    assert only(clinic, "stop", "blinatumomab").day == 126.0


def test_mrd_is_asked_by_the_definition() -> None:
    assert begun(treated(FakePatient(1e-3), "mrd_negative")) == [10.0]
    assert begun(treated(FakePatient(1e-3), "remission")) == [10.0, 38.0, 66.0, 126.0, 186.0]
    assert (
        len(begun(treated(FakePatient(1e-3), "mrd_negative", keys={"definitions.mrd_negative": "1e-2"}))) == 5
    )


def test_a_result_that_comes_too_late_is_no_response() -> None:
    tests = {"monitoring.morphology": None, "monitoring.mrd.delay": "40 d"}
    clinic = treated(FakePatient(1e-6), keys=tests)
    assert begun(clinic) == [10.0], "the first sample since day 10 is reported on day 64"


@pytest.mark.parametrize("day", [10.1, 10.2499999, 10.25])
def test_nothing_of_the_cycle_is_given_where_it_begins_within_a_step(day: float) -> None:
    patient = FakePatient(0.3)
    clinic = treated(patient, keys={"start": {"when": "day", "day": f"day {day}", "delay": "0 d"}})
    assert len(begun(clinic)) == 1
    assert max((now for now, rate in patient.rates if rate > 0), default=0.0) < 30.0


def test_another_course_asks_of_its_own_results() -> None:
    patient = FakePatient(lambda day: 1e-6 if day < 40 else 0.3)
    drug = {
        "dose": "28 ug/day",
        "on": "14 d",
        "off": "14 d",
        "cycles": 2,
        "further_cycles": {"only_with": "remission"},
    }
    clinic = make_clinic(
        start=START, blinatumomab=drug,
        retreatment={"start": {"when": "overt_relapse", "delay": "1 d"}},
    )  # fmt: skip
    follow(clinic, patient, 200.0)
    assert len(begun(clinic)) == 3 and len(days(clinic, "stop")) == 1  # two, then one


@pytest.mark.parametrize(
    ("drug", "message"),
    [
        (
            "{after: 5, only_with: remission}",
            "further_cycles.after: expected at most 4, as 5 are planned, got 5",
        ),
        ("{only_with: remision}", "did you mean 'remission'"),
        ("{after: 1}", "further_cycles.only_with: this key is missing"),
    ],
)
def test_mistakes_are_told(drug: str, message: str) -> None:
    text = "name: x\nstart: {when: overt_relapse}\nblinatumomab:\n  dose: 28 ug/day\n  on: 14 d\n  off: 14 d\n  cycles: 5\n"
    with pytest.raises(UserError) as error:
        parse_scenario(f"{text}  further_cycles: {drug}\n")
    assert message in str(error.value) and "8: blinatumomab.further_cycles" in str(error.value)


def test_what_cannot_be_found_is_told() -> None:
    drug = CYCLES | {"further_cycles": {"only_with": "mrd_negative"}}
    changes = {"start": START, "blinatumomab": drug, "monitoring.mrd": None}
    with pytest.raises(UserError, match=r"mrd_negative cannot be found: monitoring.mrd is null"):
        parse_scenario("name: x", changes)
    single = {
        "dose": "28 ug/day",
        "on": "14 d",
        "off": "14 d",
        "cycles": 1,
        "further_cycles": {"only_with": "remission"},
    }
    with pytest.raises(UserError, match="a single cycle is planned"):
        parse_scenario("name: x", {"start": START, "blinatumomab": single})


def test_it_is_told_in_words() -> None:
    drug = CYCLES | {"further_cycles": {"after": 2, "only_with": "mrd_negative"}}
    scenario = parse_scenario("name: x", {"start": START, "blinatumomab": drug})
    (words,) = next(one for one in scenario.products if one.name == "blinatumomab").phrases(scenario)
    assert words.endswith("; after cycle 2 only while the marrow is in MRD-negative remission")
    assert parse_scenario(scenario.to_yaml()) == scenario
