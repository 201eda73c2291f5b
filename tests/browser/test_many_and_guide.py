"""Many patients and the guide in a real browser."""

from pathlib import Path
from typing import Any

from .conftest import SMALL, settled


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
    page.reload()
    page.get_by_text("Done: 4 of 4 patients.").wait_for()  # they are not followed anew
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
    field = page.locator(".tt-set textarea").first
    page.wait_for_function(
        "() => document.querySelector('.tt-set textarea').value.startsWith('rate_blast_net_growth: ')"
    )
    for text, message in (("0.2", "which has no unit"), ("0.2 /day", "")):
        field.fill(f"rate_blast_net_growth: {text}\nmonitoring.mrd.every: 14 d")
        field.press("Tab")
        page.get_by_role("button", name="Set", exact=True).click()
        if message:
            page.get_by_text(message).wait_for()
    page.get_by_text("Growth of the blasts ↺: 0.2 /day").wait_for()
    page.wait_for_function(
        "() => decodeURIComponent(location.search).includes('growth=0.2') && !location.search.includes('tab=')"
    )
    page.reload()
    page.get_by_text("Growth of the blasts ↺: 0.2 /day").wait_for()
    page.get_by_role("tab", name="Guide").click()
    page.locator(".tt-set textarea").first.wait_for()
    assert page.locator(".tt-search input").input_value() == "net growth"


def test_several_files_are_opened_and_can_be_chosen(page: Any) -> None:
    page.get_by_role("tab", name="Guide").click()
    page.get_by_text("1 of 8").wait_for()
    page.locator(".tt-pages .tt-choice select").first.select_option("3")
    base = {"name": "base.yaml", "mimeType": "text/yaml", "buffer": SMALL.encode()}
    mine = {"name": "mine.yaml", "mimeType": "text/yaml", "buffer": b"extends: base.yaml\nname: Mine\n"}
    page.get_by_label("Open scenarios").set_input_files([mine])
    page.get_by_text("names a file, which the page does not open").wait_for()
    settled(page)  # the field for files is made anew with the message
    page.get_by_label("Open scenarios").set_input_files([mine, base])
    page.locator(".tt-choice select").filter(has_text="mine.yaml").first.wait_for()
    page.wait_for_function(  # the address follows the page, which is the patient's now
        "() => location.search.includes('loaded=') && !location.search.includes('tab=')"
    )
    page.reload()
    page.locator(".tt-choice select").filter(has_text="mine.yaml").first.wait_for()


def test_a_page_is_saved_and_opened_again(page: Any, tmp_path: Path) -> None:
    page.get_by_role("tab", name="Guide").click()
    page.get_by_text("1 of 8").wait_for()
    page.get_by_role("button", name="Next", exact=True).click()
    page.get_by_text("2 of 8").wait_for()
    page.get_by_role("button", name="Save or share the whole page").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save this page").click()
    saved.value.save_as(tmp_path / "my.page.yaml")
    page.get_by_role("button", name="Next", exact=True).click()
    page.get_by_text("3 of 8").wait_for()
    page.get_by_label("Open a saved page").set_input_files(tmp_path / "my.page.yaml")
    page.get_by_text("2 of 8").wait_for()


def test_a_table_is_saved_as_a_picture(page: Any, tmp_path: Path) -> None:
    page.get_by_role("tab", name="Guide").click()
    page.get_by_text("1 of 8").wait_for()
    page.locator(".tt-pages .tt-choice select").first.select_option("1")
    for kind, begins in (("PNG", b"\x89PNG"), ("SVG", b"<svg"), ("CSV", b"Question,A,B")):
        with page.expect_download() as saved:
            page.get_by_role("button", name=f"Save the table Presets by question as {kind}").click()
        saved.value.save_as(tmp_path / "table")
        assert (tmp_path / "table").read_bytes().startswith(begins)
