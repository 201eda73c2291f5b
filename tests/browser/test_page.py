"""Page 1 in a real browser."""

import csv
import io
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from simulation import __version__

from .conftest import ROOT, Server, day_of, wait_for_day, wait_for_earlier_day, weeks

ANSWER_S = 1.0  # within which pause and reset answer
# A frame takes 34 ms on the machine of docs/browser.md, and 80 on one that does this work in 24 ms at best. The limit is for one
# that does it in 12, half as long: nobody has measured that, and it is stricter than three times the frame there or here.
FRAME_MS = 100
WORK_MS = 12.0
WORK = """() => {
  const began = performance.now(), found = new Map();
  for (let i = 0; i < 200000; i++) {
    const key = "k" + (i % 997);
    found.set(key, (found.get(key) ?? 0) + Math.sqrt(i));
  }
  return performance.now() - began;
}"""


def colours_in(picture: bytes) -> int:
    from PIL import Image

    result = Image.open(io.BytesIO(picture)).convert("RGB").getcolors(maxcolors=2**24)
    return len(result or [])


def press(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_every_page_shows_something(page: Any) -> None:
    weeks(page, 1)
    pictures = [page.screenshot()]
    for tab in ("Twins", "Results"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(1500)
        pictures.append(page.screenshot())
    assert all(colours_in(picture) > 100 for picture in pictures)
    assert len(set(pictures)) == 3


def test_nothing_hides_beyond_the_right_edge_at_1280_by_800(page: Any) -> None:
    for tab in ("One patient", "Twins", "Results"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(800)
        assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth + 1"), tab


@pytest.mark.timed
def test_play_and_pause(page: Any) -> None:
    answers = []
    for until in (5, 8, 11, 14, 17):
        press(page, "Play")
        wait_for_day(page, until)
        began = time.perf_counter()
        press(page, "Pause")
        page.get_by_role("button", name="Play", exact=True).wait_for()
        answers.append(time.perf_counter() - began)
    in_time(answers)
    page.wait_for_timeout(500)
    day = day_of(page)
    page.wait_for_timeout(1500)
    assert day_of(page) == day


def test_step_and_week(page: Any) -> None:
    weeks(page, 1)
    day = day_of(page)
    page.get_by_role("button", name="Step (12 h)").click()
    wait_for_day(page, day + 0.2)
    assert day_of(page) == pytest.approx(day + 0.5, abs=0.051)


@pytest.mark.timed
def test_reset_while_it_plays(page: Any) -> None:
    press(page, "Play")
    answers = []
    for _ in range(5):
        wait_for_day(page, 12)
        began = time.perf_counter()
        page.get_by_role("button", name="Reset").click()
        wait_for_earlier_day(page, 12)
        answers.append(time.perf_counter() - began)
    in_time(answers)
    wait_for_day(page, 5)  # it plays on


def in_time(answers: list[float]) -> None:
    """Expect answers within a second; twice as long for the one that meets a machine doing something else."""
    assert sorted(answers)[len(answers) // 2] < ANSWER_S and max(answers) < 2 * ANSWER_S, answers


@pytest.mark.timed
@pytest.mark.parametrize(("speed", "few"), [("10 days/s", 25), ("fastest", 4)])
def test_frames_of_the_default_patient_are_drawn_in_time(page: Any, speed: str, few: int) -> None:
    choose(page, "Scenario ↺", "Preemptive")
    page.get_by_text("Preemptive: the patient begins again.").wait_for()
    choose(page, "Speed", speed)
    page.evaluate(
        """() => {
          window.frames_ms = [];
          const shown = document.querySelector(".tt-badges");
          new MutationObserver(() => window.frames_ms.push(Number(shown.dataset.frameMs)))
            .observe(shown, { attributes: true, attributeFilter: ["data-frame-ms"] });
        }"""
    )
    work = [page.evaluate(WORK) for _ in range(10)]
    press(page, "Play")
    typical = []  # of a few frames each: a busy machine delays some of them, a slow page all
    for _ in range(12):
        page.wait_for_function("n => window.frames_ms.length >= n", arg=few)
        times = page.evaluate("window.frames_ms.splice(0)")
        typical.append(sorted(times)[len(times) // 2])
        work += [page.evaluate(WORK) for _ in range(3)]
        limit = FRAME_MS * max(min(work) / WORK_MS, 1.0)  # at its best the machine is what it is, busy or not
        if min(typical) <= limit:
            break
        if speed == "fastest":  # a year is over in some ten frames
            page.get_by_role("button", name="Play", exact=True).wait_for()  # it has ended
            press(page, "Reset")
            wait_for_earlier_day(page, 12)
            page.evaluate("window.frames_ms.splice(0)")
            press(page, "Play")
    assert min(typical) <= limit, (typical, limit)


def choose(page: Any, label: str, option: str) -> None:
    """Choose an option of a list."""
    page.get_by_label(label, exact=True).select_option(option)


def test_log_and_outcomes_are_seen_without_scrolling_at_1280_by_800(page: Any) -> None:
    weeks(page, 8)
    parts = [page.locator(".tt-log"), page.locator(".tt-chart").first]
    assert all(bottom(part) <= 800 for part in parts)
    log = page.locator(".tt-log")
    assert log.evaluate("log => log.clientHeight") > 120
    page.get_by_role("tab", name="Twins").click()
    page.locator(".tt-status").wait_for()
    # the table moves up once fonts and maps are there
    page.wait_for_function("() => document.querySelector('.tt-table').getBoundingClientRect().bottom <= 800")


def bottom(part: Any) -> float:
    return float(part.evaluate("part => part.getBoundingClientRect().bottom"))


def test_a_slider_asks_before_the_patient_is_discarded(page: Any) -> None:
    weeks(page, 2)
    day = day_of(page)
    shown = page.locator(".tt-field-growth .tt-slider-label")
    slider = page.locator(".tt-field-growth [role=slider]")
    before = shown.inner_text()
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.get_by_text(f"Day {day:g} will be lost").wait_for()
    page.wait_for_function(
        "before => document.querySelector('.tt-field-growth .tt-slider-label').innerText !== before",
        arg=before,
    )
    assert day_of(page) == day
    press(page, "Keep this patient")
    page.wait_for_function(
        "before => document.querySelector('.tt-field-growth .tt-slider-label').innerText === before",
        arg=before,
    )
    assert day_of(page) == day
    slider.focus()
    page.keyboard.press("ArrowRight")
    press(page, "Begin again")
    page.get_by_text("The change restarts the patient").wait_for()
    assert shown.inner_text() != before
    wait_for_earlier_day(page, 1)
    press(page, "Play")
    wait_for_day(page, 5)


def test_a_plan_may_change_without_a_restart(page: Any) -> None:
    weeks(page, 2)
    day = day_of(page)
    field = page.locator(".tt-field-blinatumomab_dose input")
    field.fill("9")
    field.press("Enter")
    page.get_by_text("The plan is changed; the patient goes on.").wait_for()
    assert day_of(page) == day
    weeks(page, 4)
    assert "9 µg/day" in page.locator(".tt-badges").first.inner_text()
    assert (
        "↺" in page.locator(".tt-field-blinatumomab_dose label").inner_text()
    )  # from now on it would restart


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("seed", "-3", "whole number"),
        ("blinatumomab_dose", "many", "dose rate"),
        ("dli_cd3", "1e5, x", "cells per kg"),
        ("start_day", "soon", "day"),
        ("treg_ratio", "-1", "Treg per Tcon"),
        ("mrd_every", "0", "time"),
    ],
)
def test_a_mistake_is_told_beside_its_field(page: Any, field: str, typed: str, words: str) -> None:
    weeks(page, 1)
    day = day_of(page)
    box = page.locator(f".tt-field-{field}")
    right = box.locator("input").input_value()
    box.locator("input").fill(typed)
    box.locator("input").press("Enter")
    message = box.locator(".v-messages__message")
    message.get_by_text("Expected").wait_for()
    assert words in message.inner_text() and day_of(page) == day
    box.locator("input").fill(right)
    box.locator("input").press("Enter")
    page.wait_for_function("name => !document.querySelector(`.tt-field-${name} .error--text`)", arg=field)
    assert day_of(page) == day


def test_a_mistake_in_an_act_is_told_and_nothing_is_done(page: Any) -> None:
    weeks(page, 1)
    page.get_by_label("Dose now").fill("a lot")
    page.get_by_label("Dose now").press("Enter")
    press(page, "Give DLI")
    message = page.locator(".tt-act .v-messages__message").get_by_text("cells per kg")
    message.wait_for()
    weeks(page, 1)
    assert "DLI" not in page.locator(".tt-log").inner_text()
    page.get_by_label("Dose now").fill("1e6")
    page.get_by_label("Dose now").press("Enter")
    message.wait_for(state="hidden")  # it was about what stood there before


def test_acts_by_hand_and_the_command_that_repeats_them(page: Any, server: Server) -> None:
    weeks(page, 2)
    press(page, "Give DLI")
    press(page, "Take MRD test")
    weeks(page, 1)
    press(page, "Start blinatumomab")
    weeks(page, 1)
    press(page, "Stop blinatumomab")
    weeks(page, 1)
    page.get_by_text("Blinatumomab infusion ends (ordered by hand)").wait_for()
    log = page.locator(".tt-log").inner_text()
    assert "DLI 1: donor lymphocytes" in log and "ordered by hand" in log
    page.get_by_role("button", name="Save, share, copy").click()
    command, text = (page.get_by_label(name, exact=True).input_value() for name in ("Command", "YAML"))
    badges = page.locator(".tt-badges").first.inner_text()

    assert command.endswith(f"# transplant-twin {__version__}")
    rows = [_last_row(server, command, "by_command")]
    (server.folder / "copied.yaml").write_text(text)
    first_line = text.splitlines()[0].removeprefix("# ").replace("THIS_FILE.yaml", "copied.yaml")
    rows.append(_last_row(server, first_line, "by_file"))
    assert rows[0] == rows[1]
    assert "--days 31 " in command and float(rows[0]["day"]) == day_of(page) == 31.0
    from simulation.number_words import number_text

    assert number_text(float(rows[0]["blasts_cells"])) in badges


def _last_row(server: Server, command: str, out: str) -> dict[str, str]:
    words = [
        sys.executable,
        str(ROOT / "run_sim.py"),
        *shlex.split(command, comments=True)[2:],
        "--out",
        out,
        "--no-figures",
        "-q",
    ]
    subprocess.run(words, cwd=server.folder, check=True, capture_output=True, timeout=300)
    with (server.folder / out / "trajectory.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))[-1]


def test_the_map_lists_the_agents_of_a_niche(page: Any) -> None:
    weeks(page, 1)
    page.locator(".tt-map").first.click(position={"x": 30, "y": 30})
    page.get_by_text("Agents in niche row 1, column 1").wait_for()
    table = page.locator(".tt-table").first.inner_text()
    assert "Tcon" in table and "Blasts" in table and "exhaustion" in table


def test_the_map_by_keyboard(page: Any) -> None:
    weeks(page, 1)
    page.locator(".tt-map").first.focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.get_by_text("Agents in niche row 2, column 2").wait_for()


def test_layers_can_be_switched(page: Any) -> None:
    weeks(page, 2)
    image = page.locator(".tt-map img").first
    before = image.get_attribute("src")
    choose(page, "Map of the marrow", "Treg")
    page.wait_for_function("before => document.querySelector('.tt-map img').src !== before", arg=before)
    page.locator(".tt-legend").first.get_by_text("cells per niche").wait_for()


def test_two_tabs_do_not_share_a_patient(open_tab: Callable[[], Any]) -> None:
    first, second = open_tab(), open_tab()
    weeks(first, 2)
    assert day_of(first) > 9 and day_of(second) < 0
    weeks(second, 1)
    assert day_of(second) < day_of(first)


def test_light_and_dark(page: Any) -> None:
    light = page.screenshot()
    page.evaluate("localStorage.setItem(':solara:theme.variant', JSON.stringify('dark'))")
    page.reload()
    page.get_by_role("button", name="Play").wait_for()
    page.wait_for_timeout(2000)
    dark = page.screenshot()
    assert _brightness(dark) < 100 < _brightness(light) and colours_in(dark) > 100


def _brightness(picture: bytes) -> float:
    from PIL import Image, ImageStat

    return float(ImageStat.Stat(Image.open(io.BytesIO(picture)).convert("L")).mean[0])
