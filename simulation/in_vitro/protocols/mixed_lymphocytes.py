"""Mixed lymphocyte reaction: whether the drug enhances, and Treg suppress, what alloreactive T cells do."""

from collections.abc import Callable
from typing import Any

import numpy as np

from simulation.biology.traits import BLAST, TCON, TREG, encode
from simulation.in_vitro.donors import donor_values
from simulation.in_vitro.fields import ratio_text
from simulation.in_vitro.result import Comparison, ExperimentResult, Rows, Table
from simulation.in_vitro.schema import MixedLymphocyteReaction
from simulation.in_vitro.statistics import division_index, mean_sd, percent_divided
from simulation.in_vitro.wells import TCON_CLASSES, Well, pipetted
from simulation.parameters import ParameterValues

__all__ = ["alloreactive_ratio", "mixed_lymphocyte_reaction", "of_donors"]

_SOURCE = "Int J Mol Sci 2023;24(22):16105 (source paper, S6)"


def mixed_lymphocyte_reaction(
    e: MixedLymphocyteReaction, seed: int, done: Callable[[int], None]
) -> ExperimentResult:
    """Run the plate; `done` is told the number of wells finished so far."""
    rows, finished = Rows(), 0
    for donor in range(e.donors):
        values = donor_values(e, seed, donor)
        for cd19 in dict.fromkeys(e.cd19_cells):
            for drug in e.drug:
                for treg in e.treg:
                    for allogeneic in (True, False):
                        for replicate in range(e.replicates):
                            factors = (cd19, drug, treg, allogeneic, replicate)
                            rows.add(**_one_well(e, values, seed, donor, *factors))
                            finished += 1
                            done(finished)
    table = rows.table()
    return ExperimentResult(e, seed, {"wells": table}, _findings(e, table), _comparison(e, table))


def _one_well(
    e: MixedLymphocyteReaction, values: ParameterValues, seed: int, donor: int,
    cd19: str, drug: float, treg: float, allogeneic: bool, replicate: int,
) -> dict[str, Any]:  # fmt: skip
    label = f"mlr {cd19} {drug!r} {treg!r} {allogeneic} {replicate}"
    haploidentical = e.match == "haploidentical"
    well = Well(
        e,
        values,
        seed,
        donor,
        label,
        drug_pg_ml=drug,
        dye=True,
        haplotype_mismatch=haploidentical and allogeneic,
    )
    share = getattr(values, f"fraction_alloreactive_{'haploidentical' if haploidentical else 'sibling'}")
    responders = pipetted(well.draw, f"responders {label}", e.responders, e.pipetting_cv)
    alloreactive = well.draw.binomial(f"alloreactive {label}", responders, share)
    well.add(encode(TCON, alloreactive=True), alloreactive)
    well.add(encode(TCON), responders - alloreactive)
    well.add(encode(TREG), pipetted(well.draw, f"Treg {label}", e.responders * treg, e.pipetting_cv))
    stimulators = pipetted(
        well.draw, f"stimulators {label}", e.responders / e.responders_per_stimulator, e.pipetting_cv
    )
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
        "donor": donor + 1,
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
    here = (
        (table["cd19_cells"] == cd19)
        & (table["drug_pg_per_ml"] == drug)
        & (table["treg_per_responder"] == treg)
        & (table["stimulators"] == stimulators)
    )
    donors = np.unique(table["donor"][here])
    return np.array([table[column][here & (table["donor"] == d)].mean() for d in donors])


def alloreactive_ratio(table: Table, cd19: str, drug: float, treg: float) -> np.ndarray:
    """Return, per donor, alloreactive cells relative to the wells without drug: expansion per that of all responders.

    The drug may make every T cell that meets CD19+ cells divide; alloreactivity is enhanced only where alloreactive cells
    gain on the others, so their share of the responders is compared.
    """
    column = "alloreactive_share_percent"
    ratio: np.ndarray = of_donors(table, column, cd19, drug, treg) / of_donors(table, column, cd19, 0.0, treg)
    return ratio


def _findings(e: MixedLymphocyteReaction, table: Table) -> dict[str, Any]:
    found = []
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
                found.append(entry)
    return {"conditions": found}


def _comparison(e: MixedLymphocyteReaction, table: Table) -> list[Comparison]:
    told = []
    for cd19 in dict.fromkeys(e.cd19_cells):
        among = {"none": "no CD19+ cells", "b_cells": "B cells", "blasts": "blasts"}[cd19]
        if len(e.drug) > 1:
            mean, sd = mean_sd(alloreactive_ratio(table, cd19, e.drug[-1], 0.0))
            what = f"alloreactive share, {e.drug[-1]:g} pg/mL relative to no drug ({among} in the well)"
            told.append(Comparison(what, mean, sd, "not above 1: no enhancement", _SOURCE))
        for treg in e.treg[1:]:
            with_treg = of_donors(table, "divided_percent", cd19, 0.0, treg)
            mean, sd = mean_sd(
                100.0 * (1.0 - with_treg / of_donors(table, "divided_percent", cd19, 0.0, 0.0))
            )
            what = f"% suppression of division, Treg {ratio_text(treg)}, no drug ({among})"
            told.append(
                Comparison(what, mean, sd, "above 0: Treg suppress", "Brunstein 2011, Blood 117:1061")
            )
    return told
