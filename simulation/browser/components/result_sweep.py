"""A stored sweep: heat map of two factors or curve of one, per arm or as the difference of arms, and its single runs."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import solara

from simulation.browser.catalogue import Source
from simulation.browser.components.chart import Chart
from simulation.browser.components.choice import Choice
from simulation.browser.components.mistake import Mistake, use_stored
from simulation.browser.components.tables import TextTable
from simulation.browser.palette import Palette
from simulation.browser.results.result_charts import heat_option, line_option
from simulation.browser.results.sweep_folder import Axis, Cell, SweepFolder, read_sweep
from simulation.errors import UserError
from simulation.number_words import number_text

__all__ = ["StoredSweep"]

_NONE = "(none: a curve)"
_NOWHERE = "(click a cell, or choose one here)"


@solara.component
def StoredSweep(folder: Path, colours: Palette, watch: Callable[[Source, int, int], None]) -> None:
    """Show the sweep."""
    sweep = use_stored(read_sweep, folder)
    if sweep is not None:
        _Sweep(sweep, colours, watch)


@solara.component
def _Sweep(sweep: SweepFolder, colours: Palette, watch: Callable[[Source, int, int], None]) -> None:
    titles = {factor.title: factor.name for factor in sweep.factors}
    outcomes = {outcome.title: outcome.name for outcome in sweep.outcomes}
    arms = list(sweep.plan.arm_names)
    shows = [*arms, *(f"{a} minus {b}" for a in arms for b in arms if a != b)]
    across = solara.use_reactive(next(iter(titles)))
    up = solara.use_reactive(list(titles)[1] if len(titles) > 1 else _NONE)
    outcome = solara.use_reactive(next(iter(outcomes)))
    show = solara.use_reactive(arms[0])
    cell = solara.use_reactive((-1, -1))

    with solara.Div(classes=["tt-bar"]):
        for label, values, state in (
            ("Outcome, mean of the patients", list(outcomes), outcome), ("Across", list(titles), across),
            ("Up", [*(title for title in titles if title != across.value), _NONE], up), ("Arm, or difference", shows, show),
        ):  # fmt: skip
            with solara.Div(classes=["tt-wide"]):
                Choice(label, values, state, on_value=lambda _: cell.set((-1, -1)))
    x = sweep.axis(titles[across.value])
    y = sweep.axis(titles[up.value]) if up.value in titles and up.value != across.value else None
    name = outcomes[outcome.value]
    grids = {arm: sweep.grid(x, y, name, arm) for arm in arms}

    def picked(event: Any) -> None:
        data, at = event.get("data"), event.get("index")
        cell.value = (int(data[0]), int(data[1])) if y is not None else (int(at), 0)

    option = _option(grids, x, y, outcome.value, show.value, colours)
    with solara.Div(classes=["tt-twin-columns"]):
        with solara.Div(classes=["tt-left"]):
            Chart(
                option=option,
                frame={},
                height=440,
                label=f"{outcome.value}, {show.value}",
                event_picked=picked,
            )
        with solara.Div(classes=["tt-right"]):
            _Places(grids, x, y, cell)
            _Runs(sweep, grids, cell.value, name, watch)


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


def _Places(
    grids: dict[str, dict[tuple[int, int], Cell]],
    x: Axis,
    y: Axis | None,
    cell: "solara.Reactive[tuple[int, int]]",
) -> None:
    """Let a cell be chosen without a pointer."""
    places = {_where(x, y, place): place for place in sorted(set().union(*grids.values()))}
    chosen = next((words for words, place in places.items() if place == cell.value), _NOWHERE)
    Choice(
        "Single patients of", [_NOWHERE, *places], chosen,
        on_value=lambda words: cell.set(places.get(words, (-1, -1))),
    )  # fmt: skip


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
