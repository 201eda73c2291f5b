"""Branching gives every arm exactly what it would have got alone, and the common past is simulated once."""

import pytest

from simulation.body import Body
from simulation.clinic.outcomes.survival import Survival
from simulation.life import NOTHING, Life, simulate
from simulation.trial.schema import Trial
from simulation.trial.task import repeated_arm, seed_of


def state_of(body: Body) -> tuple[object, ...]:
    """Return every byte of the population, and the fields around it."""
    state = body.state
    rows = state.pop.rows()
    columns = tuple(getattr(state.pop, name)[rows].tobytes() for name in ("cells", "code", "place", "uid"))
    return (
        *columns,
        state.day,
        *state.plasma_pg_ml.values(),
        state.tissue_integrity,
        state.deaths,
        state.births,
        state.infused,
    )


def lives(trial: Trial, patient: int) -> list[Life]:
    return simulate([arm.scenario for arm in trial.arms], seed=trial.seed, patient=patient)


@pytest.mark.parametrize("patient", [0, 1, 2])
def test_every_arm_is_the_straight_run(trial: Trial, patient: int) -> None:
    for arm, twin in zip(trial.arms, lives(trial, patient), strict=True):
        alone = Life(arm.scenario, trial.seed, patient)
        alone.run()
        assert twin.outcomes() == alone.outcomes()
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
    all_lives = lives(trial, 0)
    together = steps
    steps = 0
    for arm in trial.arms:
        Life(arm.scenario, trial.seed, 0).run()
    early = all_lives[[arm.key for arm in trial.arms].index("early")]
    assert early.parted_day is not None
    assert together < steps - early.parted_day


def test_arms_that_do_the_same_are_one(trial: Trial) -> None:
    late = trial.arm("late").scenario
    both = simulate([late, late], seed=trial.seed)
    assert both[0].body is both[1].body
    assert both[0].clinic is not both[1].clinic
    assert [life.parted_day for life in both] == [None, None]


def test_arms_with_other_grafts_share_nothing(trial: Trial) -> None:
    scenario = trial.arm("none").scenario
    other = scenario.model_copy(update={"graft": scenario.graft.model_copy(update={"tcon": 0.0})})
    one, two = simulate([scenario, other], seed=trial.seed)
    assert one.body is not two.body
    assert one.body.state.infused != two.body.state.infused


def test_days_without_overt_leukaemia_add_up(trial: Trial) -> None:
    for patient in range(4):
        for arm, life in zip(trial.arms, lives(trial, patient), strict=True):
            outcomes, overt = life.outcomes(), life.clinic.book.watcher(Survival).overt
            days = sum(end - start for start, end in overt)
            assert outcomes["current_leukaemia_free_days"] == pytest.approx(
                float(str(outcomes["days_simulated"])) - days
            )
            if arm.key == "none" and outcomes["relapse_day"] is not None:
                assert overt[0][0] == outcomes["relapse_day"]


def test_a_life_that_is_over_stands_still_while_another_goes_on(trial: Trial) -> None:
    long = trial.arm("none").scenario
    short = long.model_copy(update={"follow_up": 20.0})
    one, other = simulate([short, long], seed=trial.seed, patient=1)
    assert (one.day, other.day) == (20.0, trial.follow_up)
    (alone,) = simulate([short], seed=trial.seed, patient=1)
    assert one.outcomes() == alone.outcomes()
    (alone,) = simulate([long], seed=trial.seed, patient=1)
    assert other.outcomes() == alone.outcomes()


def test_what_is_recorded_changes_nothing(trial: Trial) -> None:
    scenario = trial.arm("early").scenario
    (full,) = simulate([scenario], seed=trial.seed)
    (bare,) = simulate([scenario], seed=trial.seed, record=NOTHING)
    assert full.outcomes() == bare.outcomes()
    assert full.columns()["day"].size > bare.columns()["day"].size == 0


def test_a_repeat_is_the_same_person_with_other_chance(trial: Trial) -> None:
    arm = trial.arm("none")
    again = repeated_arm(arm, trial.seed, 2, 1)
    first = simulate([arm.scenario], seed=trial.seed, patient=2)[0]
    second = simulate([again.scenario], seed=seed_of(trial.seed, 1), patient=2)[0]
    for name in arm.scenario.patient:
        assert first.values[name] == second.values[name]
    assert state_of(first.body) != state_of(second.body)
    assert seed_of(trial.seed, 0) == trial.seed
    assert len({seed_of(trial.seed, repeat) for repeat in range(100)}) == 100
