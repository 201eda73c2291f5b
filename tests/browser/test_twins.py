"""Twins without a browser: in step, alike until they part, and what marks them then."""

from pathlib import Path

import pytest

from simulation.body.virtual_patient import patient_values
from simulation.browser.catalogue import Source
from simulation.browser.pages.twins import parting_words, what_differs
from simulation.browser.twins import TwinView, difference
from simulation.number_words import NOTHING
from simulation.scenario.load import load_scenario

EARLY = """name: Early
follow_up: 40 d
marrow: {rows: 3, columns: 3}
patient: {n_residual_blasts: 1e6 cells}
start: {when: day, day: day 10}
dli: {cd3: [1e6/kg]}
"""


@pytest.fixture
def twins(tmp_path: Path) -> TwinView:
    (tmp_path / "early.yaml").write_text(EARLY)
    early = Source(tmp_path / "early.yaml")
    return TwinView(early, Source(early.path, ("start.day=day 20",)), seed=4)


def until(twins: TwinView, day: float) -> None:
    while twins.day < day:
        twins.step()


def test_twins_part_on_the_first_day_on_which_they_are_treated_differently(twins: TwinView) -> None:
    until(twins, 10.0)
    twins.show()
    assert twins.parted_day is None and not any(row[3] for row in difference(twins.shots))
    until(twins, 12.0)
    twins.show()
    assert twins.parted_day == 10.0 and "Identical until day 10 " in parting_words(twins)
    assert next(row[0] for row in difference(twins.shots) if row[3]) == "Treatment started"


def test_a_twin_who_begins_later_is_waited_for(twins: TwinView) -> None:
    """Treg given on the day of transplant: nothing happens before it, while his twin gets them some days earlier."""
    twins.choose(1, Source(twins.sources[0].path, ("graft.treg_day=day 0",)))
    begins = [life.day for life in twins.lives]
    assert begins[0] < begins[1] and "Not comparable yet" in parting_words(twins)
    twins.step()
    assert [life.day for life in twins.lives] == [begins[0] + twins.time_step, begins[1]]
    until(twins, 5.0)
    assert [life.day for life in twins.lives] == [5.0, 5.0]
    assert "Different from the start" in parting_words(twins)


def test_who_has_reached_the_end_is_not_waited_for(twins: TwinView) -> None:
    twins.choose(1, Source(twins.sources[0].path, ("follow_up=20 d",)))
    assert twins.question is None  # at the beginning nothing is lost
    until(twins, 40.0)
    assert [life.day for life in twins.lives] == [40.0, 20.0] and twins.finished and twins.day == 40.0


def test_a_wrong_key_or_strategy_leaves_the_twins_as_they_are(twins: TwinView, tmp_path: Path) -> None:
    until(twins, 3.0)
    lives = list(twins.lives)
    twins.choose_key("seed", "many")
    twins.choose(0, Source(tmp_path / "nowhere.yaml"))
    assert twins.lives == lives and set(twins.errors) == {"seed", "strategy_0"}
    assert twins.typed == {"seed": "many"} and twins.question is None
    twins.choose_key("seed", "")
    assert twins.errors["seed"] == "Expected a whole number from 0 on, got ''" and twins.typed == {"seed": ""}
    twins.choose_key("seed", "5")
    twins.answer(True)
    assert twins.seed == 5 and twins.day < 1.0 and "seed" not in twins.errors


def test_nothing_has_come_of_anything_before_transplant(twins: TwinView) -> None:
    """There are no blasts yet, which is no eradication."""
    assert twins.shots[0].day < 0 and {row[1] for row in difference(twins.shots)} == {NOTHING}


@pytest.mark.parametrize(
    ("change", "message"),
    [("donor.match=matched_sibling", "the transplant"), ("patient.rate_blast_net_growth=0.2 /day", "the patient himself"),
     ("immunosuppression=[{drug: tacrolimus, from: day -4, to: day 30}]", "what is given"),
     ("start={when: overt_relapse}", "when treatment starts"), ("monitoring.mrd.first=day 20", "what is measured")],
)  # fmt: skip
def test_in_what_twins_differ_is_told(twins: TwinView, change: str, message: str) -> None:
    other = Source(twins.sources[0].path, (change,)).load()
    assert message in what_differs(twins.sources[0].load(), other)
    assert "himself" not in what_differs(twins.sources[0].load(), other) or "himself" in message


def test_twins_who_have_come_some_way_are_discarded_only_when_told_so(twins: TwinView) -> None:
    until(twins, 12.0)
    lives, parted = list(twins.lives), twins.parted_day
    other = Source(twins.sources[0].path, ("start.day=day 30",))
    asked = (
        lambda: twins.choose(1, other),
        lambda: twins.choose_key("seed", "9"),
        lambda: twins.choose_key("patient", "2"),
        lambda: twins.open(other, other, 1, 1),
    )
    for ask in asked:
        ask()
        assert twins.question is not None and "both twins begin again" in twins.question.words
        assert "Day 12 will be lost" in twins.question.words and twins.lives == lives
    twins.choose_key("seed", "9")
    assert twins.typed == {"seed": "9"}
    twins.answer(False)
    assert (twins.lives, twins.seed, twins.parted_day, twins.typed) == (lives, 4, parted, {})
    twins.choose(1, other)
    twins.answer(True)
    assert twins.sources[1] == other and twins.day < 1.0 and twins.question is None


def test_another_patient_is_another_person_as_in_run(twins: TwinView) -> None:
    """Of the standard cohort, but for what the file writes: the same as `run --patient 3` draws."""
    assert twins.whose == ""
    twins.choose_key("patient", "3")
    path = twins.sources[0].path
    assert path is not None and "standard cohort" in twins.whose
    person = patient_values(load_scenario(path, cohort="standard"), 4, 3)
    for life in twins.lives:
        assert dict(life.values) == dict(person) and life.values.n_residual_blasts == 1e6
    assert dict(person) != dict(patient_values(load_scenario(path), 4, 3))
