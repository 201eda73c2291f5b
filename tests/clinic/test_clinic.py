import copy
import itertools
import math
import pickle

import pytest

from simulation.clinic.clinic import Clinic
from simulation.clinic.outcomes.survival import Survival
from simulation.parameters.table import ParameterTable

from .fake_patient import FakePatient, Values, days, exponential, follow, make_clinic

TREATED = {
    "start": {"when": "mrd", "at_least": "1e-4"},
    "blinatumomab": {"dose": "28 ug/day", "on": "28 d", "off": "14 d", "cycles": 3},
    "dli": {"cd3": ["1e5/kg", "1e6/kg"], "first": "day 15 of cycle 1", "every": "42 d"},
    "immunosuppression": [{"drug": "ciclosporin", "from": "day -1", "to": "day 100"}],
}


@pytest.mark.parametrize("branch_day", [-2.0, 31.0, 34.5, 50.0, 90.0])
def test_a_branched_course_goes_on_like_a_straight_one(branch_day: float) -> None:
    def patient() -> FakePatient:
        return FakePatient(
            exponential(140.0, 9.0),
            first_day=-4.0,
            niche_factors=(0.5, 1.5),
            agvhd=lambda day: 2 if 95 < day < 100 else 0,
        )

    straight, straight_patient = make_clinic(**TREATED), patient()
    expected = follow(straight, straight_patient, 250.0)
    clinic, first_patient = make_clinic(**TREATED), patient()
    follow(clinic, first_patient, branch_day)
    twin, twin_patient = copy.deepcopy((clinic, first_patient))
    n_events = len(clinic.events)
    assert follow(twin, twin_patient, 250.0) == expected
    assert list(twin.events) == list(straight.events)
    assert (
        twin_patient.rates == straight_patient.rates and twin_patient.infusions == straight_patient.infusions
    )
    assert len(clinic.events) == n_events  # the original stood still


def test_a_copy_shares_what_cannot_change() -> None:
    clinic = make_clinic(**TREATED)
    twin = copy.deepcopy(clinic)
    assert twin.scenario is clinic.scenario and twin.values is clinic.values
    assert twin.events is not clinic.events
    assert twin.book.watcher(Survival).clinic is twin


def test_a_course_can_be_sent_to_another_process() -> None:
    clinic, patient = make_clinic(**TREATED), FakePatient(1e-3)
    follow(clinic, patient, 80.0)
    sent = pickle.loads(pickle.dumps(clinic))
    assert follow(sent, copy.deepcopy(patient), 150.0) == follow(clinic, patient, 150.0)


def test_arms_are_alike_until_their_strategies_part() -> None:
    arms = [make_clinic(**TREATED), make_clinic(**(TREATED | {"dli": None}))]
    for clinic in arms:
        follow(clinic, FakePatient(exponential(140.0, 9.0), niche_factors=(0.5, 1.5)), 200.0)
    first, second = ([e for e in clinic.events if e.kind in {"test", "result"}] for clinic in arms)
    assert first == second
    assert days(arms[0], "infusion") != [] and days(arms[1], "infusion") == []


def test_events_come_in_order_of_time() -> None:
    clinic = make_clinic(**TREATED)
    follow(clinic, FakePatient(exponential(140.0, 9.0), first_day=-4.0), 250.0)
    order = [event.day for event in clinic.events]
    assert order == sorted(order) and order[0] == -1.0


def test_nothing_happens_after_death() -> None:
    clinic, patient = make_clinic(**TREATED), FakePatient(1e-3, hazard=lambda day: 1e9 if day > 40 else 0.0)
    follow(clinic, patient, 100.0)
    before = (len(clinic.events), len(patient.rates), clinic.outcomes(patient))
    for _ in range(40):
        clinic.act(patient)
        patient.advance()
        clinic.observe(patient)
    assert clinic.finished and clinic.outcomes(patient)["days_simulated"] == 40.25
    assert (len(clinic.events), len(patient.rates)) == before[:2]


@pytest.mark.parametrize("step", [0.25, 1.0])
def test_death_follows_its_hazard_at_any_step(step: float) -> None:
    # survival to day 20 at 0.05/day is exp(-1); 4 standard errors: a false alarm in 6e-5 of seeds
    n = 400
    base = make_clinic(monitoring={"pulls": 1, "mrd": None, "morphology": None, "blood": None})
    alive = 0
    for seed in range(n):
        clinic = copy.deepcopy(base)
        follow(clinic, FakePatient(hazard=0.05, step=step, seed=seed), 20.0)
        alive += not clinic.finished
    expected = math.exp(-1)
    assert abs(alive / n - expected) < 4 * math.sqrt(expected * (1 - expected) / n)


def test_the_parameter_table_has_what_the_clinic_reads() -> None:
    values = ParameterTable.load().parameter_values()
    for name in Values.__dataclass_fields__:
        assert 0.0 < getattr(values, name) < 1.0


def test_the_clinic_takes_parameter_values() -> None:
    values = ParameterTable.load().parameter_values()
    clinic = Clinic(make_clinic(**TREATED).scenario, values)
    assert follow(clinic, FakePatient(1e-3), 50.0)["treatment_start_day"] == 36.0


AGAIN = TREATED | {"dli": None, "retreatment": {"start": {"when": "mrd", "at_least": "1e-4"}, "courses": 2}}


def returning(day: float) -> float:
    """MRD 1e-3 from day 30 on, gone while treated, and back every 250 days."""
    return 1e-3 if (day - 30.0) % 250.0 < 60.0 and day > 29.0 else 0.0


def test_treatment_is_given_again_when_mrd_returns_as_often_as_allowed() -> None:
    patient = FakePatient(returning)
    clinic = make_clinic(**AGAIN)
    follow(clinic, patient, 1100.0)
    triggers = [e.day for e in clinic.events if e.kind == "trigger"]
    assert len(triggers) == 3  # the first course and two more; MRD returns once more in vain
    assert all(b - a > 100.0 for a, b in itertools.pairwise(triggers))  # never within a course of 112 days
    assert patient.rates.count((triggers[1] + 3.0, 28.0)) == 1
    assert sum(rate > 0 for _, rate in patient.rates) == 9  # cycles
    once = FakePatient(returning)
    follow(make_clinic(**(AGAIN | {"retreatment": None})), once, 1100.0)
    assert sum(rate > 0 for _, rate in once.rates) == 3


def test_results_of_before_the_end_of_a_course_do_not_start_the_next() -> None:
    clinic = make_clinic(**AGAIN)
    last_infusion = 33.0 + 3.0 + 2 * 42.0 + 28.0
    patient = FakePatient(lambda day: 1e-3 if day < last_infusion - 1.0 else 0.0)
    follow(clinic, patient, 400.0)
    assert [e.kind for e in clinic.events].count("trigger") == 1


def test_a_course_with_retreatment_branches_like_a_straight_one() -> None:
    straight, patient = make_clinic(**AGAIN), FakePatient(returning)
    expected = follow(straight, patient, 700.0)
    clinic, first = make_clinic(**AGAIN), FakePatient(returning)
    follow(clinic, first, 200.0)
    twin, twin_patient = copy.deepcopy((clinic, first))
    assert follow(twin, twin_patient, 700.0) == expected
    assert list(twin.events) == list(straight.events)


def test_what_was_stopped_for_good_is_not_given_again() -> None:
    plan = AGAIN | {"dli": TREATED["dli"]}
    patient = FakePatient(returning, agvhd=lambda day: 2 if 40.0 < day < 45.0 else 0)
    clinic = make_clinic(**plan)
    follow(clinic, patient, 1100.0)
    assert [e.kind for e in clinic.events].count("trigger") == 3
    assert sum(rate > 0 for _, rate in patient.rates) == 9
    assert patient.infusions == []  # aGvHD came before the first
    drug_only = make_clinic(**AGAIN)
    patient = FakePatient(returning, crs=lambda day: 3 if 40.0 < day < 45.0 else 0)
    follow(drug_only, patient, 1100.0)
    assert [e.kind for e in drug_only.events].count("trigger") == 1  # nothing is left to give
