"""Acts by hand in a real browser: once, taken back, undone; and what leaving the page keeps."""

from typing import Any

from .conftest import day_of, settled, wait_for_day, wait_for_earlier_day, weeks


def press(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_a_double_click_gives_one_infusion(page: Any) -> None:
    weeks(page, 2)
    press(page, "Play")  # a step may pass between the two clicks
    page.get_by_role("button", name="Give DLI").dblclick()
    wait_for_day(page, 14)
    press(page, "Pause")
    page.locator(".tt-log").get_by_text("DLI 1:").wait_for()
    assert "DLI 2:" not in page.locator(".tt-log").inner_text()


def test_an_order_shows_its_dose_and_is_taken_back(page: Any) -> None:
    weeks(page, 2)
    press(page, "Give DLI")
    page.get_by_text("Waits for the next step: DLI 1e6 CD3+ cells/kg").wait_for()
    page.locator(".tt-log").get_by_text("not done yet: DLI 1e6").wait_for()
    page.get_by_role("button", name="Cancel: DLI").click()
    page.get_by_text("Taken back").wait_for()
    weeks(page, 1)
    assert "DLI" not in page.locator(".tt-log").inner_text()


def test_an_act_is_undone(page: Any) -> None:
    weeks(page, 2)
    day = day_of(page)
    press(page, "Give DLI")
    weeks(page, 2)
    page.get_by_role("button", name=f"Undo the last act (back to day {day:g})").click()
    wait_for_earlier_day(page, day + 1)
    settled(page)
    assert day_of(page) == day and "DLI" not in page.locator(".tt-log").inner_text()


def test_acts_that_make_no_sense_are_told(page: Any) -> None:
    page.get_by_label("Dose now").fill("0")
    page.get_by_label("Dose now").press("Enter")
    weeks(page, 1)
    press(page, "Give DLI")
    page.locator(".tt-act").get_by_text("no cells").wait_for()
    page.get_by_label("Dose now").fill("1e308")
    page.get_by_label("Dose now").press("Enter")
    press(page, "Give DLI")
    page.locator(".tt-act").get_by_text("beyond any number").wait_for()


def test_a_test_by_hand_is_answered_in_the_log(page: Any) -> None:
    weeks(page, 2)
    press(page, "Take MRD test")
    day = day_of(page)
    weeks(page, 1)
    page.locator(".tt-log").get_by_text(f"aspirate of day {day:g}").first.wait_for()


def test_reloading_brings_the_patient_back(page: Any) -> None:
    weeks(page, 2)
    field = page.locator(".tt-field-blinatumomab_dose input")
    field.fill("9")
    field.press("Enter")
    page.get_by_text("The plan is changed").wait_for()
    press(page, "Give DLI")
    weeks(page, 3)
    before = _shown(page)
    page.wait_for_function("day => location.search.includes('day=' + day)", arg=f"{day_of(page):g}")
    page.reload()
    page.get_by_role("button", name="Play").wait_for()
    page.locator("canvas").first.wait_for()
    assert _shown(page, before) == before and field.input_value() == "9"


def test_back_and_forward_bring_the_patient_back(page: Any) -> None:
    weeks(page, 2)
    before = _shown(page)
    page.wait_for_function("day => location.search.includes('day=' + day)", arg=f"{day_of(page):g}")
    page.goto("about:blank")
    page.go_back()
    page.get_by_role("button", name="Play").wait_for()
    page.locator(".tt-badge").first.wait_for()
    assert _shown(page, before) == before


def _shown(page: Any, wanted: tuple[str, str] | None = None) -> tuple[str, str]:
    """Return badges and log; a busy machine gets ten seconds until they show what is wanted."""
    for _ in range(50):
        shown = page.locator(".tt-badges").first.inner_text(), page.locator(".tt-log").inner_text()
        if wanted is None or shown == wanted:
            break
        page.wait_for_timeout(200)
    return shown


def test_the_open_page_and_folder_stand_in_the_address(page: Any) -> None:
    page.get_by_role("tab", name="Twins").click()
    page.wait_for_function("() => location.search.includes('tab=twins')")
    page.reload()
    page.locator(".tt-status").wait_for()


def test_an_address_that_names_nobody_is_told(page: Any) -> None:
    base = page.url.partition("?")[0]
    for query, message in (("scenario=Nobody&seed=1", "no scenario"), ("scenario=Small&seed=x", "whole number"),
                        ("scenario=Small&acts=%5B1%5D", "brought back"), ("scenario=Small&day=soon", "is no day")):  # fmt: skip
        page.goto(f"{base}?{query}")
        page.get_by_role("button", name="Play").wait_for()
        page.locator(".tt-notice").get_by_text(message).wait_for()
