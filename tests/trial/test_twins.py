"""Branching gives every arm exactly what it would have got alone, and the common past is simulated once."""

import pytest

from simulation.body import Body
from simulation.course import Course
from simulation.trial.schema import Arm, Trial
from simulation.trial.task import repeated_arm, seed_of
from simulation.trial.twins import ArmCourse, simulate_twins


def state_of(body: Body) -> tuple[object, ...]:
    """Return every byte of the population, and the fields around it."""
    state = body.state
    rows = state.pop.rows()
    columns = tuple(
        getattr(state.pop, name)[rows].tobytes() for name in ("cells", "code", "place", "uid", "serial")
    )
    return (
        *columns,
        state.day,
        state.plasma_pg_ml,
        state.tissue_integrity,
        state.deaths,
        state.births,
        state.infused,
    )


@pytest.mark.parametrize("patient", [0, 1, 2])
def test_every_arm_is_the_straight_run(trial: Trial, patient: int) -> None:
    for arm, twin in zip(trial.arms, simulate_twins(trial.arms, trial.seed, patient), strict=True):
        alone = Course(arm.scenario, trial.seed, patient)
        alone.run()
        assert twin.clinic.outcomes(twin.body) == alone.clinic.outcomes(alone.body)
        assert list(twin.clinic.events) == list(alone.clinic.events)
        assert state_of(twin.body) == state_of(alone.body)


def test_the_common_past_is_simulated_once(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    step = Body.step

    def counted(body: Body) -> None:
        nonlocal steps
        steps += 1
        step(body)

    monkeypatch.setattr(Body, "step", counted)
    courses = simulate_twins(trial.arms, trial.seed, 0)
    together = steps
    steps = 0
    for arm in trial.arms:
        Course(arm.scenario, trial.seed, 0).run()
    early = next(course for course in courses if course.key == "early")
    assert early.parted_day is not None
    assert together < steps - early.parted_day


def test_arms_that_do_the_same_are_one(trial: Trial) -> None:
    late = trial.arm("late").scenario
    courses = simulate_twins((Arm("one", late), Arm("other", late)), trial.seed, 0)
    assert courses[0].body is courses[1].body
    assert courses[0].clinic is not courses[1].clinic
    assert [course.parted_day for course in courses] == [None, None]


def test_arms_with_other_grafts_share_nothing(trial: Trial) -> None:
    scenario = trial.arm("none").scenario
    other = scenario.model_copy(update={"graft": scenario.graft.model_copy(update={"tcon": 0.0})})
    one, two = simulate_twins((Arm("one", scenario), Arm("two", other)), trial.seed, 0)
    assert one.body is not two.body
    assert one.body.state.infused != two.body.state.infused


def test_days_without_overt_leukaemia_add_up(trial: Trial) -> None:
    def overt(course: ArmCourse) -> float:
        return sum(end - start for start, end in course.overt)

    for patient in range(4):
        for course in simulate_twins(trial.arms, trial.seed, patient):
            outcomes = course.clinic.outcomes(course.body)
            followed = outcomes["days_simulated"]
            assert isinstance(followed, float)
            assert course.leukaemia_free_days + overt(course) == pytest.approx(followed)
            if course.key == "none" and outcomes["relapse_day"] is not None:
                assert course.overt[0][0] == outcomes["relapse_day"]


def test_a_repeat_is_the_same_person_with_other_chance(trial: Trial) -> None:
    arm = trial.arm("none")
    again = repeated_arm(arm, trial.seed, 2, 1)
    first = simulate_twins((arm,), trial.seed, 2)[0]
    second = simulate_twins((again,), seed_of(trial.seed, 1), 2)[0]
    for name in arm.scenario.patient:
        assert first.clinic.values[name] == second.clinic.values[name]  # type: ignore[index]
    assert state_of(first.body) != state_of(second.body)
    assert seed_of(trial.seed, 0) == trial.seed
    assert len({seed_of(trial.seed, repeat) for repeat in range(100)}) == 100
