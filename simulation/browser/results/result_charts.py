"""Charts of the results page: survival curves of arms, heat maps and curves of a sweep."""

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulation.browser.palette import ARMS, Palette
from simulation.browser.results.sweep_folder import Axis, Cell
from simulation.browser.results.trial_folder import CURVES, TrialFolder

__all__ = ["heat_option", "line_option", "survival_option"]

# Viridis: ordered in lightness, so that it also reads without colour.
_SCALE: Final = ("#440154", "#414487", "#2A788E", "#22A884", "#7AD151", "#FDE725")
_DIFFERENCE: Final = ("#B35806", "#F1A340", "#F7F7F7", "#998EC3", "#542788")  # brown below, violet above


def _frame(colours: Palette) -> dict[str, Any]:
    return {
        "animation": False, "backgroundColor": "transparent", "textStyle": {"color": colours.ink},
        "grid": {"left": 76, "right": 24, "top": 44, "bottom": 58},
        "legend": {"top": 6, "textStyle": {"color": colours.ink}},
        "tooltip": {"confine": True, "backgroundColor": colours.ground, "textStyle": {"color": colours.ink, "fontSize": 12}},
    }  # fmt: skip


def _axis(colours: Palette, name: str, gap: int, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "nameLocation": "middle", "nameGap": gap, "nameTextStyle": {"color": colours.ink},
        "axisLabel": {"color": colours.quiet, "hideOverlap": True},
        "splitLine": {"lineStyle": {"color": colours.faint, "opacity": 0.6}}, **more,
    }  # fmt: skip


def _arm(index: int, name: str, colours: Palette) -> dict[str, Any]:
    light, dark, dash = ARMS[index % len(ARMS)]
    colour = dark if colours.dark else light
    style = {"color": colour, "width": 2, "type": dash}
    return {
        "name": name,
        "type": "line",
        "lineStyle": style,
        "itemStyle": {"color": colour},
        "emphasis": {"disabled": True},
    }


def survival_option(trial: TrialFolder, outcome: str, colours: Palette) -> dict[str, Any]:
    """Return the Kaplan-Meier curves of all arms, with pointwise 95 % bands."""
    end = float(trial.comparison["follow_up_days"])
    series = []
    for index, arm in enumerate(trial.arms):
        curve = trial.curve(arm, outcome)
        one = _arm(index, arm, colours) | {"step": "end", "showSymbol": False, "unit": "%"}
        series.append(one | {"data": _steps(curve.times, curve.survival, end)})
        faint = {**one["lineStyle"], "width": 1, "opacity": 0.35}
        for name, band in (("low", curve.low), ("high", curve.high)):
            edge = {"name": f"{arm} ({name} end of 95 % interval)", "data": _steps(curve.times, band, end)}
            series.append(one | edge | {"lineStyle": faint, "silent": True})
    option = _frame(colours)
    option["legend"]["data"] = trial.arms
    option["tooltip"] |= {"trigger": "axis"}
    option["xAxis"] = _axis(colours, "days after transplant", 30, type="value", min=0, max=end)
    option["yAxis"] = _axis(colours, f"{CURVES[outcome].label} (%)", 46, type="value", min=0, max=100)
    return option | {"series": series}


def _steps(
    days: npt.NDArray[np.float64], shares: npt.NDArray[np.float64], end: float
) -> list[list[float | None]]:
    """Return the points of a step curve, drawn on to the end; None where a band is unknown."""
    at, values = [*days.tolist(), end], [*shares.tolist(), float(shares[-1])]
    return [
        [round(day, 2), None if math.isnan(value) else round(100 * value, 2)]
        for day, value in zip(at, values, strict=True)
    ]


def line_option(
    arms: Mapping[str, Mapping[tuple[int, int], Cell]], x: Axis, title: str, colours: Palette
) -> dict[str, Any]:
    """Return the mean outcome along one factor, a curve per arm."""
    series = []
    for index, (arm, cells) in enumerate(arms.items()):
        means = [cells[i, 0].mean if (i, 0) in cells else math.nan for i in range(len(x.labels))]
        data = [None if math.isnan(mean) else round(mean, 4) for mean in means]
        series.append(_arm(index, arm, colours) | {"data": data, "symbolSize": 8})
    option = _frame(colours)
    option["tooltip"] |= {"trigger": "item"}
    option["xAxis"] = _axis(colours, x.factor.title, 34, type="category", data=list(x.labels))
    option["yAxis"] = _axis(colours, title, 52, type="value", scale=True)
    return option | {"series": series}


def heat_option(
    cells: Mapping[tuple[int, int], float],
    x: Axis,
    y: Axis,
    title: str,
    colours: Palette,
    *,
    signed: bool = False,
) -> dict[str, Any]:
    """Return a heat map of numbers by (column, row); a signed one is centred on zero."""
    known = [value for value in cells.values() if not math.isnan(value)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if signed:
        high = max(abs(low), abs(high)) or 1.0
        low = -high
    elif low == high:
        low, high = low - 0.5, high + 0.5
    data = [
        [column, row, None if math.isnan(value) else float(f"{value:.4g}")]
        for (column, row), value in sorted(cells.items())
    ]
    option = _frame(colours)
    option["grid"] = {"left": 90, "right": 110, "top": 24, "bottom": 58}
    option["tooltip"] |= {"trigger": "item"}
    option["xAxis"] = _axis(colours, x.factor.title, 34, type="category", data=list(x.labels))
    option["yAxis"] = _axis(colours, y.factor.title, 68, type="category", data=list(y.labels))
    option["legend"] = {"show": False}
    option["title"] = {
        "text": title,
        "left": 90,
        "top": 2,
        "textStyle": {"color": colours.ink, "fontSize": 12},
    }
    option["visualMap"] = {
        "min": low, "max": high, "calculable": False, "orient": "vertical", "right": 4, "top": "middle", "precision": 3,
        "text": [_short(high), _short(low)], "textStyle": {"color": colours.ink},
        "inRange": {"color": list(_DIFFERENCE if signed else _SCALE)},
    }  # fmt: skip
    label = {
        "show": len(data) <= 150,
        "fontSize": 11,
        "color": "#000000",
        "textBorderColor": "#FFFFFF",
        "textBorderWidth": 2,
    }
    series = {
        "type": "heatmap",
        "name": title,
        "data": data,
        "label": label,
        "itemStyle": {"borderColor": colours.ground, "borderWidth": 1},
    }
    return option | {"series": [series]}


def _short(value: float) -> str:
    return f"{value:.3g}"
