"""The page as Solara serves it: every tab gets a patient of its own."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import solara

from simulation.browser.address import (
    TABS,
    loaded_query,
    patient_query,
    read_query,
    restore_loaded,
    restore_patient,
    restore_twins,
    twins_query,
    written,
)
from simulation.browser.catalogue import (
    Choices,
    Source,
    default_source,
    other_start,
    short,
    sources,
    with_rules,
)
from simulation.browser.components.address_bar import AddressBar
from simulation.browser.components.keep_page import KeepPage
from simulation.browser.frame import Frame
from simulation.browser.frame import Page as Tab
from simulation.browser.kept import TabChoices
from simulation.browser.many_view import ManyView
from simulation.browser.mistakes import mistake_text
from simulation.browser.pages.guide import GuidePage
from simulation.browser.pages.many import ManyPage
from simulation.browser.pages.patient import PatientControls, PatientPage
from simulation.browser.pages.results import ResultsPage
from simulation.browser.pages.twins import TwinsPage
from simulation.browser.server import started
from simulation.browser.session import PatientSession
from simulation.browser.twins import TwinView
from simulation.browser.view import PatientView
from simulation.errors import UserError
from simulation.shipped import SCENARIOS

__all__ = ["Layout", "Page"]

_CSS = Path(__file__).with_name("page.css")
NAME = "Blinatumomab and donor lymphocytes after transplant"


def first_source() -> Source:
    """Return what `view` was started with."""
    return with_rules(_first_alone(), started().rules)


def _first_alone() -> Source:
    start = started()
    if start.file is None:
        return default_source(start.cohort)
    return Source(start.file, start.others, cohort=start.cohort)


def _choices(parts: Mapping[str, str]) -> Choices:
    choices = Choices(sources(_first_alone(), started().rules))
    with suppress(UserError):  # who is of a file that is damaged in the address tells it
        restore_loaded(choices, parts)
    return choices


def _open(parts: Mapping[str, str], choices: Sequence[Source], kept: TabChoices) -> PatientView:
    session = PatientSession(first_source(), started().seed, started().patient)
    try:
        restore_patient(session, parts, choices)
    except UserError as error:
        session = PatientSession(first_source(), started().seed, started().patient)
        session.note = f"The patient of the address could not be brought back: {mistake_text(error, '')}"
    return PatientView(session, kept)


def _first_two() -> tuple[Source, Source]:
    """Return the project's own question: early treatment, and the same patient treated at overt relapse."""
    first, late = first_source(), SCENARIOS / "therapeutic.yaml"
    second = Source(short(late), cohort=first.cohort) if late.is_file() else first
    if started().file is not None and (other := other_start(first)) is not None:
        second = other
    elif started().rules:
        second = _first_alone()  # what the rules change
    return first, second


def _open_twins(parts: Mapping[str, str], choices: Sequence[Source], kept: TabChoices) -> TwinView:
    """Return the patient treated early, and his twin treated at overt relapse."""
    first, second = _first_two()
    twins = TwinView(first, second, started().seed, started().patient, kept)
    try:
        restore_twins(twins, parts, [*choices, first, second])
    except UserError as error:
        twins.errors["strategy_0"] = (
            f"The twins of the address could not be brought back: {mistake_text(error, '')}"
        )
    return twins


def _open_many(parts: Mapping[str, str], choices: Sequence[Source]) -> ManyView:
    many = ManyView(*_first_two(), started().results, parts.get("many.ticket", ""))
    try:
        many.restore(parts, choices)
    except UserError as error:
        many.errors["start"] = (
            f"What the address asks of many patients could not be brought back: {mistake_text(error, '')}"
        )
    return many


@solara.component
def Layout(children: Sequence[Any] = ()) -> None:
    """Stand in for Solara's own layout: the frame of the page is `Frame`."""
    solara.Div(children=list(children), classes=["tt-root"])


@solara.component
def Page() -> None:
    """Show the pages in Mesa's SolaraViz, with the controls of the one that is open."""
    search = solara.use_router().search
    parts = solara.use_memo(lambda: read_query(search), [])
    kept = solara.use_memo(lambda: TabChoices(parts), [])
    choices = solara.use_memo(lambda: _choices(parts), [])
    view = solara.use_memo(lambda: _open(parts, choices, kept), [])
    twins = solara.use_memo(lambda: _open_twins(parts, choices, kept), [])
    many = solara.use_memo(lambda: _open_many(parts, [*choices, *twins.first_sources]), [])

    def others() -> None:
        for one in (view, twins, many):
            one.notify()

    choices.on_change = others
    solara.use_effect(lambda: many.close, [])  # when the tab of the browser goes away
    chosen = solara.use_reactive(TABS.index(parts["tab"]) if parts.get("tab") in TABS else 0)

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
            Tab("Results", lambda _: ResultsPage(kept, watch, watch_twins), chosen),
            Tab("Many patients", lambda _: ManyPage(many, choices, kept, watch, watch_twins), chosen),
            Tab(
                "Guide",
                lambda _: GuidePage(view, choices, kept, chosen.set, watch, watch_twins, ask_many),
                chosen,
            ),
        ]

    pages = solara.use_memo(tabs, [])
    with solara.Div(classes=["tt-app"]):
        solara.Title("transplant-twin")
        solara.Style(_CSS)
        Frame(
            view.model, pages, NAME, (lambda: PatientControls(view, choices)) if chosen.value == 0 else None
        )
        _Address(view, twins, many, choices, chosen, kept)


@solara.component
def _Address(
    view: PatientView, twins: TwinView, many: ManyView, choices: Choices, chosen: Any, kept: TabChoices
) -> None:
    """Keep the address in step: at every change, and once a week of the patient's while he is played."""
    both = (view, twins)
    for one in both:
        one.frame.get()
        one.changed.get()
    moments = [_week(day, one.player.playing) for one in both for day in (one.day, one.reached)]
    _Kept(view, twins, many, choices, chosen, kept, moments)


@solara.component
def _Kept(
    view: PatientView, twins: TwinView, many: ManyView, choices: Choices, chosen: Any, kept: TabChoices, moments: list[float]
) -> None:  # fmt: skip
    """Put what is on all pages into the address, and offer it as a link and a file."""
    for shown in (view.changed, twins.changed, many.changed, chosen):
        shown.get()
    kept.watch()
    go_to = solara.use_reactive("")

    def parts() -> tuple[dict[str, str], bool]:
        loaded = loaded_query(choices)
        short = [source for source in choices if loaded is not None or source not in choices.loaded]
        known = [*short, *twins.first_sources]
        patient = patient_query(view.session, short)
        pair = twins_query(twins, known, moments[2])
        crowd = many.query(known)
        tab = {"tab": TABS[chosen.value]} if chosen.value else {}
        asks = (
            (patient is None and view.session.begun)
            or (pair is None and twins.day > twins.first_day)
            or (crowd is None and many.many.followed_as is not None)
        )
        every = (tab, loaded, patient, pair, crowd, kept.query())
        return {name: text for one in every if one for name, text in one.items()}, asks

    changes = [view.changed.value, twins.changed.value, many.changed.value, chosen.value]
    now, asks = solara.use_memo(parts, [*moments, *changes, tuple(kept.query().items())])
    with solara.Div():
        AddressBar(query=written(now), asks=asks, go_to=go_to.value)
        if not (view.player.playing or twins.player.playing):
            KeepPage(now, go_to)


def _week(day: float, playing: bool) -> float:
    return math.floor(day / 7.0) * 7.0 if playing else day
