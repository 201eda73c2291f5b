"""The page as Solara serves it: every tab gets a patient of its own."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import solara

from simulation.browser.address import (
    TABS,
    patient_query,
    read_query,
    restore_patient,
    restore_twins,
    twins_query,
    written,
)
from simulation.browser.catalogue import Source, default_source, other_start, short, sources
from simulation.browser.components.address_bar import AddressBar
from simulation.browser.frame import Frame
from simulation.browser.frame import Page as Tab
from simulation.browser.many_view import ManyView
from simulation.browser.pages.guide import GuidePage
from simulation.browser.pages.many import ManyPage
from simulation.browser.pages.patient import PatientControls, PatientPage
from simulation.browser.pages.results import ResultsPage
from simulation.browser.pages.twins import TwinsPage
from simulation.browser.server import started
from simulation.browser.session import PatientSession, told
from simulation.browser.twins import TwinView
from simulation.browser.view import PatientView
from simulation.errors import UserError
from simulation.shipped import SCENARIOS

__all__ = ["Layout", "Page"]

_CSS = Path(__file__).with_name("page.css")
NAME = "Blinatumomab and donor lymphocytes after transplant"


def first_source() -> Source:
    """Return what `view` was started with."""
    start = started()
    if start.file is None:
        return default_source(start.cohort)
    return Source(start.file, start.settings, cohort=start.cohort)


def _open(parts: Mapping[str, str], choices: Sequence[Source]) -> PatientView:
    session = PatientSession(first_source(), started().seed, started().patient)
    try:
        restore_patient(session, parts, choices)
    except UserError as error:
        session = PatientSession(first_source(), started().seed, started().patient)
        session.note = f"The patient of the address could not be brought back: {told(error, '')}"
    return PatientView(session)


def _first_two() -> tuple[Source, Source]:
    """Return the project's own question: early treatment, and the same patient treated at overt relapse."""
    first, late = first_source(), SCENARIOS / "therapeutic.yaml"
    second = Source(short(late), cohort=first.cohort) if late.is_file() else first
    if started().file is not None and (other := other_start(first)) is not None:
        second = other
    return first, second


def _open_twins(parts: Mapping[str, str], choices: Sequence[Source]) -> TwinView:
    """Return the patient treated early, and his twin treated at overt relapse."""
    first, second = _first_two()
    twins = TwinView(first, second, started().seed, started().patient)
    try:
        restore_twins(twins, parts, [*choices, first, second])
    except UserError as error:
        twins.errors["strategy_0"] = f"The twins of the address could not be brought back: {told(error, '')}"
    return twins


@solara.component
def Layout(children: Sequence[Any] = ()) -> None:
    """Stand in for Solara's own layout: the frame of the page is `Frame`."""
    solara.Div(children=list(children), classes=["tt-root"])


@solara.component
def Page() -> None:
    """Show the pages in Mesa's SolaraViz, with the controls of the one that is open."""
    search = solara.use_router().search
    parts = solara.use_memo(lambda: read_query(search), [])
    choices = solara.use_memo(lambda: sources(first_source()), [])
    view = solara.use_memo(lambda: _open(parts, choices), [])
    twins = solara.use_memo(lambda: _open_twins(parts, choices), [])
    many = solara.use_memo(lambda: ManyView(*_first_two(), started().results), [])
    solara.use_effect(lambda: many.close, [])  # when the tab of the browser goes away
    chosen = solara.use_reactive(TABS.index(parts["tab"]) if parts.get("tab") in TABS else 0)
    folder = solara.use_reactive(parts.get("folder", ""))

    def watch(source: Source, seed: int, patient: int) -> None:
        view.player.pause()
        view.session.open(source, seed, patient)
        view.refresh()
        chosen.value = 0

    def watch_twins(first: Source, second: Source, seed: int, patient: int) -> None:
        twins.player.pause()
        twins.open(first, second, seed, patient)
        chosen.value = 1

    def ask_many(first: Source, second: Source) -> None:
        many.put(sources=(first, second))
        chosen.value = TABS.index("many")

    def tabs() -> list[Tab]:
        return [
            Tab("One patient", lambda _: PatientPage(view, choices), chosen),
            Tab("Twins", lambda _: TwinsPage(twins, choices), chosen),
            Tab("Results", lambda _: ResultsPage(folder, watch, watch_twins), chosen),
            Tab("Many patients", lambda _: ManyPage(many, choices, watch, watch_twins), chosen),
            Tab("Guide", lambda _: GuidePage(view, chosen.set, watch, watch_twins, ask_many), chosen),
        ]

    pages = solara.use_memo(tabs, [])
    with solara.Div(classes=["tt-app"]):
        solara.Title("transplant-twin")
        solara.Style(_CSS)
        Frame(
            view.model, pages, NAME, (lambda: PatientControls(view, choices)) if chosen.value == 0 else None
        )
        _Address(view, twins, choices, chosen, folder)


@solara.component
def _Address(view: PatientView, twins: TwinView, choices: list[Source], chosen: Any, folder: Any) -> None:
    """Keep the address in step: at every change, and once a week of the patient's while he is played."""
    for shown in (view.frame, view.changed, twins.frame, twins.changed):
        shown.get()
    days = [_week(one.day, one.player.playing) for one in (view, twins)]
    reached = [_week(one.reached, one.player.playing) for one in (view, twins)]

    def parts() -> tuple[str, bool]:
        patient = patient_query(view.session, choices)
        pair = twins_query(twins, [*choices, *twins.first_sources], days[1])
        tab = {"tab": TABS[chosen.value]} if chosen.value else {}
        about = {"folder": folder.value} if folder.value else {}
        asks = (patient is None and view.session.begun) or (pair is None and twins.day > twins.first_day)
        return written({**tab, **(patient or {}), **(pair or {}), **about}), asks

    moments = [*days, *reached, view.changed.value, twins.changed.value, chosen.value, folder.value]
    query, asks = solara.use_memo(parts, moments)
    AddressBar(query=query, asks=asks)


def _week(day: float, playing: bool) -> float:
    return math.floor(day / 7.0) * 7.0 if playing else day
