"""Many parameters: a small panel for each, with the mean over all levels of the others."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from simulation.analysis.figures.axis import FactorAxis, factor_axis, wrapped
from simulation.analysis.figures.common import Declared, declared, who
from simulation.analysis.findings import Findings
from simulation.analysis.grid import Grid
from simulation.results.figures import style
from simulation.sweep.outcomes import NumericOutcome

__all__ = ["effects_plot"]


@style.styled
def effects_plot(
    panels: Sequence[tuple[FactorAxis, Sequence[npt.NDArray[np.float64]]]],
    arms: Sequence[str],
    outcome: NumericOutcome,
) -> Figure:
    """Draw one panel per parameter on one scale, a line per arm."""
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure = style.PaperFigure(2.3 * columns + 1.2, 1.9 * rows + 0.3)
    figure.set_layout_engine("constrained")
    axes = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel().tolist()
    for ax in axes[len(panels) :]:
        ax.set_axis_off()
    for number, (ax, (axis, lines)) in enumerate(zip(axes, panels, strict=False)):
        for index, (arm, means) in enumerate(zip(arms, lines, strict=True)):
            ax.plot(
                axis.places, means, color=style.ARM_COLOURS[index % 8], linestyle=style.DASHES[index % 8], marker="o",
                markersize=2.6, label=arm,
            )  # fmt: skip
        axis.put(ax, "x")
        if number % columns == 0:
            ax.set_ylabel(wrapped(outcome.title, 28))
    if len(arms) > 1:
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper", title="Arm")
    return figure


def of_outcome(findings: Findings, index: int, outcome: NumericOutcome) -> Iterator[Declared]:
    """Yield the effects of single parameters where a grid has more than can be mapped."""
    grid = findings.grid
    if findings.plan.design.get("kind") != "one_at_a_time" and grid is not None and len(grid.factors) > 3:
        yield _main_effects(findings, grid, index, outcome)


def _main_effects(findings: Findings, grid: Grid, index: int, outcome: NumericOutcome) -> Declared:
    """Draw the mean at each level of each factor over all levels of the others."""
    responses, arms = findings.responses, findings.plan.arm_names
    panels = []
    for axis in range(len(grid.factors)):
        means = [grid.means_over(responses.mean[:, arm, index], axis) for arm in range(len(arms))]
        panels.append((factor_axis(grid.factors[axis], grid.levels[axis]), means))
    caption = (
        f"{who(findings)} Each panel: the mean at each level of one parameter, over all levels of the others."
    )
    draw = partial(effects_plot, panels, list(arms), outcome)
    return declared("effects", (outcome.name,), f"{outcome.title}: each parameter by itself", caption, draw)
