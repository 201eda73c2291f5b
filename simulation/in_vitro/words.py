"""What an experiment found, as rows of text for the terminal and the report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simulation.in_vitro.fields import ratio_text
from simulation.scenario.dump import written_keys
from simulation.scenario.plugins import portable

if TYPE_CHECKING:
    from simulation.in_vitro.experiment import Experiment
    from simulation.in_vitro.result import ExperimentResult

__all__ = ["comparison_rows", "finding_rows", "plan_rows"]

_NOTHING = "\N{EN DASH}"


def comparison_rows(result: ExperimentResult) -> list[tuple[str, str, str, str]]:
    """Return (what, simulated, observed, source)."""
    return [
        (c.what, f"{_number(c.simulated)} (SD {_number(c.sd)})", c.observed, c.source)
        for c in result.comparison
    ]


def finding_rows(result: ExperimentResult) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of the main table."""
    rows = next(value for value in result.findings.values() if isinstance(value, list))
    titles = result.experiment.TITLES
    keys = [key for key in rows[0] if key in titles] if rows else []
    return [titles[key] for key in keys], [[_cell(key, entry[key]) for key in keys] for entry in rows]


def plan_rows(e: Experiment) -> list[tuple[str, str]]:
    """Return the experiment's keys as (key, what the file says), without those that say nothing."""
    rows = []
    for key, value in written_keys(e, portable).items():
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
