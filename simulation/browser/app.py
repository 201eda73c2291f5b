"""The page as Solara serves it: every tab gets a patient of its own."""

import os
from pathlib import Path

import solara

from simulation.browser.catalogue import Source, default_source, sources
from simulation.browser.frame import Frame, Page as Tab
from simulation.browser.pages.patient import PatientControls, PatientPage
from simulation.browser.session import PatientSession
from simulation.browser.view import PatientView

__all__ = ["Page"]

_CSS = Path(__file__).with_name("page.css")
NAME = "Blinatumomab and donor lymphocytes after transplant"


def first_source() -> Source:
    """Return what `view` was started with; the server's process has it in its environment."""
    path = os.environ.get("TRANSPLANT_TWIN_SCENARIO")
    settings = tuple(os.environ.get("TRANSPLANT_TWIN_SET", "").split("\0")) if os.environ.get("TRANSPLANT_TWIN_SET") else ()
    return Source(Path(path), settings) if path else default_source()


def _open() -> PatientView:
    seed = int(os.environ.get("TRANSPLANT_TWIN_SEED", "0"))
    patient = int(os.environ.get("TRANSPLANT_TWIN_PATIENT", "0"))
    return PatientView(PatientSession(first_source(), seed, patient))


@solara.component
def Page() -> None:
    """Show the sidebar with the controls, and the pages in Mesa's SolaraViz."""
    view = solara.use_memo(_open, [])
    choices = solara.use_memo(lambda: sources(first_source()), [])
    solara.use_effect(lambda: view.player.pause, [])  # when the tab is closed
    solara.Title("transplant-twin")
    solara.Style(_CSS)
    with solara.Sidebar():
        PatientControls(view, choices)
    pages = solara.use_memo(lambda: [Tab("One patient", lambda _: PatientPage(view))], [])
    Frame(view.model, pages, NAME)
