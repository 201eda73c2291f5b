"""A stored sweep: heat map of two factors or curve of one, per arm or as the difference of arms, and its single runs."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import solara

from simulation.browser.catalogue import Source
from simulation.browser.components.chart import Chart
from simulation.browser.components.choice import Choice
from simulation.browser.components.copy_text import CopyText
from simulation.browser.components.mistake import Mistake, use_stored
from simulation.browser.components.tables import TextTable
from simulation.browser.kept import Room, among
from simulation.browser.palette import Palette
from simulation.browser.results.repeat import sweep_again
from simulation.browser.results.result_charts import heat_option, line_option
from simulation.browser.results.sweep_folder import Axis, Cell, SweepFolder, read_sweep
from simulation.errors import UserError
from simulation.number_words import number_text

__all__ = ["StoredSweep"]

_NONE = "(none: a curve)"
_NOWHERE = "(click a cell, or choose one here)"


@solara.component
def StoredSweep(
    folder: Path, colours: Palette, watch: Callable[[Source, int, int], None], kept: Room
) -> None:
    """Show the sweep."""
    sweep = use_stored(read_sweep, folder)
    if sweep is not None:
        _Sweep(sweep, colours, watch, kept)


@solara.component
def _Sweep(
    sweep: SweepFolder, colours: Palette, watch: Callable[[Source, int, int], None], kept: Room
) -> None:
    titles = {factor.title: factor.name for factor in sweep.factors}
    outcomes = {outcome.title: outcome.name for outcome in sweep.outcomes}
    arms = list(sweep.plan.arm_names)
    shows = [*arms, *(f"{a} minus {b}" for a in arms for b in arms if a != b)]
    across = among(kept["across"], list(titles))
    others = [title for title in titles if title != across]
    up = among(kept["up"], [*others, _NONE])
    outcome = among(kept["outcome"], list(outcomes))
    show = among(kept["show"], shows)

    def choose(name: str) -> Callable[[str], None]:
        def take(words: str) -> None:
            kept[name].value, kept["cell"].value = words, ""

        return take

    with solara.Div(classes=["tt-bar"]):
        for label, values, name, chosen in (
            ("Outcome, mean of the patients", list(outcomes), "outcome", outcome),
            ("Across", list(titles), "across", across), ("Up", [*others, _NONE], "up", up),
            ("Arm, or difference", shows, "show", show),
        ):  # fmt: skip
            with solara.Div(classes=["tt-wide"]):
                Choice(label, values, chosen, on_value=choose(name))
    x = sweep.axis(titles[across])
    y = sweep.axis(titles[up]) if up in titles else None
    name = outcomes[outcome]
    grids = {arm: sweep.grid(x, y, name, arm) for arm in arms}

    def picked(event: Any) -> None:
        data, at = event.get("data"), event.get("index")
        place = (int(data[0]), int(data[1])) if y is not None else (int(at), 0)
        kept["cell"].value = _where(x, y, place)

    places = {_where(x, y, place): place for place in sorted(set().union(*grids.values()))}
    cell = places.get(kept["cell"].value, (-1, -1))

    option = _option(grids, x, y, outcome, show, colours)
    with solara.Div(classes=["tt-twin-columns", "tt-stored"]):
        with solara.Div(classes=["tt-left"]):
            Chart(
                option=option,
                frame={},
                height=440,
                label=f"{outcome}, {show}",
                event_picked=picked,
                name=f"{sweep.plan.name} {name} {show}",
            )
            if command := sweep_again(sweep):
                CopyText(title="Command for the whole sweep", text=command, lines=2)
        with solara.Div(classes=["tt-right"]):
            _Places(places, kept["cell"])
            _Runs(sweep, grids, cell, name, watch)


def _option(
    grids: dict[str, dict[tuple[int, int], Cell]],
    x: Axis,
    y: Axis | None,
    title: str,
    show: str,
    colours: Palette,
) -> dict[str, Any]:
    if y is None:
        return line_option(grids, x, title, colours)
    if show in grids:
        return heat_option({place: one.mean for place, one in grids[show].items()}, x, y, title, colours)
    first, _, second = show.partition(" minus ")
    both = grids[first].keys() & grids[second].keys()
    cells = {place: grids[first][place].mean - grids[second][place].mean for place in both}
    return heat_option(cells, x, y, f"{title}: {show}", colours, signed=True)


def _where(x: Axis, y: Axis | None, place: tuple[int, int]) -> str:
    across = f"{x.factor.title}: {x.labels[place[0]]}"
    return across if y is None else f"{across}; {y.factor.title}: {y.labels[place[1]]}"


def _Places(places: Mapping[str, tuple[int, int]], cell: "solara.Reactive[str]") -> None:
    """Let a cell be chosen without a pointer."""
    Choice("Single patients of", [_NOWHERE, *places], among(cell, [_NOWHERE, *places]), on_value=cell.set)


@solara.component
def _Runs(
    sweep: SweepFolder,
    grids: dict[str, dict[tuple[int, int], Cell]],
    place: tuple[int, int],
    outcome: str,
    watch: Callable[[Source, int, int], None],
) -> None:
    mistake = solara.use_reactive("")
    runs = [run for cells in grids.values() if place in cells for run in cells[place].runs][:60]
    if not runs:
        return
    rows = [
        [
            run["arm"],
            str(run["replicate"]),
            number_text(run.get(outcome)),
            _relapse(run),
            str(run.get("agvhd_grade", "")),
        ]
        for run in runs
    ]

    def look(index: int) -> None:
        run = runs[index]
        try:
            watch(sweep.source(run), int(run["seed"]), int(run["patient"]))
            mistake.value = ""
        except UserError as error:
            mistake.value = str(error)

    Mistake(mistake.value)
    header = ["Arm", "Patient", outcome.replace("_", " "), "Relapse", "GvHD grade"]
    TextTable(header, rows, on_row=look, button="Watch", label="Single runs of the cell")


def _relapse(run: dict[str, Any]) -> str:
    day = run.get("relapse_day")
    return "\N{EN DASH}" if day is None or math.isnan(float(day)) else f"day {float(day):.4g}"
