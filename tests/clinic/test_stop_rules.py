from typing import Any

from .fake_patient import FakePatient, days, follow, make_clinic, only

BLINATUMOMAB = {"dose": "28 ug/day", "on": "28 d", "off": "14 d", "cycles": 4}
DLI = {"cd3": ["1e5/kg", "5e5/kg", "1e6/kg"], "first": "day 15", "every": "42 d"}  # days 74, 116, 158
TREATED = {"start": {"when": "day", "day": "day 60"}, "blinatumomab": BLINATUMOMAB, "dli": DLI}


def run(patient: FakePatient, **keys: Any) -> Any:
    clinic = make_clinic(**{**TREATED, **keys})
    follow(clinic, patient, until=300.0)
    return clinic


def test_gvhd_ends_dli_for_good_and_not_blinatumomab() -> None:
    patient = FakePatient(agvhd=lambda day: 2 if 90 <= day < 95 else 0)
    clinic = run(patient)
    assert [day for day, *_ in patient.infusions] == [74.0]
    assert len(patient.rates) == 8
    stop = only(clinic, "stop")
    assert (stop.day, stop.what) == (90.0, "dli")
    assert stop.detail == "no further DLI, 2 planned infusions are not given: aGvHD grade 2 (stop at >= 2)"


def test_gvhd_below_the_grade_or_without_the_rule_stops_nothing() -> None:
    for grade, rules in ((1, {}), (4, {"stop.agvhd_grade": None})):
        patient = FakePatient(agvhd=grade)
        assert days(run(patient, **rules), "stop") == []
        assert len(patient.infusions) == 3


def test_gvhd_that_was_over_before_treatment_stops_nothing() -> None:
    patient = FakePatient(agvhd=lambda day: 3 if day < 59 else 0)
    run(patient)
    assert len(patient.infusions) == 3


def test_gvhd_on_the_day_of_an_infusion_stops_that_infusion() -> None:
    patient = FakePatient(agvhd=lambda day: 2 if day >= 74 else 0)
    run(patient)
    assert patient.infusions == []


def test_crs_ends_blinatumomab_for_good_and_the_marrow_is_looked_at() -> None:
    patient = FakePatient(crs=lambda day: 3 if 62 <= day < 64 else 0)
    clinic = run(patient)
    assert patient.rates == [(60.0, 28.0), (62.0, 0.0)]
    assert only(clinic, "stop").what == "blinatumomab"
    assert 62.25 in days(clinic, "test", "mrd")
    assert len(patient.infusions) == 3
    assert days(clinic, "test", "mrd")[1:4] == [
        60.0,
        62.25,
        90.0,
    ]  # no restaging of cycles that did not happen


def test_crs_in_a_pause_cancels_the_cycles_still_planned() -> None:
    patient = FakePatient(crs=lambda day: 3 if 95 <= day < 96 else 0)
    run(patient)
    assert patient.rates == [(60.0, 28.0), (88.0, 0.0)]


def test_grades_after_the_last_treatment_stop_nothing() -> None:
    patient = FakePatient(crs=lambda day: 4 if day > 230 else 0, agvhd=lambda day: 4 if day > 230 else 0)
    assert days(run(patient), "stop") == []


def test_cd19_negative_relapse_ends_blinatumomab_when_it_is_reported() -> None:
    patient = FakePatient(lambda day: 0.3 if day >= 100 else 1e-3, cd19_negative=1.0)
    clinic = run(patient)
    # restaging at the end of cycle 1 (day 88) and the aspirate of day 90 show MRD; that of day 120 is overt
    assert patient.rates == [(60.0, 28.0), (88.0, 0.0), (102.0, 28.0), (121.0, 0.0)]
    assert "CD19-negative relapse" in only(clinic, "stop").detail
    assert len(patient.infusions) == 3


def test_cd19_positive_relapse_or_negative_mrd_does_not() -> None:
    for fraction, negative in ((0.3, 0.2), (0.3, 0.85), (1e-2, 1.0)):
        patient = FakePatient(fraction, cd19_negative=negative)
        assert days(run(patient), "stop") == []
    patient = FakePatient(0.3, cd19_negative=1.0)
    assert days(run(patient, **{"stop.cd19_negative_relapse": False}), "stop") == []


def test_blinatumomab_is_not_begun_in_a_relapse_known_to_be_cd19_negative() -> None:
    patient = FakePatient(0.3, cd19_negative=1.0)
    clinic = run(patient, start={"when": "overt_relapse"})
    assert patient.rates == []
    assert [day for day, *_ in patient.infusions] == [48.0, 90.0, 132.0]
    assert only(clinic, "stop").day == 34.0
