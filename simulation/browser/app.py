"""The page as Solara serves it: every tab gets a patient of its own."""

from pathlib import Path

import solara

from simulation.browser.catalogue import SHIPPED, Source, default_source, other_start, short, sources
from simulation.browser.frame import Frame
from simulation.browser.frame import Page as Tab
from simulation.browser.pages.patient import PatientControls, PatientPage
from simulation.browser.pages.results import ResultsPage
from simulation.browser.pages.twins import TwinsPage
from simulation.browser.server import started
from simulation.browser.session import PatientSession
from simulation.browser.twins import TwinView
from simulation.browser.view import PatientView

__all__ = ["Page"]

_CSS = Path(__file__).with_name("page.css")
NAME = "Blinatumomab and donor lymphocytes after transplant"


def first_source() -> Source:
    """Return what `view` was started with."""
    start = started()
    return default_source() if start.file is None else Source(start.file, start.settings)


def _open() -> PatientView:
    return PatientView(PatientSession(first_source(), started().seed, started().patient))


def _open_twins() -> TwinView:
    """Return the project's own question: the patient treated early, and his twin treated at overt relapse."""
    first, late = first_source(), SHIPPED / "therapeutic.yaml"
    second = Source(short(late)) if late.is_file() else first
    if started().file is not None and (other := other_start(first)) is not None:
        second = other
    return TwinView(first, second, started().seed, started().patient)


@solara.component
def Page() -> None:
    """Show the sidebar with the controls, and the pages in Mesa's SolaraViz."""
    view = solara.use_memo(_open, [])
    twins = solara.use_memo(_open_twins, [])
    choices = solara.use_memo(lambda: sources(first_source()), [])
    chosen = solara.use_reactive(0)

    def watch(source: Source, seed: int, patient: int) -> None:
        view.player.pause()
        view.session.open(source, seed, patient)
        view.refresh()
        chosen.value = 0

    def watch_twins(first: Source, second: Source, seed: int, patient: int) -> None:
        twins.player.pause()
        twins.open(first, second, seed, patient)
        chosen.value = 1

    def tabs() -> list[Tab]:
        return [
            Tab("One patient", lambda _: PatientPage(view), chosen),
            Tab("Twins", lambda _: TwinsPage(twins, choices), chosen),
            Tab("Results", lambda _: ResultsPage(watch, watch_twins), chosen),
        ]

    pages = solara.use_memo(tabs, [])
    with solara.Div(classes=["tt-app"]):
        solara.Title("transplant-twin")
        solara.Style(_CSS)
        if chosen.value == 0:
            with solara.Sidebar():
                PatientControls(view, choices)
        Frame(view.model, pages, NAME)
