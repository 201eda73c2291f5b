"""What the trial's figures share: an arm's colour and dashes, the key of arms, steps, and how to say who is who."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from simulation.posterior.sets import SHARE, SPREAD, bare_name
from simulation.results.figures import style
from simulation.results.trial_view import ArmView, TrialView

__all__ = [
    "CAUSE_COLOURS",
    "PARAMETERS",
    "AtRisk",
    "Curve",
    "CurvePanel",
    "arm_curves",
    "arm_key",
    "arm_look",
    "banded",
    "numbers_at_risk",
    "parameter_name",
    "percent_axis",
    "room_at_risk",
    "steps",
]

type Floats = npt.NDArray[np.float64]
type AtRisk = Callable[[ArmView, float], int]  # how many of an arm's patients are under observation on a day
type Curve = tuple[Floats, Floats, Floats, Floats]  # days, share from each on, and its limits

_LINE: Final = 0.15  # inches from one line of numbers to the next

PARAMETERS: Final = {
    "rate_blast_net_growth": "Growth of the leukaemia",
    "n_residual_blasts": "Burden at transplant",
    "n_t_cell_set_point_early": "T-cell recovery",
    "treg_share_supported": "Treg share",
    "n_cd19_negative_reservoir": "CD19-negative reservoir",
    "cl_blinatumomab": "Blinatumomab clearance",
    "t_cell_fitness": "T-cell fitness",
    "fraction_alloreactive_haploidentical": "Alloreactive share",
    "weight": "Weight",
    "n_engaged_crs_unit": "Engaged T cells per unit of CRS score",
    "n_effectors_half_damage": "Effectors in tissue that do half the damage",
    "n_extramedullary_cells": "Room for blasts outside the marrow",
    "access_extramedullary": "Access of T cells and drug outside the marrow",
    "fraction_alloreactive_sibling": "Alloreactive share (sibling donor)",
    "fraction_alloreactive_unrelated": "Alloreactive share (unrelated donor)",
    "phi_bm": "Homing of Treg to the marrow",
    "partition_marrow": "Drug in the marrow against blood",
    "p_cd19_loss": "Loss of CD19 at a division",
    "rate_exhaustion": "Exhaustion of engaged T cells",
    "fraction_sanctuary": "Niches with poor access (sanctuaries)",
    "p_recognition_gvl": "Recognition of blasts without drug (GvL)",
    "rate_death_agvhd_3": "Death with acute GvHD III",
    "rate_death_agvhd_4": "Death with acute GvHD IV",
    "rate_death_crs_4": "Death with CRS IV",
    "rate_kill_max": "Fastest killing by an engaged T cell",
    "potency_resting": "Killing by resting T cells",
    "rate_division_engaged": "Division of engaged T cells",
    "rate_exhaustion_terminal": "Exhaustion for good",
    "rate_exhaustion_by_blasts": "Exhaustion by marrow blasts",
    "treg_engaged_weight": "Suppression by engaged Treg",
    "ratio_antigen_sink": "Drug bound by blasts",
    "rate_blast_blood_to_extramedullary": "Spread of blasts outside the marrow",
    "rate_adhesion": "T cells leave the blood",
    "rate_adhesion_release": "T cells come back to the blood",
    "rate_adaptation": "Adaptation of T cells to the drug",
    "crs_score_grade_1": "CRS score of grade I",
    "crs_score_step": "CRS score from grade to grade",
    "gvhd_exponent": "Damage by effectors together (GvHD exponent)",
    "rate_homeostatic_division": "Homeostatic division of T cells",
    "dur_t_cell_recovery": "Time until T cells are all back",
    "n_t_cell_set_point_late": "T cells when all are back",
    "fraction_host_marrow": "Host marrow left at transplant",
    "fraction_haematopoietic": "Clones against blood cells only",
    "fraction_half_marrow_priming": "Blasts at which clones against blood cells are primed",
    "rate_haematopoietic_division": "Division of clones against blood cells",
    "factor_recall_haematopoietic": "Recall of clones against blood cells",
}
CAUSE_COLOURS: Final = {
    "escape": style.COLOUR["cd19_negative"],
    "exhausted": style.COLOUR["engager"],
    "too_few_t_cells": style.COLOUR["tcon"],
    "sanctuary": style.COLOUR["tissue"],
    "treg_suppressed": style.COLOUR["treg"],
}


def parameter_name(name: str) -> str:
    """Return a parameter as a reader calls it; also what a parameter set calls `spread of` or `share of` one."""
    bare = bare_name(name)
    title = PARAMETERS.get(bare, bare.replace("_", " "))
    if name.startswith(SPREAD):
        return f"{title}: spread between patients"
    return f"{title}: share in the last part" if name.startswith(SHARE) else title


def arm_look(view: TrialView, arm: ArmView) -> dict[str, Any]:
    """Return colour and dashes of an arm, the same in every figure."""
    index = view.index(arm.key)
    return {
        "color": style.ARM_COLOURS[index % len(style.ARM_COLOURS)],
        "linestyle": style.DASHES[index % len(style.DASHES)],
    }


def _band(ax: Axes, view: TrialView, arm: ArmView, times: Floats, low: Floats, high: Floats) -> None:
    """Shade an arm's interval; of more than two arms those in question have one, for more bands hide each other."""
    if len(view.arms) <= 2 or arm.key in view.main:
        ax.fill_between(
            times, low, high, step="post", color=arm_look(view, arm)["color"], alpha=0.12, linewidth=0
        )


def banded(view: TrialView) -> str:
    """Return whose intervals are shaded, in words."""
    return "" if len(view.arms) <= 2 else " of the two arms in question"


def arm_key(drawn: Figure, view: TrialView, arms: Sequence[ArmView] | None = None) -> None:
    """Put the key of the arms at the top of the figure."""
    chosen = view.arms if arms is None else arms
    handles = [Line2D([], [], label=arm.label, linewidth=1.8, **arm_look(view, arm)) for arm in chosen]
    drawn.legend(
        handles=handles, loc="upper center", ncols=min(len(handles), 4), handlelength=2.6, borderaxespad=0.3
    )


def room_at_risk(rows: int) -> float:
    """Return the inches that numbers at risk of so many groups take below an axis of days."""
    return _LINE * (rows + 1.4)


def numbers_at_risk(
    ax: Axes, rows: Sequence[tuple[str, Any, Callable[[float], int]]], *, height: float, names: bool = True
) -> None:
    """Write below axes of `height` inches how many are at risk on the days of the ticks.

    A row is a group's label, its colour, and who is at risk on a day; labels stand at the left where `names` is true.
    """
    low, high = ax.get_xlim()
    first = -0.52 / height
    quiet = style.COLOUR["quiet"]
    ax.text(low, first, "At risk", transform=ax.get_xaxis_transform(), color=quiet, fontsize=7)
    for row, (label, colour, at_risk) in enumerate(rows, 1):
        y = first - row * _LINE / height
        if names:
            ax.annotate(
                label, (0, y), xycoords="axes fraction", xytext=(-16, 0), textcoords="offset points", ha="right", va="baseline",
                color=colour, fontsize=7, annotation_clip=False,
            )  # fmt: skip
        for tick in (tick for tick in ax.get_xticks() if low <= tick <= high):
            text = str(at_risk(float(tick)))
            ax.text(tick, y, text, transform=ax.get_xaxis_transform(), ha="center", color=colour, fontsize=7)


def percent_axis(ax: Axes, label: str) -> None:
    """Make y a share from 0 to 100 %."""
    ax.set_ylim(0, 1)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
    ax.set_ylabel(label)


def steps(ax: Axes, times: Floats, values: Floats, until: float, **look: Any) -> None:
    """Draw a step function from its times on to the end of follow-up."""
    ax.plot(
        np.append(times, until), np.append(values, values[-1]), drawstyle="steps-post", clip_on=False, **look
    )


class CurvePanel(NamedTuple):
    """Say what a panel of curves shows: its title, an arm's curve, and who is at risk."""

    title: str
    curve: Callable[[ArmView], Curve]
    at_risk: AtRisk


def arm_curves(
    view: TrialView, panels: Sequence[CurvePanel], label: str, *, height: float
) -> tuple[Figure, list[Axes]]:
    """Draw panels side by side, `height` inches each: one curve per arm with its band, numbers at risk below, the key above.

    Curves are steps from their days on, to the end of follow-up.
    """
    width, left, gap = 7.2, 0.95, 0.62
    lines = max(len(panel.title.splitlines()) for panel in panels)
    top, right = 0.4 + 0.16 * lines, 0.2 if len(panels) == 1 else 0.15  # the key lies above the titles
    below = 0.5 + room_at_risk(len(view.arms))
    whole = top + height + below
    drawn, until = style.PaperFigure(width, whole), view.follow_up
    wide = (width - left - right - gap * (len(panels) - 1)) / len(panels)
    drawings = []
    for index, panel in enumerate(panels):
        start = left + index * (wide + gap)
        ax = drawn.add_axes((start / width, below / whole, wide / width, height / whole))
        for arm in view.arms:
            days, share, *limits = panel.curve(arm)
            low, high = (np.append(limit, limit[-1]) for limit in limits)
            _band(ax, view, arm, np.append(days, until), low, high)
            steps(ax, days, share, until, **arm_look(view, arm))
        ax.set_title(panel.title)
        percent_axis(ax, label if index == 0 else "")
        style.day_axis(ax, until)
        rows = [(arm.label, arm_look(view, arm)["color"], partial(panel.at_risk, arm)) for arm in view.arms]
        numbers_at_risk(ax, rows, height=height, names=index == 0)
        drawings.append(ax)
    arm_key(drawn, view)
    return drawn, drawings
