"""Pages 2 and 3 in a real browser."""

import shutil
import subprocess
import sys
from typing import Any

import pytest

from .conftest import ROOT, Server, day_of, start_server, wait_for_day, weeks

SWEEP = """name: Small sweep
arms: {early: early.yaml, late: late.yaml}
parameters:
  dli.cd3: {times: [1, 10], label: Dose relative to the scenario's}
  rate_blast_net_growth: {values: [0.05 /day, 0.1 /day]}
design: {kind: grid}
cohort: {size: 1}
seed: 1
outcomes: [final_blasts, agvhd_2_4]
"""
ARM = "follow_up: 40 d\nmarrow: {rows: 3, columns: 3}\npatient: {n_residual_blasts: 1e7 cells}\n"


def week(page: Any, n: int = 1) -> None:
    for _ in range(n):
        before = page.locator(".tt-status").inner_text()
        page.get_by_role("button", name="One week").click()
        page.wait_for_function(
            "before => (document.querySelector('.tt-status')?.innerText ?? '') !== before", arg=before
        )


def test_twins_are_alike_until_they_part(page: Any) -> None:
    page.get_by_role("tab", name="Twins").click()
    page.locator(".tt-status").wait_for()
    week(page, 3)
    assert "Identical so far" in page.locator(".tt-status").inner_text()
    assert page.locator(".tt-differs").count() == 0
    week(page, 3)  # small.yaml treats from day 30, its twin at overt relapse
    assert "Identical until day 30" in page.locator(".tt-status").inner_text()
    assert (
        "≠ Blinatumomab" in page.locator(".tt-differs").all_inner_texts()[1]
        or page.locator(".tt-differs").count() >= 2
    )


def test_twins_play_in_step_and_begin_again(page: Any) -> None:
    page.get_by_role("tab", name="Twins").click()
    page.locator(".tt-status").wait_for()
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(
        "() => parseFloat((document.querySelector('.tt-status')?.innerText ?? '').slice(4)) > 5"
    )
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function(
        "() => parseFloat((document.querySelector('.tt-status')?.innerText ?? '').slice(4)) < 0"
    )


def test_a_wrong_seed_leaves_the_twins_as_they_are(page: Any) -> None:
    page.get_by_role("tab", name="Twins").click()
    page.locator(".tt-status").wait_for()
    week(page)
    status = page.locator(".tt-status").inner_text()
    box = page.locator(".tt-twin-seed")
    box.locator("input").fill("x")
    box.locator("input").press("Enter")
    box.get_by_text("whole number").wait_for()
    assert page.locator(".tt-status").inner_text() == status


def test_a_change_asks_before_the_twins_are_discarded(page: Any) -> None:
    page.get_by_role("tab", name="Twins").click()
    page.locator(".tt-status").wait_for()
    week(page)
    status = page.locator(".tt-status").inner_text()
    box = page.locator(".tt-twin-patient input")
    box.fill("3")
    box.press("Enter")
    page.get_by_text("both twins begin again at transplant").wait_for()
    assert page.locator(".tt-status").inner_text() == status
    page.get_by_role("button", name="Keep this patient").click()
    page.wait_for_function("() => document.querySelector('.tt-twin-patient input').value === '0'")
    assert page.locator(".tt-status").inner_text() == status
    box.fill("3")
    box.press("Enter")
    page.get_by_role("button", name="Begin again").click()
    page.get_by_text("Patient 3 is one of the standard cohort").wait_for()
    page.wait_for_function(
        "was => (document.querySelector('.tt-status') || {innerText: was}).innerText !== was", arg=status
    )


@pytest.fixture(scope="module")
def stored(server: Server) -> Server:
    """Leave results of `run` and `compare` in the server's folder."""
    folder = server.folder
    if (folder / "results" / "trial").exists():
        return server
    (folder / "early.yaml").write_text(
        "name: Early\n" + ARM + "start: {when: day, day: day 10}\ndli: {cd3: [1e6/kg]}\n"
    )
    (folder / "late.yaml").write_text(
        "name: Late\n" + ARM + "start: {when: day, day: day 30}\ndli: {cd3: [1e6/kg]}\n"
    )
    (folder / "sweep.yaml").write_text(SWEEP)
    for words in (
        ("sweep", "sweep.yaml", "--out", "results/sweep", "--workers", "1", "-q"),
        ("run", "early.yaml", "late.yaml", "--out", "results/runs", "--no-figures", "-q"),
        (
            "compare",
            "early.yaml",
            "late.yaml",
            "--patients",
            "3",
            "--workers",
            "0",
            "--out",
            "results/trial",
            "--no-figures",
            "-q",
        ),
    ):
        done = subprocess.run(
            [sys.executable, str(ROOT / "run_sim.py"), *words],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    return server


def open_results(page: Any, folder: str, kind: str) -> None:
    page.get_by_role("tab", name="Results").click()
    box = page.get_by_label("Folder of results")
    box.fill(folder)
    box.press("Enter")
    page.get_by_text(f"{folder}: {kind}").wait_for()


def test_results_in_the_usual_place_are_offered(page: Any, stored: Server) -> None:
    page.get_by_role("tab", name="Results").click()
    table = page.locator(".tt-table")
    table.get_by_text("results/trial").wait_for()
    assert all(kind in table.inner_text() for kind in ("a comparison", "a sweep", "several runs"))
    table.locator("tr", has_text="results/runs").get_by_role("button", name="Open").click()
    page.get_by_text("results/runs: several runs").wait_for()


def test_stored_runs_are_shown_beside_each_other(page: Any, stored: Server) -> None:
    open_results(page, "results/runs", "several runs")
    assert "≠ Treatment started" in page.locator(".tt-table").first.inner_text()
    page.get_by_role("button", name="Watch early from transplant on").click()
    page.get_by_role("button", name="Give DLI").wait_for()


def test_a_comparison_is_shown_and_its_patients_are_watched(page: Any, stored: Server) -> None:
    open_results(page, "results/trial", "a comparison")
    assert "Acute GvHD II\N{EN DASH}IV" in page.locator(".tt-table").first.inner_text()
    page.get_by_role("button", name="Watch as twins").first.click()
    page.get_by_text("Identical so far").wait_for()
    assert (
        "B: Late" in page.locator(".tt-table").inner_text()
        or "B: Early" in page.locator(".tt-table").inner_text()
    )


def test_a_sweep_is_shown_as_a_map_and_its_patients_are_watched(page: Any, stored: Server) -> None:
    open_results(page, "results/sweep", "a sweep")
    canvas = page.locator(".tt-chart canvas").first
    canvas.wait_for()
    page.wait_for_timeout(1000)
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * 0.3, "y": box["height"] * 0.3})
    page.get_by_role("button", name="Watch").first.wait_for()
    places = page.get_by_label("Single patients of")
    chosen = "() => { const list = document.querySelector('.tt-right select'); return list.options[list.selectedIndex].text; }"
    assert page.evaluate(chosen) == "Dose relative to the scenario's: ×1; rate_blast_net_growth (/day): 0.1"
    places.select_option(
        "Dose relative to the scenario's: ×10; rate_blast_net_growth (/day): 0.1"
    )  # without pointing
    page.wait_for_function(f"() => ({chosen})().includes('scenario\\'s: ×10; ')")
    page.get_by_role("button", name="Watch").first.click()
    page.get_by_role("button", name="Give DLI").wait_for()


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("", "got nothing"),
        ("results/nowhere", "no folder"),
        ("results/empty", "no results"),
        ("/etc", "only what is in results"),
    ],
)
def test_a_folder_without_results_is_told_beside_the_field(
    page: Any, server: Server, folder: str, words: str
) -> None:
    page.get_by_role("tab", name="Results").click()
    page.get_by_label("Folder of results").fill(folder)
    page.get_by_role("button", name="Open").first.click()
    message = page.locator(".tt-folder .v-messages__message")
    message.get_by_text(words).wait_for()


def test_a_damaged_run_leaves_page_and_siblings(page: Any, stored: Server) -> None:
    runs = stored.folder / "results" / "runs"
    names = sorted(path.name for path in runs.iterdir() if path.is_dir())
    for name in ("zz_short", "zz_list"):
        shutil.copytree(runs / names[0], runs / name)
    table = runs / "zz_short" / "trajectory.csv"
    table.write_text(table.read_text().rpartition(",")[0])
    (runs / "zz_list" / "summary.json").write_text("[]")
    open_results(page, "results/runs", "several runs")
    for name, message in (("zz_short", "is not what was written"), ("zz_list", "is not what was written")):
        page.get_by_label("Run B").select_option(name)
        page.locator(".tt-mistake").get_by_text(message).wait_for()
        page.get_by_role("button", name=f"Watch {names[0]} from transplant on").wait_for()
    box = page.get_by_label("Folder of results")
    box.fill("results/nowhere")
    box.press("Enter")
    page.locator(".tt-folder .v-messages__message").get_by_text("no folder").wait_for()
    page.get_by_text("results/runs: several runs").wait_for(
        state="detached"
    )  # no old result under a new name


def test_a_patient_of_a_results_folder_comes_back_by_the_address(page: Any, stored: Server) -> None:
    open_results(page, "results/runs", "several runs")
    page.get_by_role("button", name="Watch early from transplant on").click()
    page.get_by_role("button", name="Give DLI").wait_for()
    weeks(page, 1)
    day = day_of(page)
    page.wait_for_function(
        "() => decodeURIComponent(location.search).includes('\"yaml\":')"
    )  # his scenario is none of the choices: it is packed
    page.wait_for_timeout(500)
    page.reload()
    page.get_by_role("button", name="Give DLI").wait_for()
    wait_for_day(page, day)
    assert day_of(page) == day


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_results(chromium: Any, stored: Server, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = chromium.new_context(viewport={"width": 1280, "height": 2000}, color_scheme=scheme)
    context.set_default_timeout(30_000)
    context.add_cookies([stored.cookie])
    page = context.new_page()
    for folder in ("runs", "trial", "sweep"):
        page.goto(f"{stored.address}?tab=results&folder=results/{folder}")
        page.locator(".tt-chart canvas").first.wait_for()
        page.wait_for_timeout(500)
        violations = axe.run(page).response["violations"]
        assert {one["id"]: [node["html"][:200] for node in one["nodes"]] for one in violations} == {}, folder
    context.close()


def test_ctrl_c_ends_the_server_while_a_tab_is_open(able: None, chromium: Any, tmp_path: Any) -> None:
    running = start_server(tmp_path)
    context = chromium.new_context()
    context.add_cookies([running.cookie])
    page = context.new_page()
    page.goto(running.address)
    page.get_by_role("button", name="Play").wait_for(timeout=60_000)
    assert running.stop() == 0
    context.close()
