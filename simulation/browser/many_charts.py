"""The fan of many patients: median and 5-95 % of each strategy, parameter sets as a second shade, what was measured."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulation.browser.palette import ARMS, Palette
from simulation.forecast import Forecast

__all__ = ["HEIGHT", "fan_option", "waiting_option"]

HEIGHT: Final = 560
_PANELS: Final = (
    ("mrd", "Blasts in the marrow, fraction", -7.0, 0.0),
    ("cd3", "CD3 in blood, /\N{MICRO SIGN}L", 0.0, 4.0),
)
_UNITS: Final = {"mrd": "of the cells", "cd3": "/\N{MICRO SIGN}L"}
_MS: Final = 1000.0  # of a band's axis per day: it rounds to whole ones
_TOP, _GAP, _BOTTOM = 34, 46, 54


def waiting_option(colours: Palette) -> dict[str, Any]:
    """Return empty axes."""
    return _frame(colours, 365.0) | {"series": []}


def fan_option(forecast: Forecast, second: Forecast | None, colours: Palette) -> dict[str, Any]:
    """Return the whole chart; bands of `second`, patients under parameter sets, lie below as a lighter shade."""
    option = _frame(colours, forecast.question.until)
    series: list[dict[str, Any]] = []
    for panel, (what, _, low, _) in enumerate(_PANELS):
        for index in range(len(forecast.question.arms)):
            if second is not None:
                series += _band(second, index, what, panel, low, colours, 0.12, "sets")
            series += _band(forecast, index, what, panel, low, colours, 0.24, "table")
        for index in range(len(forecast.question.arms)):
            series.append(_median(forecast, index, what, panel, low, colours))
        series += _measured(forecast, what, panel, low, colours)
    option["series"] = series
    names = [_name(forecast, index) for index in range(len(forecast.question.arms))]
    option["legend"] = {"top": 4, "data": names, "textStyle": {"color": colours.ink}}
    return option


def _frame(colours: Palette, end: float) -> dict[str, Any]:
    each = (HEIGHT - _TOP - _GAP - _BOTTOM) // 2
    tops = [_TOP + index * (each + _GAP) for index in range(2)]
    label = {"color": colours.quiet, "hideOverlap": True}
    line = {"lineStyle": {"color": colours.faint, "opacity": 0.6}}
    return {
        "animation": False, "backgroundColor": "transparent", "textStyle": {"color": colours.ink},
        "grid": [{"left": 62, "right": 24, "top": top + 20, "height": each - 20} for top in tops],
        "title": [
            {"text": title, "left": 4, "top": top - 4, "textStyle": {"color": colours.ink, "fontSize": 12, "fontWeight": 500}}
            for (_, title, _, _), top in zip(_PANELS, tops, strict=True)
        ],
        "tooltip": {"trigger": "axis", "confine": True, "backgroundColor": colours.ground,
                    "textStyle": {"color": colours.ink, "fontSize": 12}},
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "xAxis": [
            {"type": "value", "gridIndex": index, "min": 0, "max": end, "axisLabel": label, "splitLine": {"show": False},
             "name": "days after transplant" if index else "", "nameLocation": "middle", "nameGap": 26,
             "nameTextStyle": {"color": colours.ink}}
            for index in range(2)
        ] + [  # of bands: no pointer follows them, so medians only are told; what is stacked needs an axis of time (ms)
            {"type": "time", "gridIndex": index, "min": 0, "max": end * _MS, "show": False, "axisPointer": {"show": False}}
            for index in range(2)
        ],
        "yAxis": [
            {"type": "value", "gridIndex": index, "min": low, "max": high, "interval": 1, "power": True, "low": low,
             "axisLabel": dict(label), "splitLine": line}
            for index, (_, _, low, high) in enumerate(_PANELS)
        ],
    }  # fmt: skip


def _name(forecast: Forecast, index: int) -> str:
    arms = forecast.question.arms
    name = arms[index].scenario.name
    twice = [arm.scenario.name for arm in arms].count(name) > 1
    return f"{'AB'[index]}: {name}" if twice else name


def _colour(index: int, colours: Palette) -> tuple[str, Any]:
    light, dark, dash = ARMS[index % len(ARMS)]
    return (dark if colours.dark else light), dash


def _logs(values: npt.NDArray[np.float64], low: float) -> list[float | None]:
    """Return powers of ten, what is below the axis on its lowest line; None where there is nobody."""
    logs: list[float | None] = []
    for value in values.tolist():
        if math.isnan(value):
            logs.append(None)
        else:
            logs.append(round(max(math.log10(value), low), 3) if value > 0 else low)
    return logs


def _band(
    forecast: Forecast,
    index: int,
    what: str,
    panel: int,
    low: float,
    colours: Palette,
    opacity: float,
    whose: str,
) -> list[dict[str, Any]]:
    """Return two stacked lines: the lower end, which is not seen, and what lies between, which is filled."""
    fan, (colour, _) = forecast.fan(index, what), _colour(index, colours)
    below, above = _logs(fan.levels[0], low), _logs(fan.levels[2], low)
    between = [None if a is None or b is None else round(b - a, 3) for a, b in zip(below, above, strict=True)]
    common = {
        "type": "line", "xAxisIndex": 2 + panel, "yAxisIndex": panel, "showSymbol": False, "silent": True,
        "lineStyle": {"opacity": 0}, "stack": f"{whose}-{index}-{panel}", "stackStrategy": "all",
        "emphasis": {"disabled": True},
    }  # fmt: skip
    days = [day * _MS for day in fan.days]
    return [
        common | {"name": f"{whose}-{index}-low", "data": _points(days, below)},
        common
        | {
            "name": f"{whose}-{index}-band",
            "data": _points(days, between),
            "areaStyle": {"color": colour, "opacity": opacity},
        },
    ]


def _points(days: Sequence[float], values: Sequence[float | None]) -> list[list[float | None]]:
    return [[round(day, 2), value] for day, value in zip(days, values, strict=True)]


def _median(
    forecast: Forecast, index: int, what: str, panel: int, low: float, colours: Palette
) -> dict[str, Any]:
    fan, (colour, dash) = forecast.fan(index, what), _colour(index, colours)
    one: dict[str, Any] = {
        "name": _name(forecast, index), "type": "line", "xAxisIndex": panel, "yAxisIndex": panel, "showSymbol": False,
        "unit": _UNITS[what], "lineStyle": {"color": colour, "width": 2, "type": dash},
        "itemStyle": {"color": colour}, "emphasis": {"disabled": True}, "data": _points(fan.days, _logs(fan.levels[1], low)),
    }  # fmt: skip
    if forecast.conditioned and index == 0:
        one["markLine"] = {
            "silent": True, "symbol": "none", "data": [{"xAxis": forecast.question.series.today}],
            "label": {"formatter": "today", "color": colours.quiet}, "lineStyle": {"color": colours.quiet, "type": "dashed"},
        }  # fmt: skip
    return one


def _measured(
    forecast: Forecast, what: str, panel: int, low: float, colours: Palette
) -> list[dict[str, Any]]:
    points = [
        {
            "value": [one.day, round(max(math.log10(one.value), low), 3)],
            "symbol": "triangle" if one.below else "diamond",
            "symbolRotate": 180 if one.below else 0,
            "itemStyle": {
                "color": colours.ground if one.below else colours.ink,
                "borderColor": colours.ink,
                "borderWidth": 1.5,
            },
        }
        for one in forecast.question.series.measured
        if one.what == what
    ]
    if not points:
        return []
    return [
        {
            "name": "measured", "type": "scatter", "xAxisIndex": panel, "yAxisIndex": panel, "symbolSize": 11, "data": points,
            "unit": _UNITS[what], "z": 5,
        }
    ]  # fmt: skip
