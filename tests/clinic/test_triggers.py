from typing import Any

import pytest

from simulation.clinic.assays import MarrowResult
from simulation.clinic.triggers import Trigger, make_trigger

from .fake_patient import FakePatient, days, follow, make_clinic, only, scenario


def trigger(**start: Any) -> Trigger:
    loaded = scenario(start=start)
    return make_trigger(loaded.start, loaded.definitions)


def result(day: float, value: float, test: str = "mrd") -> MarrowResult:
    return MarrowResult(test, day - 3.0, day, value, 1e-5, {}, test == "morphology")


def first_day(watched: Trigger, results: list[MarrowResult], until: int = 200) -> float | None:
    """The first whole day on which the trigger holds, results being read on their day."""
    for day in range(until):
        for one in results:
            if one.reported == day:
                watched.see(one)
        if watched.is_met(float(day)):
            return float(day)
    return None


MRD = {"when": "mrd", "at_least": "1e-4"}
OVERT = {"when": "overt_relapse"}
POSITIVE_33 = [result(33, 3e-4), result(63, 0.0), result(93, 2e-4), result(123, 5e-4)]


def test_never() -> None:
    assert first_day(trigger(when="never"), [*POSITIVE_33, result(40, 0.9, "morphology")]) is None


def test_a_fixed_day_needs_no_result() -> None:
    assert first_day(trigger(when="day", day="day 60"), []) == 60.0


def test_mrd_at_the_level_triggers_and_below_it_does_not() -> None:
    assert first_day(trigger(**MRD), POSITIVE_33) == 33.0
    assert first_day(trigger(**MRD), [result(33, 1e-4)]) == 33.0
    assert first_day(trigger(**MRD), [result(33, 9.9e-5)]) is None


def test_two_consecutive_positives_are_consecutive() -> None:
    assert first_day(trigger(**MRD, confirmed_by=2), POSITIVE_33) == 123.0
    assert first_day(trigger(**MRD, confirmed_by=2), POSITIVE_33[:3]) is None


def test_morphology_between_two_positives_does_not_interrupt_them() -> None:
    results = [result(33, 3e-4), result(40, 0.0, "morphology"), result(63, 3e-4)]
    assert first_day(trigger(**MRD, confirmed_by=2), results) == 63.0


def test_results_before_not_before_do_not_count() -> None:
    assert first_day(trigger(**MRD, not_before="day 34"), POSITIVE_33) == 93.0
    assert first_day(trigger(**MRD, not_before="day 33"), POSITIVE_33) == 33.0
    assert first_day(trigger(**MRD, confirmed_by=2, not_before="day 100"), POSITIVE_33) is None
    assert first_day(trigger(when="day", day="day 60", not_before="day 80"), []) == 80.0


def test_overt_relapse_is_a_matter_of_morphology() -> None:
    assert first_day(trigger(**OVERT), [result(33, 0.3), result(34, 0.04, "morphology")]) is None
    overt = trigger(**OVERT)
    assert first_day(overt, [result(34, 0.05, "morphology")]) == 34.0
    assert overt.diagnosis_sampled(34.0) == 31.0


def test_any_of_takes_the_first() -> None:
    both = {"when": "any_of", "triggers": [MRD, OVERT]}
    assert first_day(trigger(**both), POSITIVE_33) == 33.0
    assert first_day(trigger(**both), [result(33, 1e-5), result(50, 0.4, "morphology")]) == 50.0


def test_all_of_asks_that_all_hold_together() -> None:
    day_and_mrd = {"when": "all_of", "triggers": [MRD, {"when": "day", "day": "day 60"}]}
    assert (
        first_day(trigger(**day_and_mrd), POSITIVE_33) == 60.0
    )  # the last result known on day 60 was positive
    gone = [result(33, 3e-4), result(50, 0.0), result(93, 3e-4)]
    assert first_day(trigger(**day_and_mrd), gone) == 93.0
    assert first_day(trigger(**day_and_mrd), [result(33, 3e-4), result(50, 0.0)]) is None


def test_not_before_of_a_combination_holds_for_its_parts() -> None:
    both = {"when": "any_of", "not_before": "day 40", "triggers": [MRD, OVERT]}
    assert first_day(trigger(**both), POSITIVE_33) == 93.0
    assert (
        first_day(trigger(**{**both, "when": "all_of"}), [*POSITIVE_33, result(93, 0.1, "morphology")])
        == 93.0
    )


def test_delays_of_combinations_add_up() -> None:
    parts = [MRD | {"delay": "2 d"}, OVERT | {"delay": "5 d"}]
    results = [result(33, 0.3), result(34, 0.3, "morphology")]
    any_of, all_of = (trigger(when=when, delay="1 d", triggers=parts) for when in ("any_of", "all_of"))
    assert first_day(any_of, results) == 33.0 and any_of.delay(33.0) == 3.0
    assert first_day(all_of, results) == 34.0 and all_of.delay(34.0) == 6.0
    assert "MRD 3.0e-01 (>= 1e-04) and overt relapse, 30.0% marrow blasts (>= 5%)" in all_of.reason()


def test_any_of_waits_for_the_shortest_delay_of_the_parts_that_hold() -> None:
    any_of = trigger(
        when="any_of",
        delay="1 d",
        triggers=[MRD | {"delay": "2 d"}, OVERT | {"delay": "5 d"}, {"when": "day", "day": "day 90"}],
    )
    any_of.see(result(33, 0.3, "morphology"))
    assert any_of.delay(33.0) == 6.0
    any_of.see(result(40, 0.3))
    assert any_of.delay(40.0) == 3.0
    any_of.see(result(50, 0.0))
    assert (any_of.delay(50.0), any_of.delay(90.0)) == (6.0, 1.0)


def test_without_a_draw_a_wait_is_its_median() -> None:
    drawn = trigger(**OVERT, delay="2 d to 12 d")
    assert drawn.delay(33.0) == 7.0
    assert drawn.delay(33.0, lambda name: 0.1) == pytest.approx(3.0)


def test_the_last_morphology_is_no_diagnosis_unless_it_shows_overt_relapse() -> None:
    overt = trigger(**OVERT)
    assert overt.diagnosis_sampled(33.0) is None
    overt.see(result(34, 0.05, "morphology"))
    overt.see(result(64, 0.01, "morphology"))
    assert overt.diagnosis_sampled(64.0) is None


@pytest.mark.parametrize("order", [(MRD, OVERT), (OVERT, MRD)])
@pytest.mark.parametrize("when", ["any_of", "all_of"])
def test_a_combination_diagnoses_with_the_part_that_saw_overt_relapse(
    when: str, order: tuple[dict[str, Any], ...]
) -> None:
    both = trigger(when=when, triggers=list(order))
    both.see(result(33, 0.3))
    assert both.diagnosis_sampled(33.0) is None
    both.see(result(44, 0.3, "morphology"))
    assert both.diagnosis_sampled(44.0) == 41.0


def test_a_combination_diagnoses_nothing_before_its_first_day() -> None:
    both = trigger(when="any_of", triggers=[MRD, OVERT], not_before="day 40")
    both.see(result(39, 0.3, "morphology"))
    assert both.diagnosis_sampled(39.0) is None
    both.see(result(40, 0.3, "morphology"))
    assert (both.diagnosis_sampled(39.9), both.diagnosis_sampled(40.0)) == (None, 37.0)


@pytest.mark.parametrize(
    ("start", "fraction", "triggered", "treated"),
    [
        (MRD, 3e-4, 33.0, 36.0),
        (MRD | {"confirmed_by": 2, "delay": "7 d"}, 3e-4, 63.0, 70.0),
        (OVERT, 0.4, 31.0, 34.0),
        ({"when": "day", "day": "day 20"}, 0.0, 20.0, 20.0),
        ({"when": "day", "day": "day 20", "delay": "1 d"}, 0.0, 20.0, 21.0),
    ],
)
def test_treatment_starts_a_delay_after_the_trigger(
    start: dict[str, Any], fraction: float, triggered: float, treated: float
) -> None:
    clinic = make_clinic(
        start=start, blinatumomab={"dose": "28 ug/day", "on": "28 d", "off": "14 d", "cycles": 1}
    )
    patient = FakePatient(fraction)
    outcomes = follow(clinic, patient, until=120.0)
    assert outcomes["trigger_day"] == only(clinic, "trigger").day == triggered
    assert outcomes["treatment_start_day"] == treated
    assert patient.rates == [(treated, 28.0), (treated + 28.0, 0.0)]


def test_the_trigger_is_told_in_a_clinicians_words() -> None:
    clinic = make_clinic(
        start=MRD, blinatumomab={"dose": "28 ug/day", "on": "28 d", "off": "14 d", "cycles": 1}
    )
    follow(clinic, FakePatient(3e-4), until=40.0)
    event = only(clinic, "trigger", "mrd")
    assert event.detail.startswith("MRD 3.") or event.detail.startswith("MRD 2.")
    assert event.detail.endswith("e-04 (>= 1e-04): pre-emptive treatment triggered, blinatumomab from day 36")


def test_decisions_never_read_the_truth() -> None:
    clinic = make_clinic(
        start={"when": "any_of", "triggers": [MRD, OVERT]},
        blinatumomab={"dose": "28 ug/day", "on": "28 d", "off": "14 d", "cycles": 1},
        **{"monitoring.mrd.first": "day 300", "monitoring.morphology.first": "day 300"},
    )
    patient = FakePatient(1.0, cd19_negative=1.0)
    outcomes = follow(clinic, patient, until=200.0)
    assert days(clinic, "trigger") == [] and patient.rates == []
    assert outcomes["treatment_start_day"] is None and outcomes["relapse_day"] == 0.0


def test_a_clean_sample_of_a_spared_place_keeps_the_clinic_from_treating() -> None:
    clinic = make_clinic(start=MRD)
    follow(clinic, FakePatient(0.04, niche_factors=(0.0,) * 99 + (1.0,), seed=3), until=40.0)
    assert only(clinic, "test", "mrd").value == 0.0
    assert days(clinic, "trigger") == []
