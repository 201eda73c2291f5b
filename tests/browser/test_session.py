"""One tab's patient without a browser: the form, acts by hand, and what reproduces them."""

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulation.browser.catalogue import Source, default_source, sources
from simulation.browser.form import FIELDS, GROUPS, field_of_key
from simulation.browser.reproduce import command, flow, scenario_file
from simulation.browser.results.damage import table_of
from simulation.browser.session import PatientSession
from simulation.cli import main
from simulation.cli.app import COMMANDS
from simulation.errors import ExitStatus
from simulation.life import Life
from simulation.runner import run
from simulation.scenario.load import load_scenario, parse_scenario
from tests.rules import RULES, write_rules

TEXT = """name: Small
follow_up: 90 d
marrow: {rows: 3, columns: 3}
patient: {n_residual_blasts: 1e6 cells}
start: {when: day, day: day 40}
blinatumomab: {dose: 28 ug/day, on: 28 d, off: 14 d, cycles: 2}
dli: {cd3: [1e6/kg], first: day 8}
"""


@pytest.fixture
def session(tmp_path: Path) -> PatientSession:
    file = tmp_path / "small.yaml"
    file.write_text(TEXT)
    return PatientSession(Source(file), seed=3)


def test_rules_of_ones_own_act_on_the_page_and_in_what_reproduces_it(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(TEXT)
    names = [
        str(write_rules(tmp_path / name, text))
        for name, text in (("mine.py", RULES), ("b.py", "RULES = []\n"))
    ]
    settings = (*(f'plugin.+={{file: "{name}"}}' for name in names), "plugin.0.my_rate=2 /day")
    played = PatientSession(Source(file, settings), seed=3)
    until(played, 10)
    assert played.model.record()["blasts_cells"] == 0
    words = shlex.split(command(played))
    assert [words[i + 1] for i, word in enumerate(words) if word == "--plugin"] == names
    assert "plugin.0.my_rate=2 /day" in words
    saved = scenario_file(played)
    assert "# It needs mine.py, in a folder plugins beside it.\n" in saved
    assert str(tmp_path) not in saved


def until(session: PatientSession, day: float) -> None:
    while session.day < day:
        session.step()


def test_every_field_stands_in_one_group() -> None:
    assert sorted(name for _, names in GROUPS for name in names) == sorted(field.name for field in FIELDS)


@pytest.mark.parametrize("source", sources(default_source()), ids=lambda source: source.label)
def test_a_form_not_touched_changes_nothing(source: Source) -> None:
    assert PatientSession(source).changes() == {}


@pytest.mark.parametrize(
    ("name", "value", "key", "written"),
    [
        ("start_day", "20", "start.day", "day 20"),
        ("blinatumomab_dose", "15 ug/m2/day", "blinatumomab.dose", "15 ug/m2/day"),
        ("blinatumomab_dose", "9", "blinatumomab.dose", "9 ug/day"),
        ("blinatumomab_cycles", "5", "blinatumomab.cycles", 5),
        ("blinatumomab_off", "7", "blinatumomab.off", "7 d"),
        ("blinatumomab", "off", "blinatumomab", None),
        ("dli", "off", "dli", None),
        ("dli_cd3", "1e5", "dli.cd3", ["1e5 cells/kg"]),
        ("dli_first", "15 of cycle 1", "dli.first", "day 15 of cycle 1"),
        ("dli_treg", "0.5", "dli.treg_per_tcon", 0.5),
        ("donor", "matched_sibling", "donor.match", "matched_sibling"),
        ("treg_ratio", "1", "graft.treg", "1e6 cells/kg"),
        ("growth", "0.1", "patient.rate_blast_net_growth", "0.1 /day"),
        ("recovery", "1e10", "patient.n_t_cell_set_point_early", "1e10 cells"),
        ("mrd_every", "14", "monitoring.mrd.every", "14 d"),
        ("immuno", "ciclosporin", "immunosuppression",
         [{"drug": "ciclosporin", "from": "day -1", "to": "day 100", "level": 1}]),
    ],
)  # fmt: skip
def test_a_field_writes_its_key(
    session: PatientSession, name: str, value: str, key: str, written: Any
) -> None:
    session.change(name, value)
    assert session.errors == {} and session.changes() == {key: written}
    assert session.scenario == session.source.load(session.changes())


@pytest.mark.parametrize(
    ("name", "value", "stays"),
    [
        ("immuno_to", "90", True),
        ("immuno_from", "-2", True),
        ("immuno", "tacrolimus", False),
        ("immuno", "none", False),
    ],
)
@pytest.mark.parametrize("drugs", ["", ", drugs: [ciclosporin]"])
def test_a_taper_stays_where_its_drug_does(
    tmp_path: Path, name: str, value: str, stays: bool, drugs: str
) -> None:
    text = "name: x\nimmunosuppression: [{drug: ciclosporin, from: day -1, to: day 100, level: 0.5}]\n"
    path = tmp_path / "tapered.yaml"
    path.write_text(f"{text}taper: {{start: {{when: day, day: day 50}}{drugs}}}\n")
    session = PatientSession(Source(path))
    session.change(name, value)
    assert session.errors == {}
    kept = stays or (value == "tacrolimus" and not drugs)
    assert (session.scenario.taper is not None) == kept
    assert [one.level for one in session.scenario.immunosuppression] == [0.5] * stays + [1.0] * (
        value == "tacrolimus"
    )


def test_more_infusions_bring_their_interval(session: PatientSession) -> None:
    session.change("dli_number", "2")
    assert session.changes() == {"dli.cd3": ["1e6 cells/kg", "1e6 cells/kg"], "dli.every": "42 d"}
    session.change("dli_cd3", "1e5, 5e5, 1e6")
    assert session.form["dli_number"] == "3" and len(session.scenario.dli.cd3) == 3


def test_never_treating_takes_the_treatments_away(session: PatientSession) -> None:
    session.change("start", "never")
    assert session.scenario.start.when == "never" and session.scenario.dli is None
    session.change("start", "mrd")
    assert session.scenario.dli is not None and session.errors == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", "-1"), ("seed", "1.5"), ("patient", ""), ("blinatumomab_dose", "x"), ("dli_cd3", ""), ("dli_cd3", "1,5e6"),
     ("dli_first", "15 of cycle 9"), ("start_day", "999"), ("treg_ratio", "nan"), ("treg_ratio", "1e308"),
     ("treg_ratio", "-1e308"), ("mrd_every", "-2"), ("seed", "9" * 5000),
     ("patient", "1" * 20), ("seed", "١"), ("blinatumomab_dose", "1e308"), ("dli_cd3", "1e308"), ("mrd_every", "1e308"),
     ("blinatumomab_on", "28 ug"), ("immuno_to", "x")],
)  # fmt: skip
def test_a_mistake_leaves_the_patient_as_he_was(session: PatientSession, name: str, value: str) -> None:
    if name == "immuno_to":
        session.change("immuno", "tacrolimus")
    until(session, 5.0)
    model, form = session.model, dict(session.form)
    session.change(name, value)
    assert name in session.errors and session.typed[name] == value and len(session.errors[name]) < 250
    assert "_" not in session.errors[name]  # a person's message has no keys of files
    assert session.model is model and session.form == form and session.day == 5.0
    session.change(name, form[name])
    assert session.errors == {}


def test_only_the_plan_changes_without_a_restart(session: PatientSession) -> None:
    until(session, 20.0)
    session.change("dli_treg", "1")
    assert session.day == 20.0 and not session.restarts(plan=True) and session.restarts(plan=False)
    until(session, 45.0)
    assert session.restarts(plan=True)
    session.change("dli_treg", "0")
    assert session.day == 45.0 and session.question is not None
    session.answer(True)
    assert session.day < 1.0 and session.form["dli_treg"] == "0"


def test_a_patient_who_has_come_some_way_is_discarded_only_when_told_so(session: PatientSession) -> None:
    session.change("growth", "0.12")
    assert session.question is None  # at transplant nothing is lost
    until(session, 20.0)
    model, form = session.model, dict(session.form)
    for name, value in (("growth", "0.2"), ("seed", "9"), ("donor", "matched_sibling")):
        session.change(name, value)
        assert session.question is not None and "Day 20 " in session.question.words
        assert session.typed == {name: value} and session.model is model
    session.answer(False)
    assert (session.question, session.typed, session.form, session.model) == (None, {}, form, model)
    session.open(Source(None))
    assert session.source.path is not None and session.question is not None
    session.answer(True)
    assert session.source.path is None and session.day < 1.0


def test_a_question_is_answered_once_and_goes_with_the_next_change(session: PatientSession) -> None:
    until(session, 20.0)
    session.change("growth", "0.2")
    session.change("mrd_every", "0")  # a mistake takes its place
    assert (
        session.question is None
        and set(session.errors) == {"mrd_every"}
        and session.typed == {"mrd_every": "0"}
    )
    session.answer(True)
    assert session.day == 20.0


def test_a_plan_changed_on_the_way_is_the_plan_from_the_start(session: PatientSession) -> None:
    until(session, 20.0)
    session.change("blinatumomab", "off")
    until(session, 60.0)
    straight = Life(session.scenario, 3)
    while straight.day < 60.0:
        straight.step()
    same(session.model.life.columns(), straight.columns())


def same(first: Any, second: Any) -> None:
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], name)


def test_orders_are_reproduced_by_command_and_by_file(session: PatientSession, tmp_path: Path) -> None:
    session.change("growth", "0.12")
    until(session, 10.0)
    assert session.order("now_dli", give="dli", cd3="5e6 cells/kg")
    assert session.order("now_test", test="marrow")
    until(session, 15.25)
    assert session.order("now_blinatumomab", give="blinatumomab", dose="15 ug/m2/day")
    until(session, 25.0)
    assert session.order("now_blinatumomab", stop="blinatumomab")
    until(session, 33.5)
    shown = session.model.life

    words = shlex.split(command(session))
    sets = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
    assert words[:3] == ["python", "run_sim.py", "run"] and "run" in COMMANDS
    assert "--days" not in words  # treatment is planned for a later day: the whole life is simulated
    result = run(load_scenario(words[3], sets), seed=int(words[words.index("--seed") + 1]))
    n = shown.columns()["day"].size
    same(shown.columns(), {name: values[:n] for name, values in result.columns.items()})
    assert result.events[: len(shown.clinic.events)] == tuple(shown.clinic.events)

    again = run(parse_scenario(scenario_file(session)), seed=3, days=None)
    same(result.columns, again.columns)


def test_an_order_after_the_end_is_refused(session: PatientSession) -> None:
    until(session, 90.0)
    assert not session.order("now_test", test="marrow")
    assert "follow-up" in session.errors["now_test"]


def test_reset_forgets_orders(session: PatientSession) -> None:
    until(session, 10.0)
    session.order("now_dli", give="dli", cd3="1e6 cells/kg")
    session.restart()
    assert session.question is not None and "1 order by hand will be lost" in session.question.words
    session.answer(True)
    assert session.scenario.orders == () and "1 order by hand forgotten" in session.note and session.day < 0.1


def test_what_is_ordered_twice_is_ordered_once(session: PatientSession) -> None:
    until(session, 10.0)
    assert session.order("now_dli", give="dli", cd3="1e6 cells/kg")
    assert not session.order("now_dli", give="dli", cd3="1e6 cells/kg") and session.errors == {}
    until(session, 12.0)
    assert session.model.life.outcomes()["dli_count"] == 1


def test_an_order_that_waits_is_taken_back(session: PatientSession) -> None:
    until(session, 10.0)
    session.order("now_dli", give="dli", cd3="1e6 cells/kg")
    session.order("now_test", test="marrow")
    session.cancel(0)
    assert (
        [order.test for order in session.scenario.orders] == ["marrow"] == [o.test for o in session.pending]
    )
    session.cancel(5)
    until(session, 12.0)
    assert session.model.life.outcomes()["dli_count"] == 0 and session.pending == []


def test_an_act_is_undone_as_if_it_had_not_been(session: PatientSession, tmp_path: Path) -> None:
    until(session, 10.0)
    assert session.undo_day is None
    session.order("now_test", test="marrow")
    until(session, 12.0)
    session.order("now_dli", give="dli", cd3="1e6 cells/kg")
    until(session, 30.0)
    assert session.undo_day == 12.0
    session.undo()
    assert (
        session.day == 12.0 and session.model.life.outcomes()["dli_count"] == 0 and session.undo_day == 10.0
    )
    until(session, 30.0)
    straight = Life(session.scenario, 3)
    while straight.day < 30.0:
        straight.step()
    same(session.model.life.columns(), straight.columns())


@pytest.mark.parametrize(
    ("day", "what", "why"),
    [(-1.0, {"give": "dli", "cd3": "1e6 cells/kg"}, "the transplant is on day 0"),
     (5.0, {"give": "dli", "cd3": "0 cells/kg"}, "no cells"),
     (5.0, {"give": "dli", "cd3": "1e-9 cells/kg"}, "no cells"),
     (5.0, {"give": "blinatumomab", "dose": "0 ug/day"}, "rate of 0")],
)  # fmt: skip
def test_an_act_that_makes_no_sense_is_refused(
    tmp_path: Path, day: float, what: dict[str, str], why: str
) -> None:
    file = tmp_path / "early.yaml"
    file.write_text(TEXT + "graft: {treg_day: day -4}\n")
    session = PatientSession(Source(file), seed=3)
    until(session, day)
    assert not session.order("now", **what) and why in session.errors["now"].lower()
    assert session.pending == [] and session.scenario.orders == ()


def test_a_mistake_takes_the_note_of_the_change_before_away(session: PatientSession) -> None:
    session.change("growth", "0.12")
    assert session.note
    session.change("seed", "x")
    assert session.errors and not session.note


def test_a_patient_is_brought_back_as_he_was(session: PatientSession) -> None:
    session.change("growth", "0.12")
    until(session, 10.0)
    session.order("now_dli", give="dli", cd3="5e6 cells/kg")
    until(session, 30.0)
    session.order("now_test", test="marrow")
    acts = [past.act.written() for past in session.past]
    again = PatientSession(session.source, seed=8)
    again.restore(session.source, 3, 0, {"growth": "0.12"}, acts, 30.0)
    assert (again.form, again.scenario, again.day) == (session.form, session.scenario, 30.0)
    same(session.model.life.columns(), again.model.life.columns())
    for one in (session, again):
        until(one, 40.0)
    same(session.model.life.columns(), again.model.life.columns())


def test_another_patient_shows_what_he_draws(tmp_path: Path) -> None:
    file = tmp_path / "varied.yaml"
    drawn = "patient: {rate_blast_net_growth: {distribution: uniform, low: 0.02 /day, high: 0.2 /day}}"
    file.write_text(f"name: Varied\nmarrow: {{rows: 2, columns: 2}}\n{drawn}\n")
    session = PatientSession(Source(file))
    before = session.form["growth"]
    session.change("patient", "7")
    assert session.form["growth"] != before and session.changes() == {}
    assert float(session.form["growth"]) == pytest.approx(session.model.life.values.rate_blast_net_growth)


@pytest.mark.parametrize("cohort", [None, "none", "standard", "scenarios/cohorts/high_risk_all.yaml"])
def test_a_number_is_the_same_person_as_in_run(
    session: PatientSession, cohort: str | None, tmp_path: Path
) -> None:
    """On the page from the start or after a change, by the copied command, and by the copied file."""
    path = session.source.path
    played = PatientSession(Source(path, cohort=cohort), seed=3, patient=7)
    changed = PatientSession(Source(path, cohort=cohort), seed=3)
    changed.change("patient", "7")
    assert changed.changes() == {} and changed.form == played.form and changed.scenario == played.scenario
    assert bool(played.whose) == (cohort is None)
    changed.change("patient", "0")
    assert changed.scenario == Source(path, cohort=cohort).load() and changed.whose == ""
    played.change("growth", "0.1")
    until(played, 15.0)
    for words in (shlex.split(command(played)), shlex.split(scenario_file(played).partition("\n")[0])[1:]):
        if words[3] == "THIS_FILE.yaml":
            (tmp_path / "THIS_FILE.yaml").write_text(scenario_file(played))
            words[3] = str(tmp_path / "THIS_FILE.yaml")
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        assert main([*words[2:], "--out", str(out), "--no-figures", "-q"]) == ExitStatus.DONE
        shown, days = played.model.life.columns(), slice(0, played.model.life.columns()["day"].size)
        stored = table_of(out / "trajectory.csv")[days]
        assert [float(row["blasts_cells"]) for row in stored] == shown["blasts_cells"].tolist()
        assert [float(row["cd3_per_ul"]) for row in stored] == pytest.approx(shown["cd3_per_ul"])


def test_keys_find_their_field() -> None:
    assert field_of_key("dli.cd3.1") == "dli_cd3" and field_of_key("blinatumomab.on") == "blinatumomab_on"
    assert field_of_key("nothing.like.it") is None


def test_values_on_one_line_read_back() -> None:
    value = [{"day": "day 62", "give": "dli", "cd3": "1e6 cells/kg"}, {"day": "day 70", "test": "marrow"}]
    assert flow(value) == "[{day: day 62, give: dli, cd3: 1e6 cells/kg}, {day: day 70, test: marrow}]"
    assert flow({"a": None, "b": True, "c": "x, y"}) == '{a: null, b: true, c: "x, y"}'
