import copy

import pytest

from simulation.clinic.events import Event, EventLog


def test_the_log_keeps_order_and_finds_by_kind_and_subject() -> None:
    log = EventLog()
    log.add(3.0, "dose", "blinatumomab", "starts", 28.0, "ug/day")
    log.add(3.0, "infusion", "dli", "first")
    assert [event.kind for event in log] == ["dose", "infusion"]
    assert log.of_kind("dose", "dli") == ()
    assert log[0] == Event(3.0, "dose", "blinatumomab", 28.0, "ug/day", "starts")
    assert log[1].value is None and log[1].unit == ""


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="'dosis' is not one of test, result"):
        EventLog().add(0.0, "dosis", "x", "y")


def test_a_copy_goes_its_own_way_and_shares_the_past() -> None:
    log = EventLog()
    log.add(1.0, "note", "a", "b")
    branch = copy.deepcopy(log)
    branch.add(2.0, "note", "c", "d")
    assert (len(log), len(branch)) == (1, 2)
    assert branch[0] is log[0]


def test_events_stand_in_the_order_of_their_days() -> None:
    log = EventLog()
    for day, what in ((1.0, "a"), (1.2, "b"), (1.0, "c"), (1.25, "d"), (1.2, "e")):
        log.add(day, "note", what, "")
    assert [event.what for event in log] == ["a", "c", "b", "e", "d"]
