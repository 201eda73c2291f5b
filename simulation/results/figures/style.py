"""The one look of every figure: colours, fonts, axes of days and of counts, and how a figure becomes bytes.

Colours follow Okabe & Ito (2008), safe for colour-blind readers, and keep one meaning throughout: orange-red
is leukaemia, blue what a T-cell engager does, green donor T cells, amber Treg, purple B cells, wine what has
escaped. Arms, differences and indices have none of these.
"""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.markers import TICKDOWN, TICKLEFT
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from matplotlib.transforms import Bbox

from simulation import __version__
from simulation.figure_formats import ONE_FORMAT, Formats

__all__ = [
    "ARM_COLOURS",
    "COLOUR",
    "DASHES",
    "SIMULATED",
    "PaperFigure",
    "colour",
    "count_axis",
    "day_axis",
    "label_ends",
    "note",
    "paper",
    "power",
    "power_of_ten",
    "render",
    "scientific",
    "styled",
]

COLOUR = {
    "blasts": "#D55E00",
    "cd19_negative": "#882255",
    "hla_lost": "#6B5B00",
    "engager": "#0072B2",
    "engaged": "#0072B2",
    "tcon": "#009E73",
    "donor_cells": "#007A59",
    "treg": "#C98A00",
    "cd3": "#007A59",
    "b_cells": "#7E4FA3",
    "tissue": "#5A4A42",
    "crs": "#B5446E",
    "drug": "#7A7A7A",
    "ink": "#222222",
    "quiet": "#6E6E6E",
    "faint": "#D9D9D9",
    "finding": "#555555",  # what was computed from many patients, and what it is held against
    "other": "#C01080",
}


def colour(name: str) -> str:
    """Return the colour of a name of the palette; what is a colour itself stays."""
    return COLOUR.get(name, name)


# Scenarios or arms drawn together: told apart by colour AND by dashes, so that a grey print still reads. No colour of the
# palette above is among them: a blue arm would pass for the drug, an orange one for leukaemia.
ARM_COLOURS = ("#000000", "#C01080", "#8C8C1F", "#8A8A8A", "#661100", "#D47FB0", "#A8912B", "#4A4A78")
DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = (
    "solid",
    (0, (5, 1.5)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (3, 1.2)),
    (0, (6, 1.2, 1.2, 1.2, 1.2, 1.2)),
    (0, (8, 2)),
    (0, (1, 2.5)),
)

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same glyphs on every machine
    "font.size": 8.0,
    "axes.labelsize": 8.0,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 4.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.edgecolor": "#444444",
    "axes.labelcolor": "#222222",
    "text.color": "#222222",
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "simulation",
    "svg.fonttype": "path",
    "text.parse_math": False,  # names are a person's: a $ in one is no formula
    "path.simplify": True,
    "axes.unicode_minus": True,
}
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PNG_DPI = 220
_SAVING: dict[str, dict[str, Any]] = {
    # the fast compression level: a third of the time for a few more kilobytes
    "png": {"metadata": {"Software": None}, "pil_kwargs": {"compress_level": 4}},
    "svg": {"metadata": dict.fromkeys(("Date", "Creator", "Format", "Type"))},
    "pdf": {"metadata": dict.fromkeys(("CreationDate", "Creator", "Producer"))},
}
SIMULATED = f"Simulated by transplant-twin {__version__}, not observed; not for decisions about patients"
_MARK = 0.16  # inches below a figure for that line
_ZERO_BAND = 0.1  # share of a count axis between zero and its floor
# matplotlib's settings are global to the process; figures of two threads must not mix them
_LOCK = threading.RLock()
_applied = False  # guarded by the lock: to put the settings on once more would only take time


@contextmanager
def paper() -> Iterator[None]:
    """Apply the look while figures are made and rendered."""
    global _applied
    with _LOCK:
        if _applied:
            yield
            return
        with mpl.rc_context(_RC):
            _applied = True
            try:
                yield
            finally:
                _applied = False


def styled[**P, T](make: Callable[P, T]) -> Callable[P, T]:
    """Make a function draw in the look of the paper, whatever the user's own settings are."""

    @wraps(make)
    def inner(*args: P.args, **kwargs: P.kwargs) -> T:
        with paper():
            return make(*args, **kwargs)

    return inner


class PaperFigure(Figure):
    """A figure outside pyplot: nothing global keeps it alive, and a notebook still shows it.

    Saved, it has a line below that says what it is: figures travel without their report.
    """

    def __init__(self, width: float, height: float) -> None:
        """Make an empty figure; width and height in inches."""
        super().__init__(figsize=(width, height), layout=None)
        right, below = 1 - 0.05 / width, (0.05 - _MARK) / height
        self.text(
            right, below, SIMULATED, ha="right", va="bottom", fontsize=5.5, color=COLOUR["quiet"], in_layout=False
        )  # fmt: skip

    def legend(self, *args: Any, **options: Any) -> Legend:
        """Add a legend to the figure, where it stays when the line below is added; those outside upper do so by themselves."""
        if not str(options.get("loc")).startswith("outside"):
            options.setdefault("bbox_to_anchor", (0.0, 0.0, 1.0, 1.0))
        return super().legend(*args, **options)

    def savefig(self, fname: Any, **options: Any) -> None:
        """Save the figure as matplotlib does, and the line below it."""
        width, height = self.get_size_inches()
        whole = Bbox.from_extents(0.0, -_MARK, width, height)
        super().savefig(fname, **{"bbox_inches": whole} | options)

    def _repr_png_(self) -> bytes:
        return render(self)["png"]


@styled
def render(figure: Figure, formats: Formats = ONE_FORMAT) -> dict[str, bytes]:
    """Return the figure by format: PNG of 220 dpi, SVG and PDF with text as outlines; the same figure, the same bytes."""
    files = {}
    for name in formats:
        file = io.BytesIO()
        figure.savefig(file, format=name, dpi=_PNG_DPI, **_SAVING[name])
        files[name] = file.getvalue()
    return files


def day_axis(ax: Axes, end: float, *, label: bool = True) -> None:
    """Make x an axis of days from 0 to `end`, with at most eight round ticks."""
    steps = (0.25, 0.5, 1, 2, 5, 7, 14, 30, 60, 90, 180, 365, 730, 1460)
    step = next((step for step in steps if end / step <= 8), math.ceil(end / 8))
    ax.set_xlim(0, end)
    days = np.arange(0, end * 1.0001, step)
    ax.xaxis.set_minor_locator(NullLocator())
    if not label:
        ax.xaxis.set_major_locator(NullLocator())
        _marks(ax, "x", days, _RC["xtick.major.size"])
        return
    ax.xaxis.set_major_locator(FixedLocator(days.tolist()))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xlabel("Time after transplant (days)")


def _marks(ax: Axes, axis: Literal["x", "y"], places: npt.ArrayLike, length: float) -> None:
    """Draw ticks without text as one line: as ticks of matplotlib they would take half of a figure's time."""
    at, none = np.asarray(places, dtype=float), np.zeros(np.size(places))
    x, y = (at, none) if axis == "x" else (none, at)
    ax.plot(
        x, y, linestyle="none", marker=TICKDOWN if axis == "x" else TICKLEFT, markersize=length, markeredgewidth=0.6,
        color=_RC["axes.edgecolor"], clip_on=False, zorder=2.1, label="_ticks",
        transform=ax.get_xaxis_transform() if axis == "x" else ax.get_yaxis_transform(),
    )  # fmt: skip


def power_of_ten(value: float) -> str:
    """Return a tick's text: 0, 0.1, 1, 10, 100, else a power of ten."""
    if value <= 0:
        return "0" if value == 0 else ""
    exponent = math.log10(value)
    if abs(exponent - round(exponent)) > 1e-9:
        return ""
    return f"{value:g}" if -2 <= exponent <= 2 else power(round(exponent))


def power(exponent: int) -> str:
    """Return a power of ten in plain characters; matplotlib's own formulas take as long as a figure."""
    return "10" + str(exponent).translate(_RAISED)


def scientific(value: float, digits: int = 2) -> str:
    """Return a number as a multiple of a power of ten, such as 5×10⁻⁷; a power itself without a factor."""
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    factor = f"{float(mantissa):g}"
    return power(int(exponent)) if factor == "1" else f"{factor}\N{MULTIPLICATION SIGN}{power(int(exponent))}"


def count_axis(
    ax: Axes, series: Sequence[npt.NDArray[np.float64]], *, floor: float = 1.0, least_top: float = 10.0
) -> None:
    """Make y logarithmic from `floor` up, with a true zero in a band below: what is gone is drawn.

    Between 0 and `floor` the axis is linear, so a value in between has its place too.
    """
    values = np.concatenate([np.ravel(one) for one in series]) if series else np.empty(0)
    values = values[np.isfinite(values)]
    top = max(float(values.max()) if values.size else 0.0, least_top, floor * 10)
    high = math.ceil(math.log10(top) - 1e-9)
    low = round(math.log10(floor))
    # the band is as high as so many decades, whatever the range is; 0.9 is matplotlib's own factor at base 10
    band = _ZERO_BAND / (1 - _ZERO_BAND) * (high - low)
    ax.set_yscale("symlog", linthresh=floor, linscale=0.9 * band)
    bottom = -0.25 * floor
    ax.set_ylim(bottom, 10.0**high)
    step = max(1, math.ceil((high - low) / 5))
    # count the ticks down from the top, so that the highest decade always carries its number
    decades = [10.0**exponent for exponent in range(low, high + 1) if (high - exponent) % step == 0]
    minor = [10.0**exponent for exponent in range(low, high + 1) if (high - exponent) % step]
    ax.yaxis.set_major_locator(FixedLocator([0.0, *decades]))
    ax.yaxis.set_minor_locator(NullLocator())
    _marks(ax, "y", minor, 1.5)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: power_of_ten(value)))
    ax.axhspan(bottom, floor, color="#F1F1F1", linewidth=0, zorder=0)  # here the axis is not logarithmic


def label_ends(ax: Axes, labels: Sequence[tuple[float, str, str]], *, gap: float = 0.085) -> None:
    """Write (y, text, colour) at the right of the axes, moved apart by at least `gap` of its height."""
    if not labels:
        return
    heights = [ax.transAxes.inverted().transform(ax.transData.transform((0.0, y)))[1] for y, _, _ in labels]
    order = sorted(range(len(labels)), key=lambda index: heights[index])
    placed: list[float] = []
    for index in order:
        placed.append(max(heights[index], placed[-1] + gap if placed else -math.inf))
    excess = placed[-1] - max(1.0, max(heights))
    for rank in range(len(placed) - 1, -1, -1):
        ceiling = placed[rank + 1] - gap if rank + 1 < len(placed) else placed[rank] - max(excess, 0.0)
        placed[rank] = min(placed[rank], ceiling)
    for height, index in zip(placed, order, strict=True):
        _, text, colour = labels[index]
        ax.annotate(
            text,
            (1.0, height),
            xycoords="axes fraction",
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            fontsize=7.5,
            linespacing=1.0,
            annotation_clip=False,
        )


def note(ax: Axes, text: str) -> None:
    """Write one quiet sentence in the middle of the axes, where there is nothing to draw."""
    ax.text(
        0.5,
        0.5,
        text,
        transform=ax.transAxes,
        ha="center",
        va="center",
        color=COLOUR["quiet"],
        style="italic",
    )
