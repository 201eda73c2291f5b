"""The report: one file that needs nothing else, escapes what people wrote, and says what it must."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from simulation.results import Result, write_result
from simulation.results.figures.report_figure import figures_in
from simulation.results.report.page import DISCLAIMER, figure_panel, render_page, whole
from simulation.results.scenario_words import scenario_words
from simulation.scenario.load import load_scenario
from tests.results.conftest import relapsing

FIGURES = figures_in("simulation.results.figures")

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SHIPPED = sorted(path for path in SCENARIOS.glob("*.yaml") if path.stem != "base")
FETCHING = {"src", "href", "xlink:href", "srcset", "data", "action", "poster", "background"}


class Page(HTMLParser):
    """Gather what a browser would fetch, the names on the page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.names: list[str] = []
        self.references: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.names.append(value or "")
            if name in FETCHING and value:
                (self.references if value.startswith("#") else self.fetched).append(value)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    result = replace(relapsing(), scenario=load_scenario(SCENARIOS / "therapeutic.yaml"))
    place = write_result(result, tmp_path_factory.mktemp("report") / "run")
    return (place / "report.html").read_text(encoding="utf-8")


def test_nothing_is_fetched_from_anywhere(html: str) -> None:
    page = Page(html)
    assert all(value.startswith("data:image/png;base64,") for value in page.fetched)
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", re.sub(r"base64,[^\"]*", "", html))
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert "default-src 'none'" in html


def test_all_figures_are_in_the_page_with_captions(html: str) -> None:
    page = Page(html)
    assert page.tags.count("figure") == page.tags.count("figcaption") == len(FIGURES)
    assert page.tags.count("svg") + page.tags.count("img") == len(FIGURES)
    for spec in FIGURES:
        assert spec.title in page.text


def test_names_are_unique_and_references_lead_somewhere(html: str) -> None:
    page = Page(html)
    assert len(page.names) == len(set(page.names))
    assert {reference[1:] for reference in page.references} <= set(page.names)
    assert set(re.findall(r"url\(#([^)\"]+)\)", html)) <= set(page.names)


def test_page_says_what_it_must(html: str) -> None:
    text = " ".join(Page(html).text.split())
    assert text.count(DISCLAIMER) == 2
    assert "aematological relapse on day 197" in text
    assert "Up to 5 cycles of 28 \N{MICRO SIGN}g/day for 28 days" in text
    assert "follow_up: 365 d" in text
    assert "scenario sha256" in text
    assert "there are no confidence bands" in text


def test_what_people_wrote_is_escaped(tmp_path: Path) -> None:
    words = {
        "name": '<img src="x" onerror="alert(1)"> & "Co"',
        "description": "</p><script>alert(2)</script>",
    }
    scenario = load_scenario(SCENARIOS / "therapeutic.yaml").model_copy(update=words)
    place = write_result(replace(relapsing(), scenario=scenario), tmp_path / "run", formats=())
    html = (place / "report.html").read_text()
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


def test_interrupted_run_says_so(tmp_path: Path, relapse: Result) -> None:
    for interrupted in (True, False):
        place = write_result(
            replace(relapse, interrupted=interrupted), tmp_path / str(interrupted), formats=()
        )
        assert ("The run was interrupted" in (place / "report.html").read_text()) is interrupted


def test_a_notebook_shows_the_outcomes_and_no_arrays(relapse: Result) -> None:
    assert len(repr(relapse)) < 200
    assert relapse.scenario.name in repr(relapse)
    html = relapse._repr_html_()
    assert len(html) < 5000
    assert "Salvage &lt;b&gt;&amp;" in html and "simulated" in html
    assert "Current leukaemia-free survival" in html


def test_ranges_and_percentages_end_no_line() -> None:
    assert whole("3 of 14 = 21 % (8\N{EN DASH}48)") == (
        "3 of 14 = 21\N{NO-BREAK SPACE}% (8\N{WORD JOINER}\N{EN DASH}\N{WORD JOINER}48)"
    )
    assert whole("a \N{EN DASH} b, % of all") == "a \N{EN DASH} b, % of all"


def test_a_forgotten_value_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(UndefinedError):
        render_page("run.html.j2", name="x")


def test_huge_drawing_becomes_a_png() -> None:
    drawing = b'<?xml version="1.0"?><svg width="3pt" height="3pt" xmlns="http://x"></svg>'
    small = {"png": b"\x89PNG", "svg": drawing}
    assert str(figure_panel("a", "A", "c", small).picture) == "<svg></svg>"
    huge = {"png": b"\x89PNG", "svg": b"<svg>" + b"x" * 1_000_000 + b"</svg>"}
    assert str(figure_panel("a", 'A"', "c", huge).picture).startswith(
        '<img src="data:image/png;base64,iVBORw==" alt="A&#34;"'
    )


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_scenario_has_words(path: Path) -> None:
    scenario = load_scenario(path)
    words = dict(scenario_words(scenario))
    assert words["Transplant"].endswith(".")
    assert (words["Treatment starts"] == "Never.") == (scenario.start.when == "never")
    assert not re.search(r"None|object at|\bnan\b|\(\)", " ".join(words.values()).replace("None.", ""))


@pytest.mark.parametrize(
    ("overrides", "topic", "expected"),
    [
        (["start={when: day, day: day 60}"], "Treatment starts", "On day 60, whatever the marrow shows."),
        (
            ["start={when: mrd, at_least: 1e-4, confirmed_by: 2, not_before: day 90, delay: 0 d}"],
            "Treatment starts",
            "When measured MRD is 1e-4 or more in 2 consecutive tests, not before day 90.",
        ),
        (
            [
                "start={when: any_of, delay: 3 d, triggers: "
                "[{when: overt_relapse, delay: 0 d}, {when: day, day: day 60}]}"
            ],
            "Treatment starts",
            "(when overt relapse is found) or (on day 60, whatever the marrow shows), 3 days later.",
        ),
        (["blinatumomab=null", "dli=null"], "Blinatumomab", "None."),
        (
            ["disease={on: day 200, marrow: 30 %, outside: 1e8 cells}"],
            "Disease",
            "Stated: 30 % blasts in the marrow on day 200, 1e8 outside it. "
            "Before that day none: residual blasts (n_residual_blasts) are not put in.",
        ),
        (
            ["disease={on: day 60, mrd: 1e-3}"],
            "Disease",
            "Stated: 1e-3 blasts in the marrow on day 60. "
            "Before that day none: residual blasts (n_residual_blasts) are not put in.",
        ),
        (
            [
                "blinatumomab={pattern: [{dose: 28 ug/day, for: 7 d}, "
                "{dose: 0 ug/day, for: 7 d}], cycles: 8}",
                "dli=null",
            ],
            "Blinatumomab",
            "Up to 8 cycles of 28 \N{MICRO SIGN}g/day for 7 days then 0 \N{MICRO SIGN}g/day for 7 days.",
        ),
        (
            [
                "monitoring.mrd=null",
                "monitoring.morphology=null",
                "monitoring.blood=null",
                "start={when: never}",
                "blinatumomab=null",
                "dli=null",
            ],
            "Tests",
            "None.",
        ),
        (["processes={gvl: off}"], "Patient", "Switched off: gvl."),
    ],
)
def test_scenario_is_told_as_it_is(overrides: list[str], topic: str, expected: str) -> None:
    scenario = load_scenario(SCENARIOS / "therapeutic.yaml", overrides)
    assert dict(scenario_words(scenario))[topic].endswith(expected)
