from typing import Any

import pytest

from simulation.clinic.failure import FailureWatch

from .fake_patient import Curve, FakePatient, Values, follow, make_clinic, only

BLINATUMOMAB = {"dose": "28 ug/day", "on": "28 d", "off": "14 d", "cycles": 1}
PREEMPTIVE = {"start": {"when": "mrd", "at_least": "1e-4"}, "blinatumomab": BLINATUMOMAB}


def falls_and_rises(day: float) -> float:
    """MRD 1e-3, treated from day 36, lowest at 1e-6 on day 60, overt from about day 140."""
    return 1e-3 if day < 36 else max(10 ** (-3 - (day - 36) / 8), 1e-6 * 10 ** ((day - 60) / 17))


def at_nadir(value: float) -> Curve:
    return lambda day: value if 55 < day < 65 else 0.0


def cause(fraction: Curve = falls_and_rises, until: float = 200.0, **patient: Any) -> object:
    clinic = make_clinic(**PREEMPTIVE)
    return follow(clinic, FakePatient(lambda day: min(_at(fraction, day), 1.0), **patient), until)[
        "cause_of_failure"
    ]


def _at(curve: Curve, day: float) -> float:
    return curve(day) if callable(curve) else curve


@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        ({"cd19_negative": 0.95}, "escape"),
        ({"cd19_negative": 0.85}, "too_few_t_cells"),
        ({"hla_lost": 1.0}, "too_few_t_cells"),  # blinatumomab does not need HLA
        ({"niche_factors": (1.0, 1.0, 3.0), "niche_access": (1.0, 1.0, 0.2)}, "sanctuary"),
        ({"niche_factors": (1.0, 1.0, 1.0), "niche_access": (1.0, 1.0, 0.2)}, "too_few_t_cells"),
        ({"outside": at_nadir(2.0)}, "sanctuary"),  # outside the marrow
        ({"outside": at_nadir(0.5)}, "too_few_t_cells"),
        ({"exhaustion": at_nadir(0.7)}, "exhausted"),
        ({"suppression": at_nadir(0.7)}, "treg_suppressed"),
        ({"suppression": at_nadir(0.7), "exhaustion": at_nadir(0.9)}, "exhausted"),
        ({"exhaustion": lambda day: 0.9 if day > 70 else 0.0}, "too_few_t_cells"),  # after control was lost
        ({"cd19_negative": 0.95, "exhaustion": 0.9}, "escape"),
        ({"exhaustion": 0.9, "niche_factors": (1.0, 3.0), "niche_access": (1.0, 0.1)}, "sanctuary"),
    ],
)
def test_cause_of_a_relapse_after_treatment(patient: dict[str, Any], expected: str) -> None:
    assert cause(**patient) == expected


def test_without_the_drug_escape_is_hla_loss() -> None:
    keys = {"start": PREEMPTIVE["start"], "dli": {"cd3": ["1e6/kg"]}}
    for patient, expected in (
        (FakePatient(falls_and_rises, hla_lost=0.95), "escape"),
        (FakePatient(falls_and_rises, cd19_negative=0.95), "too_few_t_cells"),
    ):
        assert follow(make_clinic(**keys), patient, 150.0)["cause_of_failure"] == expected


def test_no_failure_without_treatment_or_after_response() -> None:
    assert follow(make_clinic(), FakePatient(0.5), 100.0)["cause_of_failure"] is None
    assert cause(lambda day: 1e-3 if day < 50 else 1e-6) is None
    assert cause(lambda day: 1e-3 if day < 50 else 0.0) is None


def test_mrd_that_never_clears_is_a_failure_once_it_has_been_looked_at() -> None:
    assert cause(2e-3, until=50.0, exhaustion=0.8) is None
    assert cause(2e-3, until=100.0, exhaustion=0.8) == "exhausted"


def test_leukaemia_that_never_falls_is_judged_by_its_last_day_on_the_drug() -> None:
    # exhausted while treated (to day 64), recovered afterwards
    assert cause(2e-3, exhaustion=lambda day: 0.8 if day < 64.5 else 0.0) == "exhausted"


def test_no_remission_of_overt_disease_is_a_failure_and_a_late_one_is_not() -> None:
    keys = {"start": {"when": "overt_relapse"}, "blinatumomab": BLINATUMOMAB}
    refractory = follow(make_clinic(**keys), FakePatient(0.5, suppression=0.8), 150.0)
    assert refractory["cause_of_failure"] == "treg_suppressed"
    late = follow(make_clinic(**keys), FakePatient(lambda day: 0.5 if day < 130 else 1e-3), 200.0)
    assert late["complete_remission_day"] == 150.0 and late["cause_of_failure"] is None


def test_remission_after_a_relapse_on_treatment_clears_the_failure() -> None:
    course = lambda day: 1e-3 if day < 50 else 0.3 if day < 80 else 1e-6  # noqa: E731
    clinic = make_clinic(**PREEMPTIVE)
    outcomes = follow(clinic, FakePatient(course), 200.0)
    assert outcomes["relapse_day"] == 50.0 and outcomes["complete_remission_day"] == 90.0
    assert outcomes["cause_of_failure"] is None
    assert only(clinic, "outcome", "failure").day == 50.0


def test_the_event_gives_the_evidence() -> None:
    clinic = make_clinic(**PREEMPTIVE)
    follow(clinic, FakePatient(falls_and_rises, exhaustion=at_nadir(0.7)), 200.0)
    detail = only(clinic, "outcome", "failure").detail
    assert detail.startswith("treatment failed (exhausted): control lost on day 60 with 1.00e+06 blasts")
    assert "exhaustion 70%" in detail


def test_an_empty_marrow_has_no_sanctuary() -> None:
    watch = FailureWatch(Values(), targets={"cd19"})
    truth = FakePatient(0.0).truth()
    watch.follow(truth, on_drug={"cd19"})
    assert watch.lost_control(truth).sanctuary_share == 0.0
