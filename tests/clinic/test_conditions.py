"""Triggers on blood counts, on being free of GvHD and of immunosuppressants, on leukaemia outside the marrow; tapers."""

from collections.abc import Callable
from typing import Any

import pytest

from .fake_patient import FakePatient, days, follow, make_clinic, only

DLI = {"cd3": ["1e6/kg"]}
SITE = {"first": "day 10", "every": "10 d", "delay": "2 d", "detects": 1e9, "sensitivity": "100 %"}


def triggered(start: dict[str, Any], patient: FakePatient, until: float = 100.0, **keys: Any) -> list[float]:
    clinic = make_clinic(start=start, dli=DLI, **keys)
    follow(clinic, patient, until)
    return days(clinic, "trigger")


def until_day(day: float, before: float, after: float) -> Callable[[float], float]:
    return lambda now: before if now < day else after


def test_a_blood_count_triggers_when_it_is_reported() -> None:
    counts = {"when": "blood_count", "of": "cd3", "at_least": "200 /uL"}
    rising = FakePatient(cd3=lambda day: 10.0 * day)
    assert triggered(counts, rising) == [21.0], "weekly counts: 140, 210"
    assert triggered(counts, FakePatient(cd3=199.0)) == []
    low = {"when": "blood_count", "below": "200 /uL"}
    assert triggered(low, FakePatient(cd3=until_day(30, 500.0, 100.0))) == [35.0]
    assert triggered(counts, FakePatient(cd3=200.0)) == [7.0], "the level itself is reached"
    assert triggered(low, FakePatient(cd3=200.0)) == [], "and is not below itself"
    between = counts | {"at_least": "50 /uL", "below": "200 /uL"}
    assert triggered(between, FakePatient(cd3=until_day(30, 500.0, 100.0))) == [35.0]
    late: dict[str, Any] = {"monitoring.blood.delay": "3 d"}
    assert triggered(counts, FakePatient(cd3=lambda day: 10.0 * day), **late) == [24.0]


def test_b_cells_and_blasts_may_decide_too() -> None:
    blasts = {"when": "blood_count", "of": "blasts", "at_least": "10 /uL"}
    assert triggered(blasts, FakePatient(blood_blasts=20.0)) == [7.0]
    assert triggered({"when": "blood_count", "of": "b_cells", "below": "6 /uL"}, FakePatient()) == [7.0]


def test_free_of_gvhd_for_two_weeks() -> None:
    grades = lambda day: 1 if 20 <= day < 30 else 0  # noqa: E731
    start = {"when": "free_of_gvhd", "for": "14 d", "not_before": "day 21"}
    # grade 1 is seen last on day 29.75
    assert triggered(start, FakePatient(agvhd=grades)) == [43.75]
    assert triggered(start | {"at_grade": 2}, FakePatient(agvhd=grades)) == [21.0], "grade 1 does not count"
    assert triggered({"when": "free_of_gvhd"}, FakePatient(agvhd=grades)) == [0.0]
    assert triggered({"when": "free_of_gvhd", "not_before": "day 5"}, FakePatient(agvhd=1.0)) == []


@pytest.mark.parametrize(
    ("grade", "message"),
    [(1, "no acute GvHD for 7 days"), (2, "no acute GvHD of grade 2 or more for 7 days")],
)
def test_the_reason_names_the_grade_where_not_every_grade_counts(grade: int, message: str) -> None:
    start = {"when": "free_of_gvhd", "at_grade": grade, "for": "7 d", "not_before": "day 10"}
    clinic = make_clinic(start=start, dli=DLI)
    follow(clinic, FakePatient(), 20.0)
    assert only(clinic, "trigger").detail.startswith(f"{message}: ")


def test_free_of_immunosuppression_counts_from_the_last_dose() -> None:
    drug = [{"drug": "ciclosporin", "from": "day -1", "to": "day 29"}]
    start = {"when": "free_of_immunosuppression"}
    assert triggered(start, FakePatient(first_day=-4.0), immunosuppression=drug) == [30.0]
    # the last step on the drug begins on day 29.75
    assert triggered(start | {"for": "14 d"}, FakePatient(first_day=-4.0), immunosuppression=drug) == [43.75]
    assert triggered(start, FakePatient()) == [0.0]
    steroids: dict[str, Any] = {"agvhd": lambda day: 2 if day < 1 else 0}  # for 28 d from day 0 on
    assert triggered(start | {"not_before": "day 2"}, FakePatient(**steroids)) == [28.0]


def test_conditions_combine_and_are_judged_together() -> None:
    start = {"when": "all_of", "delay": "0 d", "triggers": [
        {"when": "mrd", "at_least": "1e-4"}, {"when": "blood_count", "at_least": "200 /uL"},
        {"when": "free_of_gvhd", "for": "7 d"}, {"when": "free_of_immunosuppression"},
    ]}  # fmt: skip
    patient = FakePatient(1e-3, cd3=lambda day: 5.0 * day, agvhd=lambda day: 1 if day < 50 else 0)
    clinic = make_clinic(start=start, dli=DLI)
    follow(clinic, patient, 100.0)
    event = only(clinic, "trigger")
    assert event.day == 56.75
    for words in (
        "MRD ",
        "CD3+ T cells 280 /uL (>= 200)",
        "no acute GvHD for 7 days",
        "no immunosuppressant",
    ):
        assert words in event.detail


def test_a_second_course_knows_of_gvhd_before_it() -> None:
    clinic = make_clinic(
        start={"when": "day", "day": "day 10"}, dli=DLI,
        retreatment={"start": {"when": "free_of_gvhd", "for": "30 d"}, "courses": 1},
    )  # fmt: skip
    follow(clinic, FakePatient(agvhd=lambda day: 1 if day <= 9 else 0), 60.0)
    assert days(clinic, "trigger") == [10.0, 39.0]


@pytest.mark.parametrize("test", ["imaging", "lumbar_puncture"])
def test_leukaemia_outside_the_marrow_is_found_by_tests_that_see_it(test: str) -> None:
    start = {"when": "extramedullary"}
    grows = FakePatient(0.0, outside_cells=until_day(25, 9e8, 2e9))
    clinic = make_clinic(start=start, dli=DLI, **{f"monitoring.{test}": SITE})
    follow(clinic, grows, 60.0)
    assert days(clinic, "test", test) == [10.0, 20.0, 30.0, 40.0, 50.0]
    assert [event.value for event in clinic.events.of_kind("result", test)] == [0.0, 0.0, 1.0, 1.0, 1.0]
    assert only(clinic, "trigger").day == 32.0
    assert "leukaemia outside the marrow in" in only(clinic, "trigger").detail


def test_sensitivity_is_how_often_it_is_found() -> None:
    # 200 tests at 60 %: outside 50-70 % by chance in 4 of 1000 seeds
    daily = SITE | {"first": "day 0", "every": "1 d", "sensitivity": "60 %"}
    clinic = make_clinic(**{"monitoring.imaging": daily})
    follow(clinic, FakePatient(0.0, step=1.0, outside_cells=5e9), 200.0)
    results = [event.value for event in clinic.events.of_kind("test", "imaging")]
    assert 0.5 < sum(results) / len(results) < 0.7  # type: ignore[arg-type]


def drugs(taper: dict[str, Any] | None, patient: FakePatient, **keys: Any) -> list[tuple[float, str, float]]:
    planned = [{"drug": "ciclosporin", "from": "day 0", "to": "day 99"}]
    clinic = make_clinic(**{"immunosuppression": planned, "taper": taper, "agvhd_treatment": None} | keys)
    follow(clinic, patient, 120.0)
    return [(day, drug, round(level, 9)) for day, drug, level in patient.drugs]


def test_a_positive_test_tapers_in_equal_steps() -> None:
    taper = {"start": {"when": "mrd", "at_least": "1e-4", "delay": "2 d"}, "over": "28 d", "every": "7 d"}
    # aspirate of day 30, result on day 33
    steps = [(35.0, 0.8), (42.0, 0.6), (49.0, 0.4), (56.0, 0.2), (63.0, 0.0)]
    expected = [(0.0, "ciclosporin", 1.0), *((day, "ciclosporin", level) for day, level in steps)]
    assert drugs(taper, FakePatient(1e-3)) == expected
    assert drugs(taper, FakePatient(0.0)) == [(0.0, "ciclosporin", 1.0), (100.0, "ciclosporin", 0.0)]


def test_a_taper_at_once_and_one_of_some_drugs() -> None:
    planned = [{"drug": name, "from": "day 0", "to": "day 99"} for name in ("ciclosporin", "mycophenolate")]
    taper = {"start": {"when": "day", "day": "day 40"}, "over": "0 d", "drugs": ["mycophenolate"]}
    assert drugs(taper, FakePatient(), immunosuppression=planned)[2:] == [
        (40.0, "mycophenolate", 0.0),
        (100.0, "ciclosporin", 0.0),
    ]


def test_treatment_of_gvhd_is_not_tapered() -> None:
    taper = {"start": {"when": "day", "day": "day 10"}, "over": "0 d"}
    care = {"at_grade": 2, "drug": "ciclosporin", "for": "20 d"}
    got = drugs(taper, FakePatient(agvhd=lambda day: 2 if day == 30 else 0), agvhd_treatment=care)
    assert got[1:] == [(10.0, "ciclosporin", 0.0), (30.0, "ciclosporin", 1.0), (50.0, "ciclosporin", 0.0)]


def test_what_ends_the_drugs_may_begin_the_treatment() -> None:
    planned = [{"drug": "ciclosporin", "from": "day 0", "to": "day 99"}]
    clinic = make_clinic(
        immunosuppression=planned, dli=DLI,
        taper={"start": {"when": "mrd", "at_least": "1e-4", "delay": "0 d"}, "over": "14 d"},
        start={"when": "all_of", "delay": "0 d", "triggers": [
            {"when": "mrd", "at_least": "1e-4"}, {"when": "free_of_immunosuppression"}]},
    )  # fmt: skip
    follow(clinic, FakePatient(1e-3), 90.0)
    assert only(clinic, "note", "taper").day == 33.0
    assert days(clinic, "infusion") == [47.0]


def test_what_is_over_is_not_said_to_be_tapered() -> None:
    planned = [{"drug": "ciclosporin", "from": "day 0", "to": "day 20"}]
    taper = {"start": {"when": "mrd", "at_least": "1e-4", "delay": "0 d"}}
    clinic = make_clinic(immunosuppression=planned, taper=taper)
    follow(clinic, FakePatient(1e-3), 60.0)
    assert only(clinic, "note", "taper").detail.endswith("nothing is left to taper")


def infused(until: list[str], patient: FakePatient) -> list[float]:
    dli = {"cd3": ["1e5/kg", "1e6/kg", "1e7/kg", "1e8/kg"], "every": "42 d", "until": until}
    clinic = make_clinic(start={"when": "mrd", "at_least": "1e-4"}, dli=dli, **{"stop.agvhd_grade": None})
    follow(clinic, patient, 250.0)
    return days(clinic, "infusion")


def test_infusions_are_escalated_until_the_response() -> None:
    every = [36.0, 78.0, 120.0, 162.0]
    assert infused(["mrd_negative", "agvhd"], FakePatient(1e-3)) == every
    # MRD goes on day 85: the aspirate of day 90 is reported on day 93
    assert infused(["mrd_negative", "agvhd"], FakePatient(until_day(85, 1e-3, 0.0))) == every[:2]
    assert infused(["agvhd"], FakePatient(until_day(85, 1e-3, 0.0))) == every


def test_a_negative_sample_before_the_first_infusion_ends_nothing() -> None:
    dli = {"cd3": ["1e5/kg", "1e6/kg"], "every": "20 d", "until": ["mrd_negative"]}
    clinic = make_clinic(start={"when": "day", "day": "day 40"}, dli=dli, **{"monitoring.mrd.every": "25 d"})
    follow(clinic, FakePatient(0.0), 100.0)
    # samples of day 30 and, after the first infusion, of day 55, which is reported on day 58
    assert days(clinic, "infusion") == [40.0]
    assert only(clinic, "stop", "dli").day == 58.0
    assert (
        "1 planned infusion is not given: MRD-negative in the aspirate of day 55"
        in only(clinic, "stop").detail
    )


def test_infusions_end_with_acute_gvhd_and_with_remission() -> None:
    grades: dict[str, Any] = {"agvhd": lambda day: 1 if 80 < day < 82 else 0}
    assert infused(["agvhd"], FakePatient(1e-3, **grades)) == [36.0, 78.0], (
        "also with GvHD that is over by the next"
    )
    assert infused(["remission"], FakePatient(1e-3)) == [36.0], "the next look at the marrow is below 5 %"
