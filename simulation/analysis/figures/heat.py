"""Two parameters: heat maps of the means with their numbers, and contours; small multiples for a third."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from simulation.analysis.figures.axis import FactorAxis, factor_axis, wrapped
from simulation.analysis.figures.common import Declared, band, declared, who
from simulation.analysis.findings import Contrast, Findings
from simulation.analysis.grid import Grid
from simulation.results.figures import style
from simulation.sweep.outcomes import NumericOutcome

__all__ = ["Panel", "contours", "has_contours", "heat_maps", "unsure", "writes_intervals"]

type Floats = npt.NDArray[np.float64]
type Panel = tuple[
    str, Floats, Floats, Floats
]  # title; means, and their intervals from and to, shape (n_y, n_x)
_MOST_WRITTEN = 64  # cells of a panel that still have room for a number
_PER_ROW = 4
_MOST_PANELS = 8


@style.styled
def heat_maps(
    x: FactorAxis, y: FactorAxis, panels: Sequence[Panel], outcome: NumericOutcome, *, signed: bool = False
) -> Figure:
    """Draw each panel's means as a map, one cell per design point; `signed` centres the colours on zero."""
    figure, axes = _grid(panels, x, y)
    norm, colours = _colours(panels, outcome, signed)
    image = None
    for index, (ax, (title, means, low, high)) in enumerate(zip(axes, panels, strict=False)):
        image = ax.imshow(
            means, origin="lower", aspect="auto", cmap=colours, norm=norm, interpolation="nearest"
        )
        ax.set_facecolor("#EFEFEF")  # a cell without a value
        _veil(ax, unsure(means, low, high, norm, signed=signed))
        if means.size <= _MOST_WRITTEN and len(panels) <= 6:
            texts = _texts(means, low, high, outcome, signed, small=not writes_intervals(panels))
            inks = _inks(means, unsure(means, low, high, norm, signed=signed), norm, colours)
            _write(ax, texts, inks, small=not writes_intervals(panels))
        _ticks(ax, x, y, index, len(panels))
        if title:
            ax.set_title(wrapped(title, 30))
    if image is not None:
        bar = figure.colorbar(image, ax=axes, shrink=0.85, pad=0.015, aspect=22)
        bar.set_label(wrapped(f"Difference: {outcome.title}" if signed else outcome.title, 34))
        bar.outline.set_linewidth(0.5)
    return figure


@style.styled
def contours(
    x: FactorAxis, y: FactorAxis, panels: Sequence[Panel], outcome: NumericOutcome, *, signed: bool = False
) -> Figure:
    """Draw lines of equal mean between the points that were run (dots); needs three levels of each at least."""
    figure, axes = _grid(panels, x, y)
    norm, colours = _colours(panels, outcome, signed)
    levels = _levels(norm, outcome, signed)
    filled = None
    for index, (ax, (title, means, _, _)) in enumerate(zip(axes, panels, strict=False)):
        shown = np.ma.masked_invalid(means)
        if shown.count() < 4:
            style.note(ax, "too few values")
            continue
        filled = ax.contourf(
            x.places, y.places, shown, levels=levels, cmap=colours, norm=norm, extend="neither"
        )
        if _crosses(shown.compressed(), levels):
            drawn = ax.contour(x.places, y.places, shown, levels=levels, colors="#222222", linewidths=0.5)
            for text in ax.clabel(drawn, fontsize=6.5, fmt=lambda value: f"{value:g}"):
                text.set_path_effects([withStroke(linewidth=1.6, foreground="white", alpha=0.75)])
        if signed and (shown < 0).any() and (shown > 0).any():
            ax.contour(x.places, y.places, shown, levels=[0.0], colors="#000000", linewidths=1.6)
        across, up = np.meshgrid(x.places, y.places)
        ax.plot(across.ravel(), up.ravel(), ".", color="#222222", markersize=1.8, clip_on=False)
        x.put(ax, "x", label=index >= len(panels) - _columns(len(panels)))
        y.put(ax, "y", label=index % _columns(len(panels)) == 0)
        if title:
            ax.set_title(wrapped(title, 30))
    if filled is not None:
        bar = figure.colorbar(filled, ax=axes, shrink=0.85, pad=0.015, aspect=22)
        bar.set_label(wrapped(f"Difference: {outcome.title}" if signed else outcome.title, 34))
    return figure


def writes_intervals(panels: Sequence[Panel]) -> bool:
    """Return whether the cells of a heat map have room for the interval under the mean."""
    return len(panels) <= 2 and all(means.size <= 30 for _, means, _, _ in panels)


def has_contours(panels: Sequence[Panel], outcome: NumericOutcome, *, signed: bool) -> bool:
    """Return whether a line of equal mean lies between points of any panel, whose means are not nearly the same.

    Differences deserve lines only where one of them is beyond chance.
    """
    norm, _ = _colours(panels, outcome, signed)
    levels = _levels(norm, outcome, signed)
    known = [means[np.isfinite(means)] for _, means, _, _ in panels]
    if signed and all(
        unsure(means, low, high, norm, signed=True)[np.isfinite(means)].all()
        for _, means, low, high in panels
    ):
        return False
    return any(
        _crosses(means, levels) and np.ptp(means) > 0.005 * np.abs(means).max()
        for means in known
        if means.size
    )


def _crosses(means: Floats, levels: Floats) -> bool:
    return bool(((means.min() < levels) & (levels < means.max())).any())


def _levels(norm: Normalize, outcome: NumericOutcome, signed: bool) -> Floats:
    levels = np.asarray(MaxNLocator(9).tick_values(norm.vmin or 0.0, norm.vmax or 1.0), float)
    if outcome.share and not signed and levels[-1] > 1.0:
        return np.linspace(0.0, 1.0, 11)  # there is no share above 1
    return levels


def _columns(n: int) -> int:
    return n if n <= _PER_ROW - 1 else min(_PER_ROW, (n + 1) // 2 if n <= 6 else _PER_ROW)


def _grid(panels: Sequence[Panel], x: FactorAxis, y: FactorAxis) -> tuple[Figure, list[Axes]]:
    n = len(panels)
    columns = _columns(n)
    rows = -(-n // columns)
    cell = 3.4 if n == 1 else 2.3 if n <= 3 else 2.0
    wide = max(cell, min(0.52 * len(x.levels), 5.5)) if n == 1 else cell
    tall = max(2.5, min(0.36 * len(y.levels), 5.0)) if n == 1 else cell * 0.9
    figure = style.PaperFigure(wide * columns + 1.3, tall * rows + 0.5)
    figure.set_layout_engine("constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for ax in axes[n:]:
        ax.set_axis_off()
    return figure, axes[:n]


def _colours(panels: Sequence[Panel], outcome: NumericOutcome, signed: bool) -> tuple[Normalize, Colormap]:
    values = np.concatenate([means.ravel() for _, means, _, _ in panels])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    if signed:
        most = max(abs(low), abs(high), 1e-12)
        return Normalize(-most, most), colormaps["PuOr_r" if outcome.less_is_better else "PuOr"]
    if outcome.share:
        low, high = min(low, 0.0), max(high, 0.05 if high < 0.05 else high)
    if high <= low:
        high = low + (abs(low) or 1.0) * 0.1
    # dark is bad throughout, whether more or less of it is better
    return Normalize(low, high), colormaps["cividis_r" if outcome.less_is_better else "cividis"]


def _texts(
    means: Floats, low: Floats, high: Floats, outcome: NumericOutcome, signed: bool, *, small: bool
) -> list[list[str]]:
    """Return what is written into each cell: the mean, and below it the interval where there is room."""

    def text(mean: float, first: float, last: float) -> str:
        if not np.isfinite(mean):
            return ""
        if outcome.share and not signed:
            share = f"{100 * mean:.0f} %"
            return (
                share if small or not np.isfinite(first) else f"{share}\n{100 * first:.0f}–{100 * last:.0f}"
            )
        if small or not np.isfinite(first):
            return _short(mean)
        if signed:
            return f"{_short(mean)}\n±{_short((last - first) / 2)}"
        return f"{_short(mean)}\n{_short(first)}–{_short(last)}"

    rows = zip(means.tolist(), low.tolist(), high.tolist(), strict=True)
    return [[text(*cell) for cell in zip(*row, strict=True)] for row in rows]


def unsure(
    means: Floats, low: Floats, high: Floats, norm: Normalize, *, signed: bool
) -> npt.NDArray[np.bool_]:
    """Return which cells a colour would say too much of, shape (n_y, n_x).

    A difference whose interval holds zero, or a mean whose interval is wider than the colours reach; and where there is no
    interval.
    """
    reach = (norm.vmax or 1.0) - (norm.vmin or 0.0)
    sure = (low > 0) | (high < 0) if signed else high - low <= reach
    return np.asarray(np.isfinite(means) & ~sure)


def _veil(ax: Axes, cells: npt.NDArray[np.bool_]) -> None:
    """Take most of the colour off these cells, and hatch them."""
    for row, column in np.argwhere(cells).tolist():
        corner = (column - 0.5, row - 0.5)
        ax.add_patch(Rectangle(corner, 1, 1, facecolor="#FFFFFF", alpha=0.75, linewidth=0))
        ax.add_patch(Rectangle(corner, 1, 1, fill=False, hatch="///", edgecolor="#DADADA", linewidth=0))


def _inks(means: Floats, pale: npt.NDArray[np.bool_], norm: Normalize, colours: Colormap) -> list[list[str]]:
    """Return what each cell is written in: black on pale ones, white on dark ones."""
    red, green, blue, _ = np.moveaxis(colours(norm(means)), -1, 0)
    light = pale | ~np.isfinite(means) | (0.299 * red + 0.587 * green + 0.114 * blue > 0.5)
    return [["#000000" if cell else "#FFFFFF" for cell in row] for row in light.tolist()]


def _write(ax: Axes, texts: list[list[str]], inks: list[list[str]], *, small: bool) -> None:
    for row, (cells, colours) in enumerate(zip(texts, inks, strict=True)):
        for column, (text, ink) in enumerate(zip(cells, colours, strict=True)):
            if text:
                size = 6 if small else 6.2
                ax.text(column, row, text, ha="center", va="center", color=ink, fontsize=size)


def _short(value: float) -> str:
    size = abs(value)
    if size >= 1e5 or 0 < size < 5e-3:
        return f"{value:.1e}"
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def _ticks(ax: Axes, x: FactorAxis, y: FactorAxis, index: int, n: int) -> None:
    each = [
        FactorAxis(axis.factor, axis.levels, np.arange(len(axis.levels), dtype=float), "each")
        for axis in (x, y)
    ]
    each[0].put(ax, "x", label=index >= n - _columns(n))
    each[1].put(ax, "y", label=index % _columns(n) == 0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0)


def of_outcome(findings: Findings, index: int, outcome: NumericOutcome) -> Iterator[Declared]:
    """Yield maps and contours over two parameters, a panel per level of a third."""
    grid = findings.grid
    if (
        findings.plan.design.get("kind") != "one_at_a_time"
        and grid is not None
        and len(grid.factors) in (2, 3)
    ):
        yield from _maps(findings, grid, index, outcome)


def _maps(findings: Findings, grid: Grid, index: int, outcome: NumericOutcome) -> Iterator[Declared]:
    across, up = factor_axis(grid.factors[0], grid.levels[0]), factor_axis(grid.factors[1], grid.levels[1])
    third = None if len(grid.factors) == 2 else (grid.factors[2], grid.levels[2][:_MOST_PANELS])
    responses = findings.responses
    many = len(findings.plan.arms) > 1
    tables: list[tuple[str, tuple[Floats, Floats, Floats], bool]] = [
        (
            arm if many else "",
            (responses.mean[:, i, index], responses.low[:, i, index], responses.high[:, i, index]),
            False,
        )
        for i, arm in enumerate(findings.plan.arm_names)
    ]
    tables += [(*_of_contrast(contrast, index), True) for contrast in findings.contrasts]
    for signed in (False, True):
        chosen = [table for table in tables if table[2] is signed]
        if not chosen:
            continue
        groups: list[tuple[str, list[Panel]]] = (
            [("", [_panel_of(grid, title, values, None) for title, values, _ in chosen])]
            if third is None
            else [
                (
                    title,
                    [
                        _panel_of(grid, third[0].in_words(level), values, k)
                        for k, level in enumerate(third[1])
                    ],
                )
                for title, values, _ in chosen
            ]
        )
        for group, panels in groups:
            yield from _map_figures(findings, (across, up), group, panels[:_MOST_PANELS], outcome, signed)


def _map_figures(
    findings: Findings,
    axes: tuple[FactorAxis, FactorAxis],
    group: str,
    panels: list[Panel],
    outcome: NumericOutcome,
    signed: bool,
) -> Iterator[Declared]:
    across, up = axes
    if signed and not any(np.nan_to_num(means).any() for _, means, _, _ in panels):
        return  # the arms are the same everywhere
    where = f"{across.factor.label or across.factor.name} and {up.factor.label or up.factor.name}"
    kind = "Shown: differences within patients" if signed else "Shown: the mean"
    title = f"{outcome.title} over {where}" + (
        f": {group}" if group else ": difference between arms" if signed else ""
    )
    interval = "95 % interval of the mean difference (Student)" if signed else band(outcome)
    written = f"mean ± half of the {interval}" if signed else f"mean and {interval}"
    numbers = f" Numbers: {written}." if writes_intervals(panels) else ""
    dark = "Orange is worse, purple better than the arm it is held against." if signed else "Dark is worse."
    pale = "holds zero" if signed else "is wider than the colours reach"
    dark += f" Pale and hatched: the interval {pale}, or there is none."
    suffix = (outcome.name, *([group] if group else []), *(["difference"] if signed else []))
    draw = partial(heat_maps, across, up, panels, outcome, signed=signed)
    yield declared(
        "heat", suffix, title, f"{who(findings)} {kind} at every design point. {dark}{numbers}", draw
    )
    if len(across.levels) >= 3 and len(up.levels) >= 3 and has_contours(panels, outcome, signed=signed):
        zero = " Thick: no difference." if signed else ""
        caption = f"The same as lines of equal mean, straight between the points that were run (dots).{zero}"
        draw = partial(contours, across, up, panels, outcome, signed=signed)
        yield declared("contour", suffix, f"{title} (contours)", caption, draw)


def _of_contrast(contrast: Contrast, index: int) -> tuple[str, tuple[Floats, Floats, Floats]]:
    values = (contrast.mean[:, index], contrast.low[:, index], contrast.high[:, index])
    return f"{contrast.arm} minus {contrast.versus}", values


def _panel_of(grid: Grid, title: str, values: tuple[Floats, Floats, Floats], level: int | None) -> Panel:
    points = grid.points if level is None else grid.points[:, :, level]
    means, low, high = (table[points].T for table in values)
    return title, means, low, high
