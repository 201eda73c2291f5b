"""The map of the marrow as a small picture, its colour scale, and the agents of one niche in words."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt
from PIL import Image

from simulation.browser.palette import Palette, rgb
from simulation.mesa_model import TransplantModel
from simulation.number_words import number_text

__all__ = ["LAYERS", "MapImage", "map_svg", "niche_agents", "niche_words", "paint"]

type Layers = Mapping[str, npt.NDArray[np.float64]]
type Colour = npt.NDArray[np.float64]

LAYERS: Final = {
    "burden": "Blasts and engaged T cells",
    "dominant": "What dominates",
    "blasts": "Blasts",
    "blasts_cd19_negative": "CD19-negative blasts",
    "engaged": "Engaged T cells",
    "tcon": "Tcon",
    "treg": "Treg",
    "exhaustion": "Exhaustion",
    "normal": "Normal cells",
}
_COLOUR: Final = {"blasts_cd19_negative": "cd19_negative"}
_RIVALS: Final = (
    ("blasts", "CD19+ blasts"), ("cd19_negative", "CD19-negative blasts"), ("engaged", "engaged T cells"), ("tcon", "Tcon"),
    ("treg", "Treg"),
)  # fmt: skip
_LOWEST, _HIGHEST = 0.0, 10.0  # decades of cells per niche on every map of cells
_BALANCE: Final = 5.0  # decades between blasts and T cells at which a niche has its full colour
_LARGEST: Final = 400  # pixels across the picture of a map with dots
_PALEST: Final = 0.16  # the faintest shade still differs from an empty niche


@dataclass(frozen=True)
class MapImage:
    """Hold one map as a data URL, one pixel per niche, with its colour scale."""

    url: str
    rows: int
    columns: int
    title: str
    legend: tuple[tuple[str, str], ...]  # (colour, words)
    scale: tuple[str, str, str] | None  # (colour of the low end, of the high end, words of the ends)


def paint(layers: Layers, layer: str, colours: Palette) -> MapImage:
    """Paint one layer of the marrow, shape (rows, columns) each."""
    rows, columns = layers["blasts"].shape
    if layer == "dominant":
        picture, legend = _dominant(layers, colours)
        return MapImage(_url(picture), rows, columns, LAYERS[layer], legend, None)
    if layer == "burden":
        ends = f"1|10{_superscript(int(_HIGHEST))} blasts per niche, log scale"
        picture, low, top = _burden(layers, colours)
        legend = (
            (colours.empty, "no blast"),
            (colours.cells["engaged"], "dot: engaged T cells, larger the more (log)"),
        )
        return MapImage(_url(picture), rows, columns, LAYERS[layer], legend, (_hex(low), _hex(top), ends))
    base = np.array(rgb(colours.empty), float)
    top = np.array(rgb(colours.cells[_COLOUR.get(layer, layer)]), float)
    values = layers[layer]
    if layer == "exhaustion":
        strength, present = values, values > 0
        ends = "0 %|100 % of T-cell function lost"
    else:
        strength, present = _strength(values), values > 0
        ends = f"1|10{_superscript(int(_HIGHEST))} cells per niche, log scale"
    shade = np.where(present, _PALEST + (1 - _PALEST) * np.clip(strength, 0, 1), 0.0)[..., None]
    picture = base + (top - base) * shade
    low = base + (top - base) * _PALEST
    words = ends.split("|")
    legend = ((colours.empty, "none"),)
    return MapImage(
        _url(picture), rows, columns, LAYERS[layer], legend, (_hex(low), _hex(top), "|".join(words))
    )


def _burden(layers: Layers, colours: Palette) -> tuple[npt.NDArray[np.float64], Colour, Colour]:
    """Shade each niche by its blasts, and put a dot on it that grows with its engaged T cells."""
    blasts, engaged = layers["blasts"], layers["engaged"]
    base, top = (np.array(rgb(one), float) for one in (colours.empty, colours.cells["blasts"]))
    shade = np.where(blasts > 0, _PALEST + (1 - _PALEST) * np.clip(_strength(blasts), 0, 1), 0.0)[..., None]
    rows, columns = blasts.shape
    side = max(
        5, min(15, _LARGEST // max(rows, columns)) | 1
    )  # pixels of a niche, an odd number: a dot has a middle
    picture = np.repeat(np.repeat(base + (top - base) * shade, side, 0), side, 1).reshape(
        rows, side, columns, side, 3
    )
    away = np.hypot(*(np.indices((side, side)) - side // 2))[None, :, None, :]
    size = np.where(engaged > 0, side * (0.05 + 0.27 * np.clip(_strength(engaged), 0, 1)), -2.0)[
        :, None, :, None
    ]
    for reach, colour in ((1.0, colours.ground), (0.0, colours.cells["engaged"])):  # a rim sets the dot off
        picture = np.where((away <= size + reach)[..., None], np.array(rgb(colour), float), picture)
    return picture.reshape(rows * side, columns * side, 3), base + (top - base) * _PALEST, top


def _dominant(
    layers: Layers, colours: Palette
) -> tuple[npt.NDArray[np.float64], tuple[tuple[str, str], ...]]:
    """Colour each niche by the most numerous of its blasts and donor cells; paler where blasts and T cells are near balance."""
    lost, engaged = layers["blasts_cd19_negative"], layers["engaged"]
    counts = np.stack(
        [layers["blasts"] - lost, lost, engaged, np.maximum(layers["tcon"] - engaged, 0.0), layers["treg"]]
    )
    most, blasts, t_cells = counts.argmax(axis=0), layers["blasts"], counts[2:].sum(axis=0)
    tops = np.array([rgb(colours.cells[name]) for name, _ in _RIVALS], float)
    base = np.array(rgb(colours.empty), float)
    decades = np.abs(np.log10(np.maximum(blasts, 0.1) / np.maximum(t_cells, 0.1)))
    shade = np.where(counts.max(axis=0) > 0, 0.25 + 0.75 * np.clip(decades / _BALANCE, 0, 1), 0.0)[..., None]
    legend = tuple((colours.cells[name], words) for name, words in _RIVALS)
    return base + (tops[most] - base) * shade, (
        *legend,
        (colours.empty, "normal cells only; faint: in balance"),
    )


def _strength(cells: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray((np.log10(np.maximum(cells, 1.0)) - _LOWEST) / (_HIGHEST - _LOWEST))


def _url(picture: npt.NDArray[np.float64]) -> str:
    sink = io.BytesIO()
    Image.fromarray(np.clip(np.round(picture), 0, 255).astype(np.uint8), "RGB").save(
        sink, "PNG", compress_level=1
    )
    return "data:image/png;base64," + base64.b64encode(sink.getvalue()).decode()


def _hex(colour: npt.NDArray[np.float64]) -> str:
    return "#" + "".join(f"{round(float(part)):02X}" for part in colour)


def _superscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def map_svg(image: MapImage, day: float, colours: Palette) -> str:
    """Return a map as a picture by itself: its title, day, and what the colours mean."""
    width = 420.0
    height = width * image.rows / image.columns
    ink = f'font-family="sans-serif" font-size="13" fill="{colours.ink}"'
    parts = [f'<text x="12" y="20" {ink} font-weight="600">{escape(image.title)}, day {day:.4g}</text>']
    picture = f'x="12" y="32" width="{width:g}" height="{height:g}" style="image-rendering:pixelated"'
    parts.append(f'<image {picture} preserveAspectRatio="none" href="{image.url}"/>')
    at = 32 + height + 22
    for colour, words in image.legend:
        parts.append(
            f'<rect x="12" y="{at - 11:g}" width="13" height="13" fill="{colour}" stroke="{colours.quiet}"/>'
        )
        parts.append(f'<text x="32" y="{at:g}" {ink}>{escape(words)}</text>')
        at += 20
    if image.scale is not None:
        low, high, words = image.scale
        start, _, end = words.partition("|")
        parts.append(
            f'<linearGradient id="ramp"><stop stop-color="{low}"/><stop offset="1" stop-color="{high}"/></linearGradient>'
        )
        parts.append(f'<text x="12" y="{at:g}" {ink}>{escape(start)}</text>')
        parts.append(
            f'<rect x="40" y="{at - 11:g}" width="80" height="13" fill="url(#ramp)" stroke="{colours.quiet}"/>'
        )
        parts.append(f'<text x="128" y="{at:g}" {ink}>{escape(end)}</text>')
        at += 20
    size = f'width="{width + 24:g}" height="{at:g}"'
    ground = f'<rect {size} fill="{colours.ground}"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{ground}{"".join(parts)}</svg>'


def niche_words(layers: Layers, index: int) -> str:
    """Return what is in one niche, in a line."""
    row, column = divmod(index, layers["blasts"].shape[1])

    def here(name: str) -> float:
        return float(layers[name][row, column])

    share = here("fraction")
    parts = [
        f"blasts {number_text(here('blasts'))}" + (f" ({100 * share:.2g} %)" if share >= 1e-4 else ""),
        *(
            [f"CD19-negative {number_text(here('blasts_cd19_negative'))}"]
            if here("blasts_cd19_negative")
            else []
        ),
        f"Tcon {number_text(here('tcon'))}",
        f"Treg {number_text(here('treg'))}",
        f"engaged {number_text(here('engaged'))}",
        f"exhaustion {100 * here('exhaustion'):.0f} %",
        f"access {here('access'):.2f}",
    ]
    return f"Niche row {row + 1}, column {column + 1}: " + ", ".join(parts)


def niche_agents(model: TransplantModel, index: int, most: int = 60) -> tuple[list[dict[str, Any]], int]:
    """Return the agents of one niche with their attributes, the largest first, and how many there are."""
    pop = model.ledger.pop
    rows = np.flatnonzero((pop.place[: pop.top] == index) & (pop.cells[: pop.top] > 0))
    rows = rows[np.argsort(-pop.cells[rows], kind="stable")]
    return [_agent(agent) for agent in model.handles.of_rows(rows[:most])], int(rows.size)


def _agent(agent: Any) -> dict[str, Any]:
    kind = type(agent).__name__
    about = {"id": agent.unique_id, "kind": _KINDS.get(kind, kind), "cells": number_text(agent.cells)}
    marks = []
    if hasattr(agent, "cd19"):
        marks += ["CD19+" if agent.cd19 else "CD19 lost", "HLA kept" if agent.hla_haplotype else "HLA lost"]
        marks += [f"clone {agent.clone}"] if agent.clone else []
    if hasattr(agent, "exhaustion"):
        if kind == "EngagedTCell":
            marks.append("Treg" if agent.lineage == "treg" else "Tcon")
        if agent.alloreactive:
            marks.append(f"alloreactive, {agent.stage}")
        if agent.divisions_left:
            marks.append(f"{agent.divisions_left} divisions left")
        marks.append({0: "graft", 15: "thymus"}.get(agent.origin, f"DLI {agent.origin}"))
        marks.append(f"exhaustion {100 * agent.exhaustion:.0f} %")
    return about | {"attributes": ", ".join(marks)}


_KINDS: Final = {
    "LeukemicBlast": "Blasts", "DonorTcon": "Tcon", "DonorTreg": "Treg", "EngagedTCell": "Engaged T cells",
}  # fmt: skip
