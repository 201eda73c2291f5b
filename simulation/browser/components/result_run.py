"""Stored runs: one with its charts, outcomes and events, or two of several beside each other."""

from collections.abc import Callable
from pathlib import Path

import solara

from simulation.browser.catalogue import Source
from simulation.browser.charts import HEIGHT, base_option, frame_option
from simulation.browser.components.chart import Chart
from simulation.browser.components.choice import Choice
from simulation.browser.components.copy_text import CopyText
from simulation.browser.components.event_log import EventLog, log_lines
from simulation.browser.components.mistake import Mistake
from simulation.browser.components.tables import SaveTable, TextTable
from simulation.browser.exports import columns_csv, twins_csv
from simulation.browser.kept import Room, among
from simulation.browser.palette import Palette
from simulation.browser.results.folders import runs_in
from simulation.browser.results.repeat import run_again
from simulation.browser.results.stored_run import stored_run
from simulation.browser.snapshot import Snapshot
from simulation.browser.twin_charts import HEIGHT as TWIN_HEIGHT
from simulation.browser.twin_charts import twin_frame, twin_option
from simulation.errors import UserError
from simulation.results.words import outcome_table
from simulation.scenario.cohort import NONE

__all__ = ["StoredRuns"]

_ALONE = "(none)"


@solara.component
def StoredRuns(folder: Path, colours: Palette, watch: Callable[[Source, int, int], None], kept: Room) -> None:
    """Show the run, or let one and another of several be chosen."""
    folders = {path.name: path for path in runs_in(folder)}
    names = list(folders)
    first = among(kept["a"], names)
    second = among(kept["b"], [*names, _ALONE], names[1] if len(names) > 1 else _ALONE)

    def read() -> tuple[list[tuple[str, Snapshot]], list[str]]:
        shots, mistakes = [], []
        for name in dict.fromkeys((first, second)):
            if name in folders:
                try:
                    shots.append((name, stored_run(folders[name])))
                except UserError as error:  # its siblings are shown
                    mistakes.append(str(error))
        return shots, mistakes

    shots, mistakes = solara.use_memo(read, [folder, first, second])
    with solara.Div(classes=["tt-bar"]):
        if len(names) > 1:
            with solara.Div(classes=["tt-pick"]):
                Choice("Run A", names, first, on_value=kept["a"].set)
            with solara.Div(classes=["tt-pick"]):
                Choice("Run B", [*names, _ALONE], second, on_value=kept["b"].set)
        for name, shot in shots:
            _Watch(folders[name], shot, name, watch)
    for mistake in mistakes:
        Mistake(mistake)
    _Commands([(name, run_again(folders[name], shot)) for name, shot in shots])
    if len(shots) == 1:
        _One(*shots[0], colours)
    elif shots:
        (name, shot), (other, beside) = shots
        _Two((shot, beside), (name, other), colours)


@solara.component
def _Watch(folder: Path, shot: Snapshot, name: str, watch: Callable[[Source, int, int], None]) -> None:
    source = Source(folder / "scenario.resolved.yaml", title=shot.scenario.name, cohort=NONE)
    mistake = solara.use_reactive("")

    def take() -> None:
        try:
            watch(source, shot.seed, shot.patient)
        except UserError as error:
            mistake.value = str(error)

    solara.Button(f"Watch {name} from transplant on", outlined=True, on_click=take)
    Mistake(mistake.value)


@solara.component
def _Commands(commands: list[tuple[str, str]]) -> None:
    with solara.Div():
        for name, text in commands:
            CopyText(title=f"Command of {name}", text=text, lines=2)


@solara.component
def _One(name: str, shot: Snapshot, colours: Palette) -> None:
    lines = log_lines(shot)
    with solara.Div(classes=["tt-columns"]):
        with solara.Div(classes=["tt-left"]):
            outcomes = [list(row) for row in outcome_table(shot.result)]
            TextTable(["", shot.scenario.name], outcomes, label=f"Outcomes of {name}")
            EventLog(lines, shot.day)
            SaveTable(["when", "what"], lines, label=f"Events of {name}")
        with solara.Div(classes=["tt-right"]):
            Chart(
                option=base_option(colours), frame=frame_option(shot, colours), height=HEIGHT, label="Charts of the run",
                name=name, csv=lambda: columns_csv(shot.result.columns),
            )  # fmt: skip


@solara.component
def _Two(shots: tuple[Snapshot, Snapshot], names: tuple[str, str], colours: Palette) -> None:
    first, second = (dict(outcome_table(shot.result)) for shot in shots)
    rows = [[label, first[label], second.get(label, "")] for label in first]
    differing = [row[1] != row[2] for row in rows]
    with solara.Div(classes=["tt-twin-columns"]):
        with solara.Div(classes=["tt-left"]):
            TextTable(
                ["", f"A: {names[0]}", f"B: {names[1]}"], rows, differing, label="Outcomes of both runs"
            )
        with solara.Div(classes=["tt-right"]):
            Chart(
                option=twin_option(colours), frame=twin_frame(shots, None, colours), height=TWIN_HEIGHT,
                label="Charts of both runs", name=f"{names[0]} {names[1]}",
                csv=lambda: twins_csv([shot.result.columns for shot in shots]),
            )  # fmt: skip
