"""To understand: a tour of the question, presets, why things happened, every key and parameter, the glossary."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import solara

from simulation.browser.catalogue import Choices, Source
from simulation.browser.components.choice import Choice
from simulation.browser.components.copy_text import CopyText
from simulation.browser.components.mistake import Mistake
from simulation.browser.components.open_file import OpenFiles, text_of
from simulation.browser.components.tables import TextTable
from simulation.browser.guide import PRESETS, TOUR, glossary, preset_sources, rule_entries, search
from simulation.browser.kept import TabChoices, among, number
from simulation.browser.own_scenarios import changed, pairs_of, uploaded_all
from simulation.browser.reproduce import scenario_file
from simulation.browser.view import PatientView
from simulation.browser.why import why
from simulation.errors import UserError

__all__ = ["GuidePage"]

_PARTS: Final = ("Tour", "Presets by question", "Why did this happen", "Every key and parameter", "Glossary")
_WAYS: Final = ("twins: one patient both ways", "many patients")
_MOST: Final = 60
_EXAMPLE: Final = "one key a line, such as\nrate_blast_net_growth: 0.1 /day\ndli.every: 28 d"


@solara.component
def GuidePage(
    view: PatientView, choices: Choices, kept: TabChoices, open_tab: Callable[[int], None],
    watch: Callable[[Source, int, int], None], watch_twins: Callable[[Source, Source, int, int], None],
    ask_many: Callable[[Source, Source], None],
) -> None:  # fmt: skip
    """Show one part at a time."""
    part = among(kept["guide"], _PARTS)
    with solara.Div(classes=["tt-page"]):
        with solara.Div(classes=["tt-pick"]):
            Choice("Guide", list(_PARTS), part, on_value=kept["guide"].set)
        if part == _PARTS[0]:
            _Tour(kept, open_tab)
        elif part == _PARTS[1]:
            _Presets(view, kept, watch_twins, ask_many)
            _Scenarios(view, choices, watch)
        elif part == _PARTS[2]:
            _Why(view)
        elif part == _PARTS[3]:
            _Keys(view, choices, kept, watch)
        else:
            _Glossary()


@solara.component
def _Tour(kept: TabChoices, open_tab: Callable[[int], None]) -> None:
    at = number(kept["guide.step"], len(TOUR) - 1)
    step = TOUR[at]

    def go(to: int) -> None:
        kept["guide.step"].value = str(to)

    with solara.v.Html(tag="section", class_="tt-card"):
        solara.v.Html(tag="h2", children=[f"{at + 1} of {len(TOUR)}: {step.title}"])
        solara.v.Html(tag="p", class_="tt-tour", children=[step.text], attributes={"role": "status"})
        with solara.Div(classes=["tt-bar"]):
            solara.Button("Back", text=True, disabled=at == 0, on_click=lambda: go(at - 1))
            solara.Button("Next", outlined=True, disabled=at + 1 == len(TOUR), on_click=lambda: go(at + 1))
            solara.Button("Go there", text=True, on_click=lambda: open_tab(step.tab))


@solara.component
def _Presets(
    view: PatientView,
    kept: TabChoices,
    watch_twins: Callable[[Source, Source, int, int], None],
    ask_many: Callable[[Source, Source], None],
) -> None:
    cohort = view.session.source.cohort
    known = [(preset, pair) for preset in PRESETS if (pair := preset_sources(preset, cohort)) is not None]
    way = among(kept["guide.as"], _WAYS)

    def open_one(index: int) -> None:
        first, second = known[index][1]
        if way == _WAYS[0]:
            watch_twins(first, second, view.shot.seed, view.shot.patient)
        else:
            ask_many(first, second)

    with solara.Div():
        with solara.Div(classes=["tt-pick"]):
            Choice("Open as", list(_WAYS), way, on_value=kept["guide.as"].set)
        rows = [[preset.question, pair[0].label, pair[1].label, preset.look] for preset, pair in known]
        TextTable(
            ["Question", "A", "B", "Look at"],
            rows,
            on_row=open_one,
            button="Open",
            label="Presets by question",
        )


@solara.component
def _Scenarios(view: PatientView, choices: Choices, watch: Callable[[Source, int, int], None]) -> None:
    """Show every scenario in its file's words; its button takes it to the first page."""
    view.changed.get()
    mistake = solara.use_reactive("")
    labels = tuple(source.label for source in choices)

    def read() -> list[list[str]]:
        loaded = [(source.label, source.load()) for source in choices]
        return [[label, scenario.name, scenario.description] for label, scenario in loaded]

    def look(index: int) -> None:
        try:
            watch(choices[index], view.shot.seed, view.shot.patient)
            mistake.value = ""
        except UserError as error:
            mistake.value = str(error)

    rows = solara.use_memo(read, [labels])
    with solara.Div():
        solara.v.Html(tag="h2", class_="tt-group", children=["Every scenario"])
        Mistake(mistake.value)
        header = ["Scenario", "Its name", "What it is"]
        TextTable(header, rows, on_row=look, button="Watch", label="Every scenario")


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
        caption = f"The patient of the first page until day {shot.day:.4g}: which rule or hazard, which cells, which threshold."
        solara.v.Html(tag="div", class_="tt-note", children=[caption])
        if not rows:
            solara.v.Html(
                tag="div", class_="tt-note", children=["Nothing has happened yet: play the patient first."]
            )
        else:
            TextTable(
                ["Day", "What happened", "Why"], rows[:_MOST], label="Why things happened, the latest first"
            )


@solara.component
def _Keys(
    view: PatientView, choices: Choices, kept: TabChoices, watch: Callable[[Source, int, int], None]
) -> None:
    view.changed.get()
    asked, wanted = kept["guide.search"], kept["guide.set"]
    mistake, done = solara.use_reactive(""), solara.use_reactive("")
    session = view.session
    entries, hint = search(asked.value, more=rule_entries(session.scenario.plugin))

    def attempt(make: Callable[[], tuple[Source, str]]) -> None:
        try:
            source, words = make()
            watch(source, view.shot.seed, view.shot.patient)
            mistake.value, done.value = "", words
        except UserError as error:
            mistake.value, done.value = str(error), ""

    def put() -> tuple[Source, str]:
        pairs = pairs_of(wanted.value)
        return changed(session.source, *pairs), f"Set: {', '.join(key for key, _ in pairs)}."

    def opened(files: Sequence[Mapping[str, str]]) -> None:
        def make() -> tuple[Source, str]:
            sources = uploaded_all(dict(map(text_of, files)), session.source.cohort)
            choices.add(sources)
            names = " and ".join(source.label for source in sources)
            return sources[0], f"Opened, and among the scenarios and strategies of every page: {names}."

        attempt(make)

    def choose(index: int) -> None:
        line = f"{entries[index].key}: {entries[index].default}"
        wanted.value = f"{wanted.value.rstrip()}\n{line}".lstrip()

    with solara.Div():
        caption = f"Set keys of {session.source.label}; the patient of the first page then begins again at transplant."
        solara.v.Html(tag="div", class_="tt-note", children=[caption])
        with solara.Div(classes=["tt-bar", "tt-twin-bar"]):
            with solara.Div(classes=["tt-set"]):
                solara.v.Textarea(
                    label="Keys with their values", v_model=wanted.value, rows=3, dense=True, outlined=True, hide_details=True,
                    placeholder=_EXAMPLE, on_v_model=lambda text: wanted.set(text or ""),
                )  # fmt: skip
            solara.Button("Set", outlined=True, on_click=lambda: attempt(put))
        Mistake(mistake.value)
        solara.v.Html(tag="div", class_="tt-status", children=[done.value], attributes={"role": "status"})
        with solara.Div(classes=["tt-pick", "tt-search"]):
            solara.InputText("Search keys and parameters", asked, continuous_update=True, dense=True)
        solara.v.Html(tag="div", class_="tt-note", children=[hint])
        rows = [[one.key, one.write, one.default, one.meaning, one.source] for one in entries]
        header = ["Key", "Write", "Usual", "Meaning", "Source"]
        TextTable(header, rows, on_row=choose, button="Choose", label="Keys and parameters")
        OpenFiles("Open scenarios (YAML), one or several; they may extend one another", ".yaml,.yml", opened)
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
