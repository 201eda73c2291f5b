from itertools import pairwise
from typing import Any

import pytest

from .fake_patient import Curve, FakePatient, days, follow, make_clinic


def drugs(courses: list[dict[str, Any]], until: float = 120.0, **keys: Any) -> list[tuple[float, str, float]]:
    step = keys.pop("step", 0.25)
    clinic = make_clinic(immunosuppression=courses, **keys)
    patient = FakePatient(first_day=-4.0, step=step)
    follow(clinic, patient, until)
    assert days(clinic, "drug") == [day for day, *_ in patient.drugs]
    return patient.drugs


def test_the_last_day_is_a_day_on_the_drug() -> None:
    course = {"drug": "ciclosporin", "from": "day -1", "to": "day 100"}
    assert drugs([course]) == [(-1.0, "ciclosporin", 1.0), (101.0, "ciclosporin", 0.0)]


def test_courses_of_one_drug_give_the_highest_level_not_the_sum() -> None:
    courses: list[dict[str, Any]] = [
        {"drug": "tacrolimus", "from": "day 0", "to": "day 29", "level": 0.5},
        {"drug": "tacrolimus", "from": "day 10", "to": "day 19", "level": 1.5},
        {"drug": "mycophenolate", "from": "day 10", "to": "day 39"},
    ]
    assert drugs(courses) == [
        (0.0, "tacrolimus", 0.5),
        (10.0, "mycophenolate", 1.0),
        (10.0, "tacrolimus", 1.5),
        (20.0, "tacrolimus", 0.5),
        (30.0, "tacrolimus", 0.0),
        (40.0, "mycophenolate", 0.0),
    ]


@pytest.mark.parametrize("step", [1 / 24, 0.25, 1.0])
def test_a_course_lasts_as_long_as_written(step: float) -> None:
    rule = {"at_grade": 3, "drug": "corticosteroid", "for": "10 h"}
    clinic = make_clinic(crs_treatment=rule, agvhd_treatment=None)
    patient = FakePatient(step=step, crs=lambda day: 3 if day == 20.0 else 0)
    follow(clinic, patient, 30.0)
    assert days(clinic, "drug") == pytest.approx([20.0, 20.0 + 10 / 24])
    got = sum(level * (end - day) for (day, _, level), (end, *_) in pairwise(patient.drugs))
    assert got == pytest.approx(10 / 24, rel=1e-9) and patient.drugs[-1][2] == 0.0


def reactive(keys: dict[str, Any], **grades: Curve) -> list[tuple[float, str, float]]:
    clinic = make_clinic(**keys)
    patient = FakePatient(**grades)  # type: ignore[arg-type]
    follow(clinic, patient, until=120.0)
    return patient.drugs


def test_gvhd_is_treated_for_so_many_days() -> None:
    assert reactive({}, agvhd=lambda day: 2 if 40 <= day < 50 else 0) == [
        (40.0, "corticosteroid", 1.0),
        (68.0, "corticosteroid", 0.0),
    ]


@pytest.mark.parametrize("grade", [0, 1])
def test_gvhd_below_the_grade_is_not_treated(grade: int) -> None:
    assert reactive({}, agvhd=grade) == []


def test_gvhd_that_persists_is_treated_on() -> None:
    assert reactive({}, agvhd=lambda day: 3 if 40 <= day < 70 else 0) == [
        (40.0, "corticosteroid", 1.0),
        (96.0, "corticosteroid", 0.0),
    ]


def test_no_rule_no_treatment() -> None:
    assert reactive({"agvhd_treatment": None}, agvhd=4) == []


def test_steroids_for_crs_and_for_gvhd_and_as_planned_combine() -> None:
    keys = {
        "crs_treatment": {"at_grade": 2, "drug": "corticosteroid", "for": "3 d"},
        "immunosuppression": [{"drug": "corticosteroid", "from": "day 30", "to": "day 49", "level": 2}],
    }
    given = reactive(
        keys, crs=lambda day: 2 if 10 <= day < 11 else 0, agvhd=lambda day: 2 if 40 <= day < 41 else 0
    )
    assert given == [
        (10.0, "corticosteroid", 1.0),
        (13.0, "corticosteroid", 0.0),
        (30.0, "corticosteroid", 2.0),
        (50.0, "corticosteroid", 1.0),
        (68.0, "corticosteroid", 0.0),
    ]
