"""Many patients and the guide in a real browser."""

from typing import Any


def test_many_patients_come_while_the_page_answers(page: Any) -> None:
    page.get_by_role("tab", name="Many patients").click()
    number = page.locator(".tt-many-number input")
    number.fill("1")
    number.press("Enter")
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_text("2 to 5,000 patients").wait_for()
    number.fill("4")
    number.press("Enter")
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_role("button", name="Stop", exact=True).wait_for()
    page.get_by_role(
        "tab", name="Twins"
    ).click()  # another page is there at once, and nothing is lost meanwhile
    page.locator(".tt-two-maps").wait_for()
    page.get_by_role("tab", name="Many patients").click()
    page.get_by_text("Done: 4 of 4 patients.").wait_for(timeout=120_000)
    page.get_by_text("The patients", exact=True).wait_for()
    page.locator(".tt-course textarea").fill("day,mrd\n30,0\n")
    page.locator(".tt-course textarea").press("Tab")
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_text("nothing found is not nothing there").wait_for()


def test_a_key_is_searched_and_set(page: Any) -> None:
    page.get_by_role("tab", name="Guide").click()
    page.get_by_text("1 of 8").wait_for()
    page.locator(".tt-pages .tt-choice select").first.select_option("3")
    page.locator(".tt-search input").fill("net growth")
    page.get_by_role("button", name="Choose: rate_blast_net_growth", exact=True).click()
    value = page.locator(".tt-value input")
    for text, told in (("0.2", "which has no unit"), ("0.2 /day", "0.2 /day")):
        page.locator(".tt-value input").wait_for()
        value.fill(text)
        value.press("Enter")
        page.get_by_role("button", name="Set", exact=True).click()
        if told != text:
            page.get_by_text(told).wait_for()
    page.get_by_text("Growth of the blasts ↺: 0.2 /day").wait_for()
