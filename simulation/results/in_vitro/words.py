"""What an experiment found, as rows of text for the terminal and the report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simulation.in_vitro.fields import ratio_text

if TYPE_CHECKING:
    from simulation.in_vitro.result import ExperimentResult
    from simulation.in_vitro.schema import Experiment

__all__ = ["comparison_rows", "finding_rows", "plan_rows"]

_NOTHING = "\N{EN DASH}"
_TITLE = {
    "time_h": "hours",
    "et_ratio": "E:T",
    "ec50_pg_per_ml": "EC50, pg/mL",
    "ec50_sd_log10": "SD, log10",
    "lysis_at_highest_drug_percent": "lysis at highest drug, %",
    "lysis_sd_percent": "SD, %",
    "arm": "arm",
    "day": "day",
    "lysis_percent": "lysis, %",
    "t_cell_exhaustion_fraction": "exhaustion of T cells, 0-1",
    "t_cell_expansion_fold": "T cells, fold",
    "cd19_cells": "CD19+ cells",
    "drug_pg_per_ml": "drug, pg/mL",
    "treg_per_responder": "Treg",
    "divided_percent": "divided, %",
    "cfse_low_percent": "CFSE-low, %",
    "autologous_divided_percent": "same, own stimulators, %",
    "alloreactive_expansion_fold": "alloreactive cells, fold",
    "alloreactive_share_vs_no_drug": "alloreactive share, against no drug",
    "ratio": "Treg:Tcon",
    "suppression_of_divided_percent": "fewer cells that divided, %",
    "suppression_of_divided_sd": "SD, %",
    "suppression_of_division_index_percent": "lower division index, %",
    "suppression_of_dna_synthesis_percent": "less DNA synthesis, %",
}


def comparison_rows(result: ExperimentResult) -> list[tuple[str, str, str, str]]:
    """Return (what, simulated, observed, source)."""
    return [
        (c.what, f"{_number(c.simulated)} (SD {_number(c.sd)})", c.observed, c.source)
        for c in result.comparison
    ]


def finding_rows(result: ExperimentResult) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of the main table."""
    found = next(value for value in result.findings.values() if isinstance(value, list))
    keys = [key for key in _TITLE if found and key in found[0]]
    keys.sort(key=list(found[0]).index if found else None)
    return [_TITLE[key] for key in keys], [[_cell(key, entry[key]) for key in keys] for entry in found]


def plan_rows(e: Experiment) -> list[tuple[str, str]]:
    """Return the experiment's keys as (key, what the file says), without those that say nothing."""
    rows = []
    for key, value in e.model_dump(by_alias=True).items():
        if key in {"name", "description"} or value in ({}, None):
            continue
        rows.append((key.replace("_", " "), _plain(value)))
    return rows


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        joiner = "; " if any(isinstance(item, dict) for item in value) else ", "
        return joiner.join(_plain(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _cell(key: str, value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if key in {"et_ratio", "treg_per_responder"}:
            return "none" if value == 0 else ratio_text(value)
        return _number(value)
    return str(value).replace("_", " ")


def _number(value: float) -> str:
    if not math.isfinite(value):
        return _NOTHING
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
