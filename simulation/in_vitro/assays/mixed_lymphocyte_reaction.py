"""Mixed lymphocyte reaction: whether the drug enhances, and Treg suppress, what alloreactive T cells do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

import numpy as np
from pydantic import Field, field_validator

from simulation.blocks.fields import Fraction, written
from simulation.in_vitro.experiment import Duration, Experiment, with_control
from simulation.in_vitro.fields import Cells, Drug, Ratio, TregRatio, ratio_text
from simulation.in_vitro.result import Comparison, ExperimentResult, Rows, Table
from simulation.in_vitro.statistics import (
    division_index,
    mean_sd,
    means_of_donors,
    percent_divided,
)
from simulation.results.figures.report_figure import ReportFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn

    from simulation.in_vitro.plate import Donor, Plate


class MixedLymphocyteReaction(Experiment):
    """Let donor T cells meet irradiated allogeneic stimulators, with and without drug and Treg (S6)."""

    TITLES: ClassVar[Mapping[str, str]] = {
        "cd19_cells": "CD19+ cells",
        "drug_pg_per_ml": "drug, pg/mL",
        "treg_per_responder": "Treg",
        "divided_percent": "divided, %",
        "cfse_low_percent": "CFSE-low, %",
        "autologous_divided_percent": "same, own stimulators, %",
        "alloreactive_expansion_fold": "alloreactive cells, fold",
        "alloreactive_share_vs_no_drug": "alloreactive share, against no drug",
    }

    experiment: Literal["mixed_lymphocyte_reaction"] = Field(description="Which experiment this is.")
    responders: Cells = Field(100_000, description="Donor Tcon per well, labelled (CFSE).")
    match: Literal["haploidentical", "matched_sibling"] = Field(
        "haploidentical", description="How the stimulators' HLA differs: sets the alloreactive fraction."
    )
    responders_per_stimulator: Ratio = Field(
        written("1:1"), description="Responders per irradiated stimulator; at 1:1 host APC count as 1."
    )
    cd19_cells: Annotated[
        tuple[Literal["none", "b_cells", "blasts"], ...], Field(min_length=1, max_length=3)
    ] = Field(("none",), description="CD19+ cells among the stimulators: none, B cells, or blasts.")
    cd19_share: Fraction = Field(0.1, description="Their share of the stimulators, where there are any.")
    drug: Annotated[tuple[Drug, ...], Field(min_length=1, max_length=20)] = Field(
        description="Blinatumomab in the medium; 0 ng/mL: none (always added)."
    )
    treg: Annotated[tuple[TregRatio, ...], Field(min_length=1, max_length=20)] = Field(
        (0.0,), description="Treg per responder; none is always added."
    )
    duration: Duration = Field(written("6 d"), description="Length of the culture.")

    _control = field_validator("drug", "treg", mode="after")(staticmethod(with_control))

    def durations(self) -> Mapping[str, tuple[float, ...]]:
        """Return the length of the culture."""
        return {"duration": (self.duration,)}

    def n_wells(self) -> int:
        """Return the number of wells, autologous controls included."""
        variants = len(set(self.cd19_cells)) * len(self.drug) * len(self.treg)
        return 2 * self.donors * self.replicates * variants

    def largest_well(self) -> float:
        """Return responders and Treg at the start; stimulators are no agents."""
        return self.responders * (1 + self.treg[-1])

    def run(self, plate: Plate) -> ExperimentResult:
        """Run the plate and evaluate it."""
        rows = Rows()
        conditions = product(
            dict.fromkeys(self.cd19_cells), self.drug, self.treg, (True, False), range(self.replicates)
        )
        for donor, condition in product(plate.donors(), tuple(conditions)):
            rows.add(**_one_well(self, donor, *condition))
            plate.finish()
        table = rows.table()
        findings, comparison = _findings(self, table), _comparison(self, table)
        return ExperimentResult(self, plate.seed, {"wells": table}, findings, comparison)

    def figures(self) -> tuple[ReportFigure[ExperimentResult], ...]:
        """Return the figures, in the order of the report."""
        return (
            ReportFigure(
                "cfse",
                "CFSE profiles of responders",
                "One well of the first donor each, as a cytometer would show it; the undivided peak is cut off. Percent: "
                "original cells that divided.",
                partial(profiles, self),
            ),
            ReportFigure(
                "divided",
                "Responders that divided",
                "Without Treg. Bars: mean and standard deviation of donors; circles: each donor. Where there are CD19+ cells the "
                "drug makes T cells divide whatever their specificity, with own stimulators too.",
                partial(divided, self),
            ),
            ReportFigure(
                "alloreactivity",
                "Does the drug enhance alloreactivity?",
                "The alloreactive share of all responders at the end, relative to the same donor without drug; dashed: no "
                "change. Lines: means; circles: each donor.",
                partial(alloreactivity, self),
            ),
            ReportFigure(
                "treg",
                "Treg in the reaction",
                "Expansion of alloreactive cells, mean and standard deviation of donors.",
                partial(treg_effect, self),
            ),
        )


_AMONG: Final = {"none": "no CD19+ cells", "b_cells": "B cells", "blasts": "blasts"}
_COLOUR: Final = {"allogeneic": "tcon", "autologous": "drug"}
_SOURCE: Final = "Int J Mol Sci 2023;24(22):16105 (source paper, S6)"


def _one_well(
    e: MixedLymphocyteReaction, donor: Donor, cd19: str, drug: float, treg: float, allogeneic: bool, replicate: int
) -> dict[str, Any]:  # fmt: skip
    from simulation.biology.traits import BLAST, TCON, TREG, encode
    from simulation.in_vitro.wells import TCON_CLASSES

    label = f"mlr {cd19} {drug!r} {treg!r} {allogeneic} {replicate}"
    haploidentical = e.match == "haploidentical"
    mismatch = haploidentical and allogeneic
    well = donor.well(label, drug_pg_ml=drug, dye=True, haplotype_mismatch=mismatch)
    share = getattr(
        donor.values, f"fraction_alloreactive_{'haploidentical' if haploidentical else 'sibling'}"
    )
    responders = donor.pipetted(well, f"responders {label}", e.responders)
    alloreactive = well.draw.binomial(f"alloreactive {label}", responders, share)
    well.add(encode(TCON, alloreactive=True), alloreactive)
    well.add(encode(TCON), responders - alloreactive)
    well.add(encode(TREG), donor.pipetted(well, f"Treg {label}", e.responders * treg))
    wanted = e.responders / e.responders_per_stimulator
    stimulators = donor.pipetted(well, f"stimulators {label}", wanted)
    with_cd19 = round(stimulators * e.cd19_share) if cd19 != "none" else 0
    state = well.state
    state.places.normal[:] = stimulators - with_cd19
    if cd19 == "b_cells":
        state.places.normal_b[:] = with_cd19
    elif cd19 == "blasts":
        well.add(encode(BLAST), with_cd19)
    # One stimulator per responder is taken to prime like host APC on the day of transplant; own cells do not prime.
    state.host_apc = stimulators / responders if allogeneic else 0.0
    well.run(e.duration)
    generations = well.generations()
    left = well.alloreactive()
    tcon = well.count(*TCON_CLASSES)
    return {
        "donor": donor.number,
        "replicate": replicate + 1,
        "stimulators": "allogeneic" if allogeneic else "autologous",
        "cd19_cells": cd19,
        "drug_pg_per_ml": drug,
        "treg_per_responder": treg,
        "responders_seeded_cells": responders,
        "responders_live_cells": tcon,
        "divided_percent": percent_divided(generations),
        "cfse_low_percent": float(100.0 * generations[1:].sum() / tcon) if tcon else 0.0,
        "division_index": division_index(generations),
        "alloreactive_seeded_cells": alloreactive,
        "alloreactive_live_cells": left,
        "alloreactive_expansion_fold": left / alloreactive if alloreactive else float("nan"),
        "alloreactive_share_percent": 100.0 * left / tcon if tcon else float("nan"),
        **{f"generation_{k}_cells": float(n) for k, n in enumerate(generations)},
    }


def of_donors(
    table: Table, column: str, cd19: str, drug: float, treg: float, stimulators: str = "allogeneic"
) -> np.ndarray:
    """Return the mean of a column for each donor at one condition."""
    condition = {"cd19_cells": cd19, "drug_pg_per_ml": drug, "treg_per_responder": treg}
    return means_of_donors(table, column, **condition, stimulators=stimulators)


def alloreactive_ratio(table: Table, cd19: str, drug: float, treg: float) -> np.ndarray:
    """Return, per donor, alloreactive cells relative to the wells without drug: expansion per that of all responders.

    The drug may make every T cell that meets CD19+ cells divide; alloreactivity is enhanced only where alloreactive cells
    gain on the others, so their share of the responders is compared.
    """
    column = "alloreactive_share_percent"
    ratio: np.ndarray = of_donors(table, column, cd19, drug, treg) / of_donors(table, column, cd19, 0.0, treg)
    return ratio


def _findings(e: MixedLymphocyteReaction, table: Table) -> dict[str, Any]:
    conditions = []
    for cd19 in dict.fromkeys(e.cd19_cells):
        for drug in e.drug:
            for treg in e.treg:
                entry: dict[str, Any] = {
                    "cd19_cells": cd19,
                    "drug_pg_per_ml": drug,
                    "treg_per_responder": treg,
                }
                for name in ("divided_percent", "cfse_low_percent", "alloreactive_expansion_fold"):
                    mean, sd = mean_sd(of_donors(table, name, cd19, drug, treg))
                    entry |= {name: mean, f"{name}_sd": sd}
                own = of_donors(table, "divided_percent", cd19, drug, treg, "autologous")
                entry["autologous_divided_percent"] = mean_sd(own)[0]
                ratio, spread = mean_sd(alloreactive_ratio(table, cd19, drug, treg))
                entry |= {"alloreactive_share_vs_no_drug": ratio, "alloreactive_share_vs_no_drug_sd": spread}
                conditions.append(entry)
    return {"conditions": conditions}


def _comparison(e: MixedLymphocyteReaction, table: Table) -> list[Comparison]:
    rows = []
    for cd19 in dict.fromkeys(e.cd19_cells):
        among = _AMONG[cd19]
        if len(e.drug) > 1:
            mean, sd = mean_sd(alloreactive_ratio(table, cd19, e.drug[-1], 0.0))
            what = f"alloreactive share, {e.drug[-1]:g} pg/mL relative to no drug ({among} in the well)"
            rows.append(Comparison(what, mean, sd, "not above 1: no enhancement", _SOURCE))
        for treg in e.treg[1:]:
            with_treg = of_donors(table, "divided_percent", cd19, 0.0, treg)
            mean, sd = mean_sd(
                100.0 * (1.0 - with_treg / of_donors(table, "divided_percent", cd19, 0.0, 0.0))
            )
            what = f"% suppression of division, Treg {ratio_text(treg)}, no drug ({among})"
            rows.append(
                Comparison(what, mean, sd, "above 0: Treg suppress", "Brunstein 2011, Blood 117:1061")
            )
    return rows


def _drug_word(pg_per_ml: float) -> str:
    return "0" if pg_per_ml == 0 else f"{pg_per_ml / 1000:g}"


def profiles(e: MixedLymphocyteReaction, result: ExperimentResult) -> Drawn:
    """Draw the CFSE histogram of the first donor's first well: own cells, allogeneic, with drug, with Treg."""
    from simulation.in_vitro.drawing import cfse_profile, grid_of, style

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
                style.COLOUR["engager"]
                if drug
                else style.COLOUR["treg"]
                if treg
                else style.COLOUR[_COLOUR[stimulators]]
            )
            label = f"{name}\n{table['divided_percent'][well]:.1f} % divided"
            # the undivided peak would hide all others: the scale is that of the divided cells
            scale = max(0.12 * generations.sum(), 1.15 * generations[1:].max(initial=0.0))
            cfse_profile(ax, generations, colour, label=label, scale=scale)
            ax.tick_params(axis="x", labelbottom=row == len(conditions) - 1)
        axes[0][column].set_title(_AMONG[cd19])
        axes[-1][column].set_xlabel("CFSE (divisions to the right)")
    return figure


def divided(e: MixedLymphocyteReaction, result: ExperimentResult) -> Drawn:
    """Draw the share of responders that divided by drug, allogeneic and autologous, a panel per CD19+ cell."""
    from simulation.in_vitro.drawing import dots, grid_of, mean_bars, style, words_axis

    variants = list(dict.fromkeys(e.cd19_cells))
    figure, axes = grid_of(1, len(variants), 1.9, 1.8, gap_x=0.2, top=0.55)
    highest = 0.0
    for column, cd19 in enumerate(variants):
        ax = axes[0][column]
        for index, drug in enumerate(e.drug):
            for shift, stimulators in ((-0.2, "allogeneic"), (0.2, "autologous")):
                values = of_donors(result.tables["wells"], "divided_percent", cd19, drug, 0.0, stimulators)
                mean_bars(ax, index + shift, values, style.COLOUR[_COLOUR[stimulators]], width=0.16)
                dots(ax, index + shift, values, style.COLOUR[_COLOUR[stimulators]], width=0.1, size=2.6)
                highest = max(highest, float(values.max()))
        words_axis(ax, [_drug_word(drug) for drug in e.drug])
        ax.set_xlabel("Blinatumomab (ng/mL)")
        ax.set_title(_AMONG[cd19])
    for column, ax in enumerate(axes[0]):
        ax.set_ylim(0, 1.12 * max(highest, 1.0))
        ax.tick_params(axis="y", labelleft=column == 0)
    axes[0][0].set_ylabel("Responders that divided (%)")
    for name, colour in _COLOUR.items():
        axes[0][0].plot([], [], color=style.COLOUR[colour], linewidth=2.4, label=f"{name} stimulators")
    axes[0][0].legend(loc="lower left", bbox_to_anchor=(0, 1.13), ncols=2, handlelength=1.3, borderaxespad=0)
    return figure


def alloreactivity(e: MixedLymphocyteReaction, result: ExperimentResult) -> Drawn:
    """Draw the share of alloreactive cells with drug relative to none; above 1 the drug enhances alloreactivity."""
    from simulation.in_vitro.drawing import dots, grid_of, style, words_axis

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
        ax.plot([], [], color=colour, linewidth=1.8, label=_AMONG[cd19])
    words_axis(ax, [_drug_word(drug) for drug in drugs])
    ax.set_ylim(max(1 - worst, 0.0), 1 + worst)
    ax.set_xlabel("Blinatumomab (ng/mL)")
    ax.set_ylabel("Alloreactive share of responders,\nrelative to no drug")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.03), ncols=3, handlelength=1.2, borderaxespad=0)
    return figure


def treg_effect(e: MixedLymphocyteReaction, result: ExperimentResult) -> Drawn:
    """Draw the expansion of alloreactive cells by Treg, with and without the highest drug."""
    from simulation.in_vitro.drawing import grid_of, style, words_axis

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
        ax.set_title(_AMONG[cd19])
    for column, ax in enumerate(axes[0]):
        ax.set_ylim(0, 1.1 * highest)
        ax.tick_params(axis="y", labelleft=column == 0)
    axes[0][0].set_ylabel("Alloreactive cells,\nfold of the start")
    axes[0][0].legend(loc="lower left", bbox_to_anchor=(0, 1.13), ncols=2, handlelength=1.6, borderaxespad=0)
    return figure
