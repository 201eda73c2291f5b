"""What the figures of experiments share: axes of percent and of concentration, donors as dots, CFSE profiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from simulation.results.figures import style

__all__ = [
    "RAMP",
    "cfse_profile",
    "dots",
    "drug_axis",
    "grid_of",
    "mean_bars",
    "percent_axis",
    "shade",
    "style",
    "within",
    "words_axis",
]

RAMP = ("#9BC4E2", "#5FA3D0", "#2E7FB8", "#125E96", "#083D66", "#041F38")  # few -> many cells
_CHANNELS_PER_HALVING = 0.30103  # decades of fluorescence lost in one division
_WIDTH = 0.075  # decades: a sharp CFSE peak
_UNDIVIDED = 4.0  # decade of the undivided peak


def shade(index: int, n: int) -> str:
    """Return the colour of the index-th of n ordered curves."""
    return RAMP[round(index * (len(RAMP) - 1) / max(n - 1, 1))] if n > 1 else RAMP[3]


def grid_of(
    rows: int, columns: int, width: float, height: float, **margins: float
) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure with equal panels; sizes of one panel and margins in inches."""
    left, right = margins.get("left", 0.62), margins.get("right", 0.15)
    top, bottom = margins.get("top", 0.32), margins.get("bottom", 0.52)
    gap_x, gap_y = margins.get("gap_x", 0.28), margins.get("gap_y", 0.55)
    whole_x = left + columns * width + (columns - 1) * gap_x + right
    whole_y = bottom + rows * height + (rows - 1) * gap_y + top
    figure = style.PaperFigure(whole_x, whole_y)
    axes = [
        [
            figure.add_axes(
                (
                    (left + c * (width + gap_x)) / whole_x,
                    (bottom + (rows - 1 - r) * (height + gap_y)) / whole_y,
                    width / whole_x,
                    height / whole_y,
                )
            )
            for c in range(columns)
        ]
        for r in range(rows)
    ]
    return figure, axes


def percent_axis(ax: Axes, label: str, *, labelled: bool = True) -> None:
    """Make y an axis of percent from 0 to 100."""
    ax.set_ylim(-4, 104)
    ax.yaxis.set_major_locator(FixedLocator([0, 25, 50, 75, 100]))
    ax.axhline(0, color=style.COLOUR["faint"], linewidth=0.7, zorder=0)
    ax.axhline(100, color=style.COLOUR["faint"], linewidth=0.7, zorder=0)
    if labelled:
        ax.set_ylabel(label)
    else:
        ax.tick_params(axis="y", labelleft=False)


def drug_axis(ax: Axes, drug: Sequence[float]) -> None:
    """Make x logarithmic over these concentrations, in pg/mL."""
    ax.set_xscale("log")
    ax.set_xlim(min(drug) / 1.6, max(drug) * 1.6)
    ax.xaxis.set_major_locator(LogLocator(10, numticks=6))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: style.power_of_ten(value)))
    ax.set_xlabel("Blinatumomab (pg/mL)")


def dots(
    ax: Axes, x: float, values: np.ndarray, colour: str, *, width: float = 0.16, size: float = 3.2
) -> None:
    """Draw each donor as an open dot beside the others, in the order of donors."""
    spread = np.linspace(-width, width, values.size) if values.size > 1 else np.zeros(values.size)
    ax.plot(
        x + spread, values, linestyle="none", marker="o", markersize=size, markerfacecolor="white", markeredgecolor=colour,
        markeredgewidth=0.8, zorder=4,
    )  # fmt: skip


def within(mean: np.ndarray, sd: np.ndarray, highest: float = 100.0) -> np.ndarray:
    """Return error bars that end at 0 and at `highest`, shape (2, n): nothing lies beyond."""
    return np.stack([np.minimum(sd, np.maximum(mean, 0.0)), np.minimum(sd, np.maximum(highest - mean, 0.0))])


def mean_bars(
    ax: Axes, x: float, values: np.ndarray, colour: str, *, width: float = 0.3, highest: float = 100.0
) -> None:
    """Draw a bar to the mean of the donors, and the standard deviation within 0..`highest`."""
    mean = float(np.nanmean(values))
    ax.bar([x], [mean], width=2 * width, color=colour, alpha=0.3, linewidth=0, zorder=1)
    ax.plot([x - width, x + width], [mean, mean], color=colour, linewidth=1.4, zorder=3)
    if values.size > 1:
        sd = float(np.nanstd(values, ddof=1))
        ax.errorbar(
            [x], [mean], yerr=within(np.array([mean]), np.array([sd]), highest), color=colour, elinewidth=0.9, capsize=2.5,
            zorder=3,
        )  # fmt: skip


def words_axis(ax: Axes, words: Sequence[str]) -> None:
    """Make x an axis of words at 0, 1, 2 ..."""
    ax.set_xlim(-0.6, len(words) - 0.4)
    ax.xaxis.set_major_locator(FixedLocator(list(range(len(words)))))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticklabels(list(words))
    ax.tick_params(axis="x", length=0)


def cfse_profile(
    ax: Axes, generations: np.ndarray, colour: str, *, label: str, scale: float | None = None
) -> None:
    """Draw the fluorescence histogram that a cytometer would show: one peak per generation, half as bright each."""
    x = np.linspace(0.9, 4.6, 700)
    centres = _UNDIVIDED - _CHANNELS_PER_HALVING * np.arange(generations.size)
    peaks = np.exp(-0.5 * ((x[:, None] - centres) / _WIDTH) ** 2) * generations
    y = peaks.sum(axis=1)
    y = np.minimum(y / (scale or y.max()), 1.5)
    ax.fill_between(x, y, color=colour, alpha=0.3, linewidth=0)
    ax.plot(x, y, color=colour, linewidth=1.1)
    ax.set_xlim(4.6, 0.9)  # bright, undivided cells at the left: each peak to the right is one division more
    ax.set_ylim(0, 1.5)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_locator(FixedLocator([1, 2, 3, 4]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: style.power(round(value))))
    ax.text(0.99, 1.0, label, transform=ax.transAxes, ha="right", va="top", fontsize=7.5, linespacing=1.2)
