"""The marrow: its map with a switch of layers, and the agents of the niche that was clicked."""

from typing import Any

import solara

from simulation.browser.components.choice import Choice
from simulation.browser.components.marrow_map import MarrowMap
from simulation.browser.components.tables import TextTable
from simulation.browser.marrow import LAYERS, MapImage, niche_agents, niche_words, paint
from simulation.browser.palette import Palette
from simulation.browser.view import PatientView

__all__ = ["Legend", "MarrowPanel"]


@solara.component
def MarrowPanel(view: PatientView, colours: Palette) -> None:
    """Show the map of the last frame."""
    view.frame.get()
    layer, shot = view.layer.value, view.shot
    image = paint(shot.layers, layer, colours)
    at = view.hovered.value if view.hovered.value >= 0 else view.chosen.value
    tip = niche_words(shot.layers, at) if 0 <= at < image.rows * image.columns else ""
    names = list(LAYERS.values())
    Choice(
        "Map of the marrow", names, LAYERS[layer],
        on_value=lambda words: view.layer.set(next(key for key, name in LAYERS.items() if name == words)),
    )  # fmt: skip
    with solara.Div(classes=["tt-map-row"]):
        MarrowMap(
            url=image.url, rows=image.rows, columns=image.columns, chosen=view.chosen.value, tip=tip,
            label=f"Map of the marrow, {image.title}, day {shot.day:.4g}", event_hovered=view.hovered.set,
            event_picked=view.chosen.set,
        )  # fmt: skip
        Legend(image)
    if 0 <= view.chosen.value < image.rows * image.columns:
        _Agents(view, view.chosen.value, image.columns)


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

    def look() -> tuple[list[dict[str, Any]], int]:
        with session.lock:
            return niche_agents(session.model, index)

    moment = (
        int(view.shot.day) if view.player.playing else view.shot.day
    )  # a table changes once a day while it plays
    agents, n = solara.use_memo(look, [index, moment, view.player.playing, session.version])
    row, column = divmod(index, columns)
    head = f"Agents in niche row {row + 1}, column {column + 1}: {n}" + (
        f", the {len(agents)} largest" if n > len(agents) else ""
    )
    rows = [[str(agent[key]) for key in ("id", "kind", "cells", "attributes")] for agent in agents]
    solara.v.Html(tag="h2", class_="tt-group", children=[head])
    with solara.Div(classes=["tt-scroll", "tt-agents"]):
        TextTable(["Agent", "Class", "Cells", "Attributes"], rows, label=head)
