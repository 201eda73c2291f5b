"""The live charts as one ECharts option: panels below each other that share the axis of days.

Counts are drawn on logarithmic axes. ECharts' own cannot show that nothing is left, so values go there as powers of ten,
and what is zero lies on the axis' lowest line, which says 0. `chart.vue` writes the labels and the tooltip.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulation.browser.palette import Palette
from simulation.browser.panels import PANELS, Curve, Panel
from simulation.browser.snapshot import Snapshot
from simulation.products.registry import received

__all__ = [
    "HEIGHT", "areas", "base_option", "day_axis", "day_limit", "frame_option", "layout", "lines", "points_of", "power",
    "value_axis",
]  # fmt: skip

HEIGHT: Final = 500
_TOP, _GAP, _BOTTOM = 24, 30, 38  # pixels
_ABOVE_ZERO: Final = 0.2
_NARROW: Final = 0.04  # of the days on the axis: an infusion whose rate does not fit over its bar
_LEFT, _RIGHT = 58, 18
_ENDS: Final = (30, 60, 90, 120, 180, 270, 365, 545, 730, 1095, 1460, 1825, 3650, 7305)


def day_limit(day: float, follow_up: float) -> float:
    """Return the right end of the axis of days: roomy while the patient is young, never beyond follow-up."""
    return min(next((end for end in _ENDS if end >= day * 1.02), follow_up), max(follow_up, 1.0))


def power(values: npt.NDArray[np.float64], low: float) -> list[float | None]:
    """Return log10 of the values, `low` for zero, a little above it for what is smaller still, None where there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(values > 0, np.maximum(np.log10(values), low + _ABOVE_ZERO), low)
    shown = np.round(logs, 3).tolist()
    return [None if math.isnan(value) else log for value, log in zip(values.tolist(), shown, strict=True)]


def layout(panels: Sequence[Panel], height: int, colours: Palette) -> dict[str, Any]:
    """Return titles, grids and axes of panels below each other, and what all charts of this page have in common."""
    n = len(panels)
    each = (height - _TOP - _BOTTOM - _GAP * (n - 1)) / n
    tops = [_TOP + index * (each + _GAP) for index in range(n)]
    text = {"color": colours.ink, "fontSize": 11}
    return {
        "stack": {"panels": n, "top": _TOP, "gap": _GAP, "bottom": _BOTTOM},  # by which `chart.vue` fills a taller place
        "animation": False,
        "backgroundColor": "transparent",
        "textStyle": {"color": colours.ink},
        "axisPointer": {"link": [{"xAxisIndex": "all"}], "lineStyle": {"color": colours.quiet}},
        "tooltip": {
            "trigger": "axis", "confine": True, "backgroundColor": colours.ground, "borderColor": colours.faint,
            "textStyle": {"color": colours.ink, "fontSize": 11}, "axisPointer": {"type": "line"},
        },
        "title": [
            {"text": panel.title, "left": 8, "top": top - 23, "textStyle": {**text, "fontWeight": 600}}
            for panel, top in zip(panels, tops, strict=True)
        ],
        "legend": [
            {
                "right": _RIGHT, "top": top - 25, "itemWidth": 16, "itemHeight": 8, "itemGap": 9, "textStyle": text,
                "inactiveColor": colours.faint,
            }
            for top in tops
        ],
        "grid": [{"left": _LEFT, "right": _RIGHT, "top": top, "height": each} for top in tops],
        "xAxis": [day_axis(index, colours, last=index == n - 1) for index in range(n)],
        "yAxis": [value_axis(index, panel, colours) for index, panel in enumerate(panels)],
    }  # fmt: skip


def base_option(colours: Palette, height: int = HEIGHT) -> dict[str, Any]:
    """Return everything that does not change from frame to frame."""
    option = layout(PANELS, height, colours)
    for legend, panel in zip(option["legend"], PANELS, strict=True):
        legend["data"] = [curve.name for curve in panel.curves if curve.legend]
    option["series"] = [
        series for index, panel in enumerate(PANELS) for series in _panel_series(index, panel, colours)
    ]
    option["series"] += [
        _original(index, curve, colours)
        for index, panel in enumerate(PANELS)
        for curve in panel.curves
        if not curve.points
    ]
    return option


def _original(index: int, curve: Curve, colours: Palette) -> dict[str, Any]:
    """Return the curve of the branch that was left: thin and dotted, in its own colour, below the others."""
    return {
        "id": f"original_{curve.id}", "name": f"{curve.name}, original branch", "type": "line", "xAxisIndex": index,
        "yAxisIndex": index, "data": [], "unit": curve.unit, "z": 2, "showSymbol": False, "connectNulls": False,
        "itemStyle": {"color": colours.of(curve.colour)}, "emphasis": {"disabled": True},
        "lineStyle": {"color": colours.of(curve.colour), "width": 1.6, "type": [2, 3], "opacity": 0.85},
    }  # fmt: skip


def day_axis(index: int, colours: Palette, *, last: bool) -> dict[str, Any]:
    """Return the axis of days of one panel; only the last one is labelled."""
    return {
        "type": "value", "gridIndex": index, "min": 0, "max": 60, "minInterval": 1,
        "axisLabel": {"show": last, "color": colours.quiet, "fontSize": 10},
        "axisTick": {"show": last}, "axisLine": {"onZero": False, "lineStyle": {"color": colours.quiet}},
        "splitLine": {"lineStyle": {"color": colours.faint, "opacity": 0.5}},
        "name": "days after transplant" if last else "", "nameLocation": "middle", "nameGap": 24,
        "nameTextStyle": {"color": colours.ink, "fontSize": 11},
    }  # fmt: skip


def value_axis(index: int, panel: Panel, colours: Palette) -> dict[str, Any]:
    """Return the axis of values of one panel."""
    faint = {"color": colours.faint, "opacity": 0.5}
    return {
        "type": "value", "gridIndex": index, "min": panel.low, "max": panel.high, "interval": panel.interval,
        "power": panel.log, "low": panel.low,
        "axisLabel": {"color": colours.quiet, "fontSize": 10}, "splitLine": {"lineStyle": faint},
    }  # fmt: skip


def _panel_series(index: int, panel: Panel, colours: Palette) -> list[dict[str, Any]]:
    series_list = []
    for curve in panel.curves:
        colour = colours.of(curve.colour)
        series: dict[str, Any] = {
            "id": curve.id, "name": curve.name, "type": "scatter" if curve.points else "line", "xAxisIndex": index,
            "yAxisIndex": index, "data": [], "itemStyle": {"color": colour}, "unit": curve.unit, "z": 4 if curve.points else 3,
        }  # fmt: skip
        if curve.points:
            series |= {
                "symbol": curve.points,
                "symbolSize": 8,
                "itemStyle": {"color": colour, "borderColor": colours.ground},
            }
        else:
            series |= {
                "showSymbol": False, "connectNulls": False,
                "lineStyle": {"color": colour, "width": 1.8, "type": curve.dash}, "emphasis": {"disabled": True},
            }  # fmt: skip
        series_list.append(series)
    return series_list


def frame_option(
    shot: Snapshot, colours: Palette, original: Snapshot | None = None, forked: float | None = None
) -> dict[str, Any]:
    """Return what changes with a frame: the curves' points, the axis of days, treatments and thresholds.

    `original` is the branch that was left on the day `forked`, and drawn from there.
    """
    end = day_limit(max(shot.day, shot.day if original is None else original.day), shot.scenario.follow_up)
    days = np.round(shot.columns["day"], 3).tolist()
    series = []
    for panel in PANELS:
        for position, curve in enumerate(panel.curves):
            one: dict[str, Any] = {"id": curve.id, "data": points_of(curve, panel, shot, days)}
            if position == 0:
                marks = lines(panel, shot, colours)
                if forked is not None:
                    style = {"color": colours.ink, "type": "solid", "width": 1}
                    marks["data"].append(
                        {"xAxis": max(forked, 0.0), "label": {"show": False}, "lineStyle": style}
                    )
                one |= {"markLine": marks, "markArea": areas(panel, shot, colours)}
            series.append(one)
    series += _original_points(original, forked)
    return {"xAxis": [{"max": end} for _ in PANELS], "series": series}


def _original_points(original: Snapshot | None, forked: float | None) -> list[dict[str, Any]]:
    curves = [(panel, curve) for panel in PANELS for curve in panel.curves if not curve.points]
    if original is None or forked is None:
        return [{"id": f"original_{curve.id}", "data": []} for _, curve in curves]
    days = np.round(original.columns["day"], 3).tolist()
    first = next((i for i, day in enumerate(days) if day >= forked - 1.0), 0)
    return [
        {"id": f"original_{curve.id}", "data": points_of(curve, panel, original, days)[first:]}
        for panel, curve in curves
    ]


def points_of(curve: Curve, panel: Panel, shot: Snapshot, days: Sequence[float]) -> list[list[float | None]]:
    """Return the points (day, value on the axis) of one curve."""
    if curve.points:
        return curve.measured(shot, panel.low) if curve.measured else []
    values = curve.values(shot.columns) if curve.values else np.zeros(0)
    shown = (
        power(values, panel.low)
        if panel.log
        else [None if math.isnan(v) else round(v, 4) for v in values.tolist()]
    )
    return [[day, value] for day, value in zip(days, shown, strict=True)]


def lines(panel: Panel, shot: Snapshot, colours: Palette) -> dict[str, Any]:
    """Return the levels that a panel is read against."""
    data = []
    for value, words in panel.levels(shot) if panel.levels else ():
        label = {"formatter": words, "position": "insideStartTop", "color": colours.quiet, "fontSize": 10}
        data.append({"yAxis": math.log10(value) if panel.log else value, "label": label})
    style = {"color": colours.quiet, "type": "dashed", "width": 1}
    return {"silent": True, "symbol": "none", "lineStyle": style, "data": data}


def areas(panel: Panel, shot: Snapshot, colours: Palette) -> dict[str, Any]:
    """Return grades as bands across, and infusions of engagers as bars of time."""
    data: list[list[dict[str, Any]]] = []
    for low, high, grade in panel.bands(shot) if panel.bands else ():
        style = {"color": colours.bands[grade - 1], "opacity": 0.9}
        label = {"show": True, "position": "insideRight", "color": colours.ink, "fontSize": 10}
        named = {
            "name": ("I", "II", "III", "IV")[grade - 1],
            "yAxis": low,
            "itemStyle": style,
            "label": label,
        }
        data.append([named, {"yAxis": high}])
    if panel.infusions:
        infusions = [row for row in received(shot.result.events, shot.result.end) if row.kind == "infusion"]
        for colour, given in ((colours.of(row.colour), bar) for row in infusions for bar in row.bars):
            end = min(given.end, max(shot.day, given.start))
            # the rate of a bar too narrow for its words stands at the foot, clear of the next one's
            side = "insideBottom" if end - given.start < _NARROW * shot.day else "insideTop"
            data.append([
                {"name": f"{given.level:g} µg/day", "xAxis": given.start, "itemStyle": {"color": colour, "opacity": 0.18},
                 "label": {"show": True, "position": side, "color": colours.ink, "fontSize": 9}},
                {"xAxis": end},
            ])  # fmt: skip
    return {"silent": True, "data": data}
