"""The mixed lymphocyte reaction as published: CFSE profiles, cells that divided, and alloreactivity with drug."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from matplotlib.figure import Figure

from simulation.in_vitro.fields import ratio_text
from simulation.in_vitro.protocols.mixed_lymphocytes import alloreactive_ratio, of_donors
from simulation.results.figures import style
from simulation.results.in_vitro.axes import cfse_profile, dots, grid_of, mean_bars, words_axis

if TYPE_CHECKING:
    from simulation.in_vitro.result import ExperimentResult
    from simulation.in_vitro.schema import MixedLymphocyteReaction

__all__ = ["alloreactivity", "divided", "profiles", "treg_effect"]

AMONG = {"none": "no CD19+ cells", "b_cells": "B cells", "blasts": "blasts"}
_COLOUR = {"allogeneic": style.COLOUR["tcon"], "autologous": style.COLOUR["drug"]}


def _plan(result: ExperimentResult) -> MixedLymphocyteReaction:
    return cast("MixedLymphocyteReaction", result.experiment)


def _drug_word(pg_per_ml: float) -> str:
    return "0" if pg_per_ml == 0 else f"{pg_per_ml / 1000:g}"


@style.styled
def profiles(result: ExperimentResult) -> Figure:
    """Draw the CFSE histogram of the first donor's first well: own cells, allogeneic, with drug, with Treg."""
    e = _plan(result)
    variants = list(dict.fromkeys(e.cd19_cells))
    conditions: list[tuple[str, str, float, float]] = [
        ("autologous", "autologous", 0.0, 0.0),
        ("allogeneic", "allogeneic", 0.0, 0.0),
    ]
    if e.drug[-1] > 0:
        conditions.append((f"+ {_drug_word(e.drug[-1])} ng/mL", "allogeneic", e.drug[-1], 0.0))
    if e.treg[-1] > 0:
        conditions.append((f"+ Treg {ratio_text(e.treg[-1])}", "allogeneic", 0.0, e.treg[-1]))
    figure, axes = grid_of(
        len(conditions), len(variants), 1.75, 0.85, left=0.2, gap_x=0.25, gap_y=0.16, top=0.3, bottom=0.48
    )
    table = result.tables["wells"]
    columns = sorted((n for n in table if n.startswith("generation_")), key=lambda n: int(n.split("_")[1]))
    for column, cd19 in enumerate(variants):
        for row, (name, stimulators, drug, treg) in enumerate(conditions):
            ax = axes[row][column]
            here = (
                (table["cd19_cells"] == cd19)
                & (table["stimulators"] == stimulators)
                & (table["drug_pg_per_ml"] == drug)
                & (table["treg_per_responder"] == treg)
            )
            well = int(np.flatnonzero(here)[0])
            generations = np.array([table[n][well] for n in columns])
            colour = (
                style.COLOUR["engager"] if drug else style.COLOUR["treg"] if treg else _COLOUR[stimulators]
            )
            label = f"{name}\n{table['divided_percent'][well]:.1f} % divided"
            # the undivided peak would hide all others: the scale is that of the divided cells
            scale = max(0.12 * generations.sum(), 1.15 * generations[1:].max(initial=0.0))
            cfse_profile(ax, generations, colour, label=label, scale=scale)
            ax.tick_params(axis="x", labelbottom=row == len(conditions) - 1)
        axes[0][column].set_title(AMONG[cd19])
        axes[-1][column].set_xlabel("CFSE (divisions to the right)")
    return figure


@style.styled
def divided(result: ExperimentResult) -> Figure:
    """Draw the share of responders that divided by drug, allogeneic and autologous, a panel per CD19+ cell."""
    e = _plan(result)
    variants = list(dict.fromkeys(e.cd19_cells))
    figure, axes = grid_of(1, len(variants), 1.9, 1.8, gap_x=0.2, top=0.55)
    highest = 0.0
    for column, cd19 in enumerate(variants):
        ax = axes[0][column]
        for index, drug in enumerate(e.drug):
            for shift, stimulators in ((-0.2, "allogeneic"), (0.2, "autologous")):
                values = of_donors(result.tables["wells"], "divided_percent", cd19, drug, 0.0, stimulators)
                mean_bars(ax, index + shift, values, _COLOUR[stimulators], width=0.16)
                dots(ax, index + shift, values, _COLOUR[stimulators], width=0.1, size=2.6)
                highest = max(highest, float(values.max()))
        words_axis(ax, [_drug_word(drug) for drug in e.drug])
        ax.set_xlabel("Blinatumomab (ng/mL)")
        ax.set_title(AMONG[cd19])
    for column, ax in enumerate(axes[0]):
        ax.set_ylim(0, 1.12 * max(highest, 1.0))
        ax.tick_params(axis="y", labelleft=column == 0)
    axes[0][0].set_ylabel("Responders that divided (%)")
    for name, colour in _COLOUR.items():
        axes[0][0].plot([], [], color=colour, linewidth=2.4, label=f"{name} stimulators")
    axes[0][0].legend(loc="lower left", bbox_to_anchor=(0, 1.13), ncols=2, handlelength=1.3, borderaxespad=0)
    return figure


@style.styled
def alloreactivity(result: ExperimentResult) -> Figure:
    """Draw the share of alloreactive cells with drug relative to none; above 1 the drug enhances alloreactivity."""
    e = _plan(result)
    variants = list(dict.fromkeys(e.cd19_cells))
    drugs = [drug for drug in e.drug if drug > 0]
    figure, axes = grid_of(1, 1, max(2.4, 0.42 * len(drugs) * len(variants) + 0.6), 1.9, top=0.3, left=0.75)
    ax = axes[0][0]
    ax.axhline(1.0, color=style.COLOUR["ink"], linewidth=0.8, linestyle=(0, (5, 2)), zorder=0)
    step = 0.8 / len(variants)
    worst = 0.25
    for rank, cd19 in enumerate(variants):
        colour = style.ARM_COLOURS[1 + rank]
        for index, drug in enumerate(drugs):
            values = alloreactive_ratio(result.tables["wells"], cd19, drug, 0.0)
            x = index + step * (rank - 0.5 * (len(variants) - 1))
            dots(ax, x, values, colour, width=0.3 * step)
            ax.plot([x - 0.36 * step, x + 0.36 * step], [values.mean()] * 2, color=colour, linewidth=1.8)
            worst = max(worst, 1.3 * float(np.abs(values - 1).max()))
        ax.plot([], [], color=colour, linewidth=1.8, label=AMONG[cd19])
    words_axis(ax, [_drug_word(drug) for drug in drugs])
    ax.set_ylim(max(1 - worst, 0.0), 1 + worst)
    ax.set_xlabel("Blinatumomab (ng/mL)")
    ax.set_ylabel("Alloreactive share of responders,\nrelative to no drug")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.03), ncols=3, handlelength=1.2, borderaxespad=0)
    return figure


@style.styled
def treg_effect(result: ExperimentResult) -> Figure:
    """Draw the expansion of alloreactive cells by Treg, with and without the highest drug."""
    e = _plan(result)
    variants = list(dict.fromkeys(e.cd19_cells))
    figure, axes = grid_of(1, len(variants), 1.7, 1.8, gap_x=0.2, top=0.55)
    levels = [(0.0, style.COLOUR["tcon"], "no drug", "o")]
    if e.drug[-1] > 0:
        levels.append((e.drug[-1], style.COLOUR["engager"], f"{_drug_word(e.drug[-1])} ng/mL", "s"))
    highest = 1.0
    for column, cd19 in enumerate(variants):
        ax = axes[0][column]
        for drug, colour, label, marker in levels:
            values = np.array(
                [
                    of_donors(result.tables["wells"], "alloreactive_expansion_fold", cd19, drug, treg)
                    for treg in e.treg
                ]
            )
            mean, sd = values.mean(axis=1), values.std(axis=1, ddof=1) if values.shape[1] > 1 else None
            ax.errorbar(
                range(len(e.treg)), mean, yerr=sd, color=colour, marker=marker, markersize=3.6, capsize=2, elinewidth=0.8,
                label=label,
            )  # fmt: skip
            highest = max(highest, float(values.max()))
        words_axis(ax, ["none" if treg == 0 else ratio_text(treg) for treg in e.treg])
        ax.set_xlabel("Treg : responders")
        ax.set_title(AMONG[cd19])
    for column, ax in enumerate(axes[0]):
        ax.set_ylim(0, 1.1 * highest)
        ax.tick_params(axis="y", labelleft=column == 0)
    axes[0][0].set_ylabel("Alloreactive cells,\nfold of the start")
    axes[0][0].legend(loc="lower left", bbox_to_anchor=(0, 1.13), ncols=2, handlelength=1.6, borderaxespad=0)
    return figure
