"""Maps of the marrow's niches at chosen days: where blasts are, and where T cells reach them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure

if TYPE_CHECKING:
    from simulation.results.result import MarrowMap, Result

__all__ = ["FIGURE", "draw"]

_MOST = 8  # maps in one figure; of more, evenly chosen ones are shown
_LAYERS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("Blasts", ("blasts",), "YlOrRd"),
    ("of these\nCD19\N{MINUS SIGN}", ("blasts_cd19_negative",), "PuRd"),
    ("Tcon and\nengaged", ("tcon", "engaged"), "YlGnBu"),
)
_EMPTY = "#ECECEC"
_LEFT, _RIGHT, _TOP, _BOTTOM, _SPACE = 0.68, 0.66, 0.24, 0.08, 0.07  # inches


@style.styled
def figure(result: Result) -> Figure:
    """Draw one row per kind of cell and one column per day; a row has one colour scale over all its days."""
    maps = _chosen(result)
    if not maps:
        drawn = style.PaperFigure(4.6, 0.8)
        ax = drawn.add_axes((0.0, 0.0, 1.0, 1.0))
        ax.set_axis_off()
        style.note(ax, "no maps of the marrow were kept")
        return drawn
    rows = [row for row in _LAYERS if max(_cells(one, row[1]).max() for one in maps) > 0] or [_LAYERS[0]]
    tile = min(0.95, 5.8 / len(maps))
    height = tile * maps[0].rows / maps[0].columns
    width_all = tile * len(maps) + _SPACE * (len(maps) - 1)
    total = (_LEFT + width_all + _RIGHT, _TOP + _BOTTOM + height * len(rows) + _SPACE * (len(rows) - 1))
    drawn = style.PaperFigure(*total)
    for index, (name, layers, colours) in enumerate(rows):
        bottom = total[1] - _TOP - height * (index + 1) - _SPACE * index
        line = _axes(drawn, (_LEFT, bottom, width_all, height))
        image = _draw_row(line, maps, maps, layers, colours, space=_SPACE / tile * maps[0].columns)
        line.set_ylabel(name, rotation=0, ha="right", va="center", labelpad=5)
        _colour_bar(
            drawn, image, _axes(drawn, (_LEFT + width_all + 0.08, bottom + 0.04, 0.08, height - 0.08))
        )
    for column, one in enumerate(maps):
        middle = _LEFT + column * (tile + _SPACE) + tile / 2
        drawn.text(middle / total[0], 1 - _TOP / 2 / total[1], f"day {one.day:g}", ha="center", va="center")
    return drawn


@style.styled
def draw(ax: Axes, result: Result, day: float | None = None) -> Figure:
    """Draw the blasts of the map nearest to `day`, or of the last one, on the colour scale of all maps."""
    if not result.maps:
        style.note(ax, "no maps of the marrow were kept")
        return cast(Figure, ax.figure)
    one = result.maps[-1] if day is None else min(result.maps, key=lambda item: abs(item.day - day))
    _colour_bar(cast(Figure, ax.figure), _draw_row(ax, [one], result.maps, *_LAYERS[0][1:]), None)
    ax.set_title(f"Blasts, day {one.day:g}")
    return cast(Figure, ax.figure)


def caption(result: Result) -> str:
    """Say what the figure shows."""
    maps = _chosen(result)
    if not maps:
        return "No maps of the marrow were kept in this run (marrow_maps in the scenario)."
    size = f"{maps[0].rows} \N{MULTIPLICATION SIGN} {maps[0].columns}"
    days = "1 day" if len(maps) == 1 else f"{len(maps)} days"
    return (
        f"The marrow's {size} niches on {days}; every square is a niche. Colour: cells per niche on a log "
        "scale, the same for all days of a row. Grey: not a single such cell in the niche. A kind of cell "
        "that was on none of these days is left out. The edges of the map meet: a niche at one edge is the "
        "neighbour of that at the opposite edge."
    )


def _anything(result: Result) -> bool:
    return any(_cells(one, layers).any() for one in result.maps for _, layers, _ in _LAYERS)


def _chosen(result: Result) -> list[MarrowMap]:
    maps = list(result.maps)
    if len(maps) <= _MOST:
        return maps
    return [maps[index] for index in np.unique(np.linspace(0, len(maps) - 1, _MOST).round().astype(int))]


def _cells(one: MarrowMap, layers: Sequence[str]) -> npt.NDArray[np.float64]:
    total = np.zeros((one.rows, one.columns))
    for layer in layers:
        total = total + np.nan_to_num(np.asarray(one.layers.get(layer, 0.0), dtype=np.float64))
    return total


def _axes(drawn: Figure, box: tuple[float, float, float, float]) -> Axes:
    """Add axes at a box in inches."""
    width, height = drawn.get_size_inches()
    return drawn.add_axes((box[0] / width, box[1] / height, box[2] / width, box[3] / height))


def _draw_row(
    ax: Axes,
    maps: Sequence[MarrowMap],
    scale_of: Sequence[MarrowMap],
    layers: Sequence[str],
    colours: str,
    space: float = 0.0,
) -> AxesImage:
    """Draw one kind of cell on several days, `space` niches apart, on the colour scale of `scale_of`.

    All maps of a row share one pair of axes (axes are what takes the time). Return one image, for the bar.
    """
    every = np.concatenate([_cells(one, layers).ravel() for one in scale_of])
    positive = every[every > 0]
    low = 10.0 ** np.floor(np.log10(positive.min())) if positive.size else 1.0
    high = max(10.0 ** np.ceil(np.log10(positive.max())), low * 10) if positive.size else 10.0
    norm = LogNorm(low, high)
    # the palest end of the map would pass for an empty niche
    shades = colormaps[colours](np.linspace(0.18, 1.0, 256))
    palette = LinearSegmentedColormap.from_list(colours, shades.tolist()).with_extremes(bad=_EMPTY)
    left = 0.0
    for one in maps:
        cells = np.ma.masked_less_equal(_cells(one, layers), 0.0)
        extent = (left, left + one.columns, float(one.rows), 0.0)
        image = ax.imshow(cells, norm=norm, cmap=palette, interpolation="nearest", extent=extent)
        frame = Rectangle(
            (left, 0), one.columns, one.rows, fill=False, linewidth=0.5, edgecolor="#444444", clip_on=False
        )
        ax.add_patch(frame)
        left += one.columns + space
    ax.set(xlim=(0, left - space), ylim=(maps[0].rows, 0), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return image


def _colour_bar(drawn: Figure, image: AxesImage, box: Axes | None) -> None:
    """Add the bar of cells per niche in `box`, or beside the image's own axes."""
    bar = drawn.colorbar(image, cax=box) if box is not None else drawn.colorbar(image, ax=image.axes)
    low, high = (round(np.log10(limit)) for limit in image.get_clim())
    step = max(1, -(-(high - low) // 3))
    bar.ax.yaxis.set_major_locator(FixedLocator([10.0**exponent for exponent in range(high, low - 1, -step)]))
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: style.power_of_ten(value)))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.tick_params(labelsize=7, length=2)
    bar.set_label("cells per niche", fontsize=6.5)


FIGURE = ReportFigure(
    "marrow_maps", "The marrow, niche by niche", caption, figure, order=60, applies=_anything, draw_on=draw
)
