"""The pump by itself: small rates, what rules and orders end, and what it says of itself."""

from types import SimpleNamespace
from typing import Any

import pytest

from simulation.clinic.events import EventLog
from simulation.clinic.stop_rules import Stop
from simulation.products.pump import Pump, _Change
from tests.clinic.fake_patient import FakePatient
from tests.products.test_injections import SC, plan


class Bedside:
    """A pump at a patient's bed, in steps of a day."""

    def __init__(self, *planned: _Change, step: float = 1.0) -> None:
        self.pump, self.patient, self.events = Pump("blinatumomab"), FakePatient(step=step), EventLog()
        self.pump.planned = list(planned)

    def order(self, rate: float, duration: float | None = None) -> None:
        order = SimpleNamespace(dose=SimpleNamespace(rate=lambda body_surface_m2: rate), duration=duration)
        self.pump.obey(order, self.patient, self.events)

    def stop(self, product: str = "blinatumomab") -> None:
        self.pump.heed([Stop(product, "a rule")], self.patient, self.events)

    def go(self, steps: int = 1) -> None:
        for _ in range(steps):
            examination: Any = None
            self.pump.act(self.patient, examination, self.events)
            self.patient.advance()

    @property
    def told(self) -> list[str]:
        return [event.detail for event in self.events]


def test_a_pump_that_never_ran_says_nothing() -> None:
    bed = Bedside()
    assert bed.pump.running() == "" and not bed.pump.covered(0.0)
    bed.go(3)
    assert (bed.pump.running(), bed.pump.amount, bed.pump.days, bed.told, bed.patient.rates) == (
        "",
        0.0,
        0.0,
        [],
        [],
    )


@pytest.mark.parametrize("rate", [0.5, 1.0, 28.0])
def test_a_rate_however_small_is_given_told_and_ended(rate: float) -> None:
    bed = Bedside(_Change(1.0, rate, "cycle 1 day 1"), _Change(3.5, 0.0, "cycle 1 day 3"))
    bed.go(2)
    assert bed.pump.running() == f"{rate:g} µg/day"
    bed.go(2)
    assert bed.pump.running() == f"{0.5 * rate:g} µg/day"  # its mean over the step in which it ended
    bed.go(2)
    assert bed.told == [
        f"blinatumomab {rate:g} ug/day (cycle 1 day 1)",
        "blinatumomab infusion ends (cycle 1 day 3)",
    ]
    assert bed.patient.rates == [(1.0, rate), (3.0, 0.5 * rate), (4.0, 0.0)]
    assert bed.pump.amount == pytest.approx(2.5 * rate) and bed.pump.days == 2.5
    assert bed.pump.running() == ""


@pytest.mark.parametrize("rate", [0.5, 1.0, 28.0])
def test_a_rule_ends_what_was_ordered_of_its_product(rate: float) -> None:
    bed = Bedside()
    bed.order(rate)
    bed.go()
    bed.stop("donor lymphocytes")
    bed.go()
    assert bed.pump.running() == f"{rate:g} µg/day"
    bed.stop()
    bed.go(2)
    assert bed.told == [
        f"blinatumomab {rate:g} ug/day (ordered by hand)",
        "blinatumomab infusion ends (a rule)",
    ]
    assert bed.pump.days == 2.0 and bed.pump.running() == ""


def test_a_rule_that_ends_nothing_is_no_reason_of_what_comes_next() -> None:
    bed = Bedside(_Change(0.0, 9.0, "cycle 1 day 1"), _Change(2.0, 28.0, "cycle 1 day 3"))
    bed.stop()  # nothing was ordered: the plan is ended by others
    bed.go(3)
    assert bed.told == [
        "blinatumomab 9 ug/day (cycle 1 day 1)",
        "blinatumomab 28 ug/day (cycle 1 day 3)",
    ]


def test_the_higher_of_plan_and_order_runs_and_the_last_order_counts() -> None:
    bed = Bedside(_Change(0.0, 9.0, "cycle 1 day 1"), _Change(9.0, 0.0, "cycle 1 day 10"))
    bed.go()
    bed.order(28.0, 4.0)
    bed.go()
    bed.order(15.0, 2.0)
    bed.go(2)
    assert bed.patient.rates == [(0.0, 9.0), (1.0, 28.0), (2.0, 15.0)]
    bed.go(2)  # the second order is over, the first goes on until its fourth day
    assert bed.patient.rates[3:] == [(4.0, 28.0), (5.0, 9.0)]
    assert bed.told[-1] == "blinatumomab 9 ug/day (ordered by hand, time over)"
    assert bed.pump.halt() is False
    bed.order(30.0)
    assert bed.pump.halt() is True


@pytest.mark.parametrize("duration", [2.0, 0.5])
def test_of_two_orders_the_end_of_one_is_told(duration: float) -> None:
    bed = Bedside(_Change(0.0, 2.0, "cycle 1 day 1"))
    bed.order(4.0, 8.0)
    bed.order(28.0, duration)
    bed.go(3)
    assert bed.told == [
        "blinatumomab 28 ug/day (ordered by hand)",
        "blinatumomab 4 ug/day (ordered by hand, time over)",
    ]


def test_a_plan_that_began_before_the_step_runs_at_its_last_rate_and_says_so() -> None:
    bed = Bedside(_Change(0.5, 9.0, "cycle 1 day 1"), _Change(1.5, 28.0, "cycle 1 day 2"))
    bed.patient = FakePatient(step=1.0, first_day=2.0)
    bed.go()
    assert bed.told == ["blinatumomab 28 ug/day (cycle 1 day 2)"]


def test_where_a_change_by_plan_meets_the_end_of_an_order_the_plan_is_the_reason() -> None:
    bed = Bedside(_Change(0.0, 9.0, "cycle 1 day 1"), _Change(3.0, 15.0, "cycle 1 day 4"))
    bed.order(28.0, 3.0)
    bed.go(4)
    assert bed.told == ["blinatumomab 28 ug/day (ordered by hand)", "blinatumomab 15 ug/day (cycle 1 day 4)"]


def test_nothing_injected_is_no_injection_and_a_little_is_one() -> None:
    bed = Bedside()
    bed.pump.inject(bed.patient, bed.events, 0.0, 7.0, "cycle 1 day 1")
    assert (bed.patient.injected, bed.told, bed.pump.running()) == ([], [], "")
    bed.pump.inject(bed.patient, bed.events, 0.5, 7.0, "cycle 1 day 1")
    assert bed.patient.injected == [(0.0, 0.5)] and bed.pump.amount == 0.5
    assert bed.told == ["blinatumomab 0.5 ug under the skin (cycle 1 day 1)"]
    assert bed.pump.running() == "0.5 µg injected"


def test_an_injection_counts_for_its_days_and_no_longer_than_the_plan() -> None:
    whole, ended = Bedside(), Bedside()
    for bed in (whole, ended):
        bed.pump.inject(bed.patient, bed.events, 250.0, 2.5, "cycle 1 day 1")
        bed.go()
    ended.pump.end_plan(1.0, "a rule")
    for bed in (whole, ended):
        bed.go(4)
        assert bed.pump.running() == ""
    assert (whole.pump.days, ended.pump.days) == (2.5, 1.0)
    assert whole.pump.covered(2.4) and not whole.pump.covered(2.5)
    assert ended.pump.covered(0.9) and not ended.pump.covered(1.0)


def test_the_end_of_a_plan_takes_what_is_still_to_come() -> None:
    bed = Bedside(_Change(0.0, 9.0, "cycle 1 day 1"), _Change(7.0, 28.0, "cycle 1 day 8"))
    bed.go(2)
    bed.pump.end_plan(2.0, "a rule")
    bed.go(8)
    assert bed.told == ["blinatumomab 9 ug/day (cycle 1 day 1)", "blinatumomab infusion ends (a rule)"]
    assert bed.pump.asked_by_plan(100.0) == 0.0 and bed.pump.days == 2.0


def test_what_happens_within_a_step_is_recorded_at_its_moment() -> None:
    bed = Bedside(_Change(0.25, 8.0, "cycle 1 day 1"), _Change(0.5, 16.0, "cycle 1 day 1"))
    bed.order(4.0, 0.125)
    bed.go()
    assert [(event.day, event.value) for event in bed.events] == [
        (0.0, 4.0),
        (0.125, 0.0),
        (0.25, 8.0),
        (0.5, 16.0),
    ]
    assert bed.patient.rates == [(0.0, 4.0 * 0.125 + 8.0 * 0.25 + 16.0 * 0.5)]
    assert bed.pump.days == 0.875


def test_a_plan_without_a_pause_ends_on_the_day_after_its_last() -> None:
    infusions, pump = plan({"dose": "28 ug/day", "on": "28 d", "off": "0 d", "cycles": 1}, 0.0)
    bed = Bedside()
    bed.pump = pump
    bed.go(30)
    assert bed.told == [
        "blinatumomab 28 ug/day (cycle 1 day 1)",
        "blinatumomab infusion ends (cycle 1 day 29)",
    ]
    assert infusions.restaging(27.0) == "" and infusions.restaging(28.0) == "end of cycle 1"


def test_a_plan_of_nothing_is_over_before_it_begins() -> None:
    infusions, _ = plan({"dose": "0 ug/day", "on": "28 d", "off": "14 d", "cycles": 2}, 0.0)
    assert infusions.over
    assert not infusions.stop(FakePatient(), EventLog(), "a rule")


def test_the_marrow_is_looked_at_where_a_plan_is_stopped() -> None:
    infusions, pump = plan({"dose": "28 ug/day", "on": "28 d", "off": "14 d", "cycles": 2}, 0.0)
    bed = Bedside()
    bed.pump = pump
    bed.go(5)
    assert infusions.stop(bed.patient, bed.events, "a rule")
    assert infusions.over and infusions.restaging(5.0) == "blinatumomab stopped"
    assert not infusions.stop(bed.patient, bed.events, "another rule")


def test_an_injection_names_its_day_of_the_cycle() -> None:
    infusions, pump = plan(SC, 0.0)
    bed = Bedside()
    bed.pump = pump
    for _ in range(9):
        infusions.act(bed.patient, bed.events)
        bed.go()
    assert [bed.told[0], bed.told[-1]] == [
        "blinatumomab 250 ug under the skin (cycle 1 day 1)",
        "blinatumomab 500 ug under the skin (cycle 1 day 8)",
    ]


@pytest.mark.parametrize(
    ("rate", "day", "looked"), [("0.5 ug/day", 5, "blinatumomab stopped"), ("28 ug/day", 30, "")]
)
def test_a_stop_in_a_pause_needs_no_look_at_the_marrow(rate: str, day: int, looked: str) -> None:
    infusions, pump = plan({"dose": rate, "on": "28 d", "off": "14 d", "cycles": 2}, 0.0)
    bed = Bedside()
    bed.pump = pump
    for _ in range(day):
        infusions.act(bed.patient, bed.events)
        infusions.restaging(bed.patient.day)
        bed.go()
    assert infusions.stop(bed.patient, bed.events, "a rule")
    assert infusions.restaging(float(day)) == looked
