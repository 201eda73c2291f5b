"""Which figures a sweep deserves: from what was found to figures with titles and captions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from simulation.analysis.figures.axis import FactorAxis, factor_axis, number_text
from simulation.analysis.figures.bars import Swing, index_bars, morris_plane, tornado
from simulation.analysis.figures.heat import Panel, contours, heat_maps, is_flat, writes_intervals
from simulation.analysis.figures.lines import Line, line_plot
from simulation.analysis.figures.trade_off import Cloud, trade_off
from simulation.analysis.findings import Contrast, Findings
from simulation.analysis.grid import Grid, varying
from simulation.analysis.paired import paired_interval
from simulation.sweep.outcomes import NumericOutcome

__all__ = ["Drawing", "drawings"]

type Floats = npt.NDArray[np.float64]
_MOST_PANELS = 8
_MOST_LINES = 6


@dataclass(frozen=True, slots=True)
class Drawing:
    """Hold a figure with its file name, title and caption."""

    name: str
    title: str
    caption: str
    figure: Figure


def drawings(findings: Findings) -> Iterator[Drawing]:
    """Yield every figure, one at a time so that not all are in memory."""
    grid = findings.grid
    for index, outcome in enumerate(findings.outcomes):
        if not np.isfinite(findings.responses.mean[..., index]).any():
            continue
        if findings.plan.design.get("kind") == "one_at_a_time":
            yield from _tornadoes(findings, index, outcome)
        elif grid is not None and len(grid.factors) == 1:
            yield _one(findings, grid, index, outcome)
        elif grid is not None and len(grid.factors) in (2, 3):
            yield from _maps(findings, grid, index, outcome)
        elif grid is not None:
            yield _main_effects(findings, grid, index, outcome)
        elif findings.plan.design.get("kind") in ("zip", "csv") and findings.points:
            yield from _in_order(findings, index, outcome)
    yield from _indices(findings)
    yield from _trade_offs(findings)


def _who(findings: Findings) -> str:
    n = findings.plan.n_replicates
    same = "the same at every point" if findings.plan.random_numbers == "common" else "others at every point"
    return f"Means over {n:,} virtual patients, {same}."


def _band(outcome: NumericOutcome) -> str:
    kind = "Wilson" if outcome.share else "Student"
    return f"95 % interval of the mean ({kind}), that is, how well so many patients fix it, not how patients differ"


def _name(kind: str, *parts: str) -> str:
    words = "_".join((kind, *parts))
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in words)


def _line(findings: Findings, label: str, points: npt.NDArray[np.int64], arm: int, index: int) -> Line:
    found = findings.responses
    return Line(
        label, found.mean[points, arm, index], found.low[points, arm, index], found.high[points, arm, index]
    )


def _one(findings: Findings, grid: Grid, index: int, outcome: NumericOutcome) -> Drawing:
    axis = factor_axis(grid.factors[0], grid.levels[0])
    arms = findings.plan.arm_names
    lines = [
        _line(findings, arm if len(arms) > 1 else "", grid.points, i, index) for i, arm in enumerate(arms)
    ]
    marks = _marks(findings, axis, outcome)
    told = " Dashed: thresholds." if marks else ""
    caption = f"{_who(findings)} Bands: {_band(outcome)}.{told}"
    figure = line_plot(axis, [("", lines)], outcome, "Arm" if len(arms) > 1 else "", marks)
    return Drawing(
        _name("line", outcome.name), f"{outcome.title} against {grid.factors[0].title}", caption, figure
    )


def _marks(findings: Findings, axis: FactorAxis, outcome: NumericOutcome) -> list[tuple[float, str]]:
    marks = []
    for answer in findings.answers:
        if (
            answer.found is None
            or answer.question.outcome != outcome.name
            or answer.where
            or axis.kind == "each"
        ):
            continue
        for crossing in answer.found.crossings:
            place = float(np.log10(crossing.at)) if axis.kind == "log" else crossing.at
            marks.append((place, number_text(crossing.at)))
    return marks


def _maps(findings: Findings, grid: Grid, index: int, outcome: NumericOutcome) -> Iterator[Drawing]:
    across, up = factor_axis(grid.factors[0], grid.levels[0]), factor_axis(grid.factors[1], grid.levels[1])
    third = None if len(grid.factors) == 2 else (grid.factors[2], grid.levels[2][:_MOST_PANELS])
    found = findings.responses
    many = len(findings.plan.arms) > 1
    tables: list[tuple[str, tuple[Floats, Floats, Floats], bool]] = [
        (
            arm if many else "",
            (found.mean[:, i, index], found.low[:, i, index], found.high[:, i, index]),
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
            [("", [_panel(grid, title, values, None) for title, values, _ in chosen])]
            if third is None
            else [
                (
                    title,
                    [_panel(grid, third[0].in_words(level), values, k) for k, level in enumerate(third[1])],
                )
                for title, values, _ in chosen
            ]
        )
        for group, panels in groups:
            yield from _map_figures(findings, (across, up), group, panels[:_MOST_PANELS], outcome, signed)
    if third is None:
        yield _families(findings, grid, index, outcome)


def _map_figures(
    findings: Findings,
    axes: tuple[FactorAxis, FactorAxis],
    group: str,
    panels: list[Panel],
    outcome: NumericOutcome,
    signed: bool,
) -> Iterator[Drawing]:
    across, up = axes
    where = f"{across.factor.label or across.factor.name} and {up.factor.label or up.factor.name}"
    kind = "Shown: differences within patients" if signed else "Shown: the mean"
    title = f"{outcome.title} over {where}" + (
        f": {group}" if group else ": difference between arms" if signed else ""
    )
    interval = "95 % interval of the mean difference (Student)" if signed else _band(outcome)
    written = f"mean ± half of the {interval}" if signed else f"mean and {interval}"
    numbers = f" Numbers: {written}." if writes_intervals(panels) else ""
    dark = "Orange is worse, purple better than the arm it is held against." if signed else "Dark is worse."
    suffix = [outcome.name, *([group] if group else []), *(["difference"] if signed else [])]
    yield Drawing(
        _name("heat", *suffix), title,
        f"{_who(findings)} {kind} at every design point. {dark}{numbers}",
        heat_maps(across, up, panels, outcome, signed=signed),
    )  # fmt: skip
    if len(across.levels) >= 3 and len(up.levels) >= 3 and not is_flat(panels):
        zero = " Thick: no difference." if signed else ""
        yield Drawing(
            _name("contour", *suffix), f"{title} (contours)",
            f"The same as lines of equal mean, straight between the points that were run (dots).{zero}",
            contours(across, up, panels, outcome, signed=signed),
        )  # fmt: skip


def _of_contrast(contrast: Contrast, index: int) -> tuple[str, tuple[Floats, Floats, Floats]]:
    values = (contrast.mean[:, index], contrast.low[:, index], contrast.high[:, index])
    return f"{contrast.arm} minus {contrast.versus}", values


def _panel(grid: Grid, title: str, values: tuple[Floats, Floats, Floats], level: int | None) -> Panel:
    points = grid.points if level is None else grid.points[:, :, level]
    means, low, high = (table[points].T for table in values)
    return title, means, low, high


def _families(findings: Findings, grid: Grid, index: int, outcome: NumericOutcome) -> Drawing:
    """Draw lines along the first factor, one per level of the second, a panel per arm."""
    axis = factor_axis(grid.factors[0], grid.levels[0])
    n = len(grid.levels[1])
    chosen = np.unique(np.linspace(0, n - 1, min(n, _MOST_LINES)).round().astype(int))
    arms = findings.plan.arm_names
    panels = []
    for arm, name in enumerate(arms[:4]):
        lines = [
            _line(findings, grid.factors[1].told(grid.levels[1][j]), grid.points[:, j], arm, index)
            for j in chosen.tolist()
        ]
        panels.append((name if len(arms) > 1 else "", lines))
    caption = f"{_who(findings)} Bands: {_band(outcome)}."
    title = f"{outcome.title} against {grid.factors[0].title}"
    return Drawing(
        _name("lines", outcome.name), title, caption, line_plot(axis, panels, outcome, grid.factors[1].title)
    )


def _main_effects(findings: Findings, grid: Grid, index: int, outcome: NumericOutcome) -> Drawing:
    """Draw the mean at each level of each factor over all levels of the others."""
    from simulation.analysis.figures.effects import effects_plot

    found, arms = findings.responses, findings.plan.arm_names
    panels = []
    for axis in range(len(grid.factors)):
        means = [grid.means_over(found.mean[:, arm, index], axis) for arm in range(len(arms))]
        panels.append((factor_axis(grid.factors[axis], grid.levels[axis]), means))
    caption = f"{_who(findings)} Each panel: the mean at each level of one parameter, over all levels of the others."
    figure = effects_plot(panels, list(arms), outcome)
    return Drawing(
        _name("effects", outcome.name), f"{outcome.title}: each parameter by itself", caption, figure
    )


def _in_order(findings: Findings, index: int, outcome: NumericOutcome) -> Iterator[Drawing]:
    """Draw a list of points along the first parameter whose values are all different numbers."""
    for i in varying(findings.plan.factors, findings.points):
        factor = findings.plan.factors[i]
        values = [point[i] for point in findings.points]
        if factor.numeric and len(set(values)) == len(values):
            order = np.argsort([float(value) for value in values])
            axis = factor_axis(factor, tuple(values[j] for j in order.tolist()))
            arms = findings.plan.arm_names
            lines = [
                _line(findings, arm if len(arms) > 1 else "", order, a, index) for a, arm in enumerate(arms)
            ]
            caption = f"{_who(findings)} The other parameters change along with it. Bands: {_band(outcome)}."
            figure = line_plot(axis, [("", lines)], outcome, "Arm")
            yield Drawing(
                _name("line", outcome.name), f"{outcome.title} along the list of points", caption, figure
            )
            return


def _tornadoes(findings: Findings, index: int, outcome: NumericOutcome) -> Iterator[Drawing]:
    if findings.values is None:
        return
    for arm, name in enumerate(findings.plan.arm_names):
        table = findings.values[index, :, arm]
        swings = list(_swings(findings, table))
        telling = [swing for swing in swings if swing.size > 0]
        left_out = len(swings) - len(telling) if telling else 0
        title = f"{outcome.title}: one parameter at a time" + (
            f" ({name})" if len(findings.plan.arms) > 1 else ""
        )
        caption = (
            f"{_who(findings)} Change against the base when one parameter goes to the low or high end of its range, the "
            "others staying; lines: 95 % interval of the mean change within patients. Right: the ends."
            + (f" Left out: {left_out} parameters that change nothing at either end." if left_out else "")
        )
        figure = tornado(telling or swings, outcome, float(np.nanmean(table[0])))
        yield Drawing(_name("tornado", outcome.name, name), title, caption, figure)


def _swings(findings: Findings, table: Floats) -> Iterator[Swing]:
    for i, factor in enumerate(findings.plan.factors):
        ends = []
        for point in (1 + 2 * i, 2 + 2 * i):
            mean, low, high = paired_interval((table[point] - table[0])[None, :])
            ends.append((float(mean[0]), float(low[0]), float(high[0])))
        words = [factor.told(findings.points[point][i]) for point in (1 + 2 * i, 2 + 2 * i)]
        yield Swing(
            factor.label or factor.name, words[0], f"{words[1]} {factor.unit}".strip(), ends[0], ends[1]
        )


def _indices(findings: Findings) -> Iterator[Drawing]:
    labels = [factor.label or factor.name for factor in findings.plan.factors]
    telling = {
        "sobol": "Sobol indices: the share of the outcome's variance over the design that goes when the parameter is known "
        "(S1, alone; ST, with its interactions).",
        "morris": "Morris screening: the mean absolute effect µ* of stepping through a parameter's whole range.",
        "rank": "Partial rank correlation: monotone association with the others held fixed; orders, does not apportion.",
    }
    for ranking in findings.rankings:
        found = ranking.indices
        if found is None:
            continue
        name = (
            f"{ranking.outcome.name}_{ranking.arm}" if len(findings.plan.arms) > 1 else ranking.outcome.name
        )
        title = f"What drives: {ranking.outcome.title}" + (
            f" ({ranking.arm})" if len(findings.plan.arms) > 1 else ""
        )
        noise = (
            f" Chance makes {ranking.noise_share:.0%} of the variance between points: more replicates lower it."
            if np.isfinite(ranking.noise_share)
            else ""
        )
        caption = f"{telling[found.kind]} Lines: 95 % interval by bootstrap over the design.{noise}"
        yield Drawing(_name("indices", name), title, caption, index_bars(found, labels, ranking.outcome))
        if found.kind == "morris":
            yield Drawing(
                _name("morris", name), f"{title}: size and evenness of the effects",
                "Above the grey line the effects differ more than they are large: the parameter interacts with others, or its "
                "effect bends.", morris_plane(found, labels, ranking.outcome),
            )  # fmt: skip


def _trade_offs(findings: Findings) -> Iterator[Drawing]:
    if findings.traded is None or not findings.points:
        return
    one, other = findings.traded
    found = findings.responses
    places = [found.index(outcome.name) for outcome in (one, other)]
    shown = varying(findings.plan.factors, findings.points)
    factors: Sequence[str] = [findings.plan.factors[i].title for i in shown]
    names = [
        ", ".join(findings.plan.factors[i].told(point[i]) for i in shown) for point in findings.points
    ]  # the title of the list says what they are
    for arm, name in enumerate(findings.plan.arm_names):
        clouds = [Cloud(found.mean[:, arm, i], found.low[:, arm, i], found.high[:, arm, i]) for i in places]
        title = f"{one.label or one.name} against {other.label or other.name}"
        title += f" ({name})" if len(findings.plan.arms) > 1 else ""
        caption = (
            f"{_who(findings)} Each dot is a design point with 95 % intervals of both means. Orange: no other point is at "
            "least as good in both and better in one; points near the front may belong to it, as their intervals say."
        )
        figure = trade_off(
            clouds[0], clouds[1], findings.pareto[name], names, (one, other), ", ".join(factors)
        )
        yield Drawing(_name("pareto", one.name, other.name, name), title, caption, figure)
