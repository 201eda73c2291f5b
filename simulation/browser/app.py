"""The page as Solara serves it: every tab gets a patient of its own."""

from pathlib import Path

import solara

from simulation.browser.catalogue import Source, default_source, sources
from simulation.browser.frame import Frame, Page as Tab
from simulation.browser.pages.patient import PatientControls, PatientPage
from simulation.browser.server import started
from simulation.browser.session import PatientSession
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


@solara.component
def Page() -> None:
    """Show the sidebar with the controls, and the pages in Mesa's SolaraViz."""
    view = solara.use_memo(_open, [])
    choices = solara.use_memo(lambda: sources(first_source()), [])
    solara.use_effect(lambda: view.player.pause, [])  # when the tab is closed
    pages = solara.use_memo(lambda: [Tab("One patient", lambda _: PatientPage(view))], [])
    with solara.Div(classes=["tt-app"]):
        solara.Title("transplant-twin")
        solara.Style(_CSS)
        with solara.Sidebar():
            PatientControls(view, choices)
        Frame(view.model, pages, NAME)
