import pytest

from simulation.clinic.schedule import Agenda, Repeating, is_due


def test_a_day_reached_by_inexact_steps_is_due() -> None:
    assert sum([0.1] * 3) != 0.3 and is_due(0.3, sum([0.1] * 3))
    assert 0.7 + 0.1 < 0.8 and is_due(0.8, 0.7 + 0.1)
    assert not is_due(30.0, 29.999)


def test_repeating_counts_every_occurrence_once_and_does_not_drift() -> None:
    schedule = Repeating(first=1.0, every=0.4)
    assert [schedule.take(day) for day in (0.0, 1.0, 2.0, 3.0)] == [0, 1, 2, 3]
    assert schedule.next_day == pytest.approx(3.4)


def test_repeating_needs_a_positive_interval() -> None:
    with pytest.raises(ValueError, match="positive"):
        Repeating(first=0.0, every=0.0)


def test_agenda_hands_out_what_is_due_in_order_of_day_then_of_planning() -> None:
    agenda = Agenda([(5.0, "late"), (2.0, "first")])
    agenda.add(2.0, "second")
    assert agenda.days == (2.0, 2.0, 5.0)
    assert agenda.take(1.9) == []
    assert agenda.take(4.0) == [(2.0, "first"), (2.0, "second")]
    assert agenda.things == ("late",)
    assert agenda.clear() == 1
    assert not agenda and len(agenda) == 0
