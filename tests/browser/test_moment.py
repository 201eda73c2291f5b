"""A saved patient without a browser: the same bytes come back, and what a file may not say is told in one message."""

from pathlib import Path

import pytest

from simulation.browser.acts import MOST_ACTS
from simulation.browser.address import LONGEST, patient_query, read_query, restore_patient, written
from simulation.browser.catalogue import Source
from simulation.browser.moment import moment_of, pack, read_moment, restore_moment, unpack, write_moment
from simulation.browser.session import PatientSession
from simulation.errors import UserError
from tests.rules import RULES, write_rules

TEXT = """name: Small
follow_up: 60 d
marrow: {rows: 2, columns: 2}
patient: {n_residual_blasts: 1e6 cells}
start: {when: day, day: day 40}
dli: {cd3: [1e6/kg], first: day 8}
"""


@pytest.fixture
def choices(tmp_path: Path) -> list[Source]:
    (tmp_path / "small.yaml").write_text(TEXT)
    return [Source(tmp_path / "small.yaml")]


@pytest.fixture
def session(choices: list[Source]) -> PatientSession:
    """Return a patient with a setting, an act, a change of plan, and a fork, looked at on a past day."""
    session = PatientSession(choices[0], seed=7, patient=3)
    session.change("growth", "0.12")
    session.advance_to(10.25)
    session.order("now_test", test="marrow")
    session.advance_to(15.0)
    session.change("dli_cd3", "1e5, 5e5")
    session.advance_to(30.0)
    session.show_day(20.5)
    session.order("now_dli", give="dli", cd3="2e6 cells/kg")
    session.advance_to(35.0)
    session.show_day(25.0)
    return session


def bytes_of(session: PatientSession) -> list[bytes]:
    """Return the trajectories of the day on the screen, of the whole life, and of the one that was left."""
    branches = [session.played, *(past.played for past in session.past)]
    lives = [session.life, *(branch.lead for branch in branches)]
    return [values.tobytes() for life in lives for values in life.columns().values()]


def test_a_file_brings_the_same_bytes_back(session: PatientSession, choices: list[Source]) -> None:
    text = write_moment(moment_of(session))
    again = PatientSession(choices[0])
    restore_moment(again, read_moment(text, "saved"), choices)
    assert again.source == choices[0] and write_moment(moment_of(again)) == text
    assert bytes_of(again) == bytes_of(session)


def test_a_file_stands_by_itself(session: PatientSession, choices: list[Source]) -> None:
    """Where there is no such scenario to choose, or another of its name."""
    text = write_moment(moment_of(session))
    choices[0].path.write_text(TEXT.replace("1e6 cells", "1e5 cells"))  # type: ignore[union-attr]
    for offered in ([], choices):
        again = PatientSession(choices[0])
        restore_moment(again, read_moment(text, "saved"), offered)
        assert again.source.path is None and again.source.label == "Small (opened)"
        assert bytes_of(again) == bytes_of(session)
        assert bytes_of(again) and again.forked is not None and again.forked.act.day == 20.5


def test_a_link_brings_the_same_bytes_back(session: PatientSession, choices: list[Source]) -> None:
    """By the name of a choice, or packed where the scenario is none; a link is short enough for every browser."""
    for known in (choices, []):
        query = patient_query(session, known)
        assert query is not None and ("saved" in query) == (not known) and len(written(query)) < LONGEST / 4
        again = PatientSession(choices[0])
        restore_patient(again, read_query(written(query)), known)
        assert bytes_of(again) == bytes_of(session)


GOOD = "saved_patient: 1\nseed: 3\npatient: 0\nscenario: {name: x, marrow: {rows: 2, columns: 2}}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("- 1\n", "got a list"),
        ("name: Small\n", "no such key"),
        (GOOD.replace("seed: 3", "sed: 3"), "s:2: sed: there is no such key (did you mean 'seed'?)"),
        (GOOD.replace("saved_patient: 1", "saved_patient: 2"), "s:1: saved_patient: expected 1"),
        (GOOD.replace("seed: 3", "seed: -3"), "s:2: seed: expected a whole number from 0 on"),
        (GOOD.replace("seed: 3", "seed: 3.5"), "s:2: seed: expected a whole number"),
        (GOOD.replace("seed: 3\n", ""), "the key seed"),
        (GOOD + "seed: 3\n", "seed"),
        (GOOD + "day: soon\n", "s:5: day: expected a day as a number"),
        (GOOD + "acts: {}\n", "s:5: acts: expected a list"),
        (GOOD + f"acts: [{', '.join(['{day: 1, test: marrow}'] * (MOST_ACTS + 1))}]\n", f"at most {MOST_ACTS}"),
        (GOOD + "settings: {growth: 0.1}\n", "settings.growth: expected text in quotes"),
        (GOOD + "settings: [1]\n", "s:5: settings: expected a block"),
        (GOOD.replace("scenario: {", "scenario: &a {"), "anchor"),
        ("x: 1\n" * 300_000, "larger than"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_told_in_one_message(text: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        read_moment(text, "s")
    assert message in str(error.value) and len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("settings: {growht: '0.1'}\n", "did you mean 'growth'?"),
        ("settings: {growth: fast}\n", "growth"),
        ("acts: [{day: 3, plan: growth, value: '0.2'}]\n", "act 1: "),
        ("acts: [3]\n", "act 1: "),
    ],
)
def test_what_cannot_be_followed_is_told(choices: list[Source], more: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        restore_moment(PatientSession(choices[0]), read_moment(GOOD + more, "s"), choices)
    assert message in str(error.value)


@pytest.mark.parametrize("key", ["plugin: {file: mine.py}", "extends: /etc/passwd"])
def test_a_file_opens_no_other_and_loads_no_rule(choices: list[Source], tmp_path: Path, key: str) -> None:
    write_rules(tmp_path / "mine.py", RULES)
    text = GOOD.replace("name: x,", f"name: x, {key},")
    with pytest.raises(UserError, match="names another file"):
        restore_moment(PatientSession(choices[0]), read_moment(text, "s"), choices)


@pytest.mark.parametrize("packed", ["", "x", "%%%", "eJwDAAAAAAE", "a" * 5000])
def test_a_damaged_link_is_told(packed: str) -> None:
    with pytest.raises(UserError, match=r"damaged|missing|empty"):
        unpack(packed)


def test_a_link_that_would_fill_the_memory_is_refused() -> None:
    import base64
    import zlib

    with pytest.raises(UserError, match="damaged"):
        unpack(base64.urlsafe_b64encode(zlib.compress(b"#" * 50_000_000)).decode())


def test_packing_is_undone(session: PatientSession) -> None:
    moment = moment_of(session)
    assert unpack(pack(moment)) == read_moment(write_moment(moment), "x")
