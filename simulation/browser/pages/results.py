"""Page 3: results of `run`, `compare` and `sweep`, read from their folder."""

from collections.abc import Callable
from pathlib import Path

import solara

from simulation.browser.catalogue import Source
from simulation.browser.components.result_run import StoredRuns
from simulation.browser.components.result_sweep import StoredSweep
from simulation.browser.components.result_trial import StoredTrial
from simulation.browser.palette import palette
from simulation.browser.results.folders import KINDS, found_folders, open_folder
from simulation.errors import UserError

__all__ = ["ResultsPage"]

_PICK = "(choose one)"


@solara.component
def ResultsPage(
    watch: Callable[[Source, int, int], None], watch_twins: Callable[[Source, Source, int, int], None]
) -> None:
    """Let a folder be named, and show what it holds."""
    colours = palette(bool(solara.lab.use_dark_effective()))
    typed = solara.use_reactive("")
    mistake = solara.use_reactive("")
    opened: solara.Reactive[tuple[Path, str] | None] = solara.use_reactive(None)
    found = solara.use_memo(lambda: [str(path) for path in found_folders()], [])

    def take(text: str) -> None:
        typed.value = text
        try:
            opened.value = open_folder(text)
            mistake.value = ""
        except UserError as error:
            mistake.value = str(error)

    with solara.Div(classes=["tt-page"]):
        with solara.Div(classes=["tt-bar", "tt-twin-bar"]):
            with solara.Div(classes=["tt-folder"]):
                solara.InputText(
                    "Folder of results", typed.value, on_value=lambda text: take(text or ""),
                    error=mistake.value or False, dense=True,
                )  # fmt: skip
            solara.Button("Open", outlined=True, on_click=lambda: take(typed.value))
            if found:
                with solara.Div(classes=["tt-wide"]):
                    solara.Select(
                        "Folders in results/", [_PICK, *found], _PICK, dense=True,
                        on_value=lambda text: take(text) if text != _PICK else None,
                    )  # fmt: skip
        if opened.value is None:
            words = "Name a folder that run, compare or sweep has written: its curves, heat maps and patients are shown here."
            solara.v.Html(tag="div", class_="tt-note", children=[words])
            return
        folder, kind = opened.value
        solara.v.Html(tag="div", class_="tt-note", children=[f"{folder}: {KINDS[kind]}"])
        if kind == "trial":
            StoredTrial(folder, colours, watch_twins).key(str(folder))
        elif kind == "sweep":
            StoredSweep(folder, colours, watch).key(str(folder))
        else:
            StoredRuns(folder, colours, watch).key(str(folder))
