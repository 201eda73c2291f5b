"""Power against the number of patients, one curve per endpoint."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulation.design.draws import ENDPOINTS
from simulation.design.study import HISTORICAL, Study
from simulation.design.words import endpoint_words
from simulation.results.figures import style
from simulation.results.figures.report_figure import ReportFigure
from simulation.results.trial_figures.common import percent_axis

__all__ = ["FIGURE"]

_WIDTH, _PANEL, _LEFT, _GAP, _TOP, _BOTTOM = 7.2, 1.65, 0.65, 0.35, 0.5, 0.62  # inches
_NAMES: Final = (*ENDPOINTS, HISTORICAL)


@style.styled
def figure(study: Study) -> Figure:
    """Draw one small picture per endpoint, three in a row."""
    height = 2 * (_TOP + _PANEL + _BOTTOM)
    drawn = style.PaperFigure(_WIDTH, height)
    wide = (_WIDTH - _LEFT - 2 * _GAP - 0.15) / 3
    for index, name in enumerate(_NAMES):
        row, column = divmod(index, 3)
        left = _LEFT + column * (wide + _GAP)
        bottom = height - row * (_TOP + _PANEL + _BOTTOM) - _TOP - _PANEL
        ax = drawn.add_axes((left / _WIDTH, bottom / height, wide / _WIDTH, _PANEL / height))
        _draw(ax, study, name)
        ax.set_title(endpoint_words(study, name, short=True).replace(": ", "\n", 1), fontsize=7)
        percent_axis(ax, "Power (%)" if column == 0 else "")
        ax.set_xlabel("Patients in the one arm" if name == HISTORICAL else "Patients, both arms")
    return drawn


def _draw(ax: Axes, study: Study, name: str) -> None:
    powers = sorted((one for one in study.powers if one.endpoint == name), key=lambda one: one.patients)
    patients = np.array([one.patients for one in powers], float)
    ink, finding = style.COLOUR["ink"], style.COLOUR["finding"]
    ax.fill_between(
        patients,
        [one.low for one in powers],
        [one.high for one in powers],
        color=finding,
        alpha=0.15,
        linewidth=0,
    )
    ax.errorbar(
        patients, [one.power for one in powers], [1.96 * one.se for one in powers], color=ink, marker="o", markersize=2.5,
        linewidth=1.2, elinewidth=0.8, clip_on=False,
    )  # fmt: skip
    if all(one.assurance is not None for one in powers):
        assurance = [one.assurance or 0.0 for one in powers]
        ax.plot(patients, assurance, color=style.COLOUR["other"], linestyle=(0, (5, 1.5)), linewidth=1.2)
    ax.axhline(study.plan.power, color=style.COLOUR["faint"], linewidth=0.8, zorder=0)
    needed = next(one for one in study.needed if one.endpoint == name)
    if needed.patients is not None and needed.patients <= patients.max():
        ax.axvline(needed.patients, color=style.COLOUR["quiet"], linewidth=0.8, linestyle=(0, (2, 2)))
        side = "right" if needed.patients > 0.7 * patients.max() else "left"
        ax.text(
            needed.patients, 0.03, f" {needed.patients} ", ha=side, fontsize=7, color=style.COLOUR["quiet"]
        )
    else:
        text = (
            "the arm does no better"
            if needed.patients is None and needed.low is None
            else "more than are shown"
        )
        ax.text(
            0.97, 0.03, text, transform=ax.transAxes, ha="right", fontsize=6.5, color=style.COLOUR["quiet"]
        )
    ax.set_xlim(0, float(patients.max()))


def caption(study: Study) -> str:
    """Say what is shown."""
    return (
        "Share of simulated trials that find the first arm better; bars: 95 % Monte-Carlo error of that share. Shaded: power for "
        f"effects within the 95 % interval that {study.stored} stored twins leave open. Dashed: patients for the power asked for."
        + (" Pink: assurance, power averaged over parameter sets." if study.sets else "")
    )


FIGURE: ReportFigure[Study] = ReportFigure("power", "Power by number of patients", caption, figure)
