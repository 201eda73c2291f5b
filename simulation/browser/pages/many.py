"""Many patients: a fan that grows while it is computed, a measured course that conditions it, a trial or sweep of the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import solara

from simulation.browser.catalogue import Source
from simulation.browser.components.chart import Chart
from simulation.browser.components.choice import Choice
from simulation.browser.components.copy_text import CopyText
from simulation.browser.components.course_input import CourseInput
from simulation.browser.components.mistake import Mistake
from simulation.browser.components.progress import Progress
from simulation.browser.components.result_sweep import StoredSweep
from simulation.browser.components.result_trial import StoredTrial
from simulation.browser.components.tables import TextTable
from simulation.browser.kept import Room, TabChoices
from simulation.browser.many import KINDS
from simulation.browser.many_charts import HEIGHT, fan_option, waiting_option
from simulation.browser.many_view import NO_SECOND, ManyView, patient_rows
from simulation.browser.palette import Palette, palette
from simulation.browser.reproduce import many_command, with_version
from simulation.browser.results.folders import kind_of
from simulation.errors import UserError
from simulation.forecast import Forecast
from simulation.forecast.words import RESEARCH_ONLY, answer, course_rows, how_sure, outcome_rows

__all__ = ["ManyPage"]

_SHADES: Final = (
    "Lines: median; darker shade: 5\N{EN DASH}95 % of patients at one set of parameter values; lighter: under parameter sets "
    "that fit the published data as well."
)
_ONE_SHADE: Final = (
    "Lines: median; shade: 5\N{EN DASH}95 % of patients who are alive. The lowest line of an axis holds what is "
    "below it."
)
_TOOLS: Final = 48  # px, what stands above the chart
_REPORT: Final = "width: 100%; height: 80vh; border: 0; background: #FFFFFF"
type Watch = Callable[[Source, int, int], None]
type WatchTwins = Callable[[Source, Source, int, int], None]


@solara.component
def ManyPage(
    view: ManyView, choices: list[Source], kept: TabChoices, watch: Watch, watch_twins: WatchTwins
) -> None:
    """Show what is asked, how far it is, the fan, and what came of it."""
    colours = palette(bool(solara.lab.use_dark_effective()))
    with solara.Div(classes=["tt-page"]):
        _Asked(view, choices)
        _Status(view)
        with solara.Div(classes=["tt-twin-columns"]):
            with solara.Div(classes=["tt-left"]):
                CourseInput(view)
                _Words(view)
            with solara.Div(classes=["tt-right"]):
                _Fan(view, colours)
        _Cohort(view, watch, watch_twins)
        _Command(view)
        _Study(view, kept, colours, watch, watch_twins)


@solara.component
def _Asked(view: ManyView, choices: list[Source]) -> None:
    view.changed.get()
    asked = view.asked
    known = [*choices, *(source for source in asked.sources if source not in choices)]
    labels = [source.label for source in known]
    second = asked.sources[1].label if len(asked.sources) > 1 else NO_SECOND

    def choose(which: int, label: str) -> None:
        view.choose(which, None if label == NO_SECOND else known[labels.index(label)])

    with solara.Div(classes=["tt-bar", "tt-twin-bar"]):
        with solara.Div(classes=["tt-pick"]):
            Choice("Strategy A", labels, asked.sources[0].label, on_value=lambda label: choose(0, label))
        with solara.Div(classes=["tt-pick"]):
            Choice("Strategy B", [NO_SECOND, *labels], second, on_value=lambda label: choose(1, label))
        with solara.Div(classes=["tt-pick"]):
            words = list(KINDS.values())
            names = {kind_words: name for name, kind_words in KINDS.items()}
            Choice(
                "Who is followed",
                words,
                KINDS[asked.kind],
                on_value=lambda chosen: view.put(kind=names[chosen]),
            )
        fields = [("number", "How many"), ("seed", "Seed")] + (
            [("patient", "Patient")] if asked.kind == "chance" else []
        )
        for name, label in fields:
            with solara.Div(classes=["tt-number", f"tt-many-{name}"]):
                solara.InputText(
                    label, getattr(asked, name), dense=True, error=view.errors.get(name, False),
                    on_value=lambda text, name=name: view.put(**{name: text or ""}),
                )  # fmt: skip
        solara.Switch(
            label="Parameter sets too",
            value=asked.posterior,
            on_value=lambda on: view.put(posterior=bool(on)),
        )
    Mistake(view.errors.get("start"))


@solara.component
def _Status(view: ManyView) -> None:
    view.frame.get()
    view.changed.get()
    many = view.many
    with solara.Div(classes=["tt-bar"]):
        solara.Button(
            "Start", color="primary", on_click=view.start, disabled=many.running, classes=["tt-many-start"]
        )
        solara.Button("Stop", outlined=True, on_click=view.stop, disabled=not many.running)
        with solara.Div(style={"flex": "1", "min-width": "220px"}):
            Progress("Patients followed", many.done, many.wanted, many.status())
    ended = many.mistake if many.state == "failed" else None
    Mistake(str(ended) if ended is not None else None)


@solara.component
def _Fan(view: ManyView, colours: Palette) -> None:
    view.frame.get()
    view.changed.get()
    forecast = view.many.forecast()
    second = view.many.forecast(second=True)
    option = waiting_option(colours) if forecast is None else fan_option(forecast, second, colours)
    label = "Fan of many patients: blasts in the marrow and CD3 in blood over time, median and 5 to 95 % per strategy"
    Chart(option=option, frame={}, height=HEIGHT + _TOOLS, label=label)
    solara.v.Html(tag="div", class_="tt-note", children=[_ONE_SHADE if second is None else _SHADES])


@solara.component
def _Words(view: ManyView) -> None:
    view.frame.get()
    forecast = view.many.forecast()
    with solara.Div():
        for note in view.many.notes:
            solara.v.Html(tag="div", class_="tt-note", children=[note])
        if forecast is None:
            return
        if forecast.conditioned:
            solara.v.Html(tag="div", class_="tt-note", style_="font-weight: 500", children=[RESEARCH_ONLY])
            if not forecast.enough and not view.many.running:
                _Refused(forecast)
                return
        for sentence in (*answer(forecast), *how_sure(forecast)):
            solara.v.Html(tag="div", class_="tt-note", children=[sentence])
        if forecast.conditioned:
            header, *rows = course_rows(forecast)
            TextTable(header, rows, label="What was measured, and what these patients have")


def _Refused(forecast: Forecast) -> None:
    try:
        forecast.require()
    except UserError as error:
        Mistake(str(error).replace(" (--patients", " (How many").replace("(--cohort)", "(view --cohort)"))


@solara.component
def _Cohort(view: ManyView, watch: Watch, watch_twins: WatchTwins) -> None:
    """Show outcomes and the patients, each of whom can be watched; not while they still come, and not too few of them."""
    view.frame.get()
    forecast = view.many.forecast()
    mistake = solara.use_reactive("")
    with solara.Div():
        if forecast is None or view.many.running or (forecast.conditioned and not forecast.enough):
            return
        header, *rows = outcome_rows(forecast)
        solara.v.Html(tag="h2", class_="tt-group", children=["Outcomes"])
        TextTable(header, rows, label="Outcomes of these patients")
        numbers, table = patient_rows(forecast)
        asked = view.many.followed_as
        if asked is None or asked.kind != "patients" or not numbers:
            return

        def look(index: int) -> None:
            try:
                if len(asked.sources) > 1:
                    watch_twins(asked.sources[0], asked.sources[1], forecast.question.seed, numbers[index])
                else:
                    watch(asked.sources[0], forecast.question.seed, numbers[index])
                mistake.value = ""
            except UserError as error:
                mistake.value = str(error)

        names = [source.label for source in asked.sources]
        columns = [
            "Patient",
            "Weight" if forecast.conditioned else "",
            *names,
            *(["B less A, days"] if len(names) > 1 else []),
        ]
        solara.v.Html(tag="h2", class_="tt-group", children=["The patients"])
        Mistake(mistake.value)
        label = "The patients, each of whom can be watched from transplant on"
        if forecast.conditioned:  # her past is none of the strategies': watched, they would not be the same
            TextTable(columns, table, label="The patients, the heaviest first")
        else:
            TextTable(columns, table, on_row=look, button="Watch", label=label)


@solara.component
def _Command(view: ManyView) -> None:
    view.changed.get()
    followed = view.many.followed_as
    command = "" if followed is None else many_command(followed)
    with solara.Div():
        if command:
            CopyText(title="Command for these patients", text=with_version(command), lines=2)


@solara.component
def _Study(view: ManyView, kept: TabChoices, colours: Palette, watch: Watch, watch_twins: WatchTwins) -> None:
    view.changed.get()
    study = view.study
    with solara.v.Html(tag="section", class_="tt-card"):
        solara.v.Html(tag="h2", children=["A small trial or sweep of these strategies"])
        hint = f"Of so many patients and that seed as above. It leaves a folder in {study.root}, as compare and sweep do."
        solara.v.Html(tag="div", class_="tt-hint", children=[hint])
        with solara.Div(classes=["tt-bar", "tt-twin-bar"]):
            for name, label in (
                ("key", "Sweep along (a key or parameter)"),
                ("values", "Values, parted by commas"),
            ):
                with solara.Div(classes=["tt-pick", f"tt-many-{name}"]):
                    solara.InputText(
                        label, getattr(view, name), dense=True, error=view.errors.get(name, False),
                        on_value=lambda text, name=name: view.put(**{name: text or ""}),
                    )  # fmt: skip
            solara.Button(
                "Start trial",
                outlined=True,
                disabled=study.running,
                on_click=lambda: view.start_study(sweep=False),
            )
            solara.Button(
                "Start sweep",
                outlined=True,
                disabled=study.running,
                on_click=lambda: view.start_study(sweep=True),
            )
            solara.Button("Stop the study", outlined=True, disabled=not study.running, on_click=study.stop)
        Mistake(view.errors.get("study") or (str(study.mistake) if study.mistake else None))
        Progress("Progress of the study", study.done, study.wanted, study.status())
        if study.folder is not None and not study.running:
            _Finished(study.folder, kept.room("study"), colours, watch, watch_twins).key(str(study.folder))


@solara.component
def _Finished(folder: Path, kept: Room, colours: Palette, watch: Watch, watch_twins: WatchTwins) -> None:
    is_open = kept["report"].value == "open"
    kind = kind_of(folder)
    report = folder / ("analysis/report.html" if kind == "sweep" else "report.html")
    with solara.Div():
        solara.v.Html(tag="div", class_="tt-note", children=[f"Results: {folder}"])
        if kind == "trial":
            StoredTrial(folder, colours, watch_twins, kept)
        elif kind == "sweep":
            StoredSweep(folder, colours, watch, kept)
        if report.is_file():
            words = "Hide the report" if is_open else "Show the report"
            solara.Button(
                words, outlined=True, on_click=lambda: kept["report"].set("" if is_open else "open")
            )
            if is_open:
                text = report.read_text(encoding="utf-8")
                about = {"srcdoc": text, "sandbox": "", "title": "Report of the study"}
                solara.v.Html(tag="iframe", class_="tt-report", style_=_REPORT, attributes=about)
