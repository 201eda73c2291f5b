"""What the address and the page's file keep besides the patient; and work that outlives the tab which began it."""

import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from simulation.browser import shelf
from simulation.browser.address import (
    asked_of,
    asked_query,
    known_part,
    loaded_query,
    restore_loaded,
    written,
)
from simulation.browser.catalogue import Choices, Source
from simulation.browser.kept import TabChoices, among, number
from simulation.browser.many import ForecastRequest
from simulation.browser.many_view import ManyView
from simulation.browser.own_scenarios import uploaded
from simulation.browser.page_file import read_page, write_page
from simulation.browser.palette import DARK, LIGHT
from simulation.browser.table_picture import table_svg
from simulation.errors import UserError

TINY = "name: Tiny\nmarrow: {rows: 2, columns: 2}\ntime_step: 1 d\nfollow_up: 20 d\n"
CHOICES = [Source(None, text=TINY, title="A"), Source(None, text=TINY, title="B")]


def test_only_what_is_not_as_at_the_beginning_is_in_the_address() -> None:
    kept = TabChoices({"guide.step": "3", "map": "burden", "unheard": "of"})
    assert kept.query() == {"guide.step": "3"}
    kept["guide"].value, kept.room("results")["order"].value = "Glossary", "by number"
    assert TabChoices(kept.query()).query() == kept.query() and kept["results.order"].value == "by number"
    kept.room("results").forget()
    assert kept.query() == {"guide.step": "3", "guide": "Glossary"}


@pytest.mark.parametrize(
    ("text", "result"), [("", 0), ("3", 3), ("99", 7), ("-1", 0), ("x", 0), ("9" * 4000, 0), ("\u0663", 0)]
)
def test_numbers_of_an_address_are_within_their_bounds(text: str, result: int) -> None:
    assert number(TabChoices({"guide.step": text})["guide.step"], 7) == result


def test_what_is_none_of_the_values_is_the_usual_one() -> None:
    kept = TabChoices({"map": "secret"})
    assert among(kept["map"], ["burden", "other"]) == "burden" and among(kept["map"], ["x"], "y") == "y"


def test_who_is_followed_comes_back() -> None:
    asked = ForecastRequest(
        (CHOICES[0], CHOICES[1]),
        seed="7",
        number="12",
        kind="chance",
        patient="4",
        posterior=True,
        course="day,mrd\n7,0\n",
    )
    parts = asked_query(asked, CHOICES)
    assert parts is not None and asked_of(parts, CHOICES) == asked and all(map(known_part, parts))
    assert asked_of({}, CHOICES) is None
    for wrong in ({"many.kind": "everybody"}, {"many.a": "Nobody"}):
        with pytest.raises(UserError):
            asked_of(parts | wrong, CHOICES)


def test_an_address_follows_again_and_says_what_is_asked_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[ForecastRequest] = []
    view = ManyView(CHOICES[0], CHOICES[1], [])
    view.put(number="6", key="follow_up", values="10 d, 20 d")
    view.many.followed_as = view.asked
    view.put(number="9")
    parts = view.query(CHOICES)
    assert parts is not None and parts["many.number"] == "9" and parts["many.followed.number"] == "6"
    again = ManyView(CHOICES[1], None, [])
    monkeypatch.setattr(again.many, "start", begun.append)
    again.restore(parts, CHOICES)
    assert (again.asked, begun) == (view.asked, [view.many.followed_as])
    assert (again.key, again.values) == ("follow_up", "10 d, 20 d")


def test_a_study_of_an_address_is_a_folder_that_the_page_may_show(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    for folder in ("/etc", "results/..", "results/none"):
        with pytest.raises(UserError):
            ManyView(CHOICES[0], None, [tmp_path / "results"]).restore({"many.study": folder}, CHOICES)


def test_a_tab_that_comes_back_takes_its_work_up_and_no_other_tab_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shelf, "_WAIT_S", 0.01)
    view = ManyView(CHOICES[0], None, [])
    view.many.followed_as = view.asked
    ticket = (view.query(CHOICES) or {})["many.ticket"]
    assert shelf.take(ticket) is None  # its tab is there
    view.close()
    again = ManyView(CHOICES[0], None, [], ticket)
    assert again.taken_up and again.many is view.many and shelf.take(ticket) is None
    again.restore({"many.a": "A", "many.followed": "1"}, CHOICES)
    assert again.many.state == "idle"  # it goes on: nothing is followed anew


def test_work_that_nobody_takes_up_is_stopped() -> None:
    work = shelf.TabWork.new([])
    shelf.leave(work, seconds=0.01)
    for _ in range(200):
        if work.many._stop.is_set():
            break
        time.sleep(0.01)
    assert work.many._stop.is_set() and shelf.take(work.ticket) is None
    other = shelf.TabWork.new([])
    shelf.clear()
    assert other.many._stop.is_set() and shelf.take(other.ticket) is None


def test_loaded_scenarios_come_back() -> None:
    choices, again = Choices(CHOICES), Choices(CHOICES)
    assert loaded_query(choices) == {}
    choices.add([uploaded(TINY, "mine.yaml")])
    restore_loaded(again, loaded_query(choices) or {})
    assert list(again) == list(choices)
    choices.add([uploaded(TINY + "".join(f"# {i * 7919}\n" for i in range(9_000)), "long.yaml")])
    assert loaded_query(choices) is None
    for packed in ("x", "AAAA", "eJyrVsosUbJSMlLSUcpNLE5VslIqLUnVTSxKVbJSMjBQqgUAo5oJ8w"):
        with pytest.raises(UserError):
            restore_loaded(Choices(CHOICES), {"loaded": packed})


def test_the_pages_file_holds_the_address() -> None:
    parts = {
        "tab": "many",
        "scenario": '{"of":"A","set":["x=1"]}',
        "set.growth": "0.1",
        "many.course": "day,mrd\n7,0\n",
        "map": "gvl",
    }
    assert read_page(write_page(parts), "my.page.yaml") == parts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"), ("tab: many\n", "saved_page"), ("saved_page: 9\n", "this page's format"),
        ("saved_page: 1\nunheard: \"x\"\n", r"my\.page\.yaml:2.*no such key"), ("saved_page: 1\nday: 3\n", "text in quotes"),
        ("saved_page: 1\nmany.course: \"" + "x" * 25_000 + "\"\n", "more than an address"),
    ],
)  # fmt: skip
def test_a_page_file_that_is_none_is_told(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_page(text, "my.page.yaml")


def test_every_part_of_an_address_is_known() -> None:
    assert all(map(known_part, TabChoices({}).names())) and known_part("set.growth")
    assert not known_part("set.nothing") and not known_part("set.") and written({"a": "x y"}) == "a=x+y"


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_a_table_is_a_picture_with_all_that_it_says(colours: object) -> None:
    rows = [["<b>&", "day 96"], ["long", "word " * 40]]
    svg = table_svg(["", "A: early"], rows, colours, [True, False], "Outcomes")  # type: ignore[arg-type]
    root = ElementTree.fromstring(svg)
    results = [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert (
        "\N{NOT EQUAL TO} <b>&" in results and "Outcomes" in results and " ".join(results).count("word") == 40
    )
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for one in root.iter("{http://www.w3.org/2000/svg}text"):
        assert 0 <= float(one.attrib["x"]) < width and 0 < float(one.attrib["y"]) <= height
