"""The marrow: its map with a switch of layers and a day of its own, small maps of the life, the agents of a niche."""

import json
from typing import Any, Final

import solara

from simulation.browser.components.choice import Choice
from simulation.browser.components.map_strip import MapStrip
from simulation.browser.components.marrow_map import MarrowMap
from simulation.browser.components.save_buttons import SaveButtons
from simulation.browser.components.tables import TextTable
from simulation.browser.components.time_slider import TimeSlider
from simulation.browser.exports import layers_csv
from simulation.browser.kept import among
from simulation.browser.marrow import LAYERS, MapImage, map_svg, niche_agents, niche_words, paint
from simulation.browser.palette import Palette
from simulation.browser.view import PatientView
from simulation.mesa_model import TransplantModel

__all__ = ["Legend", "MarrowPanel"]

_IN_STRIP: Final = 8


@solara.component
def MarrowPanel(view: PatientView, colours: Palette) -> None:
    """Show the map of the day on the screen, or of another day, and the life in small maps."""
    view.frame.get()
    layer, of_map, session = among(view.layer, list(LAYERS)), view.map_day, view.session
    other = solara.use_memo(
        lambda: None if of_map is None else view.snapshot_of(of_map),
        [of_map, session.version, len(session.past)],
    )
    shot = view.shot if other is None else other
    image = paint(shot.layers, layer, colours)
    at = view.hovered.value if view.hovered.value >= 0 else view.chosen.value
    tip = niche_words(shot.layers, at) if 0 <= at < image.rows * image.columns else ""
    names = list(LAYERS.values())
    with solara.Div(classes=["tt-map-head"]):
        Choice(
            "Map of the marrow", names, LAYERS[layer],
            on_value=lambda words: view.layer.set(next(key for key, name in LAYERS.items() if name == words)),
        )  # fmt: skip
        SaveButtons(
            f"marrow {layer} day {shot.day:.4g}", "the map",
            {
                "PNG": lambda: map_svg(image, shot.day, colours), "SVG": lambda: map_svg(image, shot.day, colours),
                "CSV": lambda: layers_csv(shot.layers, shot.day),
            },
        )  # fmt: skip
    with solara.Div(classes=["tt-map-row"]):
        MarrowMap(
            url=image.url, rows=image.rows, columns=image.columns, chosen=view.chosen.value, tip=tip,
            label=f"Map of the marrow, {image.title}, day {shot.day:.4g}", event_hovered=view.hovered.set,
            event_picked=view.chosen.set,
        )  # fmt: skip
        Legend(image)
    _DayOfMap(view)
    _Strip(view, colours)
    if 0 <= view.chosen.value < image.rows * image.columns:
        _Agents(view, view.chosen.value, image.columns)


@solara.component
def _DayOfMap(view: PatientView) -> None:
    """Show the map's own slider, which leaves the day on the screen as it is."""
    view.frame.get()
    of_map = view.map_day
    day = view.day if of_map is None else of_map

    def move(to: float) -> None:
        view.map_another(min(float(to), view.reached))

    with solara.Div(classes=["tt-map-day"]):
        words = f"map: day {day:.4g}" if of_map is not None else "map: day on the screen"
        TimeSlider(
            view.first_day, max(view.reached, view.first_day + view.time_step), view.reached, day, view.time_step, on_move=move,
            label="Day of the map", words=words,
        )  # fmt: skip
        solara.Button(
            "Follow", outlined=True, x_small=True, disabled=of_map is None, on_click=lambda: view.map_another(None),
            attributes={"title": "Map the day on the screen again"},
        )  # fmt: skip


@solara.component
def _Strip(view: PatientView, colours: Palette) -> None:
    """Show the life in small maps; while it is played they are made anew once a month."""
    view.frame.get()
    view.changed.get()
    session, layer = view.session, among(view.layer, list(LAYERS))
    moment = int(view.reached / 30.0) if view.player.playing else view.reached
    moments = solara.use_memo(lambda: view.strip(_IN_STRIP), [moment, session.version, len(session.past)])
    items = solara.use_memo(
        lambda: json.dumps(
            [{"url": paint(layers, layer, colours).url, "words": f"d {day:.3g}"} for day, layers in moments]
        ),
        [moments, layer, colours.dark],
    )
    rows, columns = moments[0][1]["blasts"].shape
    days = [day for day, _ in moments]
    chosen = days.index(view.map_day) if view.map_day in days else -1
    MapStrip(
        items=items, rows=rows, columns=columns, chosen=chosen,
        event_picked=lambda index: view.map_another(None if index == chosen else days[index]),
    )  # fmt: skip


@solara.component
def Legend(image: MapImage) -> None:
    """Show what the colours of a map mean."""
    items = [_swatch(colour, words) for colour, words in image.legend]
    if image.scale is not None:
        low, high, words = image.scale
        start, _, end = words.partition("|")
        ramp = solara.v.Html(
            tag="span", class_="tt-ramp", style_=f"background: linear-gradient(90deg, {low}, {high})"
        )
        items.append(solara.v.Html(tag="span", class_="tt-key", children=[f"{start} ", ramp, f" {end}"]))
    solara.v.Html(tag="div", class_="tt-legend", children=items)


def _swatch(colour: str, words: str) -> Any:
    square = solara.v.Html(tag="span", class_="tt-swatch", style_=f"background: {colour}")
    return solara.v.Html(tag="span", class_="tt-key", children=[square, words])


@solara.component
def _Agents(view: PatientView, index: int, columns: int) -> None:
    view.frame.get()
    view.changed.get()
    session = view.session

    of_map = view.map_day

    def look() -> tuple[list[dict[str, Any]], int]:
        with session.lock:
            of_day = session.model if of_map is None else TransplantModel.of_life(session.played.at(of_map))
            return niche_agents(of_day, index)

    moment = (
        int(view.shot.day) if view.player.playing else view.shot.day
    )  # a table changes once a day while it plays
    agents, n = solara.use_memo(look, [index, of_map or moment, view.player.playing, session.version])
    row, column = divmod(index, columns)
    head = f"Agents in niche row {row + 1}, column {column + 1}: {n}" + (
        f", the {len(agents)} largest" if n > len(agents) else ""
    )
    rows = [[str(agent[key]) for key in ("id", "kind", "cells", "attributes")] for agent in agents]
    solara.v.Html(tag="h2", class_="tt-group", children=[head])
    with solara.Div(classes=["tt-scroll", "tt-agents"]):
        TextTable(["Agent", "Class", "Cells", "Attributes"], rows, label=head)
