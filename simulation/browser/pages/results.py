"""Page 3: results of `run`, `compare` and `sweep`, read from their folder."""

from collections.abc import Callable, Mapping
from pathlib import Path

import solara

from simulation.browser.catalogue import Source
from simulation.browser.components.choice import Choice
from simulation.browser.components.result_run import StoredRuns
from simulation.browser.components.result_sweep import StoredSweep
from simulation.browser.components.result_trial import StoredTrial
from simulation.browser.components.tables import TextTable
from simulation.browser.kept import TabChoices
from simulation.browser.palette import palette
from simulation.browser.results.folders import KINDS, kind_of, open_folder, result_folders
from simulation.browser.server import started
from simulation.errors import UserError
from simulation.shipped import PROGRAM

__all__ = ["ResultsPage"]

_PICK = "(choose one)"
_EXAMPLE = (
    f"{PROGRAM} compare scenarios/trials/therapeutic_vs_preemptive.yaml --patients 8 --out results/compared"
)


@solara.component
def ResultsPage(
    kept: TabChoices,
    watch: Callable[[Source, int, int], None],
    watch_twins: Callable[[Source, Source, int, int], None],
) -> None:
    """Let a folder be named, and show what it holds."""
    colours = palette(bool(solara.lab.use_dark_effective()))
    folder, room = kept["folder"], kept.room("results")
    typed = solara.use_reactive(folder.value)
    mistake = solara.use_reactive("")
    opened: solara.Reactive[tuple[Path, str] | None] = solara.use_reactive(None)
    kind_by_folder = solara.use_memo(
        lambda: {str(path): KINDS[kind_of(path) or "run"] for path in result_folders(started().results)}, []
    )

    def take(text: str) -> None:
        typed.value = text
        if text != folder.value:
            room.forget()
        try:
            opened.value = open_folder(text, started().results)
            mistake.value, folder.value = "", text
        except UserError as error:
            mistake.value = str(error)
            opened.value, folder.value = None, ""  # what was shown before has another name

    solara.use_effect(
        lambda: take(folder.value) if folder.value else None, []
    )  # that of the address, or of last time

    with solara.Div(classes=["tt-page"]):
        with solara.Div(classes=["tt-bar", "tt-twin-bar"]):
            with solara.Div(classes=["tt-folder"]):
                solara.InputText(
                    "Folder of results", typed.value, on_value=lambda text: take(text or ""),
                    error=mistake.value or False, dense=True,
                )  # fmt: skip
            solara.Button("Open", outlined=True, on_click=lambda: take(typed.value))
            if kind_by_folder:
                with solara.Div(classes=["tt-wide"]):
                    Choice(
                        "Folders with results", [_PICK, *kind_by_folder], _PICK,
                        on_value=lambda text: take(text) if text != _PICK else None,
                    )  # fmt: skip
        if opened.value is None:
            _Folders(kind_by_folder, take)
            return
        shown, kind = opened.value
        solara.v.Html(tag="div", class_="tt-note", children=[f"{shown}: {KINDS[kind]}"])
        if kind == "trial":
            StoredTrial(shown, colours, watch_twins, room).key(str(shown))
        elif kind == "sweep":
            StoredSweep(shown, colours, watch, room).key(str(shown))
        else:
            StoredRuns(shown, colours, watch, room).key(str(shown))


@solara.component
def _Folders(kind_by_folder: Mapping[str, str], take: Callable[[str], None]) -> None:
    """Show the folders in the usual place, or how to get one."""
    words = "Name a folder that run, compare or sweep has written: its curves, heat maps and patients are shown here."
    solara.v.Html(tag="div", class_="tt-note", children=[words])
    if kind_by_folder:
        folders = list(kind_by_folder)
        TextTable(
            ["Folder", "What it holds"], [[folder, kind_by_folder[folder]] for folder in folders],
            on_row=lambda index: take(folders[index]), button="Open", label="Folders with results, the newest first",
        )  # fmt: skip
        return
    solara.v.Html(tag="div", class_="tt-note", children=["There is none in results/ yet. This makes one:"])
    solara.v.Html(tag="pre", class_="tt-note", children=[_EXAMPLE])
