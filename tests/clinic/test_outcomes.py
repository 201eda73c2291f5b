"""Outcomes of courses written by hand."""

from typing import Any

import pytest

from simulation.clinic.outcomes import OUTCOMES, of_patient
from simulation.clinic.outcomes.survival import Survival
from simulation.results.words import outcome_words

from .fake_patient import Curve, FakePatient, days, exponential, follow, make_clinic, only

STORED = tuple(name for name, one in OUTCOMES.items() if one.stored)

BLINATUMOMAB = {"dose": "28 ug/day", "on": "28 d", "off": "14 d", "cycles": 2}
THERAPEUTIC = {"start": {"when": "overt_relapse"}, "blinatumomab": BLINATUMOMAB}
PREEMPTIVE = {"start": {"when": "mrd", "at_least": "1e-4"}, "blinatumomab": BLINATUMOMAB}


def run(fraction: Curve, until: float = 365.0, keys: dict[str, Any] | None = None, **patient: Any) -> Any:
    clinic = make_clinic(**(keys or {}))
    return clinic, follow(clinic, FakePatient(fraction, **patient), until)


def steps(*pieces: tuple[float, float]) -> Curve:
    """A fraction that jumps on given days: (from day, fraction), ascending."""
    return lambda day: next(fraction for start, fraction in reversed(pieces) if day >= start)


def test_a_healthy_course_has_every_key_and_no_event() -> None:
    clinic, outcomes = run(0.0)
    assert tuple(outcomes) == STORED
    assert outcomes["eradicated"] is True and outcomes["eradicated_day"] == 0.0
    assert (
        outcomes["relapse_free_days"]
        == outcomes["agvhd_free_relapse_free_days"]
        == outcomes["days_simulated"]
        == 365.0
    )
    assert outcomes["relapse_free_at_end"] is True and outcomes["agvhd_free_relapse_free_at_end"] is True
    assert outcomes["final_cd3_per_ul"] == 100.0 and outcomes["final_agents"] == 7
    nothing = [key for key in STORED if outcomes[key] is None]
    assert set(nothing) == {
        *("mrd_undetected_day", "mrd_relapse_day", "extramedullary_relapse_day"),
        *("complete_remission_day", "mrd_negative_day", "mrd_nadir", "trigger_day", "treatment_start_day"),
        *("relapse_day", "relapse_diagnosed_day", "second_relapse_day", "relapse_cd19", "relapse_hla"),
        *("agvhd_grade_2_day", "agvhd_grade_3_day", "nrm_day", "nrm_cause", "cause_of_failure"),
        "second_transplant_day",
    }
    assert days(clinic, "outcome") == [0.0]


def test_untreated_relapse_is_dated_by_the_marrow_and_diagnosed_later() -> None:
    clinic, outcomes = run(exponential(130.0, 10.0))
    assert outcomes["relapse_day"] == 130.0
    assert outcomes["relapse_diagnosed_day"] == 151.0
    assert outcomes["relapse_free_days"] == 130.0 and outcomes["relapse_free_at_end"] is False
    assert outcomes["cause_of_failure"] is None
    assert only(clinic, "outcome", "relapse").day == 130.0
    assert only(clinic, "outcome", "relapse_diagnosed").day == 151.0


@pytest.mark.parametrize("every", ["7 d", "30 d", "100 d"])
def test_watching_more_closely_does_not_move_the_endpoint(every: str) -> None:
    keys = {"monitoring.morphology.every": every, "monitoring.mrd.every": every}
    _, outcomes = run(exponential(130.0, 10.0), keys=keys)
    assert outcomes["relapse_day"] == outcomes["relapse_free_days"] == 130.0


def test_treating_earlier_does_not_restart_the_clock() -> None:
    _, preemptive = run(exponential(130.0, 10.0), keys=PREEMPTIVE)
    _, therapeutic = run(exponential(130.0, 10.0), keys=THERAPEUTIC)
    assert preemptive["treatment_start_day"] < 130.0 < therapeutic["treatment_start_day"]
    assert preemptive["relapse_free_days"] == therapeutic["relapse_free_days"] == 130.0


def test_overt_relapse_into_remission_into_second_relapse() -> None:
    course = steps((0, 1e-3), (50, 0.6), (75, 1e-6), (200, 0.3))
    clinic, outcomes = run(course, keys=THERAPEUTIC, cd19_negative=steps((0, 0.0), (180, 1.0)))
    assert outcomes["relapse_day"] == 50.0 and outcomes["relapse_diagnosed_day"] == 61.0
    assert outcomes["treatment_start_day"] == 64.0
    assert outcomes["complete_remission_day"] == 90.0  # the first aspirate after day 75
    assert outcomes["mrd_negative_day"] == 90.0 and outcomes["mrd_nadir"] == 0.0
    assert outcomes["second_relapse_day"] == 200.0
    assert outcomes["relapse_cd19"] == "negative" and outcomes["relapse_hla"] == "present"
    assert outcomes["relapse_free_days"] == 50.0
    assert outcomes["cause_of_failure"] == "escape"
    assert only(clinic, "outcome", "complete_remission").day == 91.0  # reported a day after the sample


def test_a_patient_treated_at_mrd_has_no_complete_remission_to_reach() -> None:
    _, outcomes = run(steps((0, 1e-3), (50, 1e-6)), keys=PREEMPTIVE)
    assert outcomes["treatment_start_day"] == 36.0
    assert outcomes["mrd_negative_day"] == 60.0
    assert outcomes["complete_remission_day"] is None and outcomes["relapse_day"] is None
    assert outcomes["relapse_free_at_end"] is True and outcomes["cause_of_failure"] is None


def test_a_relapse_after_treatment_at_mrd_is_the_first() -> None:
    _, outcomes = run(steps((0, 1e-3), (50, 1e-6), (200, 0.2)), keys=PREEMPTIVE)
    assert outcomes["relapse_day"] == 200.0 and outcomes["second_relapse_day"] is None
    assert outcomes["relapse_cd19"] == "positive" and outcomes["cause_of_failure"] is not None


def test_noise_about_the_threshold_is_one_relapse() -> None:
    restless = lambda day: 0.052 if int(day) % 2 == 0 else 0.048  # noqa: E731
    clinic, outcomes = run(lambda day: 0.01 if day < 100 else restless(day), keys={"blinatumomab": None})
    assert outcomes["relapse_day"] == 100.0
    assert len(clinic.events.of_kind("outcome", "relapse")) == 1


def test_mrd_at_the_start_of_treatment_is_not_a_response_to_it() -> None:
    keys = {"start": {"when": "day", "day": "day 60"}, "blinatumomab": BLINATUMOMAB}
    _, outcomes = run(steps((0, 0.0), (60.25, 3e-3)), keys=keys, until=200.0)
    assert outcomes["treatment_start_day"] == 60.0  # and the aspirate of day 60 was negative
    assert outcomes["mrd_negative_day"] is None
    assert outcomes["mrd_nadir"] == pytest.approx(3e-3, rel=0.1)


def test_an_insensitive_test_cannot_show_mrd_negativity() -> None:
    keys = {**PREEMPTIVE, "start": {"when": "day", "day": "day 40"}, "definitions.mrd_negative": "1e-2"}
    keys |= {"monitoring.mrd.sensitivity": "1e-3"}
    _, shown = run(0.0, keys=keys)
    assert shown["mrd_negative_day"] == 60.0
    clinic = make_clinic(**keys)
    lenient = clinic.scenario.definitions.model_copy(update={"mrd_negative": 1e-4})
    clinic.scenario = clinic.scenario.model_copy(update={"definitions": lenient})
    assert follow(clinic, FakePatient(0.0), 365.0)["mrd_negative_day"] is None


def test_treatment_for_a_relapse_diagnosed_in_a_patch_is_a_relapse() -> None:
    # 3.5 % in the whole marrow, all of it in one half: an aspirate there reads 7 %
    keys = THERAPEUTIC | {"monitoring.morphology.cells": 10000}
    _, outcomes = run(steps((0, 0.035), (100, 1e-6)), keys=keys, niche_factors=(0.0, 1.0), seed=2)
    assert outcomes["relapse_day"] in {30.0, 60.0, 90.0}
    assert outcomes["relapse_day"] == outcomes["relapse_diagnosed_day"] - 1.0
    assert outcomes["relapse_free_days"] == outcomes["relapse_day"]


def test_a_patch_that_nobody_treated_is_not_a_relapse() -> None:
    keys = {"monitoring.morphology.cells": 10000}
    clinic, outcomes = run(steps((0, 0.035), (100, 1e-6)), keys=keys, niche_factors=(0.0, 1.0), seed=2)
    assert days(clinic, "outcome", "relapse_diagnosed") != []
    assert outcomes["relapse_day"] is None and outcomes["complete_remission_day"] is None


def test_a_spared_place_does_not_make_a_second_relapse_of_a_standing_one() -> None:
    # true 30 % throughout, but one half of the marrow is clean: remissions are measured, none is real
    _, outcomes = run(0.3, keys=THERAPEUTIC, niche_factors=(0.0, 1.0))
    assert outcomes["complete_remission_day"] is not None
    assert outcomes["relapse_day"] == 0.0 and outcomes["second_relapse_day"] is None


@pytest.mark.parametrize(
    ("lost", "cd19"),
    [(0.0, "positive"), (0.09, "positive"), (0.5, "mixed"), (0.89, "mixed"), (0.95, "negative")],
)
def test_antigen_status_of_a_relapse(lost: float, cd19: str) -> None:
    _, outcomes = run(0.2, until=10.0, cd19_negative=lost, hla_lost=lost)
    assert outcomes["relapse_cd19"] == cd19
    assert outcomes["relapse_hla"] == {"positive": "present", "negative": "lost"}.get(cd19, "mixed")


def test_extinction_counts_from_the_day_that_lasted() -> None:
    clinic, outcomes = run(steps((0, 1e-3), (20, 0.0), (30, 1e-6), (40, 0.0)))
    assert outcomes["eradicated"] is True and outcomes["eradicated_day"] == 40.0
    assert days(clinic, "outcome", "eradication") == [20.0, 40.0]
    _, outcomes = run(steps((0, 1e-3), (20, 0.0), (30, 1e-6)))
    assert outcomes["eradicated"] is False and outcomes["eradicated_day"] is None


def test_gvhd_grades_and_their_first_days() -> None:
    grade = steps((0, 0), (30, 1), (40, 2), (50, 4), (60, 0))
    _, outcomes = run(exponential(130.0, 10.0), agvhd=grade, crs=steps((0, 0), (5, 2), (6, 0)))
    assert (outcomes["agvhd_grade"], outcomes["agvhd_grade_2_day"], outcomes["agvhd_grade_3_day"]) == (
        4,
        40.0,
        50.0,
    )
    assert outcomes["crs_grade"] == 2
    assert (
        outcomes["agvhd_free_relapse_free_days"] == 50.0
        and outcomes["agvhd_free_relapse_free_at_end"] is False
    )
    assert outcomes["relapse_free_days"] == 130.0


def test_days_free_of_leukaemia_are_those_on_which_the_step_begins_free() -> None:
    # overt at the very level, and again after a remission: 50 + (200 - 75) days free
    clinic, outcomes = run(steps((0, 1e-3), (50, 0.05), (75, 1e-6), (200, 0.3)))
    assert outcomes["current_leukaemia_free_days"] == 175.0
    assert clinic.book.watcher(Survival).overt == [(50.0, 75.0), (200.0, 365.0)]
    assert outcomes["in_remission_at_end"] is False


def test_days_free_of_leukaemia_are_exact_whatever_the_step() -> None:
    # 5220 tenths of a day add up to 522 and some 1e-10
    clinic, outcomes = run(0.0, until=522.0, step=0.1)
    assert outcomes["current_leukaemia_free_days"] == 522.0
    assert clinic.book.watcher(Survival).overt == [] and outcomes["in_remission_at_end"] is True


def test_what_the_table_of_a_patient_says_of_survival() -> None:
    shown = [one.name for one in Survival.outcomes if one.row]
    assert shown == [
        *("days_simulated", "current_leukaemia_free_days", "in_remission_at_end", "relapse_free_days"),
        *(
            "agvhd_free_relapse_free_days",
            "nrm_day",
            "nrm",
        ),  # of which the last is no row of a patient, but a share
    ]
    assert outcome_words(OUTCOMES["nrm_day"], {"nrm_day": None, "nrm_cause": None}) == "no"
    assert outcome_words(OUTCOMES["nrm_day"], {"nrm_day": 80.25, "nrm_cause": None}) == "day 80.25"
    assert outcome_words(OUTCOMES["nrm_day"], {"nrm_day": 80.25, "nrm_cause": "CRS"}) == "day 80.25, CRS"
    end = OUTCOMES["in_remission_at_end"]
    assert outcome_words(end, {"in_remission_at_end": False}) == "no"
    assert outcome_words(end, {"in_remission_at_end": True}) == "yes"
    outside = {"in_remission_at_end": True, "extramedullary_relapse_day": 217.0}
    assert outcome_words(end, outside) == "in the marrow; relapse outside on day 217"
    assert [of_patient("nrm", {"nrm_day": day}) for day in (80.25, None)] == [True, False]


def test_time_before_transplant_does_not_count() -> None:
    _, outcomes = run(0.0, until=10.0, first_day=-4.0)
    assert outcomes["current_leukaemia_free_days"] == outcomes["days_simulated"] == 10.0
    _, outcomes = run(steps((-4, 0.5), (0, 1e-3)), until=10.0, first_day=-4.0, agvhd=steps((-4, 3), (0, 0)))
    assert outcomes["relapse_day"] is None and outcomes["agvhd_grade"] == 0


def test_overt_disease_at_transplant_is_relapse_on_day_0() -> None:
    _, outcomes = run(0.5, until=10.0, first_day=-4.0)
    assert outcomes["relapse_day"] == 0.0 and outcomes["relapse_free_days"] == 0.0


def test_death_competes_with_relapse() -> None:
    clinic, outcomes = run(exponential(130.0, 10.0), hazard=lambda day: 1e9 if day > 80 else 0.0, agvhd=3)
    assert clinic.finished
    assert outcomes["nrm_day"] == outcomes["relapse_free_days"] == outcomes["days_simulated"] == 80.25
    assert outcomes["relapse_day"] is None and outcomes["relapse_free_at_end"] is False
    assert outcomes["nrm_cause"] == "aGvHD"
    assert outcomes["in_remission_at_end"] is False
    assert only(clinic, "death").day == 80.25


def test_death_after_relapse_does_not_move_relapse() -> None:
    _, outcomes = run(
        exponential(130.0, 10.0), keys=THERAPEUTIC, hazard=lambda day: 1e9 if day > 170 else 0.0, crs=3
    )
    assert outcomes["relapse_free_days"] == 130.0 and outcomes["nrm_day"] == 170.25
    assert outcomes["nrm_cause"] == "CRS" and outcomes["agvhd_free_relapse_free_days"] == 130.0
