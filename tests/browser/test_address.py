"""The page's address without a browser: what brings a patient or twins back, and what names nobody."""

from pathlib import Path

import pytest

from simulation.browser.address import (
    patient_query,
    read_query,
    restore_patient,
    restore_twins,
    twins_query,
    written,
)
from simulation.browser.catalogue import Source
from simulation.browser.session import PatientSession
from simulation.browser.twins import TwinView
from simulation.errors import UserError

TEXT = """name: Small
follow_up: 60 d
marrow: {rows: 2, columns: 2}
patient: {n_residual_blasts: 1e6 cells}
start: {when: day, day: day 20}
dli: {cd3: [1e6/kg], first: day 8}
"""


@pytest.fixture
def choices(tmp_path: Path) -> list[Source]:
    for name in ("small", "other & more"):
        (tmp_path / f"{name}.yaml").write_text(TEXT)
    return [Source(tmp_path / "small.yaml"), Source(tmp_path / "other & more.yaml")]


def test_an_address_brings_the_patient_back(choices: list[Source]) -> None:
    session = PatientSession(choices[1], 7, 3)
    session.change("growth", "0.12")
    session.change("dli_cd3", "1e5, 5e5")
    session.advance_to(10.25)
    session.order("now_dli", give="dli", cd3="2e6 cells/kg")
    session.advance_to(12.5)
    query = patient_query(session, choices)
    assert query is not None
    again = PatientSession(choices[0])
    restore_patient(again, read_query(written(query)), choices)
    assert (again.source, again.form, again.scenario, again.day) == (
        session.source, session.form, session.scenario, 12.5,
    )  # fmt: skip
    assert again.model.record() == session.model.record()
    assert patient_query(again, choices) == query


def test_twins_that_need_a_file_of_no_choice_have_no_address(choices: list[Source], tmp_path: Path) -> None:
    (tmp_path / "hidden.yaml").write_text(TEXT)
    assert twins_query(TwinView(choices[0], Source(tmp_path / "hidden.yaml")), choices, 0.0) is None


def test_twins_of_a_loaded_scenario_have_an_address(choices: list[Source]) -> None:
    twins = TwinView(choices[0], Source(None, text=TEXT, title="mine.yaml"))
    query = twins_query(twins, choices, 0.0)
    assert query is not None
    again = TwinView(choices[1], choices[1])
    restore_twins(again, read_query(written(query)), choices)
    assert again.sources == twins.sources


def test_an_address_brings_the_twins_back(choices: list[Source]) -> None:
    twins = TwinView(choices[0], choices[1], 4, 2)
    while twins.day < 3.0:
        twins.step()
    query = twins_query(twins, choices, twins.day)
    assert query is not None
    again = TwinView(choices[1], choices[1])
    restore_twins(again, read_query(written(query)), choices)
    assert (again.sources, again.seed, again.patient, again.day) == (twins.sources, 4, 2, 3.0)
    assert again.shots[0].day == 3.0


@pytest.mark.parametrize(
    "query",
    ["scenario=/etc/passwd", "scenario=Nobody", "scenario=Small&seed=-1", "scenario=Small&seed=" + "9" * 5000,
     "scenario=Small&day=x", "scenario=Small&acts=x", "scenario=Small&acts=%7B%7D", "scenario=Small&acts=[[]]",
     "scenario=Small&acts=[{\"day\":500,\"test\":\"marrow\"}]", "scenario=Small&set.growth=fast",
     "scenario=Small&set.start=sometimes", "scenario=Small&acts=" + "[" * 15_000],
)  # fmt: skip
def test_an_address_that_names_nobody_is_told(choices: list[Source], query: str) -> None:
    with pytest.raises(UserError) as error:
        restore_patient(PatientSession(choices[0]), read_query(query), choices)
    assert len(str(error.value)) < 600


@pytest.mark.parametrize(
    "query",
    ["", "x=1", "day=30", "scenario=Small&day=nan", "scenario=Small&day=-inf", "scenario=Small&x=%00"],
)
def test_an_address_that_says_little_is_the_beginning(choices: list[Source], query: str) -> None:
    session = PatientSession(choices[0])
    restore_patient(session, read_query(query), choices)
    assert not session.begun


def test_a_day_beyond_the_end_is_the_end(choices: list[Source]) -> None:
    session = PatientSession(choices[0])
    restore_patient(session, read_query("scenario=Small&day=1e308"), choices)
    assert session.finished and session.day == 60.0
