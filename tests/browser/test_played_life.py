"""Time without a browser: past days come back to the last cell, a past day forks a life, and undo returns to the original."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from simulation.browser.catalogue import Source
from simulation.browser.played_life import PlayedLife
from simulation.browser.session import PatientSession
from simulation.errors import UserError
from simulation.life import Life
from simulation.scenario.load import parse_scenario
from simulation.scenario.schema import Scenario

TEXT = """name: Small
follow_up: 90 d
marrow: {rows: 2, columns: 2}
patient: {n_residual_blasts: 1e6 cells}
start: {when: day, day: day 40}
blinatumomab: {dose: 28 ug/day, on: 28 d, off: 14 d, cycles: 1}
dli: {cd3: [1e6/kg], first: day 8}
"""


@pytest.fixture
def session(tmp_path: Path) -> PatientSession:
    (tmp_path / "small.yaml").write_text(TEXT)
    return PatientSession(Source(tmp_path / "small.yaml"), seed=3)


def straight(scenario: Scenario, day: float) -> Life:
    """Return the same patient, simulated without a stop."""
    life = Life(scenario, 3)
    life.run(day)
    return life


def same(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> None:
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


def same_life(one: Life, other: Life) -> None:
    assert one.day == other.day and list(one.clinic.events) == list(other.clinic.events)
    same(one.columns(), other.columns())
    assert one.body.state.pop.cells.tobytes() == other.body.state.pop.cells.tobytes()


def test_every_day_comes_back_to_the_last_cell() -> None:
    played = PlayedLife(Life(parse_scenario(TEXT), 3))
    while not played.lead.finished:
        played.step()
    for day in (0.0, 3.5, 17.0, 41.5, 88.0, 90.0):
        same_life(played.at(day), straight(played.lead.scenario, day))
    assert played.at(10.3).day == 10.0 and played.at(-9.0).day == -4.0 and played.at(1e9).day == 90.0


def test_what_is_kept_stays_within_memory_and_every_day_still_comes_back() -> None:
    played = PlayedLife(Life(parse_scenario(TEXT.replace("90 d", "400 d")), 3))
    while not played.lead.finished:
        played.step()
    assert 12 <= len(played.moments(1000)) <= 50
    same_life(played.at(203.5), straight(played.lead.scenario, 203.5))
    days = [life.day for life in played.moments(6)]
    assert len(days) == 6 and days == sorted(days) and days[0] == -4.0 and days[-1] == played.reached


def test_scrubbing_shows_past_days_and_playing_on_adds_nothing(session: PatientSession) -> None:
    session.advance_to(60.0)
    before = session.life.columns()
    session.show_day(20.0)
    assert (session.day, session.reached, session.at_present) == (20.0, 60.0, False)
    same_life(session.life, straight(session.scenario, 20.0))
    while session.day < 60.0:
        session.step()
    assert session.at_present
    same(before, session.life.columns())
    session.step()
    same_life(session.life, straight(session.scenario, 60.5))


def test_an_act_on_a_past_day_forks_and_both_go_on(session: PatientSession) -> None:
    session.advance_to(50.0)
    session.show_day(30.0)
    assert session.order("now_dli", give="dli", cd3="5e6 cells/kg")
    assert "another branch" in session.note
    assert session.forked is not None and session.forked.act.left == 50.0
    while session.day < 70.0:
        session.step()
    assert session.original is not None and session.original.reached == 70.0
    same_life(session.life, straight(session.scenario, 70.0))
    same_life(session.original.lead, straight(session.base, 70.0))
    assert session.life.outcomes()["dli_count"] != session.original.lead.outcomes()["dli_count"]


def test_undo_returns_to_the_original_with_all_its_days(session: PatientSession) -> None:
    session.advance_to(50.0)
    session.show_day(30.0)
    session.order("now_test", test="marrow")
    session.advance_to(35.0)
    assert session.undo_day == 30.0
    session.undo()
    assert (session.day, session.reached) == (30.0, 50.0)
    assert session.original is None and session.undo_day is None
    session.advance_to(60.0)
    same_life(session.life, straight(session.base, 60.0))


def test_a_fork_that_was_not_meant_is_taken_back(session: PatientSession) -> None:
    session.advance_to(50.0)
    session.show_day(30.0)
    session.order("now_test", test="marrow")
    session.order("now_dli", give="dli", cd3="1e6 cells/kg")
    session.cancel(0)
    assert session.forked is not None and [one.give for one in session.pending] == ["dli"]
    session.cancel(0)
    assert (session.original, session.day, session.reached, session.scenario.orders) == (None, 30.0, 50.0, ())


def test_orders_after_the_day_belong_to_the_course_that_is_left(session: PatientSession) -> None:
    for day in (10.0, 20.0):
        session.advance_to(day)
        session.order("now_test", test="marrow")
    session.advance_to(25.0)
    session.show_day(15.0)
    session.order("now_dli", give="dli", cd3="1e6 cells/kg")
    assert [order.day for order in session.scenario.orders] == [10.0, 15.0]
    session.advance_to(30.0)
    same_life(session.life, straight(session.scenario, 30.0))


def test_another_plan_on_a_past_day_is_undone_too(session: PatientSession) -> None:
    session.advance_to(60.0)
    session.show_day(20.0)
    session.change("blinatumomab_dose", "9")
    assert session.forked is not None and session.form["blinatumomab_dose"] == "9"
    session.advance_to(60.0)
    same_life(session.life, straight(session.scenario, 60.0))
    session.undo()
    assert session.form["blinatumomab_dose"] == "28" and session.reached == 60.0
    same_life(session.played.lead, straight(session.base, 60.0))


def test_acts_are_done_again_as_they_were(session: PatientSession) -> None:
    session.advance_to(12.0)
    session.change("dli_first", "3")
    session.advance_to(30.0)
    session.show_day(20.0)
    session.order("now_dli", give="dli", cd3="2e6 cells/kg")
    session.advance_to(41.5)
    session.show_day(33.5)
    again = PatientSession(session.source, seed=3)
    acts = [past.act.written() for past in session.past]
    again.restore(session.source, 3, 0, {}, acts, session.day, session.reached)
    assert (again.day, again.reached, again.form, again.scenario) == (
        33.5, 41.5, session.form, session.scenario
    )  # fmt: skip
    assert [past.act for past in again.past] == [past.act for past in session.past]
    same_life(again.life, session.life)
    assert again.original is not None and session.original is not None
    same_life(again.played.lead, session.played.lead)
    same_life(again.original.lead, session.original.lead)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        ("x", "an act such as"),
        ({"day": 3}, "nothing to do"),
        ({"day": "soon", "test": "marrow"}, "a day as a number"),
        ({"day": float("nan"), "test": "marrow"}, "a day as a number"),
        ({"day": 3, "tests": "marrow"}, "test"),
        ({"day": 3, "plan": "dli_cd3"}, "exactly the keys"),
        ({"day": 3, "plan": "dli_cd", "value": "1e6"}, "dli_cd3"),
        ({"day": 3, "plan": "growth", "value": "0.2"}, "without a restart"),
        ({"day": 3, "give": "dli", "cd3": "lots"}, "cells per kg"),
    ],
)
def test_an_act_that_is_none_is_told_with_its_number(
    session: PatientSession, act: object, message: str
) -> None:
    with pytest.raises(UserError) as error:
        session.restore(session.source, 3, 0, {}, [{"day": 2.0, "test": "marrow"}, act])
    assert str(error.value).startswith("act 2: ") and message in str(error.value)
