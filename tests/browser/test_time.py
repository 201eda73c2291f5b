"""The slider of time in a real browser: back and forth, acting on a past day, undo, and what is saved and opened again."""

import csv
from pathlib import Path
from typing import Any

from .conftest import day_of, wait_for_day, wait_for_earlier_day, weeks


def press(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def slider(page: Any) -> Any:
    return page.get_by_label("Day on the screen", exact=True)


def go_to(page: Any, day: float) -> None:
    box = page.get_by_label("Go to day", exact=True)
    box.fill(f"{day:g}")
    box.press("Enter")


def wait_for_exactly(page: Any, day: float) -> None:
    page.wait_for_function(
        "day => parseFloat((document.querySelector('.tt-badge')?.innerText ?? '').split('Day: ')[1]) === day",
        arg=day,
    )


def test_to_the_end_and_back_by_keys(page: Any) -> None:
    press(page, "To the end")
    wait_for_exactly(page, 120)
    page.locator(".tt-cursor").wait_for(state="hidden")
    slider(page).focus()
    for key, day in (
        ("ArrowLeft", 119),
        ("Shift+ArrowLeft", 112),
        ("Home", -4),
        ("Shift+ArrowRight", 3),
        ("End", 120),
    ):
        page.keyboard.press(key)
        wait_for_exactly(page, day)


def test_keys_of_time_are_heard_on_the_whole_page(page: Any) -> None:
    weeks(page, 2)
    page.locator("h1").click()
    page.keyboard.press("Space")
    wait_for_day(page, 13)
    page.keyboard.press("Space")
    page.get_by_role("button", name="Play", exact=True).wait_for()
    day = day_of(page)
    page.keyboard.press("Shift+ArrowLeft")
    wait_for_earlier_day(page, day)
    page.locator(".tt-field-seed input").focus()
    page.keyboard.press("ArrowLeft")  # a field keeps its keys
    page.wait_for_timeout(400)
    assert day - 7.5 < day_of(page) < day - 6


def test_events_one_after_the_other(page: Any) -> None:
    days: list[float] = [day_of(page)]
    for _ in range(3):
        press(page, "Next event")
        wait_for_day(page, days[-1] + 0.2)
        page.get_by_role("button", name="Play", exact=True).wait_for()
        days.append(day_of(page))
    assert days == sorted(set(days))
    press(page, "Event before")
    wait_for_earlier_day(page, days[-1])


def test_a_day_that_is_none_is_told(page: Any) -> None:
    go_to(page, 500)
    page.get_by_text("A day from -4 to 120").wait_for()
    go_to(page, 20)
    wait_for_exactly(page, 20)


def test_an_act_on_a_past_day_is_another_course_and_undone(page: Any) -> None:
    go_to(page, 60)
    wait_for_exactly(page, 60)
    go_to(page, 20)
    wait_for_exactly(page, 20)
    page.locator(".tt-cursor").wait_for()
    press(page, "Give DLI")
    page.get_by_text("From day 20 on it is another branch").wait_for()
    go_to(page, 70)
    wait_for_exactly(page, 70)
    page.locator(".tt-notice").get_by_text("Another branch since day 20").wait_for()
    page.locator(".tt-log").get_by_text("DLI 1: donor lymphocytes").first.wait_for()
    assert "day 20: DLI 1" in page.locator(".tt-log").inner_text()
    page.wait_for_function("() => location.search.includes('acts=') && location.search.includes('day=70')")
    page.reload()  # both courses come back
    page.locator(".tt-notice").get_by_text("Another branch since day 20").wait_for()
    wait_for_exactly(page, 70)
    page.get_by_role("button", name="Undo the last act (back to day 20)").click()
    wait_for_exactly(page, 20)
    go_to(page, 60)
    wait_for_exactly(page, 60)
    assert "day 20: DLI 1" not in page.locator(".tt-log").inner_text()
    page.wait_for_function("() => !location.search.includes('acts=')")


def test_a_saved_patient_is_opened_again(page: Any, tmp_path: Path) -> None:
    weeks(page, 3)
    press(page, "Take MRD test")
    weeks(page, 2)
    before = page.locator(".tt-badges").inner_text(), page.locator(".tt-log").inner_text()
    press(page, "Save, share, copy")
    with page.expect_download() as saving:
        press(page, "Save this patient")
    file = tmp_path / saving.value.suggested_filename
    saving.value.save_as(file)
    assert file.name == "small-patient-0-seed-5-day-31.patient.yaml"
    link = page.get_by_label("Link", exact=True).input_value()

    broken = tmp_path / "broken.yaml"
    broken.write_text(file.read_text().replace("seed: 5", "sed: 5"))
    chooser = page.locator(".tt-open input")
    chooser.set_input_files(broken)
    page.get_by_text("broken.yaml:4: sed: there is no such key (did you mean 'seed'?)").wait_for()
    weeks(page, 1)
    chooser.set_input_files(file)
    page.get_by_text("will be lost").wait_for()
    press(page, "Begin again")
    wait_for_exactly(page, 31)
    for _ in range(50):
        shown = page.locator(".tt-badges").inner_text(), page.locator(".tt-log").inner_text()
        if shown == before:
            break
        page.wait_for_timeout(200)
    assert shown == before

    page.goto("about:blank")
    page.goto(link)
    wait_for_exactly(page, 31)


def test_charts_maps_and_tables_are_saved(page: Any, tmp_path: Path) -> None:
    weeks(page, 6)

    def saved(name: str) -> Path:
        with page.expect_download() as saving:
            press(page, name)
        file = tmp_path / str(saving.value.suggested_filename)
        saving.value.save_as(file)
        return file

    for part in ("chart", "map"):
        assert saved(f"Save the {part} as PNG").read_bytes().startswith(b"\x89PNG")
        assert saved(f"Save the {part} as SVG").read_text().startswith("<svg")
    rows = list(csv.DictReader(saved("Save the chart as CSV").open()))
    assert float(rows[-1]["day"]) == day_of(page) and float(rows[-1]["blasts_cells"]) > 0
    niches = list(csv.DictReader(saved("Save the map as CSV").open()))
    assert len(niches) == 16 and {"day", "row", "column", "blasts", "engaged"} <= set(niches[0])
    page.get_by_role("tab", name="Twins").click()
    page.locator(".tt-status").wait_for()
    page.wait_for_timeout(1000)
    assert "Treatment started" in saved("Save the table Outcomes of both twins as CSV").read_text()
    assert saved("Save the chart as CSV").read_text().startswith("twin,day,")


def test_charts_are_zoomed_straightened_and_thinned_out(page: Any) -> None:
    weeks(page, 6)
    before = page.locator(".tt-chart").screenshot()
    seen = [before]
    press(page, "Linear axes")
    for step in ("Zoom in", "Later"):
        page.wait_for_timeout(300)
        seen.append(page.locator(".tt-chart").screenshot())
        press(page, step)
    page.wait_for_timeout(300)
    seen.append(page.locator(".tt-chart").screenshot())
    press(page, "All days")
    press(page, "Linear axes")
    page.locator(".tt-curves summary").click()
    page.locator(".tt-curves-list").get_by_label("Tcon").uncheck()
    page.locator(".tt-curves summary").click()
    page.wait_for_timeout(300)
    seen.append(page.locator(".tt-chart").screenshot())
    assert len(set(seen)) == len(seen)


def test_the_map_has_a_day_of_its_own(page: Any) -> None:
    weeks(page, 8)
    day = day_of(page)
    page.get_by_label("Day of the map", exact=True).focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.get_by_text(f"map: day {day - 7:g}").wait_for()
    assert day_of(page) == day
    page.locator(".tt-strip-one").first.click()
    page.get_by_text("map: day -4").wait_for()
    press(page, "Follow")
    page.get_by_text("map: day on the screen").wait_for()


def test_presentation_hides_the_controls_and_ends_with_escape(page: Any) -> None:
    weeks(page, 2)
    press(page, "Present")
    page.locator(".tt-aside").wait_for(state="hidden")
    assert page.locator(".tt-chart").is_visible()
    page.keyboard.press("Escape")
    page.locator(".tt-aside").wait_for()


def test_what_was_here_last_is_offered_when_the_address_is_lost(page: Any) -> None:
    weeks(page, 3)
    day = day_of(page)
    page.wait_for_function(
        "day => (localStorage.getItem('transplant-twin.last') || '').includes('day=' + day)", arg=f"{day:g}"
    )
    page.goto(page.url.partition("?")[0])
    page.get_by_text(f"Here was last: Small, day {day:g}").wait_for()
    press(page, "Bring it back")
    wait_for_exactly(page, day)
