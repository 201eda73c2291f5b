"""Treg suppression assay: how much less stimulated Tcon divide with more and more Treg."""

from collections.abc import Callable
from typing import Any

import numpy as np

from simulation.biology.traits import TCON, TREG, encode
from simulation.in_vitro.donors import donor_values
from simulation.in_vitro.evidence import EXPANDED_AT_1_4, SUPPRESSION
from simulation.in_vitro.fields import ratio_text
from simulation.in_vitro.result import Comparison, ExperimentResult, Rows, Table
from simulation.in_vitro.schema import SuppressionAssay
from simulation.in_vitro.statistics import division_index, mean_sd, percent_divided
from simulation.in_vitro.wells import TCON_CLASSES, Well, pipetted
from simulation.parameters import ParameterValues

__all__ = ["READOUTS", "suppression_assay", "suppression_of_donors"]

# Column of the table -> what a laboratory calls it.
READOUTS = {
    "dna_synthesis_cells": "DNA synthesis in the last hours (thymidine)",
    "division_index": "division index (CFSE)",
    "divided_percent": "cells that divided (CFSE)",
}


def suppression_assay(e: SuppressionAssay, seed: int, done: Callable[[int], None]) -> ExperimentResult:
    """Run the plate; `done` is told the number of wells finished so far."""
    rows, finished = Rows(), 0
    for donor in range(e.donors):
        values = donor_values(e, seed, donor)
        for treg in e.treg:
            for replicate in range(e.replicates):
                rows.add(**_one_well(e, values, seed, donor, treg, replicate))
                finished += 1
                done(finished)
    table = rows.table()
    return ExperimentResult(e, seed, {"wells": table}, _findings(e, table), _comparison(e, table))


def _one_well(
    e: SuppressionAssay, values: ParameterValues, seed: int, donor: int, treg: float, replicate: int
) -> dict[str, Any]:
    label = f"suppression {treg!r} {replicate}"
    well = Well(e, values, seed, donor, label, dye=True)
    responders = pipetted(well.draw, f"responders {label}", e.responders, e.pipetting_cv)
    reached = well.draw.binomial(f"reached {label}", responders, e.responding)
    # Whoever the stimulus reaches behaves as an alloreactive cell that meets its antigen.
    well.add(encode(TCON, alloreactive=True), reached)
    well.add(encode(TCON), responders - reached)
    regulatory = pipetted(well.draw, f"Treg {label}", e.responders * treg, e.pipetting_cv)
    well.add(encode(TREG), regulatory)
    well.state.host_apc = e.stimulus
    well.run(e.duration - e.pulse)
    before = well.tcon_births
    well.run(e.pulse)
    generations = well.generations()
    return {
        "donor": donor + 1,
        "replicate": replicate + 1,
        "treg_per_tcon": treg,
        "responders_seeded_cells": responders,
        "responders_live_cells": well.count(*TCON_CLASSES),
        "treg_seeded_cells": regulatory,
        "treg_live_cells": well.count(TREG),
        "divided_percent": percent_divided(generations),
        "division_index": division_index(generations),
        "dna_synthesis_cells": well.tcon_births - before,
        **{f"generation_{k}_cells": float(n) for k, n in enumerate(generations)},
    }


def suppression_of_donors(table: Table, readout: str, treg: float) -> np.ndarray:
    """Return percent suppression of each donor against its own wells without Treg."""
    found = []
    for donor in np.unique(table["donor"]):
        own = table["donor"] == donor
        alone = table[readout][own & (table["treg_per_tcon"] == 0.0)].mean()
        found.append(100.0 * (1.0 - table[readout][own & (table["treg_per_tcon"] == treg)].mean() / alone))
    return np.array(found)


def _findings(e: SuppressionAssay, table: Table) -> dict[str, Any]:
    found = []
    for treg in e.treg[1:]:
        entry: dict[str, Any] = {"treg_per_tcon": treg, "ratio": ratio_text(treg)}
        for readout in READOUTS:
            mean, sd = mean_sd(suppression_of_donors(table, readout, treg))
            name = readout.removesuffix("_percent").removesuffix("_cells")
            entry |= {f"suppression_of_{name}_percent": mean, f"suppression_of_{name}_sd": sd}
        found.append(entry)
    alone = table["treg_per_tcon"] == 0.0
    return {
        "suppression": found,
        "divided_without_treg_percent": float(table["divided_percent"][alone].mean()),
        "division_index_without_treg": float(table["division_index"][alone].mean()),
    }


def _comparison(e: SuppressionAssay, table: Table) -> list[Comparison]:
    told = []
    for treg in e.treg[1:]:
        if treg not in SUPPRESSION:
            continue
        low, high, source = SUPPRESSION[treg]
        observed = f"{low:g}" if low == high else f"{low:g}-{high:g}"
        if treg == 0.25:
            value, also = EXPANDED_AT_1_4
            observed, source = f"{observed}; {value:g} expanded", f"{source}; {also}"
        for readout, words in READOUTS.items():
            mean, sd = mean_sd(suppression_of_donors(table, readout, treg))
            told.append(
                Comparison(f"% suppression at Treg {ratio_text(treg)}: {words}", mean, sd, observed, source)
            )
    return told
