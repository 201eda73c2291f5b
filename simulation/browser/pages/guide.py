"""To understand: a tour of the question, presets, why things happened, every key and parameter, the glossary."""

from collections.abc import Callable, Mapping
from typing import Final

import solara

from simulation.browser.catalogue import Source
from simulation.browser.components.choice import Choice
from simulation.browser.components.copy_text import CopyText
from simulation.browser.components.mistake import Mistake
from simulation.browser.components.open_file import OpenFile
from simulation.browser.components.tables import TextTable
from simulation.browser.guide import PRESETS, TOUR, changed, glossary, preset_sources, search, uploaded
from simulation.browser.reproduce import scenario_file
from simulation.browser.view import PatientView
from simulation.browser.why import why
from simulation.errors import UserError

__all__ = ["GuidePage"]

_PARTS: Final = ("Tour", "Presets by question", "Why did this happen", "Every key and parameter", "Glossary")
_MOST: Final = 60


@solara.component
def GuidePage(
    view: PatientView, open_tab: Callable[[int], None], watch: Callable[[Source, int, int], None],
    watch_twins: Callable[[Source, Source, int, int], None], ask_many: Callable[[Source, Source], None],
) -> None:  # fmt: skip
    """Show one part at a time."""
    part = solara.use_reactive(_PARTS[0])
    with solara.Div(classes=["tt-page"]):
        with solara.Div(classes=["tt-pick"]):
            Choice("Guide", list(_PARTS), part)
        if part.value == _PARTS[0]:
            _Tour(open_tab)
        elif part.value == _PARTS[1]:
            _Presets(view, watch_twins, ask_many)
        elif part.value == _PARTS[2]:
            _Why(view)
        elif part.value == _PARTS[3]:
            _Keys(view, watch)
        else:
            _Glossary()


@solara.component
def _Tour(open_tab: Callable[[int], None]) -> None:
    at = solara.use_reactive(0)
    step = TOUR[at.value]
    with solara.v.Html(tag="section", class_="tt-card"):
        solara.v.Html(tag="h2", children=[f"{at.value + 1} of {len(TOUR)}: {step.title}"])
        solara.v.Html(tag="p", class_="tt-tour", children=[step.text], attributes={"role": "status"})
        with solara.Div(classes=["tt-bar"]):
            solara.Button("Back", text=True, disabled=at.value == 0, on_click=lambda: at.set(at.value - 1))
            solara.Button(
                "Next",
                outlined=True,
                disabled=at.value + 1 == len(TOUR),
                on_click=lambda: at.set(at.value + 1),
            )
            solara.Button("Go there", text=True, on_click=lambda: open_tab(step.tab))


@solara.component
def _Presets(
    view: PatientView,
    watch_twins: Callable[[Source, Source, int, int], None],
    ask_many: Callable[[Source, Source], None],
) -> None:
    cohort = view.session.source.cohort
    known = [(preset, pair) for preset in PRESETS if (pair := preset_sources(preset, cohort)) is not None]
    many = solara.use_reactive("twins: one patient both ways")
    ways = ["twins: one patient both ways", "many patients"]

    def open_one(index: int) -> None:
        first, second = known[index][1]
        if many.value == ways[0]:
            watch_twins(first, second, view.shot.seed, view.shot.patient)
        else:
            ask_many(first, second)

    with solara.Div():
        with solara.Div(classes=["tt-pick"]):
            Choice("Open as", ways, many)
        rows = [[preset.question, pair[0].label, pair[1].label, preset.look] for preset, pair in known]
        TextTable(
            ["Question", "A", "B", "Look at"],
            rows,
            on_row=open_one,
            button="Open",
            label="Presets by question",
        )


@solara.component
def _Why(view: PatientView) -> None:
    view.changed.get()
    shot = view.shot
    values = view.session.model.life.values
    rows = []
    for event in reversed(shot.events):
        if event.kind == "test" or event.what.startswith("blood_"):
            continue  # its result tells of it
        reason = why(event, shot.scenario, values, shot.result.columns, shot.outcomes)
        rows.append([f"{event.day:.4g}", event.detail, reason])
    with solara.Div():
        told = f"The patient of the first page until day {shot.day:.4g}: which rule or hazard, which cells, which threshold."
        solara.v.Html(tag="div", class_="tt-note", children=[told])
        if not rows:
            solara.v.Html(
                tag="div", class_="tt-note", children=["Nothing has happened yet: play the patient first."]
            )
        else:
            TextTable(
                ["Day", "What happened", "Why"], rows[:_MOST], label="Why things happened, the latest first"
            )


@solara.component
def _Keys(view: PatientView, watch: Callable[[Source, int, int], None]) -> None:
    view.changed.get()
    asked = solara.use_reactive("")
    key, value = solara.use_reactive(""), solara.use_reactive("")
    mistake, done = solara.use_reactive(""), solara.use_reactive("")
    found, hint = search(asked.value)
    session = view.session

    def attempt(make: Callable[[], Source], words: str) -> None:
        try:
            watch(make(), view.shot.seed, view.shot.patient)
            mistake.value, done.value = "", words
        except UserError as error:
            mistake.value, done.value = str(error), ""

    def put() -> None:
        attempt(lambda: changed(session.source, key.value, value.value), f"{key.value} is set.")

    def opened(file: Mapping[str, str]) -> None:
        name = str(file.get("name", "the file"))
        if "error" in file:
            mistake.value = f"{name}: {file['error']}"
            return
        attempt(
            lambda: uploaded(str(file.get("text", "")), name, session.source.cohort), f"{name} is opened."
        )

    with solara.Div():
        told = f"Set any key of {session.source.label}; the patient of the first page then begins again at transplant."
        solara.v.Html(tag="div", class_="tt-note", children=[told])
        with solara.Div(classes=["tt-bar", "tt-twin-bar"]):
            with solara.Div(classes=["tt-pick", "tt-key"]):
                solara.InputText("Key or parameter", key, dense=True)
            with solara.Div(classes=["tt-pick", "tt-value"]):
                solara.InputText("Value, with its unit", value, dense=True)
            solara.Button("Set", outlined=True, on_click=put)
        Mistake(mistake.value)
        solara.v.Html(tag="div", class_="tt-status", children=[done.value], attributes={"role": "status"})
        with solara.Div(classes=["tt-pick", "tt-search"]):
            solara.InputText("Search keys and parameters", asked, continuous_update=True, dense=True)
        solara.v.Html(tag="div", class_="tt-note", children=[hint])
        rows = [[one.key, one.write, one.default, one.meaning, one.source] for one in found]
        header = ["Key", "Write", "Usual", "Meaning", "Source"]
        TextTable(
            header,
            rows,
            on_row=lambda index: key.set(found[index].key),
            button="Choose",
            label="Keys and parameters",
        )
        OpenFile(label="Open a scenario (YAML)", accept=".yaml,.yml", event_opened=opened)
        if not view.player.playing:
            text = scenario_file(session)
            solara.FileDownload(text, "scenario.yaml", label="Download this scenario (YAML)")
            CopyText(title="This scenario", text=text, lines=6)


@solara.component
def _Glossary() -> None:
    with solara.Div():
        for title, rows in glossary():
            solara.v.Html(tag="h2", class_="tt-group", children=[title])
            TextTable(["Word", "Meaning"], [list(row) for row in rows], label=title)
        if not glossary():
            solara.v.Html(
                tag="div",
                class_="tt-note",
                children=["The glossary is not installed here: docs/glossary.md."],
            )
