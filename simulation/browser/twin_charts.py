"""The twins' charts: each quantity of both twins in one panel, told apart by colour and by dashes."""

from typing import Any, Final

from simulation.browser.charts import areas, day_limit, layout, lines, points_of
from simulation.browser.palette import ARMS, Palette
from simulation.browser.panels import PANELS, Curve, Panel
from simulation.browser.snapshot import Snapshot
from simulation.products.registry import PRODUCTS

__all__ = ["HEIGHT", "TWIN_PANELS", "twin_frame", "twin_option"]

HEIGHT: Final = 500
_SHOWN: Final[tuple[set[str], ...]] = (
    {"blasts", "mrd"},
    set(),
    {"cd3"},
    {one.name for one in PRODUCTS if one.kind == "infusion"},
    {"tissue"},
)
_WHO: Final = ("A", "B")


def _panels() -> tuple[tuple[Panel, tuple[Curve, ...]], ...]:
    """Return the panels that twins are compared in, each with its curves."""
    kept = []
    for panel, names in zip(PANELS, _SHOWN, strict=True):
        curves = tuple(curve for curve in panel.curves if curve.id in names)
        if curves:
            kept.append((panel, curves))
    return tuple(kept)


TWIN_PANELS: Final = _panels()


def twin_option(colours: Palette, height: int = HEIGHT) -> dict[str, Any]:
    """Return what does not change from frame to frame."""
    option = layout([panel for panel, _ in TWIN_PANELS], height, colours)
    option["series"] = []
    for index, (_, curves) in enumerate(TWIN_PANELS):
        option["legend"][index]["data"] = [_name(who, curve) for curve in curves for who in _WHO]
        for curve in curves:
            for twin, who in enumerate(_WHO):
                option["series"].append(_series(index, twin, who, curve, colours))
    return option


def _name(who: str, curve: Curve) -> str:
    return f"{who}: {curve.name}"


def _series(index: int, twin: int, who: str, curve: Curve, colours: Palette) -> dict[str, Any]:
    light, dark, dash = ARMS[twin]
    colour = dark if colours.dark else light
    series: dict[str, Any] = {
        "id": f"{who}_{curve.id}", "name": _name(who, curve), "xAxisIndex": index, "yAxisIndex": index, "data": [],
        "unit": curve.unit, "itemStyle": {"color": colour}, "z": 4 if curve.points else 3,
        "type": "scatter" if curve.points else "line",
    }  # fmt: skip
    if curve.points:
        symbol = ("diamond", "circle")[twin]
        return series | {
            "symbol": symbol,
            "symbolSize": (11, 6)[twin],  # both are seen where they lie on each other
            "itemStyle": {"color": colour, "borderColor": colours.ground},
        }
    style = {"color": colour, "width": 2, "type": dash}
    return series | {"showSymbol": False, "lineStyle": style, "emphasis": {"disabled": True}}


def twin_frame(shots: tuple[Snapshot, Snapshot], parted: float | None, colours: Palette) -> dict[str, Any]:
    """Return what changes with a frame; the day on which the twins part is a line through every panel."""
    latest = max(shots, key=lambda shot: shot.day)
    end = day_limit(latest.day, max(shot.scenario.follow_up for shot in shots))
    series = []
    for panel, curves in TWIN_PANELS:
        for position, curve in enumerate(curves):
            for twin, who in enumerate(_WHO):
                shot = shots[twin]
                days = [round(day, 3) for day in shot.columns["day"].tolist()]
                one: dict[str, Any] = {"id": f"{who}_{curve.id}", "data": points_of(curve, panel, shot, days)}
                if position == 0 and twin == 0:
                    one["markLine"] = _marks(panel, shots, parted, colours)
                    one["markArea"] = areas(panel, shot, colours) if panel.bands else {"data": []}
                series.append(one)
    return {"xAxis": [{"max": end} for _ in TWIN_PANELS], "series": series}


def _marks(
    panel: Panel, shots: tuple[Snapshot, Snapshot], parted: float | None, colours: Palette
) -> dict[str, Any]:
    marks = lines(panel, shots[0], colours)
    marks["data"] = [one for one in marks["data"] if "relapse" in one["label"]["formatter"]]
    if parted is not None:
        style = {"color": colours.ink, "type": "solid", "width": 1}
        marks["data"].append({"xAxis": max(parted, 0.0), "label": {"show": False}, "lineStyle": style})
    return marks
